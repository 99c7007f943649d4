"""A small TinyFace, laid out as it was given out: six people, four distractors."""

from __future__ import annotations

from pathlib import Path

from matlab_layout import write_lists
from orl_files import put

MATCH = ["2_1.jpg", "2_2.jpg", "10_1.jpg", "3_5.jpg", "4_1.jpg", "5_1.jpg", "6_1.jpg"]
MATCH_IDS = [2, 2, 10, 3, 4, 5, 6]
PROBES = ["10_7.jpg", "2_3.jpg", "6_2.jpg", "3_6.jpg", "4_2.jpg", "5_2.jpg", "2_4.jpg"]
PROBE_IDS = [10, 2, 6, 3, 4, 5, 2]
DISTRACTORS = ["1.jpg", "10.jpg", "2.jpg", "face_3.jpg"]


def pictures(folder: Path) -> None:
    """The three folders of pictures."""
    for inside, names, ids in (("Gallery_Match", MATCH, MATCH_IDS), ("Probe", PROBES, PROBE_IDS)):
        for n, (name, one) in enumerate(zip(names, ids, strict=True)):
            put(folder / inside / name, one, n)
    for n, name in enumerate(DISTRACTORS):
        put(folder / "Gallery_Distractor" / name, 20 + n, 0)


def lists(folder: Path) -> None:
    """The two lists."""
    folder.mkdir(parents=True, exist_ok=True)
    write_lists(folder / "gallery_match_img_ID_pairs.mat", "gallery_set", MATCH, "gallery_ids", MATCH_IDS)
    write_lists(folder / "probe_img_ID_pairs.mat", "probe_set", PROBES, "probe_ids", PROBE_IDS)


def tinyface(folder: Path) -> Path:
    """All of it."""
    pictures(folder / "Testing_Set")
    lists(folder / "Testing_Set")
    return folder
