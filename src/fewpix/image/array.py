"""What counts as a picture, a crop, or the five points of a face: every public function asks here first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ImageError, InputError

_READ = "read the file with fewpix.image.codec.read_image"


def picture(image: object, what: str = "a picture") -> NDArray[np.uint8]:
    """The picture itself, when it is one.

    Args:
        image: what a caller takes for (H, W, 3) uint8 BGR.
        what: names it in messages.

    Raises:
        ImageError: None, which `cv2.imread` gives for a file that it cannot read.
        InputError: no array, such as a path, or one of another shape or type.
    """
    array = _array(image, what, "(H, W, 3)")
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise InputError(f"{what} must be (H, W, 3) uint8 BGR, not {array.shape} {array.dtype}")
    return array


def square(crop: object, what: str = "a crop") -> NDArray[np.uint8]:
    """The crop itself, when it is a square picture (s, s, 3) uint8 BGR; errors as `picture`."""
    array = _array(crop, what, "(s, s, 3)")
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise InputError(f"{what} must be (s, s, 3) uint8 BGR, not {array.shape} {array.dtype}")
    if array.shape[0] != array.shape[1]:
        raise InputError(f"{what} must be square, (s, s, 3) uint8 BGR, not {array.shape} {array.dtype}")
    return array


def squares(crops: object) -> Sequence[NDArray[np.uint8]]:
    """The crops themselves, when each is a square picture; errors as `picture`, with the crop's number."""
    if isinstance(crops, np.ndarray) and crops.ndim == 3:
        raise InputError("one crop is not a sequence of crops", fix="put it into a list")
    if isinstance(crops, str | bytes) or not isinstance(crops, Sequence | np.ndarray):
        raise InputError(f"crops must be a sequence of arrays, not {type(crops).__name__}", fix=_READ)
    return [square(crop, f"crop {n}") for n, crop in enumerate(crops)]


def five_points(points: object) -> NDArray[np.float64]:
    """The landmarks of a face as (5, 2) float64.

    Raises:
        InputError: not five finite points.
    """
    try:
        given = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.shape != (5, 2) or not np.isfinite(given).all():
        shown = points.tolist() if isinstance(points, np.ndarray) else points
        raise InputError(f"a face needs five finite points (5, 2), not {shown}")
    return given


def _array(value: object, what: str, shape: str) -> NDArray[np.uint8]:
    if value is None:
        raise ImageError(
            f"{what} is None, as cv2.imread gives it for a file that it cannot read",
            fix=f"{_READ}, which says why",
        )
    if not isinstance(value, np.ndarray):
        raise InputError(f"{what} must be an array {shape} uint8 BGR, not {type(value).__name__}", fix=_READ)
    return value
