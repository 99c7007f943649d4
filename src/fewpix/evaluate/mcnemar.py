"""McNemar's exact test: do two models that answered the same questions differ in how many they got right?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class McNemar:
    """The answers that only one of two models got right; those both did, or neither, say nothing.

    The test takes answers for independent. Where several show one person they are not quite, and p is too
    small; the bootstrap's intervals do not assume it.

    Args:
        only_first: answers that only the first model got right.
        only_second: that only the second did.
        p: two-sided, the chance of numbers at least as far apart if neither model were better.
    """

    only_first: int
    only_second: int
    p: float

    def __str__(self) -> str:
        alone = f"{self.only_first:,} right by the first only, {self.only_second:,} by the second"
        return f"{alone}, p {p_text(self.p)}"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Compare answers (N,), right or wrong, of two models.

    Under the null hypothesis each answer that one model alone got right is a fair coin's: p is twice the
    binomial tail up to the smaller number, at most 1 (McNemar 1947, in its exact form). All whole numbers,
    so it is exact for any N.
    """
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    total, ways, tail = one + other, 1, 0
    for k in range(min(one, other) + 1):
        tail += ways
        ways = ways * (total - k) // (k + 1)
    return McNemar(one, other, min(1.0, 2 * tail / 2**total))


def p_text(p: float) -> str:
    """A probability for people."""
    return f"{p:.3f}" if p >= 0.001 else "below 0.001"
