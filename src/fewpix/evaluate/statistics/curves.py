"""Where the curves of a result have points, a bounded number: ROC, DET, CMC; and histograms.

A curve of rates has a point for every eighth of a decade of the false accept rate, from 1 down to the lowest
that the impostors can show. Each is an observed one: the threshold is the smallest score that keeps the rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts

PER_DECADE = 8
"""Points of a curve for each factor of ten of the false accept rate."""

BINS = 80
"""Of a histogram, from -1 to 1."""

PLACES = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100)
"""Places that a curve has points for, as far as the gallery goes."""


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


def curve_points(ordered: SortedScores) -> list[tuple[float, float]]:
    """The curve's targets, highest first, each with the rate that is seen at its threshold.

    Of targets with the same threshold only the first has a point.

    Args:
        ordered: the scores.
    """
    points: dict[float, tuple[float, float]] = {}
    for target in curve_targets(len(ordered.impostor)):
        threshold = ordered.threshold_at(target)
        if threshold not in points:
            points[threshold] = (target, ordered.far(threshold))
    return list(points.values())


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


def _counted(scores: NDArray[np.floating]) -> tuple[int, ...]:
    counts, _ = np.histogram(np.clip(scores, -1, 1), bins=BINS, range=(-1, 1))
    return tuple(int(count) for count in counts)
