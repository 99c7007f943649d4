"""What has changed in the picture lately, on a small grey copy of it: where something moved, and cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.image.codec import Image

SIDE = 320
"""Longer side of the grey copy: a face of 8 px in 1280 has 2 there, and noise of pixels is averaged out."""

LASTING = 0.2
"""Seconds in which the picture to compare with takes on what is new: slow things show, too."""

LEAST, TIMES = 6.0, 6.0
"""A place has changed by more than so many grey levels, and so many times the median change of the picture,
which is what noise, compression and a moving camera make everywhere."""

ALIKE = 0.5
"""Correlation with the frame before, on 32 x 18 pixels, below which it is another scene."""


@dataclass(frozen=True, eq=False)
class Changed:
    """What a frame brought.

    Args:
        moved: (h, w) bool, where something differs from what was usual there.
        cut: whether this is another scene, or the first frame.
    """

    moved: NDArray[np.bool_]
    cut: bool


class Changes:
    """Compares each frame with those before, by their times; the brightness of all may change."""

    def __init__(self) -> None:
        self._usual: NDArray[np.float32] | None = None
        self._before: NDArray[np.float32] | None = None
        self._time = 0.0

    def see(self, image: Image, time: float) -> Changed:
        """The next frame.

        Args:
            image: (H, W, 3) uint8 BGR.
            time: seconds, above that of the frame before.
        """
        high, wide = image.shape[:2]
        shrink = min(1.0, SIDE / max(high, wide))
        size = max(1, round(wide * shrink)), max(1, round(high * shrink))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        coarse = np.asarray(cv2.resize(grey, (32, 18), interpolation=cv2.INTER_AREA), np.float32)
        usual, before, step = self._usual, self._before, time - self._time
        self._before, self._time = coarse, time
        if usual is None or before is None or usual.shape != grey.shape or _likeness(coarse, before) < ALIKE:
            self._usual = grey
            return Changed(np.zeros(grey.shape, dtype=bool), True)
        usual = usual * (float(grey.mean()) + 1) / (float(usual.mean()) + 1)
        apart = np.abs(grey - usual)
        moved = apart > max(LEAST, TIMES * float(np.median(apart)))
        self._usual = usual + (1 - math.exp(-step / LASTING)) * (grey - usual)
        return Changed(moved, False)


def _likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation, -1 to 1; 1 of two that are flat, 0 where one is."""
    a, b = one - one.mean(), other - other.mean()
    spread = float(np.sqrt(np.square(a).mean() * np.square(b).mean()))
    if spread < 1:
        return float(max(a.std(), b.std()) < 2)
    return float((a * b).mean()) / spread
