"""The faces of a video, for learning its camera's FaceBN state after all of it was seen."""

from __future__ import annotations

from collections.abc import Callable

from fewpix.identify.faces import Finder
from fewpix.identify.learning import Reservoir
from fewpix.video.reader import Reader
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
    tracker, found = Tracker(), 0
    try:
        for frame in reader.frames():
            if frame is None:
                continue
            ended = tracker.see(frame.image.shape)
            faces = detector.detect(frame.image)
            found += len(faces)
            step = tracker.follow(faces, frame.time)
            for face, track in zip(faces, step.ids, strict=True):
                if track is not None:
                    reservoir.see(frame.image, face, track=track, time=frame.time)
            for track in (*ended, *step.ended):
                reservoir.forget(track)
            advance(frame.time)
    finally:
        reader.close()
    return found
