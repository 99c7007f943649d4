"""XQLFW in the folders that its downloads make, small."""

from __future__ import annotations

from pathlib import Path

from lfw_layout import LIST, lay_out

SCORES = "ID\tNum\tScore\nAnn\t1\t0.9\nAnn\t2\t0.25\nBob_B\t1\t1\nCid\t1\t5e-01\nCid\t3\t0\nDan\t1\t0.7\n"
"""No score for the second picture of Bob_B, and one for somebody in no pair."""


def lay_out_xqlfw(folder: Path, *pictures: str) -> Path:
    """The lists in `folder`, the pictures in each of the folders named below it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "xqlfw_pairs.txt").write_text(LIST, encoding="utf-8")
    (folder / "xqlfw_scores.txt").write_text(SCORES, encoding="utf-8")
    for part in pictures:
        lay_out(folder / part, pairs=None)
    return folder
