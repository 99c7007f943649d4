"""When two unknown tracks of a film are put together in its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fewpix.calibration.rate import one_of
from fewpix.identify.verdict import check_threshold
from fewpix.video.report.people import Alikeness

if TYPE_CHECKING:
    from fewpix.identify.rule import Rule
    from fewpix.video import IdentifiedTrack

RATE = 0.001
"""How often two people may be as alike, where a calibration is asked."""


def alikeness(given: float | None, by: Rule) -> Alikeness | None:
    """By what was asked for, or the threshold that names people, or a calibration; None without any.

    Args:
        given: of `--alike`.
        by: how people are named.

    Raises:
        ConfigError: what was given is no cosine.
    """
    check_threshold(given)
    stated = by.threshold if given is None else given
    if stated is not None:
        option = "--threshold" if given is None else "--alike"
        return Alikeness(
            lambda track: stated, f"whose templates have a cosine of at least {stated:.3g} ({option})"
        )
    calibrated = by.calibrated
    if calibrated is None:
        return None

    def from_score(track: IdentifiedTrack) -> float | None:
        seen = track.template
        if seen is None:
            return None
        return calibrated.curve(seen.encoder_sha256, seen.state_id, seen.routed_pixels).threshold(RATE)

    rate = one_of(RATE, "comparisons")
    return Alikeness(
        from_score,
        f"whose templates are as alike as two people are in at most {rate} of a face of that size with a "
        "sharp photograph, by the calibration",
    )
