"""How a benchmark's picture becomes the square that encoders take: as it is, by padding, or by stretching."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from fewpix.errors import ConfigError, ImageError
from fewpix.evaluate.degraded import SIDE
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

Square: TypeAlias = Callable[[Image, str], Crop]
"""From a picture (H, W, 3) and its origin, which names it in messages, to a square."""

FITS = {
    "pad": "the border is repeated on both sides of the shorter one",
    "stretch": "the shorter side is resized to the longer one, bicubic",
    "aligned": "only aligned crops of 112x112 px are taken",
}
"""How a picture that is not square is made so. Its longer side stays as it is, so no pixel is lost."""


def aligned(image: Image, origin: str) -> Crop:
    """The picture itself: a benchmark of aligned crops is never aligned or resized in passing.

    Raises:
        ImageError: it is not 112x112.
    """
    if image.shape[:2] != (SIDE, SIDE):
        raise ImageError(
            f"{origin} is {image.shape[1]}x{image.shape[0]} px, not an aligned crop of {SIDE}x{SIDE} px",
            fix="align the benchmark's pictures to the five-point template first",
        )
    return image


def fitted(fit: str) -> Square:
    """The way of making squares that `FITS` describes.

    Raises:
        ConfigError: there is none of this name.
    """
    if fit not in FITS:
        raise ConfigError(f"fit: there is no way {fit!r}", fix=f"use {', '.join(FITS)}")
    return {"pad": _pad, "stretch": _stretch, "aligned": aligned}[fit]


def _pad(image: Image, origin: str) -> Crop:
    """The picture in the middle; the odd pixel goes to the right or to the bottom."""
    height, width = image.shape[:2]
    down, across = max(0, width - height), max(0, height - width)
    if not down and not across:
        return image
    padded = cv2.copyMakeBorder(
        image, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded, dtype=np.uint8)


def _stretch(image: Image, origin: str) -> Crop:
    side = max(image.shape[:2])
    if image.shape[:2] == (side, side):
        return image
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
