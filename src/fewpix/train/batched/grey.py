"""Grey levels of many small crops: the twins of the pointwise operations of `ops`, and of `compress.crispen`.

Crops lie in the first rows and columns of canvases of one side; what is beyond their own side means nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.114, 0.587, 0.299)
"""Weights of blue, green and red (ITU-R BT.601)."""


def whole(x: Tensor) -> Tensor:
    """Whole grey levels, halves to the even one as OpenCV and NumPy do."""
    return x.round().clamp(0, 255)


def mix(x: Tensor, weights: tuple[float, float, float]) -> Tensor:
    """(n, h, w) a weighted sum of blue, green and red of (n, 3, h, w)."""
    return weights[0] * x[:, 0] + weights[1] * x[:, 1] + weights[2] * x[:, 2]


def add_noise(x: Tensor, noise: Tensor, read: Tensor, shot: Tensor) -> Tensor:
    """See `ops.sensor_noise`.

    Args:
        x: (n, 3, s, s) grey levels.
        noise: (n, 3, t, t) of deviation 1, t at most s.
        read: (n,).
        shot: (n,).
    """
    side = noise.shape[-1]
    inner = x[..., :side, :side]
    deviation = (_each(read).square() + _each(shot) * inner).sqrt()
    out = x.clone()
    out[..., :side, :side] = whole(inner + noise * deviation)
    return out


def gamma(x: Tensor, g: Tensor) -> Tensor:
    """See `ops.gamma`; (n, 3, s, s) grey levels and (n,)."""
    return whole(255 * (x / 255) ** _each(g))


def contrast(x: Tensor, gain: Tensor, offset: Tensor) -> Tensor:
    """See `ops.contrast`; (n, 3, s, s) grey levels and (n,) each."""
    return whole(_each(gain) * x + _each(offset))


def grey(x: Tensor) -> Tensor:
    """See `ops.grey`; (n, 3, s, s) grey levels."""
    return whole(mix(x, LUMA))[:, None].expand_as(x)


def crispen(x: Tensor, sides: Tensor, amount: Tensor) -> Tensor:
    """See `compress.crispen`.

    Args:
        x: (n, 3, s, s) grey levels.
        sides: (n,) of the faces.
        amount: (n,).
    """
    place = torch.arange(x.shape[-1], device=x.device)
    before, after = (place - 1).clamp(min=0).expand(len(x), -1), torch.minimum(place + 1, sides[:, None] - 1)
    here = place.expand(len(x), -1)
    around = sum(pick(x, *at) for at in ((before, here), (after, here), (here, before), (here, after)))
    return whole(x + _each(amount) * (x - around / 4))


def pick(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(n, c, h, w): of each face of (n, c, s, s) its own (n, h) rows and (n, w) columns."""
    face = torch.arange(len(x), device=x.device)[:, None, None]
    return x.transpose(0, 1)[:, face, rows[:, :, None], columns[:, None, :]].transpose(0, 1)


def _each(values: Tensor) -> Tensor:
    """(n,) to be broadcast over (n, c, h, w)."""
    return values[:, None, None, None]
