"""The faces of a video, for learning its camera's FaceBN state after all of it was seen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from fewpix.identify.faces import Finder
from fewpix.identify.learning import Reservoir
from fewpix.video.follow import follow
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
    found = 0
    with closing(follow(reader, detector, Tracker())) as frames:
        for seen in frames:
            found += len(seen.faces)
            for face, track in seen.faces:
                if track is not None:
                    reservoir.see(seen.frame.image, face, track=track, time=seen.frame.time)
            for track in seen.ended:
                reservoir.forget(track)
            advance(seen.frame.time)
    return found
