"""All that is said about the scores of pairs of templates, of which there may be sixteen million."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import TemplatePairs
from fewpix.evaluate.enrolment import NO_SCORE
from fewpix.evaluate.readers.linked import linked
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval, passing_intervals
from fewpix.evaluate.statistics.curves import Histograms, ScoreCurve, curve_targets, score_curve
from fewpix.evaluate.statistics.replicates import CurveReplicates, replicate_curves
from fewpix.evaluate.statistics.scores import EqualError, SortedScores, TarPoint
from fewpix.evaluate.tar_words import tar_lines, tar_values

FARS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Those of IJB-B and IJB-C."""

WHOLE = 200_000
"""Pairs up to which every replicate of the bootstrap sets its own threshold. Of more, it would take hours."""

THRESHOLDS = {
    True: "people resampled, thresholds set anew in every replicate",
    False: f"people of the pairs of one person resampled, thresholds held: more than {WHOLE:,} pairs",
}
"""How intervals are made, by whether there are at most `WHOLE` pairs."""


@dataclass(frozen=True, eq=False)
class TemplatePairFigures:
    """How well scores tell pairs of templates of one person from those of two; all figures 0 to 1.

    Args:
        failed_pairs: pairs with a template that failed to enrol; they count as rejected.
        tars: true accept rates at false accept rates.
        tar_ci95: their intervals, None for one that cannot be resolved.
        drawn: the replicates, where each set its own threshold, see `THRESHOLDS`; else None.
        eer: the equal error rate.
        eer_ci95: its interval; None where thresholds were held, since it is one.
        auc: area under the ROC curve.
        auc_ci95: its interval; None likewise.
        curve: ROC and DET.
        histograms: of the scores; pairs that failed are in none.
    """

    failed_pairs: int
    tars: tuple[TarPoint, ...]
    tar_ci95: tuple[Interval | None, ...]
    drawn: CurveReplicates | None
    eer: EqualError
    eer_ci95: Interval | None
    auc: float
    auc_ci95: Interval | None
    curve: ScoreCurve
    histograms: Histograms

    def lines(self) -> list[str]:
        """The figures in words."""
        eer, auc = (f" ({ci95})" if ci95 else "" for ci95 in (self.eer_ci95, self.auc_ci95))
        found = [f"EER {100 * self.eer.rate:.2f} %{eer}, AUC {100 * self.auc:.2f} %{auc}"]
        found += tar_lines(self.tars, self.tar_ci95, digits=2)
        return found

    def to_json(self) -> dict[str, Any]:
        """The figures; null for one that cannot be had, whose reason stands beside it."""
        return {
            "failed_pairs": self.failed_pairs,
            **tar_values(self.tars, self.tar_ci95),
            "eer": self.eer.rate,
            "eer_ci95": self.eer_ci95.to_json() if self.eer_ci95 else None,
            "auc": self.auc,
            "auc_ci95": self.auc_ci95.to_json() if self.auc_ci95 else None,
            "threshold_at_eer": self.eer.threshold,
            "curve": self.curve.to_json(),
            "histogram": self.histograms.to_json(),
        }


def template_pair_figures(
    scores: NDArray[np.float32],
    pairs: TemplatePairs,
    failed: NDArray[np.bool_],
    *,
    fars: Sequence[float] = FARS,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> TemplatePairFigures:
    """Evaluate the scores of pairs of templates.

    Args:
        scores: (P,), higher means more alike; of a pair that failed, below all others.
        pairs: P pairs of both kinds. Their people are told apart by `people_of`.
        failed: (P,) whether a template of the pair failed to enrol.
        fars: the false accept rates to report.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.

    Raises:
        InputError: a score is not finite, or one kind of pair is missing.
    """
    ordered = SortedScores.of(scores, pairs.same)
    tars = tuple(ordered.tar_at_far(far) for far in fars)
    people = people_of(pairs)
    drawn = None
    if len(pairs) <= WHOLE:
        every = Clusters.of(people[pairs.first], people[pairs.second])
        resolved = (point.target for point in tars if point.tar is not None)
        targets = dict.fromkeys((*resolved, *curve_targets(len(ordered.impostor))))
        drawn = replicate_curves(scores, pairs.same, tuple(targets), every, replicates=replicates, seed=seed)
    at = drawn.at if drawn else held_intervals(ordered, scores, pairs, people, tars, replicates, seed)
    return TemplatePairFigures(
        failed_pairs=int(np.count_nonzero(failed)),
        tars=tars,
        tar_ci95=tuple(None if point.tar is None else at(point) for point in tars),
        drawn=drawn,
        eer=ordered.eer(),
        eer_ci95=drawn.eer_interval() if drawn else None,
        auc=ordered.auc(),
        auc_ci95=drawn.auc_interval() if drawn else None,
        curve=score_curve(ordered, at),
        histograms=Histograms.of(*(kind[kind > NO_SCORE] for kind in (ordered.genuine, ordered.impostor))),
    )


def held_intervals(
    ordered: SortedScores,
    scores: NDArray[np.float32],
    pairs: TemplatePairs,
    people: NDArray[np.int64],
    tars: Sequence[TarPoint],
    replicates: int,
    seed: int,
) -> Callable[[TarPoint], Interval]:
    """Intervals of the rates at `tars` and at the points of the curve, with their thresholds held."""
    points = [*tars, *(ordered.tar_at_far(far) for far in curve_targets(len(ordered.impostor)))]
    thresholds = list(dict.fromkeys(point.threshold for point in points if point.threshold is not None))
    genuine = scores[pairs.same]
    own = Clusters.of(people[pairs.first[pairs.same]])
    known = passing_intervals(genuine, thresholds, own, replicates=replicates, seed=seed)

    def at(point: TarPoint) -> Interval:
        assert point.threshold is not None
        return known[point.threshold]

    return at


def people_of(pairs: TemplatePairs) -> NDArray[np.int64]:
    """(T,) who each of `pairs.ids` shows, as far as the pairs of one person tell."""
    first, second = (side[pairs.same].astype(np.int64) for side in (pairs.first, pairs.second))
    return linked(len(pairs.ids), first, second)
