"""A video in, its tracks with their candidates out, one after the other as they end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, FewpixError
from fewpix.identify.faces import EmbeddedFace, Finder, Found
from fewpix.identify.learning import StateLearner
from fewpix.identify.pipeline import IdentifiedFace
from fewpix.video.attention import WAIT, looking
from fewpix.video.early import LOOKS, SHARE, Event
from fewpix.video.frame import Frame
from fewpix.video.reader import Reader
from fewpix.video.result import Early, IdentifiedTrack
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


class Namer(Protocol):
    """What finds faces and names templates; `fewpix.identify.pipeline.Identifier` does.

    Attributes:
        encoder: embeds faces; may be replaced by the same one under another state.
        detector: finds faces; None for none.
        threshold: what decides, if it is one threshold for all.
        fpir: what decides, if it is a rate.
    """

    encoder: Encoder

    @property
    def detector(self) -> Finder | None: ...  # noqa: D102

    @property
    def threshold(self) -> float | None: ...  # noqa: D102

    @property
    def fpir(self) -> float | None: ...  # noqa: D102

    def named(self, faces: Sequence[EmbeddedFace], *, share: float = 1.0) -> Sequence[IdentifiedFace]:
        """See `Identifier.named`."""
        ...

    def keeps(self, face: EmbeddedFace, share: float) -> bool:
        """See `Identifier.keeps`."""
        ...


class VideoIdentifier:
    """Follows the faces of a video and searches for each of them once, when its track has ended.

    Memory is bounded by how many faces are in the picture, not by how long the video is.

    Args:
        identifier: detector, encoder, gallery and threshold; the decision is the one for photographs.
        gap: seconds that a face may be away for before its track ends.
        shortest: frames with a face that make a track; shorter ones are counted and left out.
        start_score: a face with a lower score continues tracks, but begins none.
        wait: seconds that a new small face may wait until it is looked for; see `Attention`. None to search
            every frame completely, as is done with a detector that has a budget.
        learner: learns the camera's FaceBN state from the faces; None to stay as it is.
        tell: told of tracks when they are seen, and when somebody is named before their track has ended; all
            looks together keep the rate, see `fewpix.video.early`. None for last decisions only.

    Raises:
        ConfigError: an argument is out of range, or the identifier has no detector.
    """

    def __init__(
        self,
        identifier: Namer,
        *,
        gap: float = 1.0,
        shortest: int = SHORTEST,
        start_score: float = 0.6,
        wait: float | None = WAIT,
        learner: StateLearner | None = None,
        tell: Callable[[Event], object] | None = None,
    ) -> None:
        if identifier.detector is None:
            raise ConfigError("the frames of a video are no crops", fix="leave out --crops")
        if shortest < 1:
            raise ConfigError(f"--shortest must be at least 1, not {shortest}")
        self.identifier = identifier
        self.left_out = 0
        self._tracker = Tracker(gap, start_score)
        self._eyes = looking(identifier.detector, wait)
        self._shortest, self._learner = shortest, learner
        self._tracks: dict[int, Track] = {}
        self._so_far: dict[int, tuple[int, IdentifiedTrack]] = {}
        self._told = tell
        self._looks: dict[int, int] = {}
        self._spent: dict[int, float] = {}
        self._early: dict[int, Early] = {}
        self._path = ""
        self._size: tuple[int, ...] = ()
        self._began: float | None = None

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
        for ended in self.steps(reader, watch=watch, stop=stop):
            yield from ended

    def steps(
        self, reader: Reader, *, watch: Watch | None = None, stop: threading.Event | None = None
    ) -> Iterator[list[IdentifiedTrack]]:
        """As `run`, for whoever has several videos to look at in turns.

        Yields:
            After every frame, and whenever none came for a while, the tracks that ended with it.
        """
        self._path = reader.name
        self._began = time.monotonic() if reader.live else None
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
                    yield list(self._ended(self._tracker.pass_time(at + time.monotonic() - came)))
                    continue
                at, came = frame.time, time.monotonic()
                ended = list(self._ended(self._tracker.see(frame.image.shape)))
                yield ended + list(self._ended(self._look(frame, watch)))
        finally:
            reader.close()
        yield list(self._ended(self._tracker.finish()))
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
        faces = self._found(frame)
        step = self._tracker.follow(faces, frame.time)
        sights = []
        for face, number in zip(faces, step.ids, strict=True):
            if number is None:
                continue
            track = self._tracks.setdefault(number, Track(number, frame.time))
            track.add(frame.image, face, frame.time, self.identifier.encoder)
            sights.append(Sight(box_of(face), track))
            if self._told is not None:
                self._look_early(track, box_of(face), self._told)
            if self._learner is not None:
                self._learner.see(frame.image, face, number, frame.time)
        if self._learner is not None:
            self.identifier.encoder = self._learner.encoder
        if watch is not None:
            watch(frame, sights)
        return step.ended

    def _found(self, frame: Frame) -> Sequence[Found]:
        """The faces of a frame; at which scales they are looked for is told when frames change their size."""
        faces = self._eyes.faces(frame.image, frame.time, self._tracker.expected(frame.time))
        searched, size = self._eyes.searched, frame.image.shape[:2]
        if searched is not None and size != self._size:
            self._size = size
            scales = ", ".join(f"{scale:.3g}" for scale in searched.scales)
            log.info("frames of %d x %d px: faces are looked for at the scales %s", *size[::-1], scales)
        return faces

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
            for kept in (self._early, self._looks, self._spent):
                kept.pop(number, None)

    def _look_early(self, track: Track, box: Box, tell: Callable[[Event], object]) -> None:
        """Tell of a track that is long enough, and name it when it is time to look and the rate allows."""

        def told(kind: Literal["seen", "named"], found: IdentifiedTrack | None = None) -> None:
            clock = self._clock(track.last)
            tell(Event(kind, self._path, track.number, track.last, clock, box, found))

        if track.frames == self._shortest:
            told("seen")
        number, made = track.number, self._looks.get(track.number, 0)
        if track.frames < self._shortest or number in self._early or made == len(LOOKS):
            return
        samples = of_one_encoder(tuple(track.best), self.identifier.encoder)
        if len(samples) < LOOKS[made]:
            return
        self._looks[number] = made + 1
        if self.identifier.keeps(template(samples, self.identifier.encoder), SHARE):
            self._spent[number] = self._spent.get(number, 0.0) + SHARE
            found = self._identified(track, SHARE)
            if found.face.decision is not None:
                told("named", found)
                self._early[number] = Early(found.face.decision, track.last)

    def _clock(self, seconds: float) -> str | None:
        """UTC of a time in a live stream, by the clock as it is set now; None in a file."""
        if self._began is None:
            return None
        ago = timedelta(seconds=time.monotonic() - self._began - seconds)
        return (datetime.now(UTC) - ago).isoformat(timespec="milliseconds")

    def _identified(self, track: Track, share: float | None = None) -> IdentifiedTrack:
        """Who it may be, by a share of the rate, or by what is left of it."""
        if share is None:
            share = 1 - self._spent.get(track.number, 0.0)
        samples = of_one_encoder(tuple(track.best), self.identifier.encoder)
        embedded = template(samples, self.identifier.encoder)
        (face,) = self.identifier.named([embedded], share=share)
        return IdentifiedTrack(
            path=self._path,
            track=track.number,
            first=track.first,
            last=track.last,
            clock=self._clock(track.first),
            frames=track.frames,
            boxes=tuple(track.boxes),
            face=face,
            state_id=embedded.state_id,
            sights=embedded.sights,
            samples=samples,
            threshold=self.identifier.threshold,
            fpir=self.identifier.fpir,
            template=embedded,
            early=self._early.get(track.number),
        )
