"""A picture of what a chain does: faces before and after, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from fewpix.degrade.chain import Chain
from fewpix.errors import ConfigError, InputError
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

TILE = 112
"""Side of one picture in the sheet, in pixels."""

_INNER, _OUTER = 2, 10


def _tile(crop: Crop) -> Crop:
    """The crop at `TILE` pixels; enlarged by repetition, so that its pixels can be seen and counted."""
    method = cv2.INTER_AREA if crop.shape[0] > TILE else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(crop, (TILE, TILE), interpolation=method), dtype=np.uint8)


def sheet(crops: Sequence[Crop], rng: np.random.Generator, chain: Chain, columns: int) -> Image:
    """Draw each crop with its degraded version to the right of it, `columns` pairs in a row, on white.

    Args:
        crops: at least one (s, s, 3) uint8 BGR.
        rng: for the chain, in the order of the crops.
        chain: what is shown.
        columns: pairs per row, at least 1.

    Returns:
        (H, W, 3) uint8 BGR; unlike a crop it need not be square.

    Raises:
        InputError: no crops.
        ConfigError: `columns` below 1.
    """
    if not crops:
        raise InputError("a sheet needs at least one crop")
    if columns < 1:
        raise ConfigError(f"columns must be at least 1, not {columns}")
    columns = min(columns, len(crops))
    rows = -(-len(crops) // columns)
    wide, high = 2 * TILE + _INNER + _OUTER, TILE + _OUTER
    page = np.full((rows * high + _OUTER, columns * wide + _OUTER, 3), 255, np.uint8)
    for n, (before, after) in enumerate(zip(crops, chain.apply_batch(crops, rng), strict=True)):
        y, x = _OUTER + n // columns * high, _OUTER + n % columns * wide
        page[y : y + TILE, x : x + TILE] = _tile(before)
        x += TILE + _INNER
        page[y : y + TILE, x : x + TILE] = _tile(after)
    return page
