"""What `fewpix calibrate` says of what it made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.calibration.file import Calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.measure import Suspects
from fewpix.calibration.rate import one_in

SHOWN = (1e-1, 1e-2, 1e-3, 1e-4)
"""Rates that the text has thresholds for, as far as they are resolvable."""


@dataclass(frozen=True)
class Made:
    """A calibration, and what its maker should know of it.

    Args:
        path: of the file.
        calibration: what is in it.
        suspects: pairs that look like one person.
        failed: photographs left out, with the reason.
    """

    path: str
    calibration: Calibration
    suspects: Suspects
    failed: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        made = self.calibration
        lines = [
            f"{self.path}: {made.model}, {made.probes.faces:,} faces of {made.probes.people:,} people "
            f"({made.probes.name}) searched for among {made.gallery.people:,} ({made.gallery.name})",
            f"resolvable: false match rates from {one_in(1 / made.independent_pairs)} on, "
            f"FPIR from {one_in(1 / made.independent_searches)} on",
        ]
        lines += self._thresholds()
        lines += self._populations()
        lines += [f"left out {name}: {why}" for name, why in self.failed]
        warning = self.warning()
        return "\n".join([*lines, warning] if warning else lines)

    def _thresholds(self) -> list[str]:
        """For each encoder and size the thresholds of a few rates."""
        found, known = [], Calibrated(self.calibration)
        shown = [rate for rate in SHOWN if rate >= self.calibration.rates[-1]]
        found.append("thresholds" + " " * 22 + "".join(f"{one_in(rate):>13}" for rate in shown))
        for encoder in self.calibration.encoders:
            for size in encoder.sizes:
                for measured in size.curves:
                    match = encoder.match(size.pixels)
                    curve = known.curve(
                        *(encoder.sha256, encoder.state_id, size.pixels, measured.people, match),
                        sights=size.sights,
                    )
                    values = [curve.threshold(rate) for rate in shown]
                    cells = "".join(f"{'-' if value is None else f'{value:.3f}':>13}" for value in values)
                    what = "FMR" if measured.people == 1 else f"FPIR of {measured.people:,}"
                    told = f"  {encoder.name[:10]:<10} {size.pixels:>3} px  {what:<14}{cells}".rstrip()
                    if size.sights > 1:
                        told += f"  of {size.sights:.3g} sights"
                    found.append(told if match is None else f"{told}  with photos at {match.pixels} px")
        return found

    def _populations(self) -> list[str]:
        """How far the scores of other strangers lie from these, one line each."""
        sizes = [size for encoder in self.calibration.encoders for size in encoder.sizes]
        found = []
        for number, other in enumerate(self.calibration.populations):
            shifts = [size.shifts[number] for size in sizes]
            found.append(
                f"{other.probes.name} among {other.gallery.name} score {min(shifts):+.3f} to "
                f"{max(shifts):+.3f} beside these, by size"
            )
        return found

    def warning(self) -> str:
        """What should be looked at; empty when nothing."""
        if not self.suspects.left_out:
            return ""
        pairs = ", ".join(f"{a} and {b} ({score:.2f})" for a, b, score in self.suspects.examples)
        return (
            f"{self.suspects.left_out:,} pairs look like one person (a cosine of at least "
            f"{self.calibration.same:g}) and were not compared, such as {pairs}"
        )

    def to_json(self) -> dict[str, Any]:
        """The file's path, its provenance, and the pairs left out; the thresholds are in the file."""
        provenance = self.calibration.model_dump(mode="json", exclude={"encoders", "rates"})
        return {
            "path": self.path,
            **provenance,
            "sizes": _sizes(self.calibration, matched=False),
            "matched_sizes": _sizes(self.calibration, matched=True),
            "suspects": [list(example) for example in self.suspects.examples],
            "failed": [name for name, _ in self.failed],
        }


def _sizes(calibration: Calibration, *, matched: bool) -> dict[str, list[int]]:
    """The probes' sizes by encoder, of scores with or without a matched gallery."""
    return {
        encoder.name: list(encoder.pixels)
        for encoder in calibration.encoders
        if bool(encoder.matched) == matched
    }
