"""Looking rates up in a calibration: between what was measured; beyond it only where a bound is known.

Between two sizes of one encoder, two sizes of the gallery and two numbers of sights, the threshold of a rate
is taken to be linear in the logarithm of these. In a gallery larger than any measured, up to `REACH` times,
rates are bounds, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fewpix.calibration.curve import RateCurve, between
from fewpix.calibration.file import Calibration, Size
from fewpix.calibration.remedies import (
    OTHER_MODEL,
    OTHER_SCORES,
    OTHER_SIGHTS,
    OTHER_SIZE,
    OTHER_STATE,
    TOO_MANY,
)
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router
from fewpix.gallery.matched import Match, Matching

REACH = 20
"""How many times as many people as were measured rates are bounded for; results/calibration/larger.json shows
that the bound holds for strangers that it was not measured on."""

MORE_SIGHTS = 1.7
"""How many times as many sights as were measured a template may be of, to be rated as one of those: the more
there are, the less thresholds rise, and the 12 that a track keeps are little more than 8."""

LARGEST = 112
"""Side in pixels from which on a face is not seen larger by any encoder: aligned faces have no more."""


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

    def measured(self, encoder_sha256: str, state_id: str) -> bool:
        """Whether rates of an encoder's faces under a state are known; an empty one is no state."""
        return (encoder_sha256, state_id) in self._encoders

    def fits(self, matching: Matching, encoder: Encoder) -> bool:
        """Whether scores with such a matched gallery were measured, at all of its sizes.

        Args:
            matching: its sizes and weights.
            encoder: an encoder or a router.
        """
        parts = [(taken, part) for taken, part in matching.parts(encoder) if part.kept]
        known = [self._matched.get((taken.card.sha256, taken.state_id)) for taken, _ in parts]
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
        sights: float = 1.0,
    ) -> RateCurve:
        """Rates of a probe's best score in a gallery.

        Args:
            encoder_sha256: who saw the probe.
            state_id: under which state; empty for none.
            pixels: side of the probe's face.
            people: in the gallery; 1 for the false match rate of two faces.
            match: what it was compared with beside sharp photos; None for those alone.
            sights: how many the probe is made of; 1 for a picture.
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
        ends = _around(pixels, encoder.pixels)
        if ends is None:
            first, last = encoder.pixels[0], encoder.pixels[-1]
            measured = f"from {first} to {last} px" if first != last else f"at {first} px"
            return RateCurve.none(
                f"not measured: {pixels:.0f} px, this encoder is measured {measured}", OTHER_SIZE
            )
        count = min(people, largest)
        sizes = [[size for size in encoder.sizes if size.pixels == end] for end in ends]
        found = between([self._of_sights(each, sights, count) for each in sizes], ends, pixels)
        if people == count:
            return found
        return found.larger(people / count, f"extrapolated to {people:,} people, measured up to {largest:,}")

    def _of_sights(self, sizes: Sequence[Size], sights: float, people: int) -> RateCurve:
        """The curve between the two measured numbers of sights, at one measured size of face."""
        levels = [size.sights for size in sizes]
        if not levels[0] <= sights * MORE_SIGHTS or not sights <= levels[-1] * MORE_SIGHTS:
            if levels[-1] == 1:
                what = "single pictures"
            else:
                what = f"{levels[0]:.3g} to {levels[-1]:.3g} sights"
            return RateCurve.none(
                f"not measured: a template of {sights:.3g} sights, the calibration is of {what}", OTHER_SIGHTS
            )
        wanted = min(max(sights, levels[0]), levels[-1])
        above = next(n for n, level in enumerate(levels) if level >= wanted)
        ends = sizes[above : above + 1] if levels[above] == wanted else sizes[above - 1 : above + 1]
        return between([self._of_size(size, people) for size in ends], [size.sights for size in ends], wanted)

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
        return between(made, [curve.people for curve in ends], people)


def _around(pixels: float, sizes: Sequence[int]) -> Sequence[int] | None:
    """The measured sizes on both sides of a face's; one where it is measured itself; None beyond them.

    A face has no whole number of pixels, so the ends reach one pixel further. From `LARGEST` on a face is as
    large as that to every encoder.
    """
    wanted = min(pixels, LARGEST) if sizes[-1] <= LARGEST else pixels
    low, high = sizes[0], sizes[-1]
    if not low - 1 < wanted < high + 1:
        return None
    wanted = min(max(wanted, low), high)
    above = next(n for n, size in enumerate(sizes) if size >= wanted)
    return sizes[above : above + 1] if sizes[above] == wanted else sizes[above - 1 : above + 1]
