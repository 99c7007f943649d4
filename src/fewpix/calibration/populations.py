"""How far strangers of other kinds score above or below those of a calibration.

People of one kind are more alike than people of two, and whole faces more than whole ones and tight chips. So
a rate that was measured among certain strangers is another one elsewhere. Here calibrations of several kinds
of strangers, by the same encoders, become one: the thresholds are those of the first, its intervals also hold
what the others would make of them. Compared are the scores that 1 in 100 pairs reach: pairs of one person,
which nobody could leave out for want of names, are far rarer than that and do not matter there.
"""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.calibration.file import Calibration, Encoded, Population, Size
from fewpix.calibration.lookup import Calibrated
from fewpix.errors import InputError

LEVEL = 0.01
"""False match rate at which populations are compared."""


def beside(calibration: Calibration, others: Sequence[Calibration]) -> Calibration:
    """A calibration whose intervals span other populations.

    Args:
        calibration: of the strangers whose rates are stated. Populations that it spans already stay.
        others: of other strangers, each with the same encoders at all of its sizes, and made small alike.

    Raises:
        InputError: one of the others does not fit.
    """
    if not others:
        return calibration
    for other in others:
        _check(calibration, other)
    known = [Calibrated(each) for each in (calibration, *others)]
    encoders = []
    for encoder in calibration.encoders:
        sizes = []
        for size in encoder.sizes:
            own, *theirs = (_threshold(each, encoder, size) for each in known)
            shifts = tuple(round(their - own, 5) for their in theirs)
            sizes.append(size.model_copy(update={"shifts": (*size.shifts, *shifts)}))
        encoders.append(encoder.model_copy(update={"sizes": tuple(sizes)}))
    added = tuple(
        Population(probes=each.probes, gallery=each.gallery, left_out=each.left_out) for each in others
    )
    return calibration.model_copy(
        update={"encoders": tuple(encoders), "populations": (*calibration.populations, *added)}
    )


def _check(calibration: Calibration, other: Calibration) -> None:
    """Refuse a calibration that is not of other strangers only."""
    for what in ("space", "gallery_encoder", "degradation"):
        if getattr(calibration, what) != getattr(other, what):
            raise InputError(
                f"the calibration of {other.probes.name} among {other.gallery.name} is of another "
                f"{what.replace('_', ' ')}",
                fix="calibrate with the same model, state and --family",
            )
    if (calibration.probes, calibration.gallery) == (other.probes, other.gallery):
        raise InputError(
            f"the calibration of {other.probes.name} among {other.gallery.name} is of the same strangers",
            fix="name calibrations of others",
        )


def _threshold(known: Calibrated, encoder: Encoded, size: Size) -> float:
    match = encoder.match(size.pixels)
    curve = known.curve(encoder.sha256, encoder.state_id, size.pixels, match=match, sights=size.sights)
    found = curve.threshold(LEVEL)
    if found is None:
        made = known.calibration
        raise InputError(
            f"the calibration of {made.probes.name} among {made.gallery.name} says nothing of {encoder.name} "
            f"at {size.pixels} px: {curve.reason or 'too few people'}",
            fix="calibrate at the same sizes, with at least 100 people on either side",
        )
    return found
