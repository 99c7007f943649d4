"""Intervals of what depends on a threshold: TAR at FAR, the equal error rate, the area under the ROC curve.

Every replicate of `bootstrap.Clusters` weighs the comparisons and works out the figure anew, threshold
included. So two models on the same comparisons are resampled alike, and the interval of their difference is
that of the replicates' differences. The weights' excess variance is left in (see `bootstrap`): these
intervals are too wide rather than too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval, exact, percentiles


@dataclass(frozen=True, eq=False)
class CurveReplicates:
    """The figures of R replicates; NaN in one that drew no comparison of a kind.

    Args:
        targets: K false accept rates.
        tar: (R, K) true accept rates at them.
        eer: (R,) equal error rates.
        auc: (R,) areas under the curve.
        people: how many people the genuine comparisons are of.
    """

    targets: tuple[float, ...]
    tar: NDArray[np.float64]
    eer: NDArray[np.float64]
    auc: NDArray[np.float64]
    people: int

    def tars(self, target: float) -> NDArray[np.float64]:
        """(R,) true accept rates at one of the targets."""
        return self.tar[:, self.targets.index(target)]

    def tar_interval(self, target: float) -> Interval:
        """Of the true accept rate at one of the targets.

        Raises:
            InputError: too few people.
        """
        return self.interval(self.tars(target))

    def interval(self, values: NDArray[np.float64]) -> Interval:
        """Of a figure by its replicates (R,).

        Where every replicate gives 0, or every one 1, resampling says nothing; `exact` is used then.

        Of the genuine comparisons of one person alone it says nothing either: the interval is all there is.

        Raises:
            InputError: too few people.
        """
        kept = values[~np.isnan(values)]
        if len(kept) and kept[0] in (0.0, 1.0) and (kept == kept[0]).all():
            return exact(bool(kept[0]), self.people)
        if len(kept) and self.people == 1:
            return Interval(0.0, 1.0)
        return percentiles(values)


def replicate_curves(
    scores: NDArray[np.floating],
    same: NDArray[np.bool_],
    targets: Sequence[float],
    clusters: Clusters,
    *,
    tie: float = 0.5,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> CurveReplicates:
    """Work out the figures of every replicate, as on comparisons repeated as often as their weight says.

    Args:
        scores: (P,) finite.
        same: (P,), with comparisons of both kinds.
        targets: false accept rates, 0 to 1, as in `SortedScores.threshold_at`.
        clusters: the people of each comparison.
        tie: what a genuine comparison and an impostor of the same score add to the area, 0 to 1.
        replicates: at least 1.
        seed: of the draws.
    """
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    genuine = same[order]
    starts = np.flatnonzero(np.concatenate(([True], np.diff(values[order]) != 0)))
    rates = np.array(targets, dtype=np.float64)
    tars, eers, aucs = [], [], []
    for block in clusters.weights(replicates, seed):
        drawn = block[:, order]
        # (R, L + 1): accepted from the l highest distinct scores on; whole numbers, so all sums are exact
        everything = _accepted(drawn, starts)
        drawn *= genuine
        true = _accepted(drawn, starts)
        false = everything - true
        mates, others = true[:, -1:], false[:, -1:]
        bad = ((mates == 0) | (others == 0))[:, 0]
        # only the product can be off by a rounding
        allowed = rates * others * (1 + 1e-12)
        place = np.array(
            [np.searchsorted(row, limit, side="right") - 1 for row, limit in zip(false, allowed, strict=True)]
        ).reshape(len(block), len(rates))
        with np.errstate(invalid="ignore", divide="ignore"):
            tar = np.take_along_axis(true, place, axis=1) / mates
            # the first of two equally close ones has the higher threshold, as in `SortedScores.eer`
            nearest = np.abs(false * mates - (mates - true) * others).argmin(axis=1)[:, None]
            far = np.take_along_axis(false, nearest, axis=1) / others
            frr = (mates - np.take_along_axis(true, nearest, axis=1)) / mates
            below = others - false[:, 1:] + tie * np.diff(false, axis=1)
            area = (np.diff(true, axis=1) * below).sum(axis=1) / (mates * others)[:, 0]
        tars.append(np.where(bad[:, None], np.nan, tar))
        eers.append(np.where(bad, np.nan, ((far + frr) / 2)[:, 0]))
        aucs.append(np.where(bad, np.nan, area))
    return CurveReplicates(
        tuple(targets),
        np.concatenate(tars),
        np.concatenate(eers),
        np.concatenate(aucs),
        len(np.unique(clusters.first[same])),
    )


def _accepted(weights: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(R, L + 1) sums of weights (R, P) from the left up to the end of each level, with 0 in front."""
    sums = np.zeros((len(weights), len(starts) + 1))
    np.cumsum(np.add.reduceat(weights, starts, axis=1), axis=1, out=sums[:, 1:])
    return sums
