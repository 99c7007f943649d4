"""The second, closer look at what a search found: sure faces with good points stay."""

from __future__ import annotations

import math

import cv2
import numpy as np

from fewpix.detect.decode import Rows
from fewpix.detect.overlap import SAME, iou
from fewpix.detect.yunet import YuNet
from fewpix.image.codec import Image
from fewpix.image.places import resized

LOOKS = (64, 88)
"""Pixels to which the longer side of a find is scaled for the second look. YuNet's points are best at about
this size: on 174 photographs shrunk to faces 10 px wide, their median error in pixels of the 112 template
is 13 at the picture's own scale, 5.3 with the better of scales 1 and 2, and 3.1 as the mean of these two
looks; at 20 px 5.3, 3.7 and 2.7. More looks or more context gain no more than 0.2 and cost twice the
time."""

CONTEXT = 2.0
"""Side of the square of a look, as a multiple of the longer side of the find."""

TOGETHER = 16
"""Squares that the network sees in one pass."""


def look(network: YuNet, image: Image, finds: Rows) -> Rows:
    """The finds seen at both sizes: box and points are the means of the two, the score that of all three.

    The search's own score counts because false alarms that one sight is sure of are seldom sure in all three.

    Args:
        network: the one that made the finds.
        image: (H, W, 3) uint8 BGR.
        finds: (N, 15), in pixels of `image`.

    Returns:
        (M, 15) with M at most N, in the order of `finds`.
    """
    total = np.zeros_like(finds)
    for length in LOOKS:
        seen = np.zeros_like(finds)
        for start in range(0, len(finds), TOGETHER):
            part = slice(start, start + TOGETHER)
            seen[part] = _look(network, image, finds[part], length)
        there = seen[:, 14] > 0
        finds, total = finds[there], total[there] + seen[there]
    total[:, :14] /= len(LOOKS)
    total[:, 14] = (total[:, 14] + finds[:, 14]) / (len(LOOKS) + 1)
    return total


def _look(network: YuNet, image: Image, finds: Rows, length: int) -> Rows:
    """What is seen of each find when its longer side is scaled to `length`; a row of zeros for nothing."""
    side = round(CONTEXT * length)
    scales = length / finds[:, 2:4].max(axis=1)
    corners = finds[:, :2] + finds[:, 2:4] / 2 - (side / 2 / scales)[:, None]
    cuts = [
        _cut(image, float(left), float(top), float(scale), side)
        for (left, top), scale in zip(corners, scales, strict=True)
    ]
    out = np.zeros_like(finds)
    for n, rows in enumerate(network.find_each(cuts)):
        rows[:, 0:4] /= scales[n]
        rows[:, 0:2] += corners[n]
        points = resized(rows[:, 4:14].reshape(-1, 5, 2), 1 / float(scales[n]))
        rows[:, 4:14] = (points + corners[n]).reshape(-1, 10)
        same = iou(finds[n, :4], rows[:, :4])
        if len(same) and same.max() > SAME:
            out[n] = rows[same.argmax()]
    return out


def _cut(image: Image, left: float, top: float, scale: float, side: int) -> Image:
    """A square of `side` scaled pixels from (`left`, `top`), which are edges of pixels, not centres."""
    factor = max(1, math.ceil(1 / scale))  # sampled at the picture's own density, then averaged
    ratio, large = scale * factor, side * factor
    shift = ratio * 0.5 - 0.5
    matrix = np.array([[ratio, 0, shift - left * ratio], [0, ratio, shift - top * ratio]])
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    cut = cv2.warpAffine(image, matrix, (large, large), flags=method, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        cut = cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, dtype=np.uint8)
