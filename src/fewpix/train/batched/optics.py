"""Geometry and blur of many sharp crops of one side: the twins of three operations of `ops`."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from fewpix.train.batched.grey import whole


def shift(x: Tensor, dx: Tensor, dy: Tensor, scale: Tensor, angle: Tensor) -> Tensor:
    """Move, enlarge and turn; see `ops.shift`.

    Args:
        x: (n, 3, s, s) grey levels.
        dx: (n,) pixels, as the others.
        dy: (n,).
        scale: (n,).
        angle: (n,) degrees.
    """
    side = x.shape[-1]
    centre = (side - 1) / 2
    place = torch.arange(side, device=x.device, dtype=x.dtype) - centre
    # Where each pixel comes from: the inverse of a turn by `angle` and an enlargement about the centre.
    cos, sin = (torch.deg2rad(angle).cos() / scale, torch.deg2rad(angle).sin() / scale)
    right = place[None, None, :] - dx[:, None, None]
    down = place[None, :, None] - dy[:, None, None]
    cos, sin = cos[:, None, None], sin[:, None, None]
    grid = torch.stack([right * cos - down * sin, right * sin + down * cos], dim=3) / centre
    return whole(F.grid_sample(x, grid, padding_mode="border", align_corners=True))


def discs(radius: Tensor, half: int) -> Tensor:
    """(n, 2·half + 1, 2·half + 1) of `ops.disc_kernel`."""
    axis = torch.arange(-half, half + 1, device=radius.device, dtype=radius.dtype)
    distance = (axis[:, None].square() + axis[None, :].square()).sqrt()
    weight = (radius[:, None, None] + 0.5 - distance).clamp(0, 1)
    return weight / weight.sum(dim=(1, 2), keepdim=True)


def lines(length: Tensor, angle: Tensor, half: int) -> Tensor:
    """(n, 2·half + 1, 2·half + 1) of `ops.line_kernel`."""
    axis = torch.arange(-half, half + 1, device=length.device, dtype=length.dtype)
    cos, sin = torch.deg2rad(angle).cos()[:, None, None], -torch.deg2rad(angle).sin()[:, None, None]
    across_x, across_y = axis[None, None, :], axis[None, :, None]
    along = (across_x * cos + across_y * sin).abs()
    across = (across_y * cos - across_x * sin).abs()
    size = length[:, None, None] / 2
    weight = (size + 0.5 - along).clamp(0, 1) * (1 - across).clamp(0, 1)
    # A line's own kernel is no larger than this.
    weight = weight * ((across_x.abs() <= size.ceil()) & (across_y.abs() <= size.ceil()))
    return weight / weight.sum(dim=(1, 2), keepdim=True)


def blur(x: Tensor, kernels: Tensor) -> Tensor:
    """Every face with its own kernel, by Fourier transforms; borders are replicated.

    Args:
        x: (n, 3, s, s) grey levels.
        kernels: (n, k, k), k odd, the same when turned by 180°.
    """
    half, side = kernels.shape[-1] // 2, x.shape[-1]
    if half == 0:
        return x
    wide = F.pad(x, (half,) * 4, mode="replicate")
    size = _quick(side + 2 * half)
    product = torch.fft.rfft2(wide, s=(size, size)) * torch.fft.rfft2(kernels, s=(size, size))[:, None]
    out = torch.fft.irfft2(product, s=(size, size))
    return whole(out[..., 2 * half : 2 * half + side, 2 * half : 2 * half + side])


def _quick(size: int) -> int:
    """The next size with no prime factor but 2, 3 and 5, which transforms are fast at."""
    while True:
        rest = size
        for prime in (2, 3, 5):
            rest //= prime ** max(n for n in range(int(math.log2(size)) + 1) if rest % prime**n == 0)
        if rest == 1:
            return size
        size += 1
