"""What the compression of a whole picture does to one face in it: pure functions like those of `ops`.

The blocks of a compressed picture lie anywhere relative to the face. Therefore the crop is put into a larger
picture first, `left` and `top` pixels from its first block, with its own mirror image around it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.degrade.ops import jpeg, need, side_of
from fewpix.image.resize import Crop

MACROBLOCK = 16
"""Side of the blocks that colour at half resolution is coded in, in pixels."""

BLOCK = 4
# Rounding towards zero, as encoders do for coefficients that are cheaper to drop (a deadzone of H.264).
ROUNDING = 1 / 3


def photo_jpeg(crop: Crop, quality: int, left: int, top: int) -> Crop:
    """Compress as part of a JPEG picture, colour at half resolution (4:2:0).

    Args:
        crop: (s, s, 3) uint8 BGR.
        quality: 1 to 100.
        left: of the crop's first column in its block of 16, 0 to 15.
        top: of its first row, likewise.
    """
    picture = _surround(crop, left, top)
    return _cut(jpeg(picture, quality), crop, left, top)


def video_frame(crop: Crop, qp: int, left: int, top: int) -> Crop:
    """Compress as a frame of H.264 at the quantiser `qp` would be: blocks of 4, one step for all frequencies.

    A stand-in and no encoder: there is no prediction over time, and that from neighbouring blocks is left
    out, since what is lost is the same rounding of the coefficients. The step is 0.625·2^(qp/6), as in the
    standard (ITU-T H.264, 8.5.9); colour at half resolution; block edges are smoothed as the in-loop filter
    does.

    Args:
        crop: (s, s, 3) uint8 BGR.
        qp: 0 to 51; cameras use 22 to 38.
        left: of the crop's first column in its block of 16, 0 to 15.
        top: of its first row, likewise.
    """
    need(0 <= qp <= 51, "qp", qp, "must be 0 to 51")
    picture = _surround(crop, left, top)
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb).astype(np.float32)
    quantiser = np.float32(0.625 * 2 ** (qp / 6))
    luma = _smooth_edges(_quantise(planes[..., 0], quantiser), quantiser)
    half = (picture.shape[0] // 2,) * 2
    whole = [luma]
    for n in (1, 2):
        small = np.asarray(cv2.resize(planes[..., n], half, interpolation=cv2.INTER_AREA), dtype=np.float32)
        small = _smooth_edges(_quantise(small, quantiser), quantiser)
        whole.append(np.asarray(cv2.resize(small, luma.shape, interpolation=cv2.INTER_LINEAR), np.float32))
    back = np.clip(np.rint(np.stack(whole, axis=2)), 0, 255).astype(np.uint8)
    return _cut(np.asarray(cv2.cvtColor(back, cv2.COLOR_YCrCb2BGR), dtype=np.uint8), crop, left, top)


def _surround(crop: Crop, left: int, top: int) -> Crop:
    """The crop inside a square of whole blocks."""
    side = side_of(crop)
    for name, value in (("left", left), ("top", top)):
        need(0 <= value < MACROBLOCK, name, value, f"must be 0 to {MACROBLOCK - 1}")
    whole = -(-(side + max(left, top)) // MACROBLOCK) * MACROBLOCK
    kind = cv2.BORDER_REFLECT
    edges = (top, whole - side - top, left, whole - side - left)
    return np.asarray(cv2.copyMakeBorder(crop, *edges, kind), dtype=np.uint8)


def _cut(picture: Crop, crop: Crop, left: int, top: int) -> Crop:
    side = crop.shape[0]
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def cosines(side: int) -> NDArray[np.float32]:
    """(side, side) the orthonormal DCT-II, one frequency a row."""
    rows = np.arange(side)[:, None]
    table = np.cos(math.pi * rows * (2 * np.arange(side) + 1) / (2 * side)) * math.sqrt(2 / side)
    table[0] /= math.sqrt(2)
    return table.astype(np.float32)


_DCT = cosines(BLOCK)


def _quantise(plane: NDArray[np.float32], quantiser: np.float32) -> NDArray[np.float32]:
    """The plane with the frequencies of its blocks rounded to whole steps."""
    count = plane.shape[0] // BLOCK
    blocks = plane.reshape(count, BLOCK, count, BLOCK).transpose(0, 2, 1, 3)
    steps = _DCT @ blocks @ _DCT.T / quantiser
    whole = np.sign(steps) * np.floor(np.abs(steps) + np.float32(ROUNDING))
    whole[..., 0, 0] = np.rint(steps[..., 0, 0])
    back = _DCT.T @ (whole * quantiser) @ _DCT
    return np.ascontiguousarray(back.transpose(0, 2, 1, 3).reshape(plane.shape))


def _smooth_edges(plane: NDArray[np.float32], quantiser: np.float32) -> NDArray[np.float32]:
    """Small jumps between blocks are halved on both sides; larger ones are edges of the picture and stay."""
    out = plane.copy()
    for turned in (out, out.T):
        before, after = turned[BLOCK - 1 : -1 : BLOCK], turned[BLOCK::BLOCK]
        jump = np.where(np.abs(after - before) < 2 * quantiser, after - before, 0) / 4
        before += jump
        after -= jump
    return out


def crispen(crop: Crop, amount: float) -> Crop:
    """Sharpen with a Laplacian of 3×3 pixels: x + amount·(x − the mean of its four neighbours), clipped.

    Args:
        crop: (s, s, 3) uint8 BGR.
        amount: 0 or more; 0 changes nothing.
    """
    side_of(crop)
    need(0 <= amount < math.inf, "amount", amount, "must be finite and at least 0")
    kernel = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], np.float32) * np.float32(amount / 4)
    kernel[1, 1] += 1
    return np.asarray(cv2.filter2D(crop, -1, kernel, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)
