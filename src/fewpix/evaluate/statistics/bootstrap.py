"""Confidence intervals by resampling people: two pairs that share a person are not two observations.

A replicate draws as many people as there are, with replacement. A comparison within one person counts as
often as the person was drawn; one between two people counts by the product of their two numbers (a vertex
bootstrap, Snijders & Borgatti 1999). The interval is that between percentiles of the replicates.

The product lets a comparison of two people vary three times as much as it would if it were drawn by
itself, while two comparisons that share one person vary together as they should. On LFW, where few pairs
share anyone, this makes an interval half again too wide. For means the excess is known exactly, and
`mean_interval` takes it out; what is left is the variance that is robust to sharing a person (Aronow, Samii
& Assenova 2015). In `replicates` it is left in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

LEVEL = 0.95
REPLICATES = 2000
_BLOCK = 4_000_000  # numbers held at once, 32 MB


@dataclass(frozen=True)
class Interval:
    """A two-sided 95 % confidence interval."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.low:.1f} to {100 * self.high:.1f}"

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high."""
        return self.low, self.high

    def to_json(self) -> list[float]:
        """`[low, high]`."""
        return [self.low, self.high]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which people each of P comparisons is about.

    Args:
        first: (P,) int64, 0 to people - 1.
        second: (P,) int64, the same number where one person is compared with themselves.
        people: how many people there are.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    people: int

    @classmethod
    def of(cls, first: Sequence[object] | NDArray[np.generic], second: object = None) -> Clusters:
        """From labels, numbers or names; without `second` every observation belongs to one person.

        Raises:
            InputError: the two lists differ in length, or are empty.
        """
        a = np.asarray(first)
        b = a if second is None else np.asarray(second)
        if a.ndim != 1 or a.shape != b.shape or not a.size:
            raise InputError(
                f"people of comparisons must be two lists of one length, not {a.shape} and {b.shape}"
            )
        names, numbers = np.unique(np.concatenate((a, b)), return_inverse=True)
        return cls(numbers[: len(a)].astype(np.int64), numbers[len(a) :].astype(np.int64), len(names))

    @cached_property
    def groups(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(P,) numbers, the same for comparisons of the same people; and by number, whether they are two."""
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        groups, number = np.unique(low * self.people + high, return_inverse=True)
        return number, groups // self.people != groups % self.people

    def only(self, keep: NDArray[np.bool_]) -> Clusters:
        """The comparisons where `keep` (P,) is true; people that none of them is about are dropped."""
        return Clusters.of(self.first[keep], self.second[keep])

    def weights(self, replicates: int, seed: int) -> Iterator[NDArray[np.float64]]:
        """The weight of every comparison in every replicate, in blocks (at most 32 MB) of shape (R, P).

        Equal people and seed give equal draws, whatever the comparisons: so two models are always resampled
        alike.
        """
        rng = np.random.default_rng(seed)
        within = self.first == self.second
        step = max(1, _BLOCK // len(self.first))
        for start in range(0, replicates, step):
            drawn = np.empty((min(step, replicates - start), self.people))
            for row in drawn:
                row[:] = np.bincount(rng.integers(self.people, size=self.people), minlength=self.people)
            yield drawn[:, self.first] * np.where(within, 1.0, drawn[:, self.second])


def mean_interval(
    values: NDArray[np.generic],
    clusters: Clusters,
    *,
    share: NDArray[np.float64] | None = None,
    strata: NDArray[np.generic] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Interval of the mean Σ share·value of values (P,); arguments and errors as for `mean_intervals`."""
    (found,) = mean_intervals(
        np.asarray(values)[:, None], clusters, share=share, strata=strata, replicates=replicates, seed=seed
    )
    return found


def mean_intervals(
    values: NDArray[np.generic],
    clusters: Clusters,
    *,
    share: NDArray[np.float64] | None = None,
    strata: NDArray[np.generic] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> list[Interval]:
    """Intervals of K means Σ share·value over the same comparisons, whose weights are drawn once for all.

    Where bool values are all the same, resampling can say nothing; `exact` is used then. Of one person alone
    it can say nothing either, and the interval is all that there is: from 0, or from -1 where a value is
    below 0, to 1.

    Args:
        values: (P, K) bool, right or wrong; or numbers, such as the difference of two models' 0/1 values.
        clusters: the people of each comparison.
        share: (P,) what each value contributes to the mean, sum 1; equal shares when None.
        strata: (P,) kinds whose proportions are fixed by the protocol (genuine and impostor pairs), so that
            they do not vary between replicates; one kind when None.
        replicates: at least 1.
        seed: of the draws.

    Raises:
        InputError: lengths differ.
    """
    given = np.asarray(values)
    numbers = given.astype(np.float64)
    if numbers.shape[:1] != clusters.first.shape:
        raise InputError(f"{numbers.shape[:1]} values for {clusters.first.shape} comparisons")
    count, means_of = numbers.shape
    part = np.full(count, 1 / count) if share is None else share
    kinds = np.zeros(count, dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    settled = given.dtype == np.bool_ and (numbers == numbers[0]).all(axis=0)
    if np.all(settled):
        return [exact(bool(right), clusters.people) for right in numbers[0]]
    width = means_of + 1  # of one kind: the values, then what they are divided by
    columns = np.zeros((count, width * (int(kinds.max()) + 1)))
    rows = np.arange(count)
    for k in range(means_of):
        columns[rows, width * kinds + k] = part * numbers[:, k]
    columns[rows, width * kinds + means_of] = part
    totals = columns[:, means_of::width].sum(axis=0)
    blocks = []
    for block in clusters.weights(replicates, seed):
        sums = block @ columns
        weights = sums[:, means_of::width]
        blocks.append([_ratio(sums[:, k::width], weights) @ totals for k in range(means_of)])
    found = []
    for k, constant in enumerate(np.broadcast_to(settled, means_of)):
        if constant:
            found.append(exact(bool(numbers[0, k]), clusters.people))
            continue
        if clusters.people == 1:
            found.append(Interval(-1.0 if (numbers < 0).any() else 0.0, 1.0))
            continue
        means = np.concatenate([block[k] for block in blocks])
        centre = columns[:, k::width].sum(axis=0) / totals
        residuals = part * (numbers[:, k] - centre[kinds])
        found.append(percentiles(_shrunk(means, float(centre @ totals), residuals, clusters)))
    return found


def _shrunk(
    means: NDArray[np.float64], mean: float, residuals: NDArray[np.float64], clusters: Clusters
) -> NDArray[np.float64]:
    """Replicates (R,) drawn towards the mean, so that their variance loses what the products added to it.

    Args:
        means: of the replicates.
        mean: of the data.
        residuals: (P,) what each comparison contributes to the mean beyond its kind's average.
        clusters: the people of each.
    """
    number, between = clusters.groups
    squares = np.bincount(number, weights=residuals) ** 2
    variance = float(np.nanvar(means)) if not np.isnan(means).all() else 0.0
    if variance == 0:
        return means
    # with very few people the difference can come out too small; comparisons alone vary at least this much
    right = max(variance - 2 * float(squares[between].sum()), float(squares.sum()))
    return np.asarray(mean + (means - mean) * min(1.0, (right / variance) ** 0.5), dtype=np.float64)


def exact(right: bool, people: int) -> Interval:
    """Clopper-Pearson's interval when all (or none) of `people` independent answers are right."""
    bound = ((1 - LEVEL) / 2) ** (1 / people)
    return Interval(bound, 1.0) if right else Interval(0.0, 1 - bound)


def _ratio(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotient; NaN where a replicate drew no comparison of a kind, as with a handful of people."""
    bad = bottom == 0
    return np.where(bad, np.nan, top / np.where(bad, 1.0, bottom))


def percentiles(values: NDArray[np.float64]) -> Interval:
    """The central 95 % of the replicates; those that drew nothing to average (NaN) are left out.

    Raises:
        InputError: none is left.
    """
    kept = values[~np.isnan(values)]
    if not len(kept):
        raise InputError(
            "too few people for a confidence interval", fix="evaluate at least a handful of people"
        )
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
