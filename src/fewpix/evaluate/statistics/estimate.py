"""The statistics that every figure is one of, their values with intervals, and the difference of two of them.

- `Mean`: a share of answers that are right, or a mean of numbers: accuracy, rank-k, mAP, TAR at a threshold
  that is held.
- `OnCurve`: a figure whose threshold is set anew in every replicate: TAR at FAR, TPIR at FPIR, EER, AUC.
- `Estimate`: a value that has no interval, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.statistics.bootstrap import (
    REPLICATES,
    Clusters,
    Interval,
    mean_intervals,
    percentiles,
)
from fewpix.evaluate.statistics.paired import mcnemar, paired_interval
from fewpix.evaluate.statistics.replicates import CurveReplicates, replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores, curve_targets


@dataclass(frozen=True)
class Draws:
    """How people are resampled.

    Args:
        replicates: how many, at least 1.
        seed: of the draws.
    """

    replicates: int = REPLICATES
    seed: int = 0


@dataclass(frozen=True)
class Estimate:
    """A figure; one without an interval is its own statistic.

    Args:
        value: of it.
        ci95: its interval; None where there is none.
        threshold: that a comparison counts at or above; None where there is none.
        reason: why there is no interval; "" where there is, or where the figure never has one.
    """

    value: float
    ci95: Interval | None = None
    threshold: float | None = None
    reason: str = ""


Change = tuple[Estimate, tuple[int, int, float] | None]
"""A figure of one model minus that of another, its interval from resampling people for both together; and
`paired.mcnemar`'s exact test, where answers are right or wrong.
"""


@dataclass(frozen=True, eq=False)
class Mean:
    """The mean Σ share·value over P comparisons.

    Args:
        values: (P,) bool, whether each answer is right; or numbers.
        clusters: the people of each comparison.
        share: (P,) what each counts, sum 1; equal shares when None.
        strata: (P,) kinds whose proportions do not vary, see `mean_intervals`.
        threshold: that decided the answers and is held in all replicates; None where there is none.
    """

    values: NDArray[np.generic]
    clusters: Clusters
    share: NDArray[np.float64] | None = None
    strata: NDArray[np.generic] | None = None
    threshold: float | None = None

    @property
    def value(self) -> float:
        """The mean."""
        numbers = self.values.astype(np.float64)
        return float(numbers.mean() if self.share is None else (self.share * numbers).sum())

    def minus(self, other: Mean, draws: Draws) -> Change:
        """Of the same comparisons."""
        one, two = self.values, other.values
        ci95 = paired_interval(
            one,
            two,
            self.clusters,
            share=self.share,
            strata=self.strata,
            replicates=draws.replicates,
            seed=draws.seed,
        )
        test = mcnemar(one.astype(np.bool_), two.astype(np.bool_)) if one.dtype == np.bool_ else None
        return Estimate(self.value - other.value, ci95), test


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of P comparisons of both kinds, whose curve is drawn once in every replicate.

    Args:
        scores: (P,) higher means more alike.
        same: (P,) bool, which are of one person.
        clusters: the people of each.
        targets: false rates that are asked for.
        tie: what a genuine comparison and an impostor of the same score add to the area.
    """

    scores: NDArray[np.floating]
    same: NDArray[np.bool_]
    clusters: Clusters
    targets: tuple[float, ...] = ()
    tie: float = 0.5
    _drawn: dict[Draws, CurveReplicates] = field(default_factory=dict, repr=False)

    @cached_property
    def ordered(self) -> SortedScores:
        """By kind, sorted."""
        return SortedScores.of(self.scores, self.same)

    def drawn(self, draws: Draws) -> CurveReplicates:
        """The curve in every replicate, at `targets` and at the points that a curve is drawn with."""
        if draws not in self._drawn:
            every = tuple(dict.fromkeys((*self.targets, *curve_targets(len(self.ordered.impostor)))))
            self._drawn[draws] = replicate_curves(
                self.scores,
                self.same,
                every,
                self.clusters,
                tie=self.tie,
                replicates=draws.replicates,
                seed=draws.seed,
            )
        return self._drawn[draws]


@dataclass(frozen=True, eq=False)
class OnCurve:
    """A figure of a curve.

    Args:
        curve: whose.
        take: the true rate at `target`, the equal error rate, or the area.
        target: a false rate among the targets of the curve; 0 where none is meant.
    """

    curve: Scored
    take: Literal["rate", "eer", "auc"]
    target: float = 0.0

    @cached_property
    def whole(self) -> Estimate:
        """Of all comparisons, without an interval."""
        ordered = self.curve.ordered
        match self.take:
            case "rate":
                threshold = ordered.threshold_at(self.target)
                return Estimate(ordered.tar(threshold), None, threshold)
            case "eer":
                rate, threshold = ordered.eer()
                return Estimate(rate, None, threshold)
            case _:
                return Estimate(ordered.auc(self.curve.tie))

    def estimate(self, draws: Draws) -> Estimate:
        """With its interval.

        Raises:
            InputError: too few people.
        """
        return replace(self.whole, ci95=self.curve.drawn(draws).interval(self._replicates(draws)))

    def minus(self, other: OnCurve, draws: Draws) -> Change:
        """Of the same comparisons, each figure at its own threshold."""
        drawn = self._replicates(draws) - other._replicates(draws)
        return Estimate(self.whole.value - other.whole.value, percentiles(drawn)), None

    def _replicates(self, draws: Draws) -> NDArray[np.float64]:
        drawn = self.curve.drawn(draws)
        if self.take == "rate":
            return drawn.tars(self.target)
        return drawn.eer if self.take == "eer" else drawn.auc


Statistic = Mean | OnCurve | Estimate


def estimates(statistics: Sequence[Statistic], draws: Draws) -> list[Estimate]:
    """Each with its interval; means over the same comparisons are drawn together.

    Args:
        statistics: any of them.
        draws: how people are resampled.

    Returns:
        In the same order; where there are too few people for an interval, the reason is said.
    """
    found: dict[int, Estimate] = {}
    together: dict[tuple[object, ...], dict[int, Mean]] = {}
    for n, one in enumerate(statistics):
        if isinstance(one, Mean):
            alike = id(one.clusters), id(one.share), id(one.strata), one.values.dtype == np.bool_
            together.setdefault(alike, {})[n] = one
        elif isinstance(one, Estimate):
            found[n] = one
        else:
            try:
                found[n] = one.estimate(draws)
            except InputError as error:
                found[n] = replace(one.whole, reason=error.what)
    for means in together.values():
        found |= zip(means, _means(list(means.values()), draws), strict=True)
    return [found[n] for n in range(len(statistics))]


def _means(found: Sequence[Mean], draws: Draws) -> list[Estimate]:
    """Of one kind over the same comparisons."""
    first = found[0]
    try:
        intervals = mean_intervals(
            np.stack([one.values for one in found], axis=1),
            first.clusters,
            share=first.share,
            strata=first.strata,
            replicates=draws.replicates,
            seed=draws.seed,
        )
    except InputError as error:
        return [Estimate(one.value, None, one.threshold, error.what) for one in found]
    return [Estimate(one.value, ci95, one.threshold) for one, ci95 in zip(found, intervals, strict=True)]


def change(one: Statistic, other: Statistic, draws: Draws) -> Change | None:
    """The first figure minus the second, over the same comparisons; None where it has no interval."""
    try:
        if isinstance(one, Mean) and isinstance(other, Mean):
            return one.minus(other, draws)
        if isinstance(one, OnCurve) and isinstance(other, OnCurve):
            return one.minus(other, draws)
    except InputError:
        return None
    return None
