"""What the scores of comparisons tell beside accuracy: TAR at FAR, EER, AUC, curves, and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.enrolment import NO_SCORE
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval, passing_intervals
from fewpix.evaluate.statistics.curves import Histograms, ScoreCurve, curve_targets, score_curve
from fewpix.evaluate.statistics.replicates import CurveReplicates, replicate_curves
from fewpix.evaluate.statistics.scores import EqualError, SortedScores, TarPoint, far_key


@dataclass(frozen=True, eq=False)
class RateFigures:
    """How well scores tell comparisons of one person from those of two; all figures 0 to 1.

    Args:
        tars: true accept rates at false accept rates.
        tar_ci95: their intervals, None for one that cannot be resolved.
        eer: the equal error rate.
        eer_ci95: its interval; None where thresholds were held, since it is one.
        auc: area under the ROC curve.
        auc_ci95: its interval; None likewise.
        curve: ROC and DET.
        histograms: of the scores; comparisons that failed are in none.
        drawn: the replicates, each of which set its own thresholds, a megabyte or so; None where thresholds
            were held.
    """

    tars: tuple[TarPoint, ...]
    tar_ci95: tuple[Interval | None, ...]
    eer: EqualError
    eer_ci95: Interval | None
    auc: float
    auc_ci95: Interval | None
    curve: ScoreCurve
    histograms: Histograms
    drawn: CurveReplicates | None

    def lines(self, digits: int = 1) -> list[str]:
        """The figures in words.

        Args:
            digits: of a true accept rate in percent, behind the point.
        """
        eer, auc = (f" ({ci95})" if ci95 else "" for ci95 in (self.eer_ci95, self.auc_ci95))
        found = [f"EER {100 * self.eer.rate:.2f} %{eer}, AUC {100 * self.auc:.2f} %{auc}"]
        for point, ci95 in zip(self.tars, self.tar_ci95, strict=True):
            far = far_key(point.target)
            found.append(
                f"TAR at FAR {far} not resolvable: {point.reason}"
                if point.tar is None
                else f"TAR {100 * point.tar:.{digits}f} % at FAR {far} ({ci95})"
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """The figures; null for one that cannot be had, whose reason stands beside it."""
        by_far = {far_key(point.target): point for point in self.tars}
        known = dict(zip(by_far, self.tar_ci95, strict=True))
        return {
            "tar_at_far": {far: point.tar for far, point in by_far.items()},
            "tar_at_far_ci95": {far: ci95.to_json() if ci95 else None for far, ci95 in known.items()},
            "threshold_at_far": {far: point.threshold for far, point in by_far.items()},
            "not_resolvable": {far: point.reason for far, point in by_far.items() if point.tar is None},
            "eer": self.eer.rate,
            "eer_ci95": self.eer_ci95.to_json() if self.eer_ci95 else None,
            "threshold_at_eer": self.eer.threshold,
            "auc": self.auc,
            "auc_ci95": self.auc_ci95.to_json() if self.auc_ci95 else None,
            "curve": self.curve.to_json(),
            "histogram": self.histograms.to_json(),
        }


def rate_figures(
    scores: NDArray[np.floating],
    same: NDArray[np.bool_],
    clusters: Clusters,
    *,
    fars: Sequence[float],
    held: bool = False,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> RateFigures:
    """Evaluate the scores of comparisons.

    Args:
        scores: (P,), higher means more alike; `NO_SCORE` of a comparison that failed.
        same: (P,), whether each is of one person.
        clusters: the people of each; where thresholds are held, of the genuine ones alone.
        fars: the false accept rates to report.
        held: hold the thresholds in all replicates, which resample the genuine comparisons alone; otherwise
            each replicate sets them anew, which takes hours for millions of comparisons.
        replicates: of the bootstrap over people (see `bootstrap`).
        seed: of the bootstrap.

    Raises:
        InputError: a score is not finite, one kind of comparison is missing, or there are too few people for
            an interval.
    """
    ordered = SortedScores.of(scores, same)
    tars = tuple(ordered.tar_at_far(far) for far in fars)
    targets = curve_targets(len(ordered.impostor))
    drawn = None
    if held:
        points = [*tars, *(ordered.tar_at_far(far) for far in targets)]
        at = _held(scores[same], points, clusters, replicates, seed)
    else:
        resolved = (point.target for point in tars if point.tar is not None)
        every = tuple(dict.fromkeys((*resolved, *targets)))
        drawn = replicate_curves(scores, same, every, clusters, replicates=replicates, seed=seed)
        at = drawn.at
    return RateFigures(
        tars=tars,
        tar_ci95=tuple(None if point.tar is None else at(point) for point in tars),
        eer=ordered.eer(),
        eer_ci95=drawn.eer_interval() if drawn else None,
        auc=ordered.auc(),
        auc_ci95=drawn.auc_interval() if drawn else None,
        curve=score_curve(ordered, at),
        histograms=Histograms.of(*(kind[kind > NO_SCORE] for kind in (ordered.genuine, ordered.impostor))),
        drawn=drawn,
    )


def _held(
    genuine: NDArray[np.floating], points: Sequence[TarPoint], own: Clusters, replicates: int, seed: int
) -> Callable[[TarPoint], Interval]:
    """Intervals of the rates at some points, with their thresholds held."""
    thresholds = list(dict.fromkeys(point.threshold for point in points if point.threshold is not None))
    known = passing_intervals(genuine, thresholds, own, replicates=replicates, seed=seed)

    def at(point: TarPoint) -> Interval:
        assert point.threshold is not None
        return known[point.threshold]

    return at
