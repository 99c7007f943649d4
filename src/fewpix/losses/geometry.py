"""Distances and directions between embeddings with gradients that are finite where two of them coincide."""

from __future__ import annotations

import torch
from torch import Tensor

TOUCHING = 1e-4
"""Unit vectors closer than this have no direction: in float32 it would be rounding noise."""


def unit(vectors: Tensor, floor: float = 1e-12) -> Tensor:
    """x/‖x‖ along the last dimension; zero, with a gradient of zero, where ‖x‖ <= `floor`.

    Args:
        vectors: (…, D).
        floor: lengths up to this count as none.

    Example:
        >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]]).double()).tolist()
        [[0.6000000000000001, 0.8], [0.0, 0.0]]
    """
    square = vectors.square().sum(dim=-1, keepdim=True)
    far = square > floor**2
    # Masked before the root and after it: one mask alone would leave 0·inf = NaN in the gradient.
    return torch.where(far, vectors, 0.0) * torch.rsqrt(torch.where(far, square, 1.0))


def distances(left: Tensor, right: Tensor) -> Tensor:
    """(A, D) and (B, D) to (A, B) Euclidean distances; the gradient is zero where two points coincide.

    Computed from differences, not from products: 2 − 2 a·b loses the small distances to rounding. Memory:
    A·B values; the differences are not kept.
    """
    return torch.cdist(left, right, compute_mode="donot_use_mm_for_euclid_dist")


def directions(start: Tensor, end: Tensor) -> Tensor:
    """(A, D) and (B, D) to (A, B, D): the unit vector from start a to end b; zero where they touch."""
    return unit(end[None, :, :] - start[:, None, :], TOUCHING)
