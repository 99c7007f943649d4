"""LFW as it is unpacked, small: people's folders of ORL faces, and a list of pairs."""

from __future__ import annotations

from pathlib import Path

from fewpix.data.orl import load_orl
from fewpix.image.codec import write_image
from fewpix.image.resize import resize_square
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


def lay_out_folds(folder: Path, folds: int = 3, kinds: int = 4) -> Path:
    """As in the real list nobody is in two folds: `kinds` people in each, two pictures of 112 px each."""
    lines = [f"{folds}\t{kinds}"]
    for fold in range(folds):
        people = range(fold * kinds, (fold + 1) * kinds)
        lines += [f"p{n}\t1\t2" for n in people]
        lines += [f"p{n}\t1\tp{people[(k + 1) % kinds]}\t2" for k, n in enumerate(people)]
    for n in range(folds * kinds):
        for k in (1, 2):
            face = resize_square(load_orl().images[10 * n + k][12:104], 112)
            write_image(folder / f"p{n}" / f"p{n}_{k:04d}.png", face)
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
