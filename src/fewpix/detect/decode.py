"""From what YuNet computes over a grid to boxes, points and scores.

The network answers at every cell of three grids, of 8, 16 and 32 pixels. Per cell: two confidences, a box and
five points, measured in cells from the cell's corner, and so from the edge of its first pixel: half a pixel
is taken off the points, since a place is told from the centres of pixels (`fewpix.image.places`). Boxes stay
as they are. The score is the geometric mean of the confidences, as
in the paper's code and in OpenCV's `FaceDetectorYN`, with which the tests compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

STRIDES = (8, 16, 32)
"""Pixels per cell; a picture's sides must be multiples of the largest."""

HEADS = ("cls", "obj", "bbox", "kps")
OUTPUTS = tuple(f"{head}_{stride}" for head in HEADS for stride in STRIDES)
"""Names of the network's outputs."""

OVERLAP = 0.3
"""Of two boxes of one picture and scale that overlap by more, the better one stays."""

Rows = NDArray[np.float32]
"""(N, 15): box x, y, width, height; five points x, y; score."""


def decode(outputs: Mapping[str, NDArray[np.float32]], width: int, min_score: float) -> list[Rows]:
    """The faces of each picture of a batch, by falling score, one row per face.

    Args:
        outputs: `OUTPUTS`, each (B, cells of the grid row by row, values).
        width: of the pictures, in pixels.
        min_score: rows below are not given.
    """
    batch = len(outputs[OUTPUTS[0]])
    return [
        _best(np.concatenate([_grid(outputs, n, s, width, min_score) for s in STRIDES])) for n in range(batch)
    ]


def _grid(
    outputs: Mapping[str, NDArray[np.float32]], n: int, stride: int, width: int, min_score: float
) -> Rows:
    """The rows of one picture on one grid."""
    sure, there = (np.clip(outputs[f"{head}_{stride}"][n, :, 0], 0, 1) for head in ("cls", "obj"))
    scores = np.sqrt(sure * there)
    (cells,) = np.nonzero(scores >= min_score)
    corner = np.stack([cells % (width // stride), cells // (width // stride)], axis=1)
    box, points = outputs[f"bbox_{stride}"][n, cells], outputs[f"kps_{stride}"][n, cells]
    rows = np.empty((len(cells), 15), np.float32)
    # A box is its centre and the logarithm of its size; where that overflows, the row is dropped below.
    with np.errstate(over="ignore"):
        rows[:, 2:4] = np.exp(box[:, 2:4]) * stride
    rows[:, :2] = (box[:, :2] + corner) * stride - rows[:, 2:4] / 2
    rows[:, 4:14] = (points + np.tile(corner, 5)) * stride - 0.5
    rows[:, 14] = scores[cells]
    return rows[np.isfinite(rows).all(axis=1) & (rows[:, 2:4] > 0).all(axis=1)]


def _best(rows: Rows) -> Rows:
    """The rows that no better one overlaps."""
    if len(rows) < 2:
        return rows
    kept = cv2.dnn.NMSBoxes(rows[:, :4].astype(np.float64).tolist(), rows[:, 14].tolist(), 0.0, OVERLAP)
    return rows[np.asarray(kept, dtype=np.intp).ravel()]
