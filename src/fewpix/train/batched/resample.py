"""Resampling as matrices: what `cv2.resize` does along one axis, a matrix per face, multiplied in batches."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fewpix.degrade.plan import METHODS

_A = -0.75  # of OpenCV's cubic kernel (Keys, IEEE TASSP 29(6), 1981, has −0.5 and −1 as its examples)


def matrix(source: int, target: int, method: str) -> NDArray[np.float32]:
    """(target, source): one line of pixels times this is the line resized by `cv2.resize`.

    Args:
        source: pixels before.
        target: pixels after.
        method: "area" (only down), "bilinear" or "bicubic"; borders are replicated.
    """
    if source == target:
        return np.eye(source, dtype=np.float32)
    ratio = source / target
    if method == "area":
        edges, places = np.arange(target + 1)[:, None] * ratio, np.arange(source)[None, :]
        overlap = np.minimum(edges[1:], places + 1) - np.maximum(edges[:-1], places)
        return np.asarray(np.clip(overlap, 0, None) / ratio, dtype=np.float32)
    centre = (np.arange(target) + 0.5) * ratio - 0.5
    first = np.floor(centre).astype(np.int64)
    t = centre - first
    if method == "bilinear":
        taps = {0: 1 - t, 1: t}
    else:
        taps = {n: _cubic(np.abs(t - n)) for n in (-1, 0, 1, 2)}
    out = np.zeros((target, source))
    for offset, weight in taps.items():
        np.add.at(out, (np.arange(target), np.clip(first + offset, 0, source - 1)), weight)
    return out.astype(np.float32)


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic kernel at distance `x`."""
    near = ((_A + 2) * x - (_A + 3)) * x * x + 1
    far = ((_A * x - 5 * _A) * x + 8 * _A) * x - 4 * _A
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def scaled(key: Hashable) -> NDArray[np.float32]:
    """The matrix of `downscale`, of (source, target, number of the method)."""
    assert isinstance(key, tuple)
    return matrix(key[0], key[1], METHODS[key[2]])


def fitted(key: Hashable) -> NDArray[np.float32]:
    """The matrix of `resize_square`, of (source, target)."""
    assert isinstance(key, tuple)
    return matrix(key[0], key[1], "area" if key[1] < key[0] else "bicubic")


def doubled(key: Hashable) -> NDArray[np.float32]:
    """Colour at half resolution back to `key` pixels: bilinear, the last sample replicated."""
    assert isinstance(key, int)
    half = -(-key // 2)
    return matrix(half, 2 * half, "bilinear")


class Bank:
    """Matrices by key in the device's memory, each made once, padded with zeros to (height, width).

    Args:
        height: of the largest.
        width: of the largest.
        make: a matrix from its key.
        device: where they are kept.
    """

    def __init__(
        self, height: int, width: int, make: Callable[[Hashable], NDArray[np.float32]], device: torch.device
    ) -> None:
        self._make, self._rows = make, dict[Hashable, int]()
        self._table = torch.zeros(0, height, width, device=device)

    def __call__(self, keys: Sequence[Hashable]) -> Tensor:
        """(n, height, width) of n keys."""
        for key in keys:
            if key not in self._rows:
                found = torch.from_numpy(self._make(key))
                padded = torch.zeros(1, *self._table.shape[1:])
                padded[0, : found.shape[0], : found.shape[1]] = found
                self._rows[key] = len(self._rows)
                self._table = torch.cat([self._table, padded.to(self._table.device)])
        rows = torch.tensor([self._rows[key] for key in keys])
        return self._table[rows.to(self._table.device, non_blocking=True)]


def resample(planes: Tensor, matrices: Tensor) -> Tensor:
    """Both axes of (n, c, s, s) by (n, t, s): (n, c, t, t)."""
    across = matrices[:, None]
    return across @ planes @ across.transpose(2, 3)
