"""From which score on a face looks like somebody else's, or too little like one's own."""

from __future__ import annotations

from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.rate import one_in
from fewpix.gallery.photos import Seen

SAME_PHOTO = 0.99
"""Cosine from which on two photos are one photograph, perhaps stored again or shrunk a little."""

RARE = 0.001
"""How often a search for a stranger finds somebody who is called alike here."""

COMMON = 0.01
"""How many of a person's strangers are as like as a photo that is called unlike its own person."""

MARGIN = 0.1
"""By how much a photo must be closer to another person where no calibration tells what a score is worth."""


def alike_from(calibrated: Calibrated | None, seen: Seen, people: int) -> float | None:
    """The score that the best of so many strangers reaches in at most `RARE` of searches.

    A gallery larger than was measured is several of the measured size: their rates add up, at most.

    Args:
        calibrated: the calibration; None for none.
        seen: how the face was embedded.
        people: who are compared.

    Returns:
        A cosine; None where it was not measured.
    """
    if calibrated is None or people < 1:
        return None
    measured = min(people, calibrated.largest)
    curve = calibrated.curve(seen.encoder_sha256, seen.state_id, seen.pixels, measured)
    if curve.reason:
        return None
    found = curve.threshold(RARE * measured / people)
    return float(curve.thresholds[-1]) if found is None else found


def unlike_below(calibrated: Calibrated | None, seen: Seen) -> float | None:
    """The score that `COMMON` of a person's strangers reach; None where it was not measured."""
    if calibrated is None:
        return None
    return calibrated.curve(seen.encoder_sha256, seen.state_id, seen.pixels).threshold(COMMON)


def closer(other: float, own: float | None, alike: float | None) -> bool:
    """Whether a photo belongs to another person rather than to its own.

    Args:
        other: its best score with another person.
        own: its best score with its own person's other photos; None where there are none.
        alike: from `alike_from`.
    """
    if alike is not None:
        return other >= alike and (own is None or other > own)
    return own is not None and other > own + MARGIN


def doubt(
    name: str,
    other: str,
    score: float,
    own: float | None,
    *,
    alike: float | None,
    unlike: float | None = None,
) -> str:
    """What is doubtful about a photo's name; empty for nothing.

    Args:
        name: whose it is said to be.
        other: the other person whom it is most like; empty for nobody.
        score: how much.
        own: its best score with its own person's other photos; None where there are none.
        alike: from `alike_from`.
        unlike: from `unlike_below`; None asks nothing of `own`.
    """
    if other and score >= SAME_PHOTO:
        return f"is the same photograph as one of {other} (cosine {score:.3f})"
    if other and closer(score, own, alike):
        if own is None:
            return (
                f"looks like {other} (cosine {score:.3f}, as a search for a stranger finds in at most "
                f"{one_in(RARE)} cases)"
            )
        return f"is closer to {other} ({score:.3f}) than to the other photos of {name} ({own:.3f})"
    if own is not None and unlike is not None and own < unlike:
        return f"is no more like the other photos of {name} ({own:.3f}) than {one_in(COMMON)} strangers"
    return ""
