"""Mean and variance of what enters a BatchNorm layer, over a whole set, piece by piece, in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from fewpix.adapt.stats import LayerStats

SLICE = 64
"""Images widened to float64 at a time: 64 maps of 32x24x24 are 9 MB."""


class Moments:
    """Accumulates per-channel moments in float64.

    Each piece's squares are taken around its own mean and merged (Chan, Golub and LeVeque 1983, eq. 2.1),
    since E[x^2] - E[x]^2 cancels where a channel's mean is large beside its spread.
    """

    def __init__(self) -> None:
        self._images = 0
        self._values = 0
        self._mean = torch.zeros((), dtype=torch.float64)
        self._squares = torch.zeros((), dtype=torch.float64)

    def add(self, x: Tensor) -> None:
        """Take in (n, C) or (n, C, H, W); every position of every image counts the same."""
        for piece in torch.split(x.detach(), SLICE):
            # Apple's MPS has no float64.
            values = piece.to("cpu").double() if piece.device.type == "mps" else piece.double()
            rows = values.transpose(0, 1).flatten(1)
            mean = rows.mean(dim=1)
            squares = (rows - mean[:, None]).square().sum(dim=1)
            self._merge(mean.cpu(), squares.cpu(), rows.shape[1])
            self._images += piece.shape[0]

    def _merge(self, mean: Tensor, squares: Tensor, values: int) -> None:
        total = self._values + values
        apart = mean - self._mean
        self._mean = self._mean + apart * (values / total)
        self._squares = self._squares + squares + apart.square() * (self._values * values / total)
        self._values = total

    def result(self) -> LayerStats:
        """Mean and biased variance; `count` counts images.

        Raises:
            ConfigError: nothing was added, or it was not finite.
        """
        var = self._squares / max(self._values, 1)
        return LayerStats(self._mean.numpy(), var.numpy(), self._images)
