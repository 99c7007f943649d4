"""Pictures with transparent pixels, laid over grey: what nobody can see in a picture is no face."""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.image.exif import UPRIGHT, orientation, upright

GREY = 128
"""What lies beneath, 0 to 255."""

STRIP = 256
"""Rows that are computed at a time: 32 bits per channel of a whole picture would be four times its memory."""


def decode_over_grey(data: bytes, format_: str, *, premultiplied: bool = False) -> NDArray[np.uint8] | None:
    """Decode a picture with an alpha channel, or a transparent colour, and lay it over grey.

    Args:
        data: the whole file.
        format_: of it, as its header says.
        premultiplied: the file's colours are multiplied by alpha.

    Returns:
        (H, W, 3) uint8 BGR, upright; None when it cannot be decoded.
    """
    buffer = np.frombuffer(data, np.uint8)
    found: NDArray[Any] | None
    turned = UPRIGHT
    if format_ in ("PNG", "WebP"):  # which OpenCV does not turn where it keeps alpha
        found, kinds, chunks = cv2.imdecodeWithMetadata(buffer, cv2.IMREAD_UNCHANGED)
        exif = [bytes(chunk) for kind, chunk in zip(kinds, chunks, strict=True) if kind == 0]
        turned = orientation(exif[0]) if exif else UPRIGHT
    else:
        found = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype not in (np.uint8, np.uint16):
        return None
    if found.ndim == 2:
        found = np.dstack([found, found, found, _but_for_grey(found, data)])
    if found.shape[2] != 4:
        return np.asarray(cv2.imdecode(buffer, cv2.IMREAD_COLOR), dtype=np.uint8)
    # libtiff gives 8 bits multiplied, whatever the file holds
    multiplied = premultiplied or (format_ == "TIFF" and found.dtype == np.uint8)
    laid = over_grey(found[:, :, :3], found[:, :, 3], premultiplied=multiplied)
    return np.ascontiguousarray(upright(laid, turned), dtype=np.uint8)


def over_grey(
    colours: NDArray[Any], alpha: NDArray[Any], *, premultiplied: bool = False
) -> NDArray[np.uint8]:
    """Lay a picture over grey.

    Args:
        colours: (H, W, 3), 8 or 16 bits.
        alpha: (H, W) of the same type; the largest value is opaque.
        premultiplied: `colours` are multiplied by alpha.

    Returns:
        (H, W, 3) uint8.
    """
    top = int(np.iinfo(colours.dtype).max)
    shift = 8 if top > 255 else 0
    out = np.empty(colours.shape, dtype=np.uint8)
    for at in range(0, len(out), STRIP):
        seen = alpha[at : at + STRIP, :, None].astype(np.uint32)
        beneath = np.uint32(GREY * top // 255) * (np.uint32(top) - seen)
        above = colours[at : at + STRIP].astype(np.uint32) * (np.uint32(top) if premultiplied else seen)
        laid = np.minimum((above + beneath + np.uint32(top // 2)) // np.uint32(top), np.uint32(top))
        out[at : at + STRIP] = laid >> np.uint32(shift)
    return out


def _but_for_grey(grey: NDArray[Any], data: bytes) -> NDArray[Any]:
    """Alpha (H, W) of a grey PNG with one transparent grey, which OpenCV does not look at."""
    top = np.iinfo(grey.dtype).max
    alpha = np.full(grey.shape, top, dtype=grey.dtype)
    at = data.find(b"\x00\x00\x00\x02tRNS")
    if at >= 0:
        key, depth = struct.unpack_from(">H", data, at + 8)[0], data[24]
        alpha[grey == (key if depth >= 8 else key * 255 // (2**depth - 1))] = 0
    return alpha
