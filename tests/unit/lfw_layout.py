"""LFW as it is unpacked, small: people's folders of ORL faces, and a list of pairs."""

from __future__ import annotations

from pathlib import Path

from orl_files import face_file

LIST = (
    "2\t2\n"
    "Ann\t1\t2\nBob_B\t1\t12\nAnn\t1\tBob_B\t1\nAnn\t2\tCid\t1\n"
    "Cid\t1\t3\nBob_B\t12\t1\nBob_B\t1\tAnn\t1\nCid\t3\tAnn\t2\n"
)
"""Two folds; the second one's second and third pairs are those of the first fold the other way round."""

FACES = {"Ann": (1, 2), "Bob_B": (1, 12), "Cid": (1, 3)}
"""Numbers of the pictures of each person."""


def lay_out(folder: Path, pairs: str | None = "pairs.txt", text: str = LIST) -> Path:
    """People's folders in `folder`, and the list in it under the name `pairs`."""
    for person, (name, numbers) in enumerate(FACES.items()):
        (folder / name).mkdir(parents=True)
        for n, number in enumerate(numbers):
            (folder / name / f"{name}_{number:04d}.jpg").write_bytes(face_file(person, n))
    if pairs:
        (folder / pairs).write_text(text, encoding="utf-8")
    return folder
