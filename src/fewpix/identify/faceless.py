"""Whether a picture that is given as an aligned crop shows a face at all."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from fewpix.detect.yunet import YuNet, installed_yunet
from fewpix.errors import UnavailableError
from fewpix.image.codec import Image

FACE_FROM = 0.4
"""Score of the detector below which a crop is told to show no face. Of 264 aligned faces at 112, 64 and 48 px
none was below 0.65; of 265 pictures of noise, textures and walls none was above 0.16 (docs/decisions.md)."""

_SIDE = 160
_BORDER = 0.25
"""Of the crop's side, on each side: aligned faces fill their crop, and the detector wants some room."""

_WIDTHS = (0.2, 0.8)
_OFF_CENTRE = 0.2


def is_faceless(crop: Image) -> bool:
    """Whether the detector sees no face where an aligned crop has its own; never without the detector.

    Args:
        crop: (s, s, 3) uint8 BGR.
    """
    network = _network()
    if network is None:
        return False
    border = round(_BORDER * crop.shape[0])
    around = cv2.copyMakeBorder(
        crop, border, border, border, border, cv2.BORDER_CONSTANT, value=(128, 128, 128)
    )
    smaller = around.shape[0] > _SIDE
    wanted = cv2.resize(around, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    for row in network.find(np.asarray(wanted, dtype=np.uint8)):
        x, y, width, height = (float(value) / _SIDE for value in row[:4])
        central = max(abs(x + width / 2 - 0.5), abs(y + height / 2 - 0.5)) < _OFF_CENTRE
        if central and _WIDTHS[0] < width < _WIDTHS[1]:
            return False
    return True


@cache
def _network() -> YuNet | None:
    """The detector; None where its package is not installed, which crops need for nothing else."""
    try:
        return installed_yunet(FACE_FROM, threads=1)
    except UnavailableError:
        return None
