"""Which photos may be enrolled: one with little detail resembles everybody a little."""

from __future__ import annotations

from fewpix.errors import InputError
from fewpix.identify.faces import AlignedFace
from fewpix.quality.assess import ENOUGH

REFUSED_BELOW = ENOUGH
"""Effective pixels below which a photo is refused. At 16 px an entry is a false match of small probes more
than five times as often as a sharp one, and large probes miss it; at 20 px no more than four times, and no
loss of rank-1 is shown (results/gallery/poor_enrolment.json). The router's smallest band ends here."""

WARNED_BELOW = 28.0
"""Effective pixels below which a photo is taken with a warning: false matches are still doubled at 24 px."""

REFUSED_YAW = 50.0
"""Degrees from which on the nose lies outside of the eyes: one eye is hidden, its landmark a guess. Geometry,
not measured: no faces with known angles were here."""

WARNED_YAW = 35.0
"""Degrees from which on a photo is taken with a warning."""

OVERRIDE = "--accept-poor"


def admit(face: AlignedFace, origin: str, *, accept_poor: bool = False) -> tuple[str, ...]:
    """Let a photo's face into a gallery, or not.

    Args:
        face: as it is to be enrolled.
        origin: the photo's name, for messages.
        accept_poor: take what would be refused, with a warning.

    Returns:
        What is wrong with it though it is taken, in words; empty for nothing.

    Raises:
        InputError: it has too little detail, or is turned too far away.
    """
    quality = face.quality
    refused, warned = [], []
    if quality.effective_pixels < WARNED_BELOW:
        has = f"has the detail of a face of {quality.effective_pixels:.0f} px"
        if face.routed_pixels < face.pixels:
            has += f", though it is {face.pixels:.0f} px wide"
        if quality.effective_pixels < REFUSED_BELOW:
            refused.append(f"{has}; at least {REFUSED_BELOW:.0f} are wanted")
        else:
            warned.append(f"{has}; {WARNED_BELOW:.0f} would be better")
    yaw = 0.0 if quality.pose is None else abs(quality.pose.yaw)
    if yaw >= REFUSED_YAW:
        refused.append(f"is turned away by about {yaw:.0f} degrees; less than {REFUSED_YAW:.0f} are wanted")
    elif yaw >= WARNED_YAW:
        warned.append(
            f"is turned away by about {yaw:.0f} degrees; less than {WARNED_YAW:.0f} would be better"
        )
    if refused and not accept_poor:
        raise InputError(
            f"{origin}: the face {', and '.join(refused)}",
            fix=f"use a sharper or closer photo from the front, or take it with {OVERRIDE}",
        )
    return tuple(f"the face {text}" for text in (*refused, *warned))
