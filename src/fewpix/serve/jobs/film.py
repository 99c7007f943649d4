"""A film as a job: followed and named as `fewpix identify FILM` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fewpix.errors import InputError
from fewpix.gallery.store import Gallery
from fewpix.identify.rule import Rule
from fewpix.serve.database import Office
from fewpix.serve.events.hub import Hub
from fewpix.serve.events.record import Origin
from fewpix.serve.events.telling import Teller
from fewpix.serve.galleries import Collections
from fewpix.serve.inference import Inference, Sight
from fewpix.serve.jobs import lines
from fewpix.serve.jobs.task import FILM, Task
from fewpix.serve.naming import AtDesk
from fewpix.serve.settings import Limits
from fewpix.video.attention import WAIT
from fewpix.video.counts import Counts
from fewpix.video.early import Event
from fewpix.video.frame import Frame
from fewpix.video.open import open_video
from fewpix.video.packets import Opened
from fewpix.video.pipeline import SHORTEST, VideoIdentifier
from fewpix.video.pipeline import Sight as Seen
from fewpix.video.reader import damage
from fewpix.video.result import IdentifiedTrack
from fewpix.video.source import Source, source_of
from fewpix.video.thin import Thin

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,gif,h264,hevc,m4v,mjpeg,"
    "dhav"
)
"""FFmpeg's formats that are read. Others, such as playlists, can name files and addresses of the service."""


@dataclass(frozen=True)
class FilmOptions:
    """How a film is looked at; fields as the options of `fewpix identify`, without `keep`.

    Args:
        fpir: the rate to name by.
        threshold: the score to name by.
        top: candidates of a track.
        photos: compare with every photo.
        matched: as in `Identifier`.
        every: one of so many frames.
        fps: frames a second at most.
        start: seconds.
        end: seconds.
        gap: seconds that a face may be away.
        shortest: frames that make a track.
        wait: seconds that a new small face may wait.
        every_pixel: search every frame completely.
        events: tell of tracks while they are there, too.
        keep: keep the film as long as the job.
        store_crops: keep tracks as events, with their best sights.
        store_templates: keep tracks as events, with the templates of whom is named or unknown.
    """

    fpir: float | None = None
    threshold: float | None = None
    top: int = 3
    photos: bool = False
    matched: bool | None = None
    every: int = 1
    fps: float | None = None
    start: float = 0.0
    end: float | None = None
    gap: float = 1.0
    shortest: int = SHORTEST
    wait: float = WAIT
    every_pixel: bool = False
    events: bool = False
    keep: bool = False
    store_crops: bool = False
    store_templates: bool = False

    @property
    def stores(self) -> bool:
        """Whether tracks are kept as events, as those of cameras are."""
        return self.store_crops or self.store_templates

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    def thin(self) -> Thin:
        """Which frames are looked at; errors as `Thin`."""
        return Thin(self.every, self.fps, self.start, self.end)

    def rule(self, sight: Sight) -> Rule:
        """By which rule tracks are named; errors as `Models.rule`."""
        return sight.models.rule(fpir=self.fpir, threshold=self.threshold)


def source(path: Path, name: str) -> Source:
    """A film that came from outside: only this one file is read, whatever it says."""
    kept = (("protocol_whitelist", "file"), ("format_whitelist", FORMATS))
    return replace(source_of(path), name=name, options=kept)


def check(path: Path, name: str, most_pixels: int) -> None:
    """Refuse what is no film, or one of too large frames, before it waits in the queue.

    Raises:
        InputError: it is.
        UnavailableError: PyAV is not installed.
    """
    Opened(source(path, name), Counts(), most_pixels).close()


class Films:
    """Does jobs of the kind "video".

    Args:
        limits: of the service.
        inference: the models.
        collections: of the service.
        office: the service's own file.
        hub: of the events.
    """

    def __init__(
        self, limits: Limits, inference: Inference, collections: Collections, office: Office, hub: Hub
    ) -> None:
        self._limits, self._inference = limits, inference
        self._collections, self._office, self._hub = collections, office, hub

    def __call__(self, task: Task) -> Mapping[str, Any]:
        """Follow the faces of a film, and tell each track when it has ended.

        Raises:
            InputError: nothing of it can be read.
            ProblemError: the collection is gone, or a frame holds too many faces.
        """
        sight, job = self._inference.sight, task.job
        options = FilmOptions(**job.options)
        rule = options.rule(sight)
        namer = AtDesk(
            *(sight, sight.watching(), self._collections, job.collection, task.loop, self._office, rule),
            top=options.top,
            photos=options.photos,
            matched=options.matched,
        )

        def tell(some: Sequence[Event | IdentifiedTrack]) -> None:
            """Write lines at the desk, so that nobody is removed in between."""

            def write(gallery: Gallery) -> None:
                told = [lines.told(gallery, each.to_json()) for each in some]
                self._office.do(lambda database: lines.add(database, job.number, told))

            namer.at_desk(write)
            task.progress.lines += len(some)

        teller = Teller(
            Origin("", job.collection, options.store_crops, options.store_templates, job.id),
            lambda seconds: job.created + seconds,
            *(namer, self._office, self._hub),
            lambda verdict: None,
        )
        identifier = VideoIdentifier(
            namer,
            gap=options.gap,
            shortest=options.shortest,
            wait=None if options.every_pixel else options.wait,
            tell=(lambda event: tell([event])) if options.events else None,
        )
        film = source(task.folder / FILM, job.name)
        reader = open_video(film, options.thin(), most_pixels=self._limits.pixels)
        task.progress.length = reader.duration

        def watch(frame: Frame, sights: Sequence[Seen]) -> None:
            task.progress.frames += 1
            task.progress.seconds = max(0.0, frame.time - options.start)

        tracks = 0
        for ended in identifier.steps(reader, watch=watch, stop=task.stop):
            tracks += len(ended)
            if ended:
                tell(ended)
            for track in ended if options.stores else ():
                teller.ended(track)
        fault: InputError | None = damage(reader)
        return {
            "tracks": tracks,
            "left_out": identifier.left_out,
            "frames": reader.counts.to_json(),
            "error": None if fault is None else fault.what,
            "threshold": rule.threshold,
            "fpir": rule.fpir,
            "why": rule.why or None,
        }
