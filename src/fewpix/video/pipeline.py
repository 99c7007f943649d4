"""A video in, its tracks with their candidates out, one after the other as they end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fewpix.errors import ConfigError, FewpixError
from fewpix.identify.faces import Found, Searcher
from fewpix.identify.learning import StateLearner
from fewpix.identify.pipeline import Identifier
from fewpix.image.codec import Image
from fewpix.video.frame import Frame
from fewpix.video.reader import Reader
from fewpix.video.result import IdentifiedTrack
from fewpix.video.sample import box_of
from fewpix.video.template import of_one_encoder, template
from fewpix.video.track import Box, Track
from fewpix.video.tracker import Tracker

log = logging.getLogger("fewpix")

SHORTEST = 2
"""Frames with a face that make a track; what is seen once only is as often a false alarm as a face."""

_OFTEN = 64
"""Frames after which a track that still grows is looked up anew, however long it is."""


@dataclass(frozen=True, eq=False)
class Sight:
    """A face in the frame that was just looked at.

    Args:
        box: x, y, width, height in pixels.
        track: the track it belongs to, still growing.
    """

    box: Box
    track: Track


Watch = Callable[[Frame, Sequence[Sight]], None]
"""Told of every frame with the faces in it, after the tracks were updated."""


class VideoIdentifier:
    """Follows the faces of a video and searches for each of them once, when its track has ended.

    Memory is bounded by how many faces are in the picture, not by how long the video is.

    Args:
        identifier: detector, encoder, gallery and threshold; the decision is the one for photographs.
        gap: seconds that a face may be away for before its track ends.
        shortest: frames with a face that make a track; shorter ones are counted and left out.
        start_score: a face with a lower score continues tracks, but begins none.
        learner: learns the camera's FaceBN state from the faces; None to stay as it is.

    Raises:
        ConfigError: an argument is out of range, or the identifier has no detector.
    """

    def __init__(
        self,
        identifier: Identifier,
        *,
        gap: float = 1.0,
        shortest: int = SHORTEST,
        start_score: float = 0.6,
        learner: StateLearner | None = None,
    ) -> None:
        if identifier.detector is None:
            raise ConfigError("the frames of a video are no crops", fix="leave out --crops")
        if shortest < 1:
            raise ConfigError(f"--shortest must be at least 1, not {shortest}")
        self.identifier = identifier
        self.left_out = 0
        self._detector = identifier.detector
        self._tracker = Tracker(gap, start_score)
        self._shortest, self._learner = shortest, learner
        self._tracks: dict[int, Track] = {}
        self._so_far: dict[int, tuple[int, IdentifiedTrack]] = {}
        self._path = ""
        self._size: tuple[int, ...] = ()
        self._began: datetime | None = None

    def run(
        self, reader: Reader, *, watch: Watch | None = None, stop: threading.Event | None = None
    ) -> Iterator[IdentifiedTrack]:
        """The tracks in the order in which they end; those that last to the end come last.

        Args:
            reader: of the video; it is closed at the end.
            watch: told of every frame.
            stop: when set, the tracks so far are ended, and that is all.

        Raises:
            InputError: a live stream stayed away; all tracks have been given before.
        """
        self._path = reader.name
        self._began = datetime.now(UTC) if reader.live else None
        failure: FewpixError | None = None
        frames, at, came = reader.frames(), 0.0, time.monotonic()
        try:
            while stop is None or not stop.is_set():
                try:
                    frame = next(frames)
                except StopIteration:
                    break
                except FewpixError as error:  # told when what was seen before has been given
                    failure = error
                    break
                if frame is None:
                    yield from self._ended(self._tracker.pass_time(at + time.monotonic() - came))
                    continue
                at, came = frame.time, time.monotonic()
                yield from self._ended(self._tracker.see(frame.image.shape))
                yield from self._ended(self._look(frame, watch))
        finally:
            reader.close()
        yield from self._ended(self._tracker.finish())
        if failure is not None:
            raise failure

    def so_far(self, track: Track) -> IdentifiedTrack | None:
        """What is known of a track that still grows; looked up anew each time it has twice as many frames.

        None while it is too short to be one.
        """
        if track.frames < self._shortest:
            return None
        due, found = self._so_far.get(track.number, (0, None))
        if found is None or track.frames >= due:
            found = self._identified(track)
            self._so_far[track.number] = (min(2 * track.frames, track.frames + _OFTEN), found)
        return found

    def _look(self, frame: Frame, watch: Watch | None) -> tuple[int, ...]:
        """Take in one frame; the numbers of the tracks that end."""
        faces = self._found(frame.image)
        step = self._tracker.follow(faces, frame.time)
        sights = []
        for face, number in zip(faces, step.ids, strict=True):
            if number is None:
                continue
            track = self._tracks.setdefault(number, Track(number, frame.time))
            track.add(frame.image, face, frame.time, self.identifier.encoder)
            sights.append(Sight(box_of(face), track))
            if self._learner is not None:
                self._learner.see(frame.image, face, number, frame.time)
        if self._learner is not None:
            self.identifier.encoder = self._learner.encoder
        if watch is not None:
            watch(frame, sights)
        return step.ended

    def _found(self, image: Image) -> Sequence[Found]:
        """The faces of a frame; at which scales they are looked for is told when frames change their size."""
        if image.shape[:2] == self._size or not isinstance(self._detector, Searcher):
            return self._detector.detect(image)
        self._size, found = image.shape[:2], self._detector.search(image)
        scales = ", ".join(f"{scale:.3g}" for scale in found.scales)
        log.info("frames of %d x %d px: faces are looked for at the scales %s", *self._size[::-1], scales)
        return found.faces

    def _ended(self, numbers: Sequence[int]) -> Iterator[IdentifiedTrack]:
        for number in numbers:
            track = self._tracks.pop(number)
            self._so_far.pop(number, None)
            if self._learner is not None:
                self._learner.forget(number)
            if track.frames < self._shortest:
                self.left_out += 1
            else:
                yield self._identified(track)

    def _identified(self, track: Track) -> IdentifiedTrack:
        samples = of_one_encoder(tuple(track.best), self.identifier.encoder)
        embedded = template(samples, self.identifier.encoder)
        (face,) = self.identifier.named([embedded])
        clock = None
        if self._began is not None:
            clock = (self._began + timedelta(seconds=track.first)).isoformat(timespec="milliseconds")
        return IdentifiedTrack(
            path=self._path,
            track=track.number,
            first=track.first,
            last=track.last,
            clock=clock,
            frames=track.frames,
            boxes=tuple(track.boxes),
            face=face,
            state_id=embedded.state_id,
            samples=samples,
            threshold=self.identifier.threshold,
            fpir=self.identifier.fpir,
        )
