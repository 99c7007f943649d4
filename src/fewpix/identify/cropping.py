"""Photographs turned into aligned crops, each with where it came from and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.identify.faces import Found
from fewpix.image.align import align
from fewpix.image.codec import Image, write_image
from fewpix.quality.assess import Quality, assess_face

SIDE = 112
"""The side of a crop in pixels when nothing is said: that of the template, which teachers take."""


@dataclass(frozen=True, eq=False)
class CutFace:
    """A face that was cut out.

    Args:
        file: of the crop, relative to the folder of crops, with `/`.
        box: x, y, width, height in pixels of the photograph.
        points: (5, 2) x, y in pixels of the photograph, in the order of `image.align.TEMPLATE`.
        pixels: side of the face in pixels of the photograph.
        score: of the detector, 0 to 1.
        quality: how good it is.
    """

    file: str
    box: tuple[float, float, float, float]
    points: NDArray[np.float32]
    pixels: float
    score: float
    quality: Quality

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values, rounded to a hundredth of a pixel."""
        return {
            "file": self.file,
            "box": [round(value, 2) for value in self.box],
            "points": [[round(float(value), 2) for value in point] for point in self.points],
            "pixels": round(self.pixels, 2),
            "score": round(self.score, 4),
            **self.quality.to_json(),
        }


@dataclass(frozen=True)
class CutPhoto:
    """What was cut out of a photograph.

    Args:
        path: of the photograph, as it was named.
        found: how many faces were found in it.
        faces: those that were cut out, best detected first.
    """

    path: str
    found: int
    faces: tuple[CutFace, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"path": self.path, "found": self.found, "faces": [face.to_json() for face in self.faces]}


def cut_photo(
    image: Image,
    path: str,
    name: str,
    faces: Sequence[Found],
    out: Path,
    *,
    side: int = SIDE,
    largest: bool = False,
    smallest: float = 0.0,
) -> CutPhoto:
    """Cut the faces of a photograph out and write each as a PNG file.

    Args:
        image: (H, W, 3) uint8 BGR.
        path: of the photograph, for the table.
        name: of the photograph below its folder; crops are called `NAME.N.png` below `out`.
        faces: found in it.
        out: the folder of crops.
        side: of the crops in pixels.
        largest: only the face with the most pixels.
        smallest: faces of fewer pixels are left out.

    Raises:
        StorageError: a crop cannot be written.
    """
    wanted = [face for face in faces if face.pixels >= smallest]
    if largest:
        wanted = sorted(wanted, key=lambda face: face.pixels)[-1:]
    done = []
    for n, face in enumerate(wanted):
        x, y, width, height = (float(value) for value in face.box)
        box, pixels, score = (x, y, width, height), float(face.pixels), float(face.score)
        quality = assess_face(image, box, face.points, pixels=pixels, score=score)
        file = f"{name}.{n}.png"
        write_image(out / file, align(image, face.points, side))
        done.append(CutFace(file, box, face.points, pixels, score, quality))
    return CutPhoto(path, len(faces), tuple(done))
