"""Faces that nobody has: an aligned face bent smoothly and coloured anew, for the teacher to embed.

Where the terms of pictures leave few faces, more targets have to come out of them. A mix blends two faces; a
variation moves the features of one by a few pixels and changes its colours. The teacher sees the varied
picture sharp and says what it is, so no label can be wrong; what is learnt is the teacher, at one more place.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.image.resize import Crop

KNOTS = 4
"""Of the grid, along each side, whose random shifts are spread over the picture."""

_REC709 = np.array([0.0722, 0.7152, 0.2126], dtype=np.float32)  # of blue, green, red


@dataclass(frozen=True)
class Variation:
    """How a face is varied; equal ones give equal pictures.

    Args:
        seed: of what is drawn.
        warp: the largest shift of a point, as a share of the side.
        colour: how far gains, gamma and saturation may lie from what they are, 0 to below 1.
    """

    seed: int
    warp: float
    colour: float

    def __str__(self) -> str:
        return f"{self.seed},{self.warp:.4f},{self.colour:.4f}"

    def apply(self, crop: Crop) -> Crop:
        """The varied face, a new array.

        Args:
            crop: (s, s, 3) uint8 BGR.
        """
        rng = np.random.default_rng(self.seed)
        shifts = rng.uniform(-self.warp, self.warp, (KNOTS, KNOTS, 2)).astype(np.float32)
        colours = _Colours.drawn(rng, self.colour)
        return colours.apply(_bent(crop, shifts))


def _bent(crop: Crop, shifts: NDArray[np.float32]) -> Crop:
    """The picture with its points moved by a smooth field of shifts (k, k, 2), in shares of the side."""
    side = len(crop)
    field = cv2.resize(shifts * side, (side, side), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    moved = cv2.remap(
        crop, x + field[..., 0], y + field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class _Colours:
    """Gains of the channels, a gamma, and how much of the colours is left."""

    gains: NDArray[np.float32]
    gamma: float
    saturation: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, colour: float) -> _Colours:
        """Each within `colour` of 1; the gamma as often below as above."""
        gains = rng.uniform(1 - colour / 2, 1 + colour / 2, 3).astype(np.float32)
        gamma = float((1 + colour) ** rng.uniform(-1, 1))
        return cls(gains, gamma, float(rng.uniform(1 - colour, 1 + colour)))

    def apply(self, crop: Crop) -> Crop:
        """The picture in other colours."""
        values = (crop.astype(np.float32) / 255) ** self.gamma * self.gains
        grey = (values @ _REC709)[..., None]
        values = grey + self.saturation * (values - grey)
        return np.asarray(np.clip(np.rint(values * 255), 0, 255), dtype=np.uint8)
