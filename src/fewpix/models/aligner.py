"""The aligner's network: from a small picture of a face to how far off the points were that it was cut by."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

OUTPUTS = 6
"""Growth and turn, moves to the right and downwards, logarithm of the variance, logit of being a face."""


class AlignerNet(nn.Module):
    """Six 3×3 convolutions and two linear layers, small enough to run on every face that is found.

    Args:
        widths: channels of the convolutions; the second, fourth and sixth halve the map.
        hidden: features between the two linear layers.
        side: of the input in pixels, a multiple of 8.
    """

    def __init__(self, widths: Sequence[int], hidden: int, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n, (inside, outside) in enumerate(zip((3, *widths[:-1]), widths, strict=True)):
            layers += [
                nn.Conv2d(inside, outside, 3, 1 + n % 2, 1, bias=False),
                nn.BatchNorm2d(outside),
                nn.ReLU(),
            ]
        last = widths[-1] * (side // 2 ** (len(widths) // 2)) ** 2
        head = [nn.Flatten(), nn.Linear(last, hidden), nn.ReLU(), nn.Linear(hidden, OUTPUTS)]
        self.layers = nn.Sequential(*layers, *head)
        nn.init.zeros_(head[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(head[-1].bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, side, side) float32 in −1..1, RGB, to (B, 6)."""
        out: Tensor = self.layers(x)
        return out


def displacement(outputs: Tensor, offsets: Tensor) -> Tensor:
    """Where points lie in a crop, relative to where the template has them.

    Args:
        outputs: (B, 6) of the network; growth and turn in tenths, moves in units of 8 template pixels.
        offsets: (K, 2) x, y of the points from the template's centre, in template pixels.

    Returns:
        (B, K, 2) template pixels.
    """
    growth, turn = 0.1 * outputs[:, 0:1], 0.1 * outputs[:, 1:2]
    x, y = offsets[:, 0], offsets[:, 1]
    moved = torch.stack([growth * x - turn * y, growth * y + turn * x], dim=2)
    return moved + 8 * outputs[:, None, 2:4]
