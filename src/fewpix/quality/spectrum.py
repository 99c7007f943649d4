"""How much of a face's contrast is at which fineness: its power spectrum in rings."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop, resize_square

RINGS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 33, 40, 48, TEMPLATE_SIDE / 2)
"""Edges of the rings, in cycles per width of the aligned crop; a face of s pixels ends at s/2."""

_FLOOR = 0.05
"""Grey levels², a little below the power that rounding to whole grey levels leaves everywhere."""


def spectrum(crop: Crop) -> NDArray[np.float32]:
    """Logarithm of the power in each ring, apart for what runs across and what runs along the axes.

    Apart, since only along the axes do the blocks of JPEG and of nearest-neighbour enlargement show.

    Args:
        crop: (s, s, 3) uint8 BGR, an aligned face; brought to 112 px first.

    Returns:
        (30,) float32, log2 of grey levels² per frequency: the diagonal rings from coarse to fine, then those
        along the axes.
    """
    sized = resize_square(crop, TEMPLATE_SIDE)
    grey = cv2.cvtColor(sized, cv2.COLOR_BGR2GRAY).astype(np.float32)
    window = _window()
    # Without the window, the step from one edge to the opposite one would look like detail.
    grey = (grey - float((grey * window).sum() / window.sum())) * window
    power = np.abs(np.fft.rfft2(grey)).astype(np.float32) ** 2 / TEMPLATE_SIDE**2
    return np.asarray(np.log2(_rings() @ power.ravel() + _FLOOR), dtype=np.float32)


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    """(112, 112) Hann window of mean square 1, so that white noise keeps its power."""
    line = np.hanning(TEMPLATE_SIDE + 2)[1:-1]
    square = np.outer(line, line)
    return np.asarray(square / np.sqrt(np.mean(square**2)), dtype=np.float32)


@lru_cache(maxsize=1)
def _rings() -> NDArray[np.float32]:
    """(30, 112·57) the mean over each ring's frequencies."""
    down = np.fft.fftfreq(TEMPLATE_SIDE)[:, None] * TEMPLATE_SIDE
    across = np.fft.rfftfreq(TEMPLATE_SIDE)[None] * TEMPLATE_SIDE
    radius = np.hypot(down, across)
    angle = np.degrees(np.arctan2(np.abs(down), across))
    diagonal = (angle > 22.5) & (angle < 67.5)
    parts = [
        (radius >= low) & (radius < high) & sector
        for sector in (diagonal, ~diagonal)
        for low, high in pairwise((*RINGS[:-1], RINGS[-1] + 0.01))  # the last ring has its outer edge
    ]
    return np.stack([part.ravel() / part.sum() for part in parts]).astype(np.float32)
