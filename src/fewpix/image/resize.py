"""The one way in which fewpix makes a square crop larger or smaller."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.image.array import square

Crop: TypeAlias = NDArray[np.uint8]
"""A square face image (s, s, 3), uint8, BGR."""

INTERPOLATION = "area down, cubic up (OpenCV)"
"""How `resize_square` resamples, in words, for reports and results."""


def resize_square(crop: Crop, side: int) -> Crop:
    """Resize once to `side` pixels: area averaging down, bicubic up, the crop itself when it already fits.

    Args:
        crop: (s, s, 3) uint8 BGR.
        side: target side in pixels, at least 1.

    Returns:
        (side, side, 3) uint8; not a copy when nothing had to be done.

    Raises:
        InputError: not a square picture.
    """
    crop = square(crop)
    if crop.shape[0] == side:
        return crop
    method = cv2.INTER_AREA if side < crop.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(crop, (side, side), interpolation=method), dtype=np.uint8)
