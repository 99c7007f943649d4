"""The faces of a video, for learning its camera's FaceBN state after all of it was seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fewpix.identify.faces import Finder
from fewpix.identify.reservoir import Reservoir
from fewpix.video.reader import Reader
from fewpix.video.sample import box_of
from fewpix.video.spacing import SpacedFaces
from fewpix.video.tracker import Tracker

FAINT_SCORE = 0.45
"""Least score of a face that continues a track; one that begins a track needs the detector's usual 0.6."""


def collect(
    reader: Reader,
    detector: Finder,
    reservoir: Reservoir,
    *,
    advance: Callable[[float], object] = lambda time: None,
) -> int:
    """Follow the faces of a video and give them to a reservoir, few of each track.

    Args:
        reader: of the video; it is closed at the end.
        detector: finds faces; those that belong to no track are left out.
        reservoir: where they go.
        advance: told the time of every frame, in seconds.

    Returns:
        How many faces were found in all frames.
    """
    tracker, faces, found = Tracker(), SpacedFaces(reservoir), 0
    try:
        for frame in reader.frames():
            if frame is None:
                continue
            for ended in tracker.see(frame.image.shape):
                faces.forget(ended)
            seen = detector.detect(frame.image)
            found += len(seen)
            boxes = np.array([box_of(face) for face in seen], dtype=np.float64).reshape(-1, 4)
            step = tracker.step(boxes, [face.score for face in seen], frame.time)
            for face, number in zip(seen, step.ids, strict=True):
                if number is not None:
                    faces.see(frame.image, face, number, frame.time)
            for number in step.ended:
                faces.forget(number)
            advance(frame.time)
    finally:
        reader.close()
    return found
