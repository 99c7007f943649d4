"""SCface's `all.txt`: four points on the face of every picture.

A line for each picture, parted by tabs: its name without ending, then x and y of one eye, the other eye, the
tip of the nose and the centre of the mouth, in pixels of that picture. `bioidiap/bob.db.scface` reads the
same nine columns. Public code disagrees on which eye comes first (the person's right one in bob's names), so
here the eyes are put in order by where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.readers.formats.listing import read_lines

FILE = "all.txt"
_COLUMNS = 9


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Points of K pictures.

    Args:
        rows: a picture's name without folder and ending, in small letters → its row.
        points: (K, 4, 2) float64 x, y in pixels: the eye on the picture's left (the person's right one), the
            other eye, nose, centre of the mouth.
    """

    rows: dict[str, int]
    points: NDArray[np.float64]

    def of(self, names: Sequence[str]) -> NDArray[np.float64]:
        """(N, 4, 2) the points of N pictures, given as paths or names.

        Raises:
            InputError: a picture has none.
        """
        places = [self.rows.get(_stem(name), -1) for name in names]
        if -1 in places:
            raise InputError(
                f"there are no landmarks of {names[places.index(-1)]} among {len(self.rows):,}",
                fix=f"use SCface's {FILE}",
            )
        return np.asarray(self.points[places], dtype=np.float64).reshape(-1, 4, 2)


def read_landmarks(path: Path) -> Landmarks:
    """Read SCface's `all.txt`, or one of its parts, which look alike.

    The points of a mugshot belong to one of its two versions, original or cropped: compare their range with
    the picture's size before aligning.

    Raises:
        InputError: the file is missing, not text, empty, or a line is malformed or of a picture further up.
    """
    lines = read_lines(path, f"use SCface's {FILE}")
    rows: dict[str, int] = {}
    values: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        point = _numbers(words[1:])
        if len(words) != _COLUMNS or point is None:
            raise InputError(
                f"{path}, line {number}: expected a name and {_COLUMNS - 1} coordinates, not {line[:60]!r}",
                fix=f"use SCface's {FILE}",
            )
        if rows.setdefault(_stem(words[0]), len(values)) != len(values):
            raise InputError(f"{path}, line {number}: {words[0]} stands further up already")
        values.append(point)
    if not rows:
        raise InputError(f"{path} holds no landmarks", fix=f"use SCface's {FILE}")
    points = np.array(values, dtype=np.float64).reshape(-1, 4, 2)
    swapped = points[:, 0, 0] > points[:, 1, 0]
    points[swapped, :2] = points[swapped, 1::-1]
    return Landmarks(rows, points)


def _numbers(words: list[str]) -> list[float] | None:
    """Finite numbers, or None."""
    try:
        found = [float(word) for word in words]
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


def _stem(name: str) -> str:
    last = name.rpartition("/")[2].lower()
    stem, dot, ending = last.rpartition(".")
    return stem if dot and ending in ("jpg", "jpeg", "png", "bmp") else last
