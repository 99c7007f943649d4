"""Files and bytes to pixels and back, with limits that are checked before anything is allocated."""

from __future__ import annotations

import logging
import stat
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ImageError, InputError
from fewpix.files import PathLike, atomic, path_of
from fewpix.image.alpha import decode_over_grey
from fewpix.image.array import picture
from fewpix.image.header import Header, read_header
from fewpix.image.heif import decode_heif
from fewpix.image.messages import caught, tells_damage
from fewpix.image.signature import HEAD, HEIF, kind_of

Image: TypeAlias = NDArray[np.uint8]
"""A picture (H, W, 3), uint8, BGR."""

MAX_PIXELS = 100_000_000
"""The largest picture that is decoded, in pixels (300 MB of memory); the header decides."""

MAX_BYTES = 8 * MAX_PIXELS
"""The largest file that is read at all: the largest picture at 16 bits in four channels, not compressed."""

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm")
)
"""File name endings (lower case) of the formats that are read; the content decides, not the name."""

_FIX = "convert it to JPEG or PNG"

log = logging.getLogger("fewpix")


def read_image(path: PathLike) -> Image:
    """Read a picture file.

    Args:
        path: a JPEG, PNG, WebP, BMP, TIFF or binary PGM/PPM file; with the extra `heic` also HEIC or AVIF.

    Returns:
        (H, W, 3) uint8 BGR, turned as its EXIF orientation says; grey is repeated, transparent pixels are
        laid over grey, 16 bits become 8. A picture of which a part could not be decoded is given with a
        warning on the logger `fewpix`.

    Raises:
        InputError: the file is missing, a folder, or cannot be read.
        ImageError: not an image, empty, cut off, damaged, or more than `MAX_PIXELS`.
    """
    path = path_of(path)
    return decode_image(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a picture file, not decoded.

    Raises:
        InputError: as `read_image`.
        ImageError: it is too large for a picture.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder, not an image", fix="name a file")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not an ordinary file", fix="name an image file")
        if status.st_size > MAX_BYTES:
            raise ImageError(
                f"{path} has {status.st_size / 1e6:.0f} MB; {MAX_BYTES / 1e6:.0f} MB is the limit", fix=_FIX
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}", fix="check the path") from error
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}", fix="check the path and its permissions"
        ) from error


def decode_image(data: bytes, origin: str) -> Image:
    """Decode the bytes of a picture file.

    Args:
        data: the whole file.
        origin: names it in messages, a path as a rule.

    Returns:
        As `read_image`.

    Raises:
        ImageError: as `read_image`.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ImageError(f"{origin} must be the bytes of a picture file, not {type(data).__name__}")
    if not data:
        raise ImageError(f"{origin} is empty", fix="copy or download it again")
    header = read_header(data)
    kind = kind_of(data[:HEAD], origin)
    if kind is not None and (header is None or kind.name == "RAW"):
        reads = ", which fewpix does not read" if kind.family == "picture" else ", no picture"
        raise ImageError(f"{origin} is {kind}{reads}", fix=kind.fix)
    if header is None:
        raise ImageError(f"{origin} is not a JPEG, PNG, WebP, BMP, TIFF or binary PGM/PPM image", fix=_FIX)
    if header.width * header.height > MAX_PIXELS:
        raise ImageError(
            f"{origin} is {header.width} x {header.height} px; the limit is {MAX_PIXELS / 1e6:.0f} million",
            fix="shrink or cut it first",
        )
    if header.fault:
        raise ImageError(f"{origin} {header.fault}", fix="copy or download it again")
    if header.format in HEIF:
        return decode_heif(data, header.format, origin)
    try:
        with caught() as lines:
            image = _pixels(data, header)
    except cv2.error as error:
        raise ImageError(f"{origin} cannot be decoded as {header.format}", fix=_FIX) from error
    if image is None or image.dtype != np.uint8:
        said = f": {lines[0]}" if lines else ""
        raise ImageError(f"{origin} is a damaged or unusual {header.format} file{said}", fix=_FIX)
    for line in lines:
        if tells_damage(line):
            log.warning("%s is damaged, a part of it could not be decoded: %s", origin, line)
        else:
            log.info("%s: %s", origin, line)
    return np.asarray(image, dtype=np.uint8)


def _pixels(data: bytes, header: Header) -> NDArray[Any] | None:
    """What OpenCV makes of it: (H, W, 3), or None."""
    if header.alpha:
        return decode_over_grey(data, header.format, premultiplied=header.premultiplied)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def encode_image(image: Image, suffix: str = ".png", quality: int = 95) -> bytes:
    """The bytes of a picture file.

    Args:
        image: (H, W, 3) uint8 BGR.
        suffix: `.png`, `.jpg`, `.webp` or another of `SUFFIXES`.
        quality: 1 to 100, for JPEG and WebP; the others keep every pixel.

    Raises:
        InputError: not a picture, or another suffix or quality.
    """
    image = picture(image)
    kind = suffix.lower()
    if kind not in SUFFIXES:
        raise InputError(
            f"cannot write an image as '{suffix}'", fix=f"use one of {', '.join(sorted(SUFFIXES))}"
        )
    if not 1 <= quality <= 100:
        raise InputError(f"quality must be 1 to 100, not {quality}")
    if kind == ".pgm":
        raise InputError("a PGM file holds grey only", fix="write .ppm or .png")
    options: list[int] = []
    if kind in (".jpg", ".jpeg", ".jpe"):
        options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    elif kind == ".webp":
        options = [cv2.IMWRITE_WEBP_QUALITY, quality]
    cannot = f"OpenCV cannot write a picture of {image.shape[1]} x {image.shape[0]} px as '{suffix}'"
    try:
        done, data = cv2.imencode(kind, image, options)
    except cv2.error as error:
        raise InputError(cannot, fix="use .png") from error
    if not done:
        raise InputError(cannot, fix="use .png")
    return data.tobytes()


def write_image(path: PathLike, image: Image, quality: int = 95) -> None:
    """Write a picture, whole or not at all; the name's ending decides the format (see `encode_image`).

    Raises:
        InputError: as `encode_image`.
        StorageError: the file cannot be written; what was there before is still there.
    """
    path = path_of(path)
    data = encode_image(image, path.suffix, quality)
    with atomic(path) as part:
        part.write_bytes(data)
