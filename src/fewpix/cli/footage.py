"""What a camera saw, on the command line of `fewpix adapt --camera`: pictures, crops or a video file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fewpix.cli.detect_options import faint_detector
from fewpix.cli.output import progress
from fewpix.cli.video_options import FrameOptions, length
from fewpix.counted import counted
from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.errors import ConfigError, InputError, NoFaceError

if TYPE_CHECKING:
    from fewpix.identify.learning import Reservoir
    from fewpix.video import Counts

STUDENT = "fewpix-s"
"""The student that is adapted when nothing is said."""


@dataclass(frozen=True)
class Footage:
    """The footage and how it is to be read, as it was given.

    Args:
        word: a folder, a picture or a video file.
        model: a student, or "auto"; None for the default.
        crops: every picture is an aligned crop.
        skip_bad: leave pictures out that cannot be used.
        frames: of a video, which frames are looked at.
    """

    word: str
    model: str | None
    crops: bool
    skip_bad: bool
    frames: FrameOptions

    @property
    def video(self) -> bool:
        """Whether it is one."""
        from fewpix.video.source import is_video

        return is_video(self.word)

    def check(self) -> None:
        """Refuse what cannot be read, before anything takes its time.

        Raises:
            ConfigError: options of another kind of footage, or a stream, which has no end.
            InputError: there is nothing of this name.
        """
        if not self.video:
            if self.frames.given:
                raise ConfigError("--every, --fps, --start and --end are for videos", fix="leave them out")
            return
        if self.crops:
            raise ConfigError("the frames of a video are no crops", fix="leave out --crops")
        from fewpix.video.source import source_of

        if source_of(self.word).kind != "file":
            raise ConfigError(
                "a stream has no end, and a state is learned from all of the footage",
                fix="record a part of it, or learn while it runs with `fewpix identify --adapt`",
            )
        self.frames.thin()

    def read(self, reservoir: Reservoir, *, as_json: bool) -> Read:
        """Find the faces and give them to a reservoir.

        Raises:
            ImageError: a picture cannot be read; not with `skip_bad`.
            InputError: a video is damaged; not with `skip_bad`.
            InputError: nothing there, no video, or no frame of it can be decoded.
            NoFaceError: there is no face in any of it.
        """
        read = self._frames(reservoir, as_json) if self.video else self._pictures(reservoir, as_json)
        if not read.faces:
            raise NoFaceError(f"{self.word}: no face found in {read}", fix="name other footage")
        return read

    def _pictures(self, reservoir: Reservoir, as_json: bool) -> Read:
        from fewpix.cli.pictures import pictures_of
        from fewpix.detect import default_detector
        from fewpix.image.codec import read_image

        pictures, left_out = pictures_of(Path(self.word))
        detector = default_detector()
        found, failed = 0, []
        with progress("looking for faces", len(pictures), as_json=as_json) as bar:
            for n, path in enumerate(pictures, 1):
                try:
                    image = read_image(path)
                except InputError as error:
                    if not self.skip_bad:
                        raise
                    failed.append((path.as_posix(), str(error)))
                else:
                    found += reservoir.look(image, detector, path.as_posix())
                bar(n, note=counted(found, "face"))
        return Read(len(pictures) - len(failed), "picture", found, tuple(failed), left_out)

    def _frames(self, reservoir: Reservoir, as_json: bool) -> Read:
        from fewpix.video import open_video, source_of
        from fewpix.video.collect import collect
        from fewpix.video.reader import damage

        thin = self.frames.thin()
        reader = open_video(source_of(self.word), thin)
        with progress("looking for faces", length(reader), as_json=as_json) as bar:

            def advance(time: float) -> None:
                bar(round(time - thin.start), note=f"s of video, {counted(reservoir.seen, 'face')}")

            found = collect(reader, faint_detector(), reservoir, advance=advance)
        fault = damage(reader)
        if fault is not None and not self.skip_bad:
            raise fault
        return Read(reader.counts.looked, "frame", found, (), counts=reader.counts)


@dataclass(frozen=True)
class Read:
    """What was looked at.

    Args:
        looked: how many pictures or frames.
        unit: "picture", "crop" or "frame".
        faces: how many faces were found in them.
        failed: pictures that were left out, each with the reason.
        left_out: what is no picture.
        counts: of a video, what became of its frames.
    """

    looked: int
    unit: str
    faces: int
    failed: tuple[tuple[str, str], ...]
    left_out: LeftOut = NOTHING
    counts: Counts | None = None

    def __str__(self) -> str:
        if self.counts is not None and self.counts.lost:
            return str(self.counts)
        return counted(self.looked, self.unit)
