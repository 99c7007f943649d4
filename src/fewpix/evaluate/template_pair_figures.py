"""All that is said about the scores of pairs of templates, of which there may be sixteen million."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.bootstrap import REPLICATES, Clusters, Interval, mean_interval
from fewpix.evaluate.curve_bootstrap import replicate_curves
from fewpix.evaluate.readers.ijb_pairs import TemplatePairs
from fewpix.evaluate.readers.linked import linked
from fewpix.evaluate.streaming import EqualError, SortedScores, TarPoint
from fewpix.evaluate.tar_words import tar_lines, tar_values

FARS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Those of IJB-B and IJB-C."""

CURVE = tuple(float(f"{10 ** (-k / 5):.3g}") for k in range(30, -1, -1))
"""False accept rates of the curve: five a decade, from 1e-6 to 1."""

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
        anew: whether thresholds were set anew in every replicate, see `THRESHOLDS`.
        eer: the equal error rate.
        eer_ci95: its interval; None where thresholds were held, since it is one.
        auc: area under the ROC curve.
        auc_ci95: its interval; None likewise.
        curve: the ROC at `CURVE`, as far as the pairs can show it.
    """

    failed_pairs: int
    tars: tuple[TarPoint, ...]
    tar_ci95: tuple[Interval | None, ...]
    anew: bool
    eer: EqualError
    eer_ci95: Interval | None
    auc: float
    auc_ci95: Interval | None
    curve: tuple[TarPoint, ...]

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
            "roc": {
                "far": [point.far for point in self.curve],
                "tar": [point.tar for point in self.curve],
            },
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
        pairs: P pairs of both kinds. Their people are told apart by `linked`.
        failed: (P,) whether a template of the pair failed to enrol.
        fars: the false accept rates to report.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.

    Raises:
        InputError: a score is not finite, or one kind of pair is missing.
    """
    ordered = SortedScores.of(scores, pairs.same)
    tars = tuple(ordered.tar_at_far(far) for far in fars)
    anew = len(pairs) <= WHOLE
    first, second = pairs.first[pairs.same], pairs.second[pairs.same]
    people = linked(len(pairs.ids), first.astype(np.int64), second.astype(np.int64))
    genuine = scores[pairs.same]
    own = Clusters.of(people[first])
    drawn = None
    if anew:
        every = Clusters.of(people[pairs.first], people[pairs.second])
        targets = tuple(point.target for point in tars if point.tar is not None)
        drawn = replicate_curves(scores, pairs.same, targets, every, replicates=replicates, seed=seed)

    def interval(point: TarPoint) -> Interval | None:
        if point.threshold is None:
            return None
        if drawn is not None:
            return drawn.tar_interval(point.target)
        passed: NDArray[np.bool_] = genuine >= point.threshold
        return mean_interval(passed, own, replicates=replicates, seed=seed)

    curve = tuple(point for far in CURVE if (point := ordered.tar_at_far(far)).tar is not None)
    return TemplatePairFigures(
        failed_pairs=int(np.count_nonzero(failed)),
        tars=tars,
        tar_ci95=tuple(interval(point) for point in tars),
        anew=anew,
        eer=ordered.eer(),
        eer_ci95=drawn.eer_interval() if drawn else None,
        auc=ordered.auc(),
        auc_ci95=drawn.auc_interval() if drawn else None,
        curve=curve,
    )
