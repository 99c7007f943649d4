"""The faces of a video's frames, each with the track that it belongs to."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from fewpix.identify.faces import Finder, Found
from fewpix.video.attention import WAIT, looking
from fewpix.video.frame import Frame
from fewpix.video.reader import Reader
from fewpix.video.tracker import Tracker


@dataclass(frozen=True, eq=False)
class Followed:
    """What a frame brought.

    Args:
        frame: that was looked at.
        faces: all that were found, each with its track; None for one that belongs to none.
        ended: tracks that end here, in the order in which they began.
    """

    frame: Frame
    faces: Sequence[tuple[Found, int | None]]
    ended: tuple[int, ...]


def follow(reader: Reader, detector: Finder, tracker: Tracker) -> Generator[Followed]:
    """Look at the frames as `identify` does, and follow the faces.

    Tracks that last to the end stay in the tracker.

    Args:
        reader: of the video; it is closed at the end.
        detector: finds faces.
        tracker: follows them.
    """
    eyes = looking(detector, WAIT)
    try:
        for frame in reader.frames():
            if frame is None:
                continue
            ended = tracker.see(frame.image.shape)
            faces = eyes.faces(frame.image, frame.time, tracker.expected(frame.time))
            step = tracker.follow(faces, frame.time)
            yield Followed(frame, list(zip(faces, step.ids, strict=True)), (*ended, *step.ended))
    finally:
        reader.close()
