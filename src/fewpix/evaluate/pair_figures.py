"""All that is said about the scores of a list of pairs, and what cannot be said of it, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import FARS, PairList
from fewpix.evaluate.rates import RateFigures, rate_figures
from fewpix.evaluate.statistics.accuracy import FoldAccuracy
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Interval, mean_interval
from fewpix.evaluate.verification import cross_validated

ONE_FOLD = "the pairs are in one fold, and accuracy takes each fold's threshold from the others"
"""Why there may be no accuracy."""

THIRDS = ("worst", "middle", "best")


@dataclass(frozen=True)
class Third:
    """Accuracy on a third of the pairs, by the quality of the worse of their two pictures.

    Args:
        name: of `THIRDS`.
        quality: the lowest and the highest one in it.
        n_pairs: how many pairs; equal qualities stay together, so it may not be exactly a third.
        n_same: how many of them show one person.
        accuracy: 0 to 1, under the thresholds of the whole list's folds.
        ci95: its interval; None where there are too few people for one.
    """

    name: str
    quality: tuple[float, float]
    n_pairs: int
    n_same: int
    accuracy: float
    ci95: Interval | None

    def __str__(self) -> str:
        known = str(self.ci95) if self.ci95 else "too few people for an interval"
        return f"{self.name} {100 * self.accuracy:.2f} % ({known}; {self.n_pairs} pairs)"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        ci95 = self.ci95.to_json() if self.ci95 else None
        return {**vars(self), "quality": list(self.quality), "ci95": ci95}


@dataclass(frozen=True, eq=False)
class PairFigures(RateFigures):
    """How well scores tell pairs of one person from pairs of two; all figures 0 to 1.

    Args:
        folds: accuracy over the folds; None where there is only one.
        accuracy_ci95: its interval; the thresholds are held as they are.
        thirds: accuracy by quality, empty where no accuracy or no quality is known.
    """

    folds: FoldAccuracy | None
    accuracy_ci95: Interval | None
    thirds: tuple[Third, ...]

    def lines(self, digits: int = 1) -> list[str]:
        """The figures in words."""
        rates, *tars = super().lines(digits)
        if self.folds is None:
            found = [rates, f"no accuracy: {ONE_FOLD}", *tars]
        else:
            found = [f"{self.folds} ({self.accuracy_ci95}), {rates}", *tars]
        if self.thirds:
            parts = ", ".join(str(third) for third in self.thirds)
            found.append(f"accuracy by the worse picture's quality: {parts}")
        return found

    def to_json(self) -> dict[str, Any]:
        """The figures; null for one that cannot be had, whose reason stands beside it."""
        return {
            "accuracy": self.folds.accuracy if self.folds else None,
            "accuracy_ci95": self.accuracy_ci95.to_json() if self.accuracy_ci95 else None,
            "accuracy_per_fold": list(self.folds.per_fold) if self.folds else None,
            "threshold_per_fold": list(self.folds.thresholds) if self.folds else None,
            "no_accuracy": "" if self.folds else ONE_FOLD,
            "accuracy_by_quality": [third.to_json() for third in self.thirds] or None,
            **super().to_json(),
        }


def pair_figures(
    scores: NDArray[np.floating],
    pairs: PairList,
    *,
    fars: Sequence[float] = FARS,
    qualities: NDArray[np.float64] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> PairFigures:
    """Evaluate the scores of a list of pairs.

    Args:
        scores: (P,), higher means more alike.
        pairs: P pairs of both kinds.
        fars: the false accept rates to report.
        qualities: (S,) of the pairs' pictures, higher is better, NaN where none is known.
        replicates: of the bootstrap over people (see `bootstrap`).
        seed: of the bootstrap.

    Raises:
        InputError: a score is not finite, one kind of pair is missing, or there are too few people for an
            interval.
    """
    rates = rate_figures(scores, pairs.same, pairs.clusters(), fars=fars, replicates=replicates, seed=seed)
    folds, ci95 = None, None
    thirds: tuple[Third, ...] = ()
    if len(np.unique(pairs.folds)) > 1:
        folds, ci95 = cross_validated(scores, pairs, replicates=replicates, seed=seed)
        if qualities is not None:
            thirds = by_quality(folds.correct, pairs, qualities, replicates=replicates, seed=seed)
    return PairFigures(**vars(rates), folds=folds, accuracy_ci95=ci95, thirds=thirds)


def by_quality(
    correct: NDArray[np.bool_],
    pairs: PairList,
    qualities: NDArray[np.float64],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> tuple[Third, ...]:
    """How often answers are right where the worse picture of a pair is among the worst, middle or best third.

    Pairs with a picture of unknown quality are in none of them; a third that equal qualities leave empty is
    left out.

    Args:
        correct: (P,) whether each pair was answered rightly.
        pairs: P pairs.
        qualities: see `pair_figures`.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
    """
    worse = np.minimum(qualities[pairs.first], qualities[pairs.second])  # NaN wins
    known = np.isfinite(worse)
    if not known.any():
        return ()
    cuts = np.quantile(worse[known], (1 / 3, 2 / 3))
    number = np.where(known, np.searchsorted(cuts, worse), -1)
    found = []
    for n, name in enumerate(THIRDS):
        part = number == n
        if not part.any():
            continue
        same = pairs.same[part]
        ci95: Interval | None = None
        with suppress(InputError):  # a handful of pairs of which no replicate draws both kinds
            ci95 = mean_interval(
                correct[part], pairs.only(part).clusters(), strata=same, replicates=replicates, seed=seed
            )
        quality = (float(worse[part].min()), float(worse[part].max()))
        found.append(Third(name, quality, len(same), int(same.sum()), float(correct[part].mean()), ci95))
    return tuple(found)
