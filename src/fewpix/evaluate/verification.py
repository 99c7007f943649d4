"""Verification on a list of pairs: accuracy and TAR at FAR with intervals, and two models compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.statistics.accuracy import FoldAccuracy, fold_accuracy
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Interval, mean_interval
from fewpix.evaluate.statistics.paired import paired_interval
from fewpix.evaluate.statistics.replicates import replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts, far_key

FARS = (1e-3,)


@dataclass(frozen=True, eq=False)
class Verification:
    """How well scores tell pairs of one person from pairs of two; all figures 0 to 1.

    Args:
        pairs: the pairs scored.
        folds: accuracy over the folds.
        accuracy_ci95: its interval; the thresholds are held as they are.
        tar_at_far: true accept rate by false accept rate ("1e-3"); None for one that the pairs of two people
            are too few to show.
        tar_at_far_ci95: its interval, None likewise; thresholds are set anew in every replicate.
    """

    pairs: PairList
    folds: FoldAccuracy
    accuracy_ci95: Interval
    tar_at_far: dict[str, float | None]
    tar_at_far_ci95: dict[str, Interval | None]

    @property
    def accuracy(self) -> float:
        """Mean over the folds."""
        return self.folds.accuracy

    def __str__(self) -> str:
        tars = ", ".join(
            f"TAR at FAR {far} not resolvable"
            if tar is None
            else f"TAR {100 * tar:.1f} % at FAR {far} ({self.tar_at_far_ci95[far]})"
            for far, tar in self.tar_at_far.items()
        )
        return f"accuracy {100 * self.accuracy:.2f} % ({self.accuracy_ci95}), {tars}, {len(self.pairs)} pairs"

    def to_json(self) -> dict[str, Any]:
        """The figures, without the pairs."""
        return {
            "n_pairs": len(self.pairs),
            "accuracy": self.accuracy,
            "accuracy_ci95": self.accuracy_ci95.to_json(),
            "tar_at_far": dict(self.tar_at_far),
            "tar_at_far_ci95": {
                far: ci95.to_json() if ci95 else None for far, ci95 in self.tar_at_far_ci95.items()
            },
        }


def verify(
    scores: NDArray[np.floating],
    pairs: PairList,
    *,
    fars: Sequence[float] = FARS,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Verification:
    """Evaluate the scores of a list of pairs.

    Args:
        scores: (P,), higher means more alike.
        pairs: P pairs in at least two folds.
        fars: the false accept rates to report.
        replicates: of the bootstrap over people (see `bootstrap`).
        seed: of the bootstrap.

    Raises:
        InputError: a score is not finite, or the pairs are too few.
    """
    folds, interval = cross_validated(scores, pairs, replicates=replicates, seed=seed)
    shown = [far for far in fars if allowed_accepts(far, int((~pairs.same).sum()))]
    tars: dict[str, float | None] = dict.fromkeys(map(far_key, fars))
    intervals: dict[str, Interval | None] = dict.fromkeys(tars)
    if shown:
        drawn = replicate_curves(
            scores, pairs.same, shown, pairs.clusters(), replicates=replicates, seed=seed
        )
        ordered = SortedScores.of(scores, pairs.same)
        tars |= {far_key(far): ordered.tar_at_far(far).tar for far in shown}
        intervals |= {far_key(far): drawn.tar_interval(far) for far in shown}
    return Verification(pairs, folds, interval, tars, intervals)


def cross_validated(
    scores: NDArray[np.floating], pairs: PairList, *, replicates: int = REPLICATES, seed: int = 0
) -> tuple[FoldAccuracy, Interval]:
    """Accuracy over the folds, and its interval under the thresholds found.

    Raises:
        InputError: see `fold_accuracy`.
    """
    folds = fold_accuracy(scores, pairs.same, pairs.folds)
    interval = mean_interval(
        folds.correct,
        pairs.clusters(),
        share=_share(pairs),
        strata=pairs.same,
        replicates=replicates,
        seed=seed,
    )
    return folds, interval


@dataclass(frozen=True)
class Difference:
    """How much more accurate one model is than another on the same pairs, in fractions.

    Args:
        accuracy: the first model's accuracy minus the second's.
        ci95: its interval, from resampling the people of the pairs for both models together.
    """

    accuracy: float
    ci95: Interval

    def __str__(self) -> str:
        return f"{100 * self.accuracy:+.1f} ({100 * self.ci95.low:+.1f} to {100 * self.ci95.high:+.1f})"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"accuracy": self.accuracy, "ci95": self.ci95.to_json()}


def paired_difference(
    a: Verification, b: Verification, *, replicates: int = REPLICATES, seed: int = 0
) -> Difference:
    """Accuracy of `a` minus that of `b`, pair by pair, so that what makes a pair hard for both cancels out.

    Raises:
        InputError: they were measured on different pairs.
    """
    same_pairs = a.pairs is b.pairs or (
        a.pairs.pictures == b.pairs.pictures
        and np.array_equal(a.pairs.first, b.pairs.first)
        and np.array_equal(a.pairs.second, b.pairs.second)
        and np.array_equal(a.pairs.folds, b.pairs.folds)
    )
    if not same_pairs:
        raise InputError("a paired difference needs both models measured on the same pairs")
    return accuracy_difference(a.folds, b.folds, a.pairs, replicates=replicates, seed=seed)


def accuracy_difference(
    a: FoldAccuracy, b: FoldAccuracy, pairs: PairList, *, replicates: int = REPLICATES, seed: int = 0
) -> Difference:
    """Accuracy of `a` minus that of `b`, both of the scores of `pairs`."""
    interval = paired_interval(
        a.correct,
        b.correct,
        pairs.clusters(),
        share=_share(pairs),
        strata=pairs.same,
        replicates=replicates,
        seed=seed,
    )
    return Difference(a.accuracy - b.accuracy, interval)


def _share(pairs: PairList) -> NDArray[np.float64]:
    """What each pair contributes to the mean over folds: all folds count the same, whatever their size."""
    names, number, size = np.unique(pairs.folds, return_inverse=True, return_counts=True)
    return np.asarray(1 / (len(names) * size[number]), dtype=np.float64)
