"""Two models on the same pairs: how far each figure differs, pair by pair, and whether by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.statistics.accuracy import fold_accuracy
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval, percentiles
from fewpix.evaluate.statistics.paired import McNemar, mcnemar, paired_interval
from fewpix.evaluate.statistics.replicates import Both, replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts, far_key
from fewpix.evaluate.verification import accuracy_difference


@dataclass(frozen=True)
class Change:
    """A figure of the first model minus that of the second, in fractions.

    Args:
        value: the difference.
        ci95: its interval, from resampling the people for both models together.
    """

    value: float
    ci95: Interval

    def __str__(self) -> str:
        return f"{100 * self.value:+.1f} ({100 * self.ci95.low:+.1f} to {100 * self.ci95.high:+.1f})"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"difference": self.value, "ci95": self.ci95.to_json()}


@dataclass(frozen=True)
class RateChanges:
    """The first model's rates minus the second's.

    Args:
        tar_at_far: by false accept rate, each model at its own threshold.
        eer: of equal error rates, negative where the first model is better; None where thresholds are held.
        auc: of areas under the ROC curve; None likewise.
    """

    tar_at_far: dict[str, Change]
    eer: Change | None
    auc: Change | None

    def lines(self) -> list[str]:
        """In words, in points of percent."""
        found = [f"EER {self.eer}, AUC {self.auc}"] if self.eer and self.auc else []
        if self.tar_at_far:
            found.append(", ".join(f"TAR at FAR {far} {change}" for far, change in self.tar_at_far.items()))
        return found

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "tar_at_far": {far: change.to_json() for far, change in self.tar_at_far.items()},
            "eer": self.eer.to_json() if self.eer else None,
            "auc": self.auc.to_json() if self.auc else None,
        }


@dataclass(frozen=True)
class PairDifference(RateChanges):
    """The first model's figures minus the second's.

    Args:
        accuracy: over the folds, each model at its own thresholds; None where there is one fold.
        mcnemar: of the answers under those thresholds; None likewise.
    """

    accuracy: Change | None
    mcnemar: McNemar | None

    def lines(self) -> list[str]:
        """In words, in points of percent."""
        known = self.accuracy and self.mcnemar
        return [*([f"accuracy {self.accuracy}; {self.mcnemar}"] if known else []), *super().lines()]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "accuracy": self.accuracy.to_json() if self.accuracy else None,
            "mcnemar": self.mcnemar.to_json() if self.mcnemar else None,
            **super().to_json(),
        }


def pair_difference(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    pairs: PairList,
    *,
    fars: Sequence[float],
    drawn: Both | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> PairDifference:
    """Compare two models' scores of the same pairs.

    Args:
        first: (P,) of one model.
        second: (P,) of the other.
        pairs: P pairs of both kinds.
        fars: false accept rates; those that the pairs cannot show are left out.
        drawn: the replicates of both, drawn with these pairs, replicates and seed; their targets hold `fars`.
            They are drawn when None.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.

    Raises:
        InputError: a score is not finite, or there are too few people for an interval.
    """
    accuracy, test = None, None
    if len(np.unique(pairs.folds)) > 1:
        one, other = (fold_accuracy(scores, pairs.same, pairs.folds) for scores in (first, second))
        found = accuracy_difference(one, other, pairs, replicates=replicates, seed=seed)
        accuracy, test = Change(found.accuracy, found.ci95), mcnemar(one.correct, other.correct)
    rates = rate_changes(
        (first, second),
        pairs.same,
        pairs.clusters(),
        fars=fars,
        drawn=drawn,
        replicates=replicates,
        seed=seed,
    )
    return PairDifference(**vars(rates), accuracy=accuracy, mcnemar=test)


def rate_changes(
    scores: tuple[NDArray[np.floating], NDArray[np.floating]],
    same: NDArray[np.bool_],
    clusters: Clusters,
    *,
    fars: Sequence[float],
    drawn: Both | None,
    replicates: int,
    seed: int,
) -> RateChanges:
    """Changes of TAR at each rate, of the equal error rate and of the area, each with its interval.

    Args:
        scores: (P,) of the first and of the second model.
        same: (P,) which comparisons are of one person.
        clusters: the people of each.
        fars: false accept rates; those that the comparisons cannot show are left out.
        drawn: see `pair_difference`.
        replicates: likewise.
        seed: likewise.

    Raises:
        InputError: a score is not finite, or there are too few people for an interval.
    """
    ordered = [SortedScores.of(values, same) for values in scores]
    shown = tuple(far for far in fars if allowed_accepts(far, len(ordered[0].impostor)))
    one, other = drawn or [
        replicate_curves(values, same, shown, clusters, replicates=replicates, seed=seed) for values in scores
    ]
    tars = {}
    for far in shown:
        values = [found.tar_at_far(far).tar or 0.0 for found in ordered]
        tars[far_key(far)] = Change(values[0] - values[1], percentiles(one.tars(far) - other.tars(far)))
    eers, aucs = ([found.eer().rate for found in ordered], [found.auc() for found in ordered])
    return RateChanges(
        tars,
        Change(eers[0] - eers[1], percentiles(one.eer - other.eer)),
        Change(aucs[0] - aucs[1], percentiles(one.auc - other.auc)),
    )


def answers_change(
    first: NDArray[np.bool_], second: NDArray[np.bool_], clusters: Clusters, *, replicates: int, seed: int
) -> Change:
    """Change of the share of right answers.

    Args:
        first: (P,) which answers one model got right.
        second: (P,) the other.
        clusters: the people of each answer.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """
    ci95 = paired_interval(first, second, clusters, replicates=replicates, seed=seed)
    return Change(float((first.astype(np.int64) - second).mean()), ci95)
