"""Cutting a picture into overlapping tiles at one scale, and telling whole faces from halves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.image.codec import Image
from fewpix.image.places import resized

TILE = 1280
"""The largest side of a tile, in scaled pixels."""

OVERLAP = 128
"""What neighbouring tiles share, in scaled pixels: a face up to `OVERLAP - 2 * MARGIN` high lies whole in
one."""

MARGIN = 16
"""A box that comes this close to a cut, in scaled pixels, may be half a face."""


@dataclass(frozen=True)
class Tile:
    """A part of a picture at one scale.

    Args:
        image: (h, w, 3) uint8 BGR, scaled.
        origin: x, y of its upper left corner in the picture, in picture pixels.
        scale: (x, y) scaled pixels per picture pixel; the two differ by what rounding to whole pixels makes.
        cuts: whether its left, upper, right and lower side is a cut, not the picture's own border.
    """

    image: Image
    origin: tuple[int, int]
    scale: tuple[float, float]
    cuts: tuple[bool, bool, bool, bool]

    def whole(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rows whose box keeps away from every cut.

        The others lie whole in a neighbouring tile, or, when they are larger than the overlap, in a tile of a
        coarser scale; the coarsest has no cuts.
        """
        left, top, right, bottom = self.cuts
        high, wide = self.image.shape[:2]
        x, y, width, height = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]
        keep = np.ones(len(rows), dtype=bool)
        if left:
            keep &= x >= MARGIN
        if top:
            keep &= y >= MARGIN
        if right:
            keep &= x + width <= wide - MARGIN
        if bottom:
            keep &= y + height <= high - MARGIN
        return rows[keep]

    def in_picture(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rows in picture pixels: boxes and points as before the scaling, moved by the origin."""
        out = rows.copy()
        out[:, 0:4] /= np.tile(self.scale, 2)
        out[:, 0:2] += self.origin
        points = resized(rows[:, 4:14].reshape(-1, 5, 2), (1 / self.scale[0], 1 / self.scale[1]))
        out[:, 4:14] = (points + np.array(self.origin, dtype=np.float32)).reshape(-1, 10)
        return out


@dataclass(frozen=True)
class Part:
    """Where a tile lies, before it is cut: slices of the picture, and how it is scaled.

    Args:
        left: in pixels of the picture, as `top`, `right` and `bottom`; within it, and not empty.
        scale: scaled pixels per picture pixel, above 0.
    """

    left: int
    top: int
    right: int
    bottom: int
    scale: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the tile, in scaled pixels."""
        wide, high = (self.right - self.left) * self.scale, (self.bottom - self.top) * self.scale
        return max(1, round(wide)), max(1, round(high))

    def of(self, image: Image) -> Tile:
        """The tile; area averaging below a scale of 1, bilinear above.

        Args:
            image: (H, W, 3) uint8 BGR.
        """
        high, wide = image.shape[:2]
        part, target = image[self.top : self.bottom, self.left : self.right], self.size
        ratio = (target[0] / part.shape[1], target[1] / part.shape[0])
        if target != (part.shape[1], part.shape[0]):
            method = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
            part = np.asarray(cv2.resize(part, target, interpolation=method), dtype=np.uint8)
        cuts = (self.left > 0, self.top > 0, self.right < wide, self.bottom < high)
        return Tile(np.ascontiguousarray(part), (self.left, self.top), ratio, cuts)


def parts(width: int, height: int, scale: float, tallest: int = TILE) -> list[Part]:
    """The tiles of a picture at one scale, row by row.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        scale: above 0.
        tallest: the largest height of a tile, in scaled pixels.
    """
    columns = _spans(width, scale)
    return [
        Part(left, top, right, bottom, scale)
        for top, bottom in _spans(height, scale, tallest)
        for left, right in columns
    ]


def tiles(image: Image, scale: float) -> Iterator[Tile]:
    """The picture at `scale`, tile by tile, so that a large one is never scaled up as a whole.

    Args:
        image: (H, W, 3) uint8 BGR.
        scale: above 0.
    """
    for part in parts(image.shape[1], image.shape[0], scale):
        yield part.of(image)


def scaled_area(width: int, height: int, scale: float) -> float:
    """Scaled pixels that the tiles of a picture have together; what several share counts for each."""
    lengths = [sum(end - start for start, end in _spans(side, scale)) for side in (width, height)]
    return lengths[0] * lengths[1] * scale * scale


def _spans(length: int, scale: float, most: int = TILE) -> list[tuple[int, int]]:
    """The tiles along one side of a picture, in picture pixels."""
    return spans(length, max(1, int(most / scale)), int(OVERLAP / scale))


def spans(length: int, size: int, shared: int) -> list[tuple[int, int]]:
    """Cover 0..`length` with spans of at most `size` that share at least `shared`, of nearly equal length."""
    if length <= size:
        return [(0, length)]
    count = -(-(length - shared) // (size - shared))
    size = -(-(length + (count - 1) * shared) // count)  # so many, and no larger than they must be
    step = (length - size) / (count - 1)
    return [(round(n * step), round(n * step) + size) for n in range(count)]
