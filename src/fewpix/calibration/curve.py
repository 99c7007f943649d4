"""Rates by score for one encoder, one size of face and one size of gallery.

Between two rates, the logarithm of the rate is linear in the score. A score above all thresholds is rarer
among strangers than the impostors can show; that is said, and no number is given.

Strangers of another kind score higher or lower. Where others were measured beside, a rate's interval holds
what it is among each of them, as if all of their scores were shifted alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.rate import Rate, at_most_in, one_in


@dataclass(frozen=True, eq=False)
class RateCurve:
    """Rates by score for one encoder, one size of face and one size of gallery.

    Args:
        rates: (K,) falling.
        thresholds: (K,) the smallest score that strangers reach at most so often, not falling.
        low: (K,) lower ends of the intervals of the rates.
        high: (K,) upper ends.
        reason: why there is no curve; K is 0 then.
        fix: what helps then.
        span: how far below and above these strangers' scores those of others lie; holds 0.
        cautious: whether a threshold keeps a rate with the upper end of its interval.
        basis: how the rates follow from what was measured, where they were not measured so.
        bound: whether rates are at most so high.
    """

    rates: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    reason: str = ""
    fix: str = ""
    span: tuple[float, float] = (0.0, 0.0)
    cautious: bool = False
    basis: str = ""
    bound: bool = False

    @classmethod
    def none(cls, reason: str, fix: str = "") -> RateCurve:
        """Nothing was measured, for this reason."""
        empty = np.empty(0)
        return cls(empty, empty, empty, empty, reason, fix)

    def larger(self, times: float, basis: str) -> RateCurve:
        """Bounds for a gallery so many times as large; lower ends stay, since a part is in the whole."""
        if self.reason:
            return self
        rates, high = (np.array([at_most_in(x, times) for x in each]) for each in (self.rates, self.high))
        return replace(self, rates=rates, high=high, basis=basis, bound=True)

    def at(self, score: float) -> Rate:
        """How often strangers reach this score."""
        if self.reason:
            return Rate(reason=self.reason, fix=self.fix)
        below, above = (score - shift for shift in self.span)
        last = self.thresholds[-1]
        low = self._read(self.low, below) if below <= last else 0.0
        high = self._read(self.high, above) if above <= last else None
        if score > last:
            rarest = float(self.rates[-1])
            return Rate(
                low=low,
                high=high,
                reason=f"not resolvable: under {one_in(rarest)}, the rarest that the impostors can show",
                below=rarest,
                basis=self.basis,
                bound=self.bound,
            )
        return Rate(self._read(self.rates, score), low, high, basis=self.basis, bound=self.bound)

    def _read(self, rates: NDArray[np.float64], score: float) -> float:
        """One of the lists at a score up to the last threshold."""
        logs = np.log(np.maximum(rates, 1e-12))
        return float(np.exp(np.interp(score, (-1.0, *self.thresholds), (0.0, *logs))))

    @property
    def rarest(self) -> float | None:
        """The rarest rate that there is a threshold for; None where there is none."""
        return None if self.reason else float((self.high if self.cautious else self.rates)[-1])

    def threshold(self, rate: float) -> float | None:
        """The smallest score that strangers reach at most so often; None where that cannot be resolved."""
        rarest = self.rarest
        if rarest is None or rate < rarest * (1 - 1e-9):
            return None
        kept = self.high if self.cautious else self.rates
        if rate >= 1:
            return -1.0
        found = np.interp(-log(rate), (0.0, *-np.log(kept)), (-1.0, *self.thresholds))
        return float(found) + (self.span[1] if self.cautious else 0.0)


def between(curves: Sequence[RateCurve], places: Sequence[float], place: float) -> RateCurve:
    """One curve, or thresholds and intervals between two by the logarithm of the place."""
    missing = next((curve for curve in curves if curve.reason), None)
    if missing is not None or len(curves) == 1:
        return missing or curves[0]
    first, second = curves
    count = min(len(first.rates), len(second.rates))
    start, end = log(places[0]), log(places[1])
    share = min(max((log(place) - start) / (end - start), 0.0), 1.0)

    def mixed(of: Callable[[RateCurve], NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.asarray((1 - share) * of(first)[:count] + share * of(second)[:count])

    return RateCurve(
        first.rates[:count],
        mixed(lambda curve: curve.thresholds),
        mixed(lambda curve: curve.low),
        mixed(lambda curve: curve.high),
        span=(
            (1 - share) * first.span[0] + share * second.span[0],
            (1 - share) * first.span[1] + share * second.span[1],
        ),
        cautious=first.cautious,
    )
