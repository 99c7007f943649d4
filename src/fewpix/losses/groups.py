"""Rows of a batch that belong together, in an order that does not depend on theirs."""

from __future__ import annotations

import torch
from torch import Tensor


class Groups:
    """The rows of a batch gathered by a number that they share.

    By a matrix product, not by scattered addition: the sum has one order, on every device and in every run.

    Args:
        numbers: (B,) int64.
    """

    def __init__(self, numbers: Tensor) -> None:
        self.numbers, place = torch.unique(numbers, return_inverse=True)
        """(G,) the different numbers, ascending."""
        self._member = place[None, :] == torch.arange(len(self.numbers), device=numbers.device)[:, None]

    def mean(self, rows: Tensor) -> Tensor:
        """(B, D) to (G, D): the mean of each group's rows."""
        member = self._member.to(rows.dtype)
        mean: Tensor = member @ rows / member.sum(dim=1, keepdim=True)
        return mean

    def first(self, values: Tensor) -> Tensor:
        """(B,) to (G,): the value of each group's first row."""
        return values[self._member.to(torch.uint8).argmax(dim=1)]
