"""What the aligner looks at: the found face, upright, with the part of the template's square that matters."""

from __future__ import annotations

import math

import cv2
import numpy as np

from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

WINDOW = 104.0
"""Side of the part of the template that is looked at, in template pixels, around its middle."""

CENTRE = complex(*TEMPLATE.mean(axis=0))
"""Mean of the template's five points: errors are told about it."""

_CORNER = complex((TEMPLATE_SIDE - WINDOW) / 2 - 0.5, (TEMPLATE_SIDE - WINDOW) / 2 - 0.5)


def cut_window(image: Image, similarity: tuple[complex, complex], side: int) -> Crop:
    """The window of a face.

    Args:
        image: (H, W, 3) uint8 BGR.
        similarity: turn and move from the picture's pixels to the template's; centres of pixels are at whole
            numbers on both sides.
        side: of the result in pixels.

    Returns:
        (side, side, 3) uint8; what lies outside the picture repeats its border.
    """
    turn, move = similarity
    shrink = WINDOW / side / abs(turn)
    factor = max(1, min(math.ceil(shrink - 1e-6), 4096 // side))
    ratio = side * factor / WINDOW
    a, b = turn * ratio, (move - _CORNER) * ratio - (0.5 + 0.5j)
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    method = cv2.INTER_CUBIC if shrink <= 1 else cv2.INTER_LINEAR
    size = (side * factor,) * 2
    cut = cv2.warpAffine(image, matrix, size, flags=method, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        cut = cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, dtype=np.uint8)
