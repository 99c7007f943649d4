"""How many more answers one of two models got right: an interval, and McNemar's exact test.

Answers that both models got right, or both wrong, say nothing of which is better. Where few are left, all on
one side perhaps, resampling them hardly ever draws none, and the percentile interval leaves out zero although
chance would do as much: of three answers it does, and McNemar's exact test gives 0.25. So below `FEW` such
answers the interval also holds the exact one for them: the share of them that the first model got right lies
between the bounds of Clopper and Pearson (1934). That one leaves out zero where McNemar's exact test is below
0.05, and not otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.statistics.bootstrap import LEVEL, REPLICATES, Clusters, Interval, mean_interval

FEW = 25
"""Answers that only one of the models got right, below which resampling them alone is not believed."""


def paired_interval(
    first: NDArray[np.generic],
    second: NDArray[np.generic],
    clusters: Clusters,
    *,
    share: NDArray[np.float64] | None = None,
    strata: NDArray[np.generic] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Interval of the mean Σ share·(first − second).

    Where no answer differs it is from 0 to 0. Of one person alone it is all that there is.

    Args:
        first: (P,) bool, which answers one model got right; or its numbers.
        second: (P,) of the other, likewise.
        clusters: the people of each answer.
        share: see `mean_interval`, as the others.
        strata: kinds.
        replicates: how many.
        seed: of the draws.

    Raises:
        InputError: see `mean_interval`.
    """
    change = first.astype(np.float64) - second.astype(np.float64)
    found = mean_interval(change, clusters, share=share, strata=strata, replicates=replicates, seed=seed)
    alone = change != 0
    count = int(alone.sum()) if first.dtype == np.bool_ else 0
    if count and clusters.people == 1:
        return Interval(-1.0, 1.0)
    if not 0 < count < FEW:
        return found
    low, high = share_bounds(int((change > 0).sum()), count)
    scale = count / len(change) if share is None else float(share[alone].sum())
    return Interval(min(found.low, scale * (2 * low - 1)), max(found.high, scale * (2 * high - 1)))


def share_bounds(right: int, count: int) -> tuple[float, float]:
    """Clopper and Pearson's bounds of a share of which `right` of `count` were seen, 1 to some hundreds."""
    tail = (1 - LEVEL) / 2

    def below(p: float, most: int) -> float:
        """The chance of at most so many."""
        return sum(comb(count, k) * p**k * (1 - p) ** (count - k) for k in range(most + 1))

    low = 0.0 if right == 0 else _falling(lambda p: below(p, right - 1), 1 - tail)
    high = 1.0 if right == count else _falling(lambda p: below(p, right), tail)
    return low, high


def _falling(chance: Callable[[float], float], wanted: float) -> float:
    """Where a chance that falls from 1 to 0 has a value, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) > wanted else (low, middle)
    return (low + high) / 2


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> tuple[int, int, float]:
    """Compare answers (N,), right or wrong, of two models.

    Answers that both got right, or neither, say nothing. Under the null hypothesis each answer that one
    model alone got right is a fair coin's: p is twice the binomial tail up to the smaller number, at most 1
    (McNemar 1947, in its exact form). All whole numbers, so it is exact for any N. The test takes answers for
    independent. Where several show one person they are not quite, and p is too small; the bootstrap's
    intervals do not assume it.

    Returns:
        Answers that only the first model got right, that only the second did, and p.
    """
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    total, ways, tail = one + other, 1, 0
    for k in range(min(one, other) + 1):
        tail += ways
        ways = ways * (total - k) // (k + 1)
    return one, other, min(1.0, 2 * tail / 2**total)
