"""Boxes that are the same face, and which of them stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAME = 0.3
"""Two boxes whose intersection over union is above this are one face."""

INSIDE = 0.8
"""A box of which more than this share lies in another one is a part of that face, or that one is a false
alarm."""


def iou(box: NDArray[np.floating], boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of one box (4,) with each of (N, 4); x, y, width, height; (N,) in 0 to 1."""
    both, area, areas = _areas(box, boxes)
    return np.asarray(both / np.maximum(area + areas - both, 1e-12))


def suppress(rows: NDArray[np.floating]) -> list[int]:
    """Greedy non-maximum suppression over boxes of one or of several scales.

    Args:
        rows: (N, 15) as `YuNet.find` gives them.

    Returns:
        Indices of those that stay, by falling score; equal scores from left to right, so that the order of
        the rows does not matter.
    """
    order = np.lexsort((rows[:, 1], rows[:, 0], -rows[:, 14]))
    kept: list[int] = []
    for n in order:
        boxes = rows[kept, :4]
        both, area, areas = _areas(rows[n, :4], boxes)
        inside = both / np.maximum(np.minimum(area, areas), 1e-12)
        if not (iou(rows[n, :4], boxes) > SAME).any() and not (inside > INSIDE).any():
            kept.append(int(n))
    return kept


def _areas(
    box: NDArray[np.floating], boxes: NDArray[np.floating]
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """The intersection of `box` with each of `boxes`, its own area, and theirs."""
    one, many = np.asarray(box, np.float64), np.asarray(boxes, np.float64)
    low = np.maximum(one[:2], many[:, :2])
    high = np.minimum(one[:2] + one[2:], many[:, :2] + many[:, 2:])
    both = np.clip(high - low, 0, None).prod(axis=1)
    return both, float(one[2:].prod()), many[:, 2:].prod(axis=1)
