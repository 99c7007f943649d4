"""Which way a face looks, from its five landmarks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.image.align import TEMPLATE
from fewpix.image.array import five_points

_PROTRUDES = 0.4
"""How far the tip of the nose stands before the plane of eyes and mouth, in distances between the eyes: about
25 of 63 mm in a grown-up."""

_DOWN = float((TEMPLATE[2, 1] - TEMPLATE[:2, 1].mean()) / (TEMPLATE[3:, 1].mean() - TEMPLATE[:2, 1].mean()))
_TALL = float((TEMPLATE[3:, 1].mean() - TEMPLATE[:2, 1].mean()) / (TEMPLATE[1, 0] - TEMPLATE[0, 0]))
"""Of a face that looks into the camera: where the nose is on the way from the eyes to the mouth, and how long
that way is in distances between the eyes."""


@dataclass(frozen=True)
class Pose:
    """How a head is turned, in degrees; all 0 for the template, a face that looks into the camera.

    Args:
        yaw: −90 to 90, above 0 when the nose points to the right edge of the picture.
        pitch: −90 to 90, above 0 when it points up.
        roll: −180 to 180, above 0 when the head leans clockwise, as the picture shows it.
    """

    yaw: float
    pitch: float
    roll: float

    def to_json(self) -> dict[str, float]:
        """The angles in degrees, to a tenth."""
        return {name: round(value, 1) + 0.0 for name, value in vars(self).items()}


def pose(points: NDArray[np.floating]) -> Pose:
    """Estimate it from where the nose lies between eyes and mouth.

    Eyes and corners of the mouth are taken for a plane seen from afar, the nose for a point before it. When
    the head turns by θ, the nose moves by `protrudes`·sin θ, and the eyes come together by cos θ; so the
    quotient of both is a tangent. People's noses differ, a few degrees; landmarks with a standard deviation
    of 3 % of the face make one of 15 degrees. Beyond about 50 degrees the nose lies outside of the eyes and
    the farther eye is hidden: what a detector gives there is a guess, and so is the angle.

    Args:
        points: (5, 2) x, y in pixels, in the order of `fewpix.image.align.TEMPLATE`.

    Raises:
        InputError: not five finite points, or eyes and mouth are in one place.
    """
    given = five_points(points)
    eyes, mouth, nose = given[:2].mean(axis=0), given[3:].mean(axis=0), given[2]
    tall = float(np.hypot(*(mouth - eyes)))
    if tall <= 1e-9 * (1 + float(np.abs(given).max())):
        raise InputError(f"eyes and mouth in one place are no face: {given.tolist()}")
    # From eyes to mouth is long however far a head is turned, while the eyes come together.
    down = (mouth - eyes) / tall
    across = np.array([down[1], -down[0]])
    wide = abs(float((given[1] - given[0]) @ across))
    sideways = float((nose - eyes) @ across) / max(wide, 1e-9 * tall)
    share = float((nose - eyes) @ down) / tall
    return Pose(
        yaw=math.degrees(math.atan(sideways / _PROTRUDES)),
        pitch=math.degrees(math.atan((_DOWN - share) * _TALL / _PROTRUDES)),
        roll=math.degrees(math.atan2(-down[0], down[1])),
    )
