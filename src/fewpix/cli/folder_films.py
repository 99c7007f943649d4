"""The films of a folder that `fewpix identify` is given, among its pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fewpix.cli.drawing import drawn_film
from fewpix.cli.film import Film, Outputs
from fewpix.cli.remedies import Remedies
from fewpix.cli.video_options import VideoOptions
from fewpix.errors import ConfigError, FewpixError, InputError
from fewpix.identify.pipeline import Identifier
from fewpix.video import Counts, IdentifiedTrack, open_video, source_of
from fewpix.video.packets import Opened
from fewpix.video.reader import damage


@dataclass(frozen=True)
class FilmEnd:
    """What is said when a film of a folder has ended: with its tracks it is known to be whole.

    Args:
        path: the file as it was named.
        tracks: how many were followed.
        left_out: sights that were too short to be one.
        counts: what became of its frames.
        error: what is wrong with it; None for nothing.
        text: the same for people.
    """

    path: str
    tracks: int
    left_out: int
    counts: Counts
    error: str | None
    text: str

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> Mapping[str, Any]:
        """The fields as JSON values, `frames` the counts by name."""
        return {
            "path": self.path,
            "tracks": self.tracks,
            "left_out": self.left_out,
            "frames": self.counts.to_json(),
            "error": self.error,
        }


class FolderFilms:
    """Identifies film after film.

    Args:
        folder: that is read.
        films: the files in it.
        video: how they are looked at.
        identifier: names the templates of tracks.
        outputs: of the folder; each film has its own below.
        remedies: what helps where nobody was named.

    Raises:
        ConfigError: an option is for one video, or for a stream.
    """

    def __init__(
        self,
        folder: Path,
        films: Sequence[Path],
        video: VideoOptions,
        identifier: Identifier,
        outputs: Outputs,
        remedies: Remedies,
    ) -> None:
        self._folder, self._video, self._identifier = folder, video, identifier
        self._outputs, self._remedies = outputs, remedies
        self._thin = video.thin()
        self.frames = {film: self._expected(film) for film in films}
        """How many frames are to be looked at, about: what a film takes beside a picture."""

    def identify(
        self, path: Path, advance: Callable[[int], object]
    ) -> Iterator[IdentifiedTrack | FilmEnd | InputError]:
        """The tracks of a film, its end, and what is wrong with it, if anything is.

        Args:
            path: of the film.
            advance: told how many frames were looked at.

        Raises:
            InputError: nothing of it can be read.
        """
        wanted = self._outputs
        own = path.relative_to(self._folder)
        outputs = replace(
            wanted,
            draw=None if wanted.draw is None else drawn_film(wanted.draw / own),
            report=None if wanted.report is None else wanted.report / f"{own}.html",
        )
        reader = open_video(source_of(path), self._thin)
        fault: InputError | None = None
        with Film(self._video.identifier(self._identifier), reader, outputs, self._remedies) as film:
            try:
                for ended in film.steps(threading.Event()):
                    yield from ended
                    advance(reader.counts.looked)
            except ConfigError as error:  # no frame in the part that was asked for
                fault = InputError(error.what, fix=error.fix)
        fault = fault or damage(reader)
        what = None if fault is None else str(fault)
        yield FilmEnd(path.as_posix(), film.tracks, film.identifier.left_out, reader.counts, what, str(film))
        if fault is not None:
            yield fault

    def _expected(self, film: Path) -> int:
        try:
            opened = Opened(source_of(film), Counts())
        except FewpixError:
            return 1  # it is told when its turn comes
        length, rate = opened.duration or 0.0, 1 / (opened.interval or 0.04)
        opened.close()
        seconds = max(0.0, min(length, self._thin.end or length) - self._thin.start)
        return max(1, round(seconds * min(rate / self._thin.every, self._thin.fps or rate)))


def check_for_folder(video: VideoOptions) -> None:
    """Refuse what is for one video.

    Raises:
        ConfigError: such an option was given.
    """
    if any(given is not None for given in (video.sheet, video.adapt, video.give_up, video.events)):
        raise ConfigError(
            "--sheet, --adapt, --give-up and --events are for one video",
            fix="leave them out, or name a video",
        )
    if video.report is not None and video.report.suffix.lower() == ".html":
        raise ConfigError(
            f"--report {video.report} is one page, and each film has its own", fix="name a folder"
        )
