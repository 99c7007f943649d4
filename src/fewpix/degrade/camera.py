"""What a camera's own processing does to one crop: pure functions like those of `ops`.

None of them is in the training mixture: they are for testing on what was never trained on.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from fewpix.degrade.ops import LEVELS, defocus, look_up, need, side_of, table
from fewpix.image.resize import Crop

INFRARED = (-0.15, 0.3, 0.85)
"""Weights of blue, green and red in `infrared`; their sum is 1, so that grey stays grey."""


def sharpen(crop: Crop, amount: float, radius: float) -> Crop:
    """Unsharp masking: x + amount·(x − x blurred by a disc), rounded and clipped.

    With an amount above about 1 it leaves bright and dark rims beside edges, the ringing of cameras that
    sharpen what their lens has lost.

    Args:
        crop: (s, s, 3) uint8 BGR.
        amount: 0 or more; 0 changes nothing.
        radius: of the disc in pixels, 0 or more; up to half a pixel it changes nothing.
    """
    need(0 <= amount < math.inf, "amount", amount, "must be finite and at least 0")
    values = crop.astype(np.float32)
    edges = values - defocus(crop, radius)
    return np.clip(np.rint(values + np.float32(amount) * edges), 0, 255).astype(np.uint8)


def interlace(crop: Crop, dx: float) -> Crop:
    """Two fields that were taken one after the other: every second row lies `dx` pixels further right.

    The rows are moved by linear interpolation, borders are replicated; the first row stays.

    Args:
        crop: (s, s, 3) uint8 BGR.
        dx: how far the face moved from one field to the next, in pixels; negative is to the left.
    """
    side_of(crop)
    need(math.isfinite(dx), "dx", dx, "must be finite")
    out = crop.copy()
    place = np.clip(np.arange(crop.shape[1]) - dx, 0, crop.shape[1] - 1)
    left = np.floor(place).astype(np.int64)
    right = np.minimum(left + 1, crop.shape[1] - 1)
    share = (place - left).astype(np.float32)[None, :, None]
    rows = crop[1::2].astype(np.float32)
    moved = rows[:, left] * (1 - share) + rows[:, right] * share
    out[1::2] = np.rint(moved).astype(np.uint8)
    return out


def infrared(crop: Crop) -> Crop:
    """What a near-infrared night camera's file looks like, as far as a colour picture can tell.

    One channel in all three, from red for the most part and from blue negatively, then a tone curve with
    exponent 0.7: skin gets bright and lips pale, blue gets dark. True infra-red reflectance is not in a
    colour picture; this is a stand-in, and said to be one.
    """
    side_of(crop)
    weights = np.array(INFRARED, dtype=np.float32)
    mono = np.clip(np.rint(crop.astype(np.float32) @ weights), 0, 255).astype(np.uint8)
    toned = look_up(mono, table(255.0 * (LEVELS / 255.0) ** 0.7))
    return np.asarray(cv2.cvtColor(toned, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
