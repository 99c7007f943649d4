"""One face in a picture: where it is, its landmarks, and how many pixels it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Alignment:
    """What the aligner says of a face.

    Args:
        error: how far off the five points still are in the mean, in pixels of the 112 px template: the square
            root of the expected squared distance.
        score: that it is a face, 0 to 1.
        moved: whether its points were corrected.
    """

    error: float
    score: float
    moved: bool = True

    def to_json(self) -> dict[str, object]:
        """`error`, `score` and `moved` as JSON values."""
        return {"error": round(self.error, 2), "score": round(self.score, 4), "moved": self.moved}


@dataclass(frozen=True, eq=False)
class Face:
    """A detected face, in pixels of the picture.

    Args:
        box: x, y of the upper left corner, width, height; it may reach beyond the picture.
        points: (5, 2) float32 x, y: right eye, left eye (the person's), nose, right and left corner of the
            mouth.
        score: the detector's confidence, 0 to 1.
        pixels: side of the square that alignment maps to the template (`fewpix.image.align.pixels`); it is
            not the width of the box.
        alignment: what the aligner says of it; None where it was not asked.
    """

    box: tuple[float, float, float, float]
    points: NDArray[np.float32]
    score: float
    pixels: float
    alignment: Alignment | None = None

    def __str__(self) -> str:
        x, y, width, height = self.box
        place = f"{x:.0f}, {y:.0f} ({width:.0f} x {height:.0f})"
        return f"face of {self.pixels:.0f} px at {place}, score {self.score:.2f}"

    def to_json(self) -> dict[str, object]:
        """`box`, `points`, `score`, `pixels` as JSON values, rounded to 1/100 pixel and 1/10,000 score."""
        return {
            "box": [round(value, 2) for value in self.box],
            "points": [[round(float(x), 2), round(float(y), 2)] for x, y in self.points],
            "score": round(self.score, 4),
            "pixels": round(self.pixels, 2),
            "alignment": None if self.alignment is None else self.alignment.to_json(),
        }
