"""Five landmarks to an upright square crop of any side."""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.image.array import five_points, picture
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

TEMPLATE_SIDE = 112
"""The side at which `TEMPLATE` is given, in pixels."""

TEMPLATE: NDArray[np.float64] = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ]
)
"""(5, 2) x, y of the person's right eye, left eye, nose, right and left corner of the mouth (YuNet's
order): the ArcFace template (Deng et al., CVPR 2019)."""
TEMPLATE.setflags(write=False)

Similarity: TypeAlias = tuple[complex, complex]
"""turn and move of z ↦ turn·z + move, places as complex numbers x + iy."""

# The share of the template's spread that the best similarity explains. The mirror image of a face, which is
# what swapped sides give, reaches 0.05; below this the five points are in the wrong order or not of a face.
_LEAST_EXPLAINED = 0.15

# A shrink by a whole number must not take one more sample for a rounding error.
_ROUNDING = 1e-6

# The intermediate picture of a shrink is at most this wide, so that absurd points cannot ask for gigabytes.
_LARGEST_WARP = 4096


def pixels(points: NDArray[np.floating]) -> float:
    """How many pixels a face has: the side, in source pixels, of the square that maps to the template.

    This is 112 divided by the scale of the least-squares similarity; the one meaning of "pixels" everywhere.

    Args:
        points: (5, 2) x, y in pixels of the picture, in the order of `TEMPLATE`.

    Raises:
        InputError: not five finite points, or no similarity fits them.
    """
    return TEMPLATE_SIDE / abs(similarity(points)[0])


def align(image: Image, points: NDArray[np.floating], side: int) -> Crop:
    """Cut a face out, upright, straight to `side` pixels: one resampling, anti-aliased where it shrinks.

    Args:
        image: (H, W, 3) uint8 BGR.
        points: (5, 2) x, y in pixels of the picture, in the order of `TEMPLATE`.
        side: side of the crop in pixels, at least 1.

    Returns:
        (side, side, 3) uint8; what lies outside the picture repeats its border.

    Raises:
        InputError: not a picture, a side below 1, not five finite points, or no similarity fits them.
    """
    image = picture(image)
    if side < 1:
        raise InputError(f"the side of a crop must be at least 1, not {side}")
    turn, move = similarity(points)
    shrink = TEMPLATE_SIDE / abs(turn) / side
    if shrink <= 1 + _ROUNDING:
        return _warp(image, turn, move, side, cv2.INTER_CUBIC)
    # Sampled at least as densely as the picture's own pixels, then averaged. On 60 photographs, at 8 to 112
    # px, this is 0.3-0.5 grey levels (RMS) off a reference with 4 times the samples; a direct bilinear warp
    # is off by 2-21, one after a Gaussian blur of the best width by 1.1-2.3 and slower, a detour over 112
    # px by 0.3-1.8.
    factor = max(1, min(math.ceil(shrink - _ROUNDING), _LARGEST_WARP // side))
    large = _warp(image, turn, move, side * factor, cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def similarity(points: NDArray[np.floating]) -> Similarity:
    """The least-squares similarity z ↦ turn·z + move from `points` to the template at 112 px.

    In the plane, with points as complex numbers, the estimator of Umeyama (IEEE TPAMI 13(4), 1991) without
    reflections is this quotient.

    Args:
        points: (5, 2) x, y in pixels of the picture, in the order of `TEMPLATE`.

    Raises:
        InputError: not five finite points, or no similarity fits them.
    """
    given = five_points(points)
    source, target = given[:, 0] + 1j * given[:, 1], TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1]
    source_mean, target_mean = source.mean(), target.mean()
    source, target = source - source_mean, target - target_mean
    spread = float(np.vdot(source, source).real)
    product = complex(np.vdot(source, target))
    # Compared with the size of the coordinates, since rounding leaves a spread where all points are one.
    if spread <= 1e-12 * (1 + abs(complex(source_mean)) ** 2):
        raise InputError(f"five points that coincide are no face: {given.tolist()}")
    if abs(product) ** 2 / (spread * float(np.vdot(target, target).real)) < _LEAST_EXPLAINED:
        raise InputError(
            f"these points do not lie like a face's: {given.tolist()}",
            fix="right eye, left eye, nose, right and left corner of the mouth, as the person's own sides",
        )
    turn = product / spread
    return turn, complex(target_mean) - turn * complex(source_mean)


def _warp(image: Image, turn: complex, move: complex, side: int, method: int) -> Crop:
    """Apply the similarity at `side` pixels; a pixel's centre is at whole coordinates, its edge at a half."""
    ratio = side / TEMPLATE_SIDE
    a, b = turn * ratio, (move + 0.5 + 0.5j) * ratio - (0.5 + 0.5j)
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    warped = cv2.warpAffine(image, matrix, (side, side), flags=method, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)
