"""Curves of a result at a bounded number of points, each with its interval: ROC, DET, CMC; and histograms.

A curve of rates has a point for every eighth of a decade of the false accept rate, from 1 down to the lowest
that the impostors can show. Each is an observed one: the threshold is the smallest score that keeps the rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval, mean_interval
from fewpix.evaluate.statistics.scores import SortedScores, TarPoint, allowed_accepts

PER_DECADE = 8
"""Points of a curve for each factor of ten of the false accept rate."""

BINS = 80
"""Of a histogram, from -1 to 1."""

PLACES = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100)
"""Places that a curve has points for, as far as the gallery goes."""


@dataclass(frozen=True)
class CurvePoint:
    """One point: the rates are shares at or above the threshold.

    Args:
        far: of the impostors.
        tar: of the genuine comparisons.
        ci95: interval of `tar`, where every replicate keeps the rate that the point was chosen for.
        threshold: an observed score, or just above the highest.
    """

    far: float
    tar: float
    ci95: Interval
    threshold: float


@dataclass(frozen=True)
class ScoreCurve:
    """Points from the highest false accept rate to the lowest."""

    points: tuple[CurvePoint, ...]

    def to_json(self, far: str = "far", tar: str = "tar") -> dict[str, Any]:
        """Lists of equal lengths; `far` and `tar` are the names of the rates."""
        return {
            far: [point.far for point in self.points],
            tar: [point.tar for point in self.points],
            f"{tar}_ci95": [point.ci95.to_json() for point in self.points],
            "threshold": [point.threshold for point in self.points],
        }


def curve_targets(impostors: int) -> tuple[float, ...]:
    """The false accept rates that a curve's points are chosen for, below 1, highest first.

    Args:
        impostors: how many there are; the rates that they cannot show are left out.
    """
    found = []
    for step in range(1, 20 * PER_DECADE):
        target = float(10 ** (-step / PER_DECADE))
        if not allowed_accepts(target, impostors):
            break
        found.append(target)
    return tuple(found)


def score_curve(scores: SortedScores, interval: Callable[[TarPoint], Interval]) -> ScoreCurve:
    """The curve at `curve_targets`; of targets with the same threshold only the first has a point.

    Args:
        scores: all of them.
        interval: of the rate at a point, such as `CurveReplicates.at` where `curve_targets` are among its
            targets.

    Raises:
        InputError: too few people for an interval.
    """
    points: dict[float, CurvePoint] = {}
    for target in curve_targets(len(scores.impostor)):
        found = scores.tar_at_far(target)
        if found.far is None or found.tar is None or found.threshold is None or found.threshold in points:
            continue
        ci95 = interval(found)
        points[found.threshold] = CurvePoint(found.far, found.tar, ci95, found.threshold)
    return ScoreCurve(tuple(points.values()))


@dataclass(frozen=True)
class Histograms:
    """How many cosines lie in each of `BINS` equal bins from -1 to 1; what is outside counts at the ends.

    Args:
        mated: of comparisons of one person.
        nonmated: of two.
    """

    mated: tuple[int, ...]
    nonmated: tuple[int, ...]

    @classmethod
    def of(cls, mated: NDArray[np.floating], nonmated: NDArray[np.floating]) -> Histograms:
        """Count both."""
        return cls(_counted(mated), _counted(nonmated))

    def to_json(self) -> dict[str, Any]:
        """The counts, with the ends of the range."""
        return {"low": -1.0, "high": 1.0, "mated": list(self.mated), "nonmated": list(self.nonmated)}


def _counted(scores: NDArray[np.floating]) -> tuple[int, ...]:
    counts, _ = np.histogram(np.clip(scores, -1, 1), bins=BINS, range=(-1, 1))
    return tuple(int(count) for count in counts)


@dataclass(frozen=True)
class Cmc:
    """Shares of mated searches with the right answer among the first k.

    Args:
        share: by k.
        ci95: its interval, resampling the people of the probes.
    """

    share: dict[int, float]
    ci95: dict[int, Interval]

    def to_json(self) -> dict[str, Any]:
        """Lists of equal lengths."""
        return {
            "rank": list(self.share),
            "share": list(self.share.values()),
            "share_ci95": [ci95.to_json() for ci95 in self.ci95.values()],
        }


def cmc(
    places: NDArray[np.integer],
    clusters: Clusters,
    last: int,
    *,
    ranks: Sequence[int] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Cmc:
    """The curve of mated searches.

    Args:
        places: (M,) of the right answer, 1 the best.
        clusters: the people of the probes.
        last: the number of places in the gallery.
        ranks: the k; `PLACES`, as far as the gallery goes, when None.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """
    wanted = [k for k in PLACES if k <= max(last, 1)] if ranks is None else ranks
    return Cmc(
        {k: float((places <= k).mean()) for k in wanted},
        {k: mean_interval(places <= k, clusters, replicates=replicates, seed=seed) for k in wanted},
    )
