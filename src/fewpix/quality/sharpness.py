"""How much fine detail a face shows beside all of its contrast."""

from __future__ import annotations

import cv2
import numpy as np

from fewpix.image.array import picture
from fewpix.image.codec import Image

_SEEN_AT = 24
"""Longer side, in pixels, at which sharpness is measured, so that large faces compare with small ones."""


def sharpness(image: Image, box: tuple[float, float, float, float]) -> float:
    """How much fine detail a face has beside all of its contrast: 0.1 when smeared, 1 and more when crisp.

    The mean absolute Laplacian of the grey box over its standard deviation. It tells sharp from blurred
    sights of one face in one video; between videos, noise and compression change it as much as blur does.

    Args:
        image: (H, W, 3) uint8 BGR.
        box: x, y, width, height in its pixels; 0 when it lies outside.

    Raises:
        InputError: not a picture.
    """
    part = _inside(picture(image), box)
    if min(part.shape[:2]) < 3:
        return 0.0
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
    shrink = _SEEN_AT / max(grey.shape)
    if shrink < 1:
        size = (max(3, round(grey.shape[1] * shrink)), max(3, round(grey.shape[0] * shrink)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    detail = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())
    return detail / (float(grey.std()) + 4.0)  # a flat grey patch has neither


def _inside(image: Image, box: tuple[float, float, float, float]) -> Image:
    """The part of a box that lies in the picture; at least a pixel."""
    high, wide = image.shape[:2]
    x, y, width, height = box
    left, top = min(max(round(x), 0), wide - 1), min(max(round(y), 0), high - 1)
    right, bottom = min(max(round(x + width), left + 1), wide), min(max(round(y + height), top + 1), high)
    return image[top:bottom, left:right]
