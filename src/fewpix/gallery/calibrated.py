"""Looking rates up in a calibration: between what was measured; beyond it only where a bound is known.

Between two sizes of one encoder, and between two sizes of the gallery, the threshold of a rate is taken to
be linear in the logarithm of the size. Between two rates, the logarithm of the rate is linear in the score. A
score above all thresholds is rarer among strangers than the impostors can show; that is said, and no number
is given. In a gallery larger than any measured, up to `REACH` times, rates are bounds, and say so.

Strangers of another kind score higher or lower. Where others were measured beside, a rate's interval holds
what it is among each of them, as if all of their scores were shifted alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import expm1, log, log1p

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router
from fewpix.gallery.calibration import Calibration, Encoded, Size
from fewpix.gallery.matched import Match, Matching

REACH = 20
"""How many times as many people as were measured rates are bounded for; results/calibration_larger.json shows
that the bound holds for strangers that it was not measured on."""

LARGEST = 112
"""Side in pixels from which on a face is not seen larger by any encoder: aligned faces have no more."""


OTHER_MODEL = "decide by --threshold, or calibrate the model in use: docs/cli.md#calibrate"
OTHER_STATE = (
    "decide by --threshold, or `fewpix calibrate --impostors FACES --camera NAME` (or --state): "
    "docs/cli.md#calibrate"
)
TOO_MANY = (
    "decide by --threshold, or `fewpix calibrate --impostors FACES --galleries N`: docs/cli.md#calibrate"
)
OTHER_SCORES = (
    "leave out --matched, decide by --threshold, or `fewpix calibrate --matched`: docs/cli.md#calibrate"
)
OTHER_SIZE = "decide by --threshold, or `fewpix calibrate --impostors FACES --sizes N`: docs/cli.md#calibrate"
"""What helps where nothing was measured."""


@dataclass(frozen=True)
class Rate:
    """How often strangers score as high, or why it cannot be said.

    Args:
        value: 0 to 1; None where it was not measured, or is not resolvable.
        low: lower end of the 95 % interval of the measurement, or of the other populations if one of them
            lies lower; None where nothing is known.
        high: upper end; None too where the score is above all thresholds, among all populations.
        reason: why there is no value; empty where there is.
        below: where the score is above all thresholds, the rarest rate that the impostors can show.
        fix: what helps where nothing is known.
        basis: how the numbers follow from what was measured, where they were not measured so; then they are
            bounds, or their interval is wider.
        bound: whether the value is at most so high, rather than measured to be so.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    below: float | None = None
    fix: str = ""
    basis: str = ""
    bound: bool = False

    @property
    def known(self) -> float | None:
        """The number that there is: the value, or what the rate is below; None where nothing is known."""
        return self.below if self.value is None else self.value

    def of(self, unit: str) -> str:
        """In words: "1 of 16 searches", "under 1 of 5,600 searches", or the reason why that is not known.

        Args:
            unit: what it is a share of, in the plural: "searches", "comparisons".
        """
        if self.known is None:
            return self.reason
        least = "under " if self.value is None else "at most " if self.bound else ""
        return f"{least}{one_of(self.known, unit)}{f' ({self.basis})' if self.basis else ''}"

    def __str__(self) -> str:
        if self.value is not None:
            return f"{'at most ' if self.bound else ''}{one_in(self.value)}"
        return "not measured" if self.below is None else f"under {one_in(self.below)}"

    @property
    def interval(self) -> str:
        """From rare to frequent, in words; empty where nothing is known."""
        if self.low is None or self.high is None:
            return ""
        return f"{one_in(self.low)} to {one_in(self.high)}" if self.low > 0 else f"up to {one_in(self.high)}"

    def at_most(self, rate: float) -> bool:
        """Whether strangers score as high at most this often."""
        return self.known is not None and self.known <= rate * (1 + 1e-9)


def one_in(rate: float) -> str:
    """A rate as people read it, with two digits: 1 in 2,000; 1 in 7; 62 %."""
    if rate > 0.4:
        return f"{100 * rate:.0f} %"
    number = 1 / rate
    digits = max(0, len(str(int(number))) - 2)
    return f"1 in {int(round(number, -digits)):,}"


def one_of(rate: float, unit: str) -> str:
    """A rate with what it is a share of: 1 of 2,000 searches; 62 % of searches."""
    said = one_in(rate)
    return f"{said} of {unit}" if said.endswith("%") else f"{said.replace(' in ', ' of ')} {unit}"


def at_most_in(rate: float, times: float) -> float:
    """A bound on FPIR in a gallery so many times as large: 1 − (1 − rate)^times, however alike people are.

    A stranger who finds nobody in several galleries finds nobody in all of them. As strangers differ in how
    easily they are taken for somebody, the mean over them lies below the bound (Jensen's inequality).

    Args:
        rate: in the smaller gallery, 0 to 1.
        times: how many times as large the other one is; below 1 the inverse.
    """
    return 1.0 if rate >= 1 else -expm1(times * log1p(-rate))


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


class Calibrated:
    """A calibration that answers questions.

    Args:
        calibration: the file.
        cautious: whether thresholds keep rates with the upper ends of their intervals, so among all
            populations that the calibration spans, not only among its own strangers.
    """

    def __init__(self, calibration: Calibration, *, cautious: bool = False) -> None:
        self.calibration, self.cautious = calibration, cautious
        self._encoders = {(e.sha256, e.state_id): e for e in calibration.encoders if not e.matched}
        self._matched = {(e.sha256, e.state_id): e for e in calibration.encoders if e.matched}
        self._rates = np.array(calibration.rates)
        self.largest = max(
            curve.people for e in calibration.encoders for size in e.sizes for curve in size.curves
        )

    def rarest(self, people: int) -> float:
        """The rarest rate that a threshold is given for: of two faces for 1, else of a gallery."""
        curves = (
            curve
            for encoder in self.calibration.encoders
            for size in encoder.sizes
            for curve in size.curves
            if (curve.people == 1) == (people == 1)
        )
        return min(
            curve.high[-1] if self.cautious else float(self._rates[len(curve.threshold) - 1])
            for curve in curves
        )

    def misfit(self, encoder: Encoder) -> str:
        """Why a model is not the one that was calibrated; empty where at least a part of a router is.

        Args:
            encoder: an encoder or a router, under its states.
        """
        parts = encoder.encoders if isinstance(encoder, Router) else (encoder,)
        if any((part.card.sha256, part.state_id) in self._encoders for part in parts):
            return ""
        weights = {sha256 for sha256, _ in self._encoders}
        if any(part.card.sha256 in weights for part in parts):
            states = ", ".join(sorted({part.state_id for part in parts if part.state_id}))
            return f"it was made under another FaceBN state than {states or 'none'}, which moves scores"
        name = self.calibration.model
        return f"it was made for {name} with other weights than those of {encoder.card.name}"

    def fits(self, matching: Matching, encoder: Encoder) -> bool:
        """Whether scores with such a matched gallery were measured, at all of its sizes.

        Args:
            matching: its sizes and weights.
            encoder: an encoder or a router.
        """
        parts = [(seer, part) for seer, part in matching.parts(encoder) if part.kept]
        known = [self._matched.get((seer.card.sha256, seer.state_id)) for seer, _ in parts]
        return bool(parts) and all(
            each is not None and each.matching == part for each, (_, part) in zip(known, parts, strict=True)
        )

    def curve(
        self,
        encoder_sha256: str,
        state_id: str,
        pixels: float,
        people: int = 1,
        match: Match | None = None,
    ) -> RateCurve:
        """Rates of a probe's best score in a gallery.

        Args:
            encoder_sha256: who saw the probe.
            state_id: under which state; empty for none.
            pixels: side of the probe's face.
            people: in the gallery; 1 for the false match rate of two faces.
            match: what it was compared with beside sharp photos; None for those alone.
        """
        encoder = self._encoders.get((encoder_sha256, state_id))
        if encoder is None:
            known = {sha256 for sha256, _ in self._encoders}
            if encoder_sha256 not in known:
                return RateCurve.none("not measured: the calibration is of another model", OTHER_MODEL)
            return RateCurve.none("not measured: the calibration is of another FaceBN state", OTHER_STATE)
        if match is not None:
            encoder = self._matched.get((encoder_sha256, state_id))
            if encoder is None or encoder.match(pixels) != match:
                return RateCurve.none(
                    "not measured: the calibration is not of scores with this matched gallery", OTHER_SCORES
                )
        if people < 1:
            return RateCurve.none("nobody is enrolled", "enrol people with `fewpix enrol`")
        largest = max(curve.people for size in encoder.sizes for curve in size.curves)
        if people > REACH * largest:
            return RateCurve.none(
                f"not measured: {people:,} people, the calibration ends at {largest:,}, what follows from it "
                f"at {REACH * largest:,}",
                TOO_MANY,
            )
        ends = _around(pixels, encoder)
        if ends is None:
            first, last = encoder.sizes[0].pixels, encoder.sizes[-1].pixels
            measured = f"from {first} to {last} px" if first != last else f"at {first} px"
            return RateCurve.none(
                f"not measured: {pixels:.0f} px, this encoder is measured {measured}", OTHER_SIZE
            )
        count = min(people, largest)
        found = _between([self._of_size(size, count) for size in ends], [s.pixels for s in ends], pixels)
        if people == count:
            return found
        return found.larger(people / count, f"extrapolated to {people:,} people, measured up to {largest:,}")

    def _of_size(self, size: Size, people: int) -> RateCurve:
        """The curve of a measured size of face, between the two measured sizes of gallery."""
        curves = size.curves
        above = next((n for n, curve in enumerate(curves) if curve.people >= people), None)
        if above is None:
            return RateCurve.none(f"not measured: {people:,} people at {size.pixels} px", TOO_MANY)
        ends = curves[above : above + 1] if curves[above].people == people else curves[above - 1 : above + 1]
        made = [
            RateCurve(
                self._rates[: len(curve.threshold)],
                np.array(curve.threshold),
                np.array(curve.low),
                np.array(curve.high),
                span=(min((0.0, *size.shifts)), max((0.0, *size.shifts))),
                cautious=self.cautious,
            )
            for curve in ends
        ]
        return _between(made, [curve.people for curve in ends], people)


def _around(pixels: float, encoder: Encoded) -> Sequence[Size] | None:
    """The measured sizes on both sides of a face's; one where it is measured itself; None beyond them.

    A face has no whole number of pixels, so the ends reach one pixel further. From `LARGEST` on a face is as
    large as that to every encoder.
    """
    sizes = encoder.sizes
    wanted = min(pixels, LARGEST) if sizes[-1].pixels <= LARGEST else pixels
    low, high = sizes[0].pixels, sizes[-1].pixels
    if not low - 1 < wanted < high + 1:
        return None
    wanted = min(max(wanted, low), high)
    above = next(n for n, size in enumerate(sizes) if size.pixels >= wanted)
    return sizes[above : above + 1] if sizes[above].pixels == wanted else sizes[above - 1 : above + 1]


def _between(curves: Sequence[RateCurve], places: Sequence[float], place: float) -> RateCurve:
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
