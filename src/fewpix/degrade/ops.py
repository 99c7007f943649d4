"""Degradations of one crop: pure functions with explicit parameters.

A crop is a square uint8 image (s, s, 3) in BGR order. Every function returns a new array and never writes
into its input; randomness comes only from a generator that is passed in. Lengths are in pixels of the crop
that is passed in. Results do not depend on OpenCV's number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError
from fewpix.image.array import square
from fewpix.image.resize import Crop

INTERPOLATIONS: Mapping[str, int] = MappingProxyType(
    {"area": cv2.INTER_AREA, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
)
"""Down-scaling by name. Only `area` averages all source pixels; see `downscale`."""

LEVELS = np.arange(256, dtype=np.float64)
"""The grey levels of a picture."""


def side_of(crop: Crop) -> int:
    """The side of the crop in pixels.

    Raises:
        InputError: the array is not (s, s, 3) uint8.
    """
    return int(square(crop).shape[0])


def need(ok: bool, parameter: str, value: object, rule: str) -> None:
    """Refuse a parameter out of range, naming it; comparisons with NaN are False, so NaN is refused too."""
    if not ok:
        raise ConfigError(f"{parameter} = {value!r}: {rule}")


def table(values: NDArray[np.float64]) -> Crop:
    """256 grey levels, rounded and clipped to uint8."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def look_up(crop: Crop, levels: Crop) -> Crop:
    """Replace every grey level by that of a table (256,) uint8."""
    return np.asarray(cv2.LUT(crop, levels), dtype=np.uint8)


def downscale(crop: Crop, side: int, interpolation: str = "area") -> Crop:
    """Make the crop `side` pixels wide and high.

    `area` weights every source pixel by its overlap with the target pixel (exact block means at integer
    ratios); it is the evaluation protocol. `bilinear` and `bicubic` are OpenCV's: they read 2x2 or 4x4 source
    pixels around the target's centre whatever the ratio, without anti-aliasing, as many cheap cameras and
    players do.

    Args:
        crop: (s, s, 3) uint8 BGR.
        side: target side in pixels, 1 to s.
        interpolation: `area`, `bilinear` or `bicubic`.

    Raises:
        ConfigError: unknown interpolation, or `side` below 1.
        InputError: the crop is smaller than `side`, or not a crop.
    """
    source = side_of(crop)
    need(interpolation in INTERPOLATIONS, "interpolation", interpolation, f"use {', '.join(INTERPOLATIONS)}")
    need(side >= 1, "side", side, "must be at least 1")
    if side > source:
        raise InputError(
            f"a crop of {source} px cannot be scaled down to {side} px", fix="use a smaller side"
        )
    if side == source:
        return crop.copy()
    resized = cv2.resize(crop, (side, side), interpolation=INTERPOLATIONS[interpolation])
    return np.asarray(resized, dtype=np.uint8)


def disc_kernel(radius: float) -> NDArray[np.float32]:
    """A disc of `radius` pixels with a one-pixel linear edge, odd sided, sum 1; radius 0 is the identity."""
    need(0 <= radius < math.inf, "radius", radius, "must be finite and at least 0")
    half = math.ceil(radius - 0.5) if radius > 0.5 else 0
    axis = np.arange(-half, half + 1, dtype=np.float32)
    squares = axis * axis
    distance = np.sqrt(squares[:, None] + squares[None, :])
    weight = np.clip(np.float32(radius + 0.5) - distance, 0.0, 1.0)
    if half == 0:
        weight = np.ones((1, 1), np.float32)
    return np.asarray(weight / weight.sum(), dtype=np.float32)


def line_kernel(length: float, angle: float) -> NDArray[np.float32]:
    """An anti-aliased line through the centre, odd sided, sum 1; up to 1 pixel along an axis: the identity.

    Args:
        length: path length in pixels.
        angle: degrees, anticlockwise as seen on the picture; 0 is horizontal.
    """
    need(0 <= length < math.inf, "length", length, "must be finite and at least 0")
    need(math.isfinite(angle), "angle", angle, "must be finite")
    half = math.ceil(length / 2)
    axis = np.arange(-half, half + 1, dtype=np.float32)
    # The picture's y axis points down, so an anticlockwise angle has a negative y component.
    cos, sin = math.cos(math.radians(angle)), -math.sin(math.radians(angle))
    along = np.abs(axis[None, :] * cos + axis[:, None] * sin)
    across = np.abs(axis[:, None] * cos - axis[None, :] * sin)
    weight = np.clip(np.float32(length / 2 + 0.5) - along, 0.0, 1.0) * np.clip(1 - across, 0.0, 1.0)
    return np.asarray(weight / weight.sum(), dtype=np.float32)


def _filter(crop: Crop, kernel: NDArray[np.float32]) -> Crop:
    if kernel.size == 1:
        return crop.copy()
    return np.asarray(cv2.filter2D(crop, -1, kernel, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)


def defocus(crop: Crop, radius: float) -> Crop:
    """Blur by a disc (an out-of-focus lens) of `radius` pixels, 0 or more; borders are replicated."""
    side_of(crop)
    return _filter(crop, disc_kernel(radius))


def motion_blur(crop: Crop, length: float, angle: float) -> Crop:
    """Blur along a straight path of `length` pixels at `angle` degrees (see `line_kernel`), as `defocus`."""
    side_of(crop)
    return _filter(crop, line_kernel(length, angle))


def sensor_noise(crop: Crop, rng: np.random.Generator, read: float, shot: float) -> Crop:
    """Add signal-dependent shot noise and constant read noise, independent per pixel and channel.

    The variance at grey level x is `read`² + `shot`·x. Shot noise is the Gaussian limit of Poisson counts
    with 1/`shot` electrons per grey level (Foi et al., IEEE TIP 17(10), 2008: σ²(y) = a·y + b); below about
    10 electrons the true distribution is more skewed. The result is rounded and clipped to 0..255.

    Args:
        crop: (s, s, 3) uint8 BGR.
        rng: where the noise comes from.
        read: standard deviation in grey levels, 0 or more.
        shot: variance per grey level, 0 or more; 0.1 gives a deviation of 3.6 at mid-grey.
    """
    side_of(crop)
    return add_noise(crop, rng.standard_normal(crop.shape, dtype=np.float32), read, shot)


def add_noise(crop: Crop, noise: NDArray[np.float32], read: float, shot: float) -> Crop:
    """`sensor_noise` with noise that was drawn before.

    Args:
        crop: (s, s, 3) uint8 BGR.
        noise: (s, s, 3), independent, of mean 0 and deviation 1.
        read: as in `sensor_noise`.
        shot: likewise.
    """
    side_of(crop)
    need(0 <= read < math.inf, "read", read, "must be finite and at least 0")
    need(0 <= shot < math.inf, "shot", shot, "must be finite and at least 0")
    deviation = np.sqrt(read * read + shot * LEVELS).astype(np.float32)[crop]
    out = noise * deviation
    out += crop
    np.rint(out, out=out)
    np.clip(out, 0, 255, out=out)
    return out.astype(np.uint8)


def jpeg(crop: Crop, quality: int) -> Crop:
    """Compress to JPEG and back; `quality` 1 to 100, colour at half resolution (4:2:0) as most cameras do.

    Apply it to the small crop: JPEG works on 8x8 blocks (16x16 for colour), which may be the whole face.
    """
    side_of(crop)
    need(1 <= quality <= 100, "quality", quality, "must be 1 to 100")
    options = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    _, data = cv2.imencode(".jpg", crop, options)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def gamma(crop: Crop, g: float) -> Crop:
    """Tone curve 255·(x/255)^g; `g` > 0, above 1 darkens. Black and white stay."""
    side_of(crop)
    need(0 < g < math.inf, "g", g, "must be finite and above 0")
    return look_up(crop, table(255.0 * (LEVELS / 255.0) ** g))


def contrast(crop: Crop, gain: float, offset: float) -> Crop:
    """Exposure and pedestal: gain·x + offset, rounded, clipped; `gain` 0 or more, `offset` in grey levels."""
    side_of(crop)
    need(0 <= gain < math.inf, "gain", gain, "must be finite and at least 0")
    need(math.isfinite(offset), "offset", offset, "must be finite")
    return look_up(crop, table(gain * LEVELS + offset))


def grey(crop: Crop) -> Crop:
    """Luma (ITU-R BT.601) in all three channels, as a monochrome or infra-red camera's file looks."""
    side_of(crop)
    luma = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def shift(crop: Crop, dx: float, dy: float, scale: float = 1.0, angle: float = 0.0) -> Crop:
    """Move, enlarge and turn the content a little: what noise on the landmarks does to an aligned crop.

    Bilinear, borders replicated; meant for small changes (it does not anti-alias a strong shrink).

    Args:
        crop: (s, s, 3) uint8 BGR.
        dx: pixels to the right.
        dy: pixels downwards.
        scale: about the centre, above 0; above 1 enlarges.
        angle: degrees about the centre, anticlockwise as seen on the picture.
    """
    side = side_of(crop)
    need(math.isfinite(dx), "dx", dx, "must be finite")
    need(math.isfinite(dy), "dy", dy, "must be finite")
    need(0 < scale < math.inf, "scale", scale, "must be finite and above 0")
    need(math.isfinite(angle), "angle", angle, "must be finite")
    a, b = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    centre = (side - 1) / 2
    matrix = np.array(
        [[a, b, (1 - a - b) * centre + dx], [-b, a, (1 - a + b) * centre + dy]],
        dtype=np.float64,
    )
    moved = cv2.warpAffine(
        crop, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.uint8)
