"""Small stand-ins, made of the ORL faces, for the data of benchmarks, to see whether a script still runs.

What comes out says nothing about any model: people are few and grey, and every source shows the same ones.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.image.codec import Image, encode_image
from fewpix.image.resize import resize_square

WHOLE = ("celebt", "web", "sport", "aaf", "congress", "celeba", "celebt", "web", "sport", "web")
CHIPS = ("celeba", "wild", "utk", "utk", "celeba", "wild", "utk", "utk", "celeba", "wild")
"""The source of each of a person's ten pictures, in either pool; mirrored ones are of the same."""

UNSEEN = "orl"
"""The source of cut-outs a little smaller, in the pool of whole faces: no student was trained on it."""

PHOTOGRAPHED, ALBUM = 12, 6
FOLDS = 10


def make(folder: Path) -> None:
    """Write `whole112-0.tar`, `faces112-0.tar`, `lfw112.tar` and `photos.tar`."""
    folder.mkdir(parents=True, exist_ok=True)
    faces = [resize_square(face[12:104], 112) for face in load_orl().images]
    pools = (("whole112-0", WHOLE, "webp", 100_000), ("faces112-0", CHIPS, "jpg", 0))
    for name, sources, suffix, first in pools:
        pictures = [face if side else face[:, ::-1] for side in (1, 0) for face in faces]
        named = [(each, sources[n % 10]) for n, each in enumerate(pictures)]
        if sources == WHOLE:
            named += [(resize_square(each[8:104, 8:104], 112), UNSEEN) for each in pictures]
        files = {
            f"{first + n:06}.{source}.{suffix}": encode_image(np.ascontiguousarray(each), f".{suffix}")
            for n, (each, source) in enumerate(named)
        }
        _pack(folder / f"{name}.tar", files)
    _pack(folder / "lfw112.tar", _lfw(faces))
    _pack(folder / "photos.tar", _photographs())


def _lfw(faces: list[Image]) -> dict[str, bytes]:
    """Four people a fold, two of their pictures each."""
    each = len(faces) // 10 // FOLDS
    files, lines = {}, [f"{FOLDS}\t{each}"]
    for fold in range(FOLDS):
        people = [f"person_{n}" for n in range(each * fold, each * (fold + 1))]
        lines += [f"{name}\t1\t2" for name in people]
        lines += [f"{name}\t1\t{people[(k + 1) % each]}\t2" for k, name in enumerate(people)]
    for n in range(each * FOLDS):
        for k in (1, 2):
            files[f"lfw112/person_{n}/person_{n}_{k:04d}.jpg"] = encode_image(faces[10 * n + k], ".jpg")
    return files | {"lfw112/pairs.txt": ("\n".join(lines) + "\n").encode()}


def _photographs() -> dict[str, bytes]:
    """Portraits before a dim wall."""
    wall = np.broadcast_to(np.linspace(90, 150, 320)[:, None, None], (320, 300, 3)).round().astype(np.uint8)
    files = {}
    for person in range(PHOTOGRAPHED):
        for picture in range(ALBUM):
            photo = wall.copy()
            photo[60:258, 70:232] = cv2.resize(load_orl().images[10 * person + picture], (162, 198))
            files[f"photos/{person:05d}/{picture:06d}.jpg"] = encode_image(photo, ".jpg")
    return files


def _pack(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            told = tarfile.TarInfo(name)
            told.size = len(content)
            archive.addfile(told, io.BytesIO(content))
