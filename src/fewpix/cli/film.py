"""One film on its way to names: what is drawn of it, and what is said of it at its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import TracebackType

from fewpix.cli.drawing import write_drawing
from fewpix.cli.remedies import Remedies
from fewpix.counted import counted
from fewpix.errors import ConfigError
from fewpix.image.codec import SUFFIXES
from fewpix.video import (
    Annotator,
    ContactSheet,
    Frame,
    IdentifiedTrack,
    Reader,
    Shown,
    Sight,
    VideoIdentifier,
    h264_file,
)
from fewpix.video.report.clip import Clip
from fewpix.video.report.film_page import About
from fewpix.video.report.people import Alikeness
from fewpix.video.report.write import page_of, write_page


@dataclass(frozen=True)
class Outputs:
    """Files that are made of a film.

    Args:
        draw: an annotated film; None for none.
        sheet: a contact sheet; None for none.
        report: a page, or the folder that it goes into; None for none.
        decided: what the page says of how people were named.
        alikeness: when unknown people are one, on the page.
    """

    draw: Path | None = None
    sheet: Path | None = None
    report: Path | None = None
    decided: str = ""
    alikeness: Alikeness | None = None

    def check(self) -> None:
        """Refuse targets that are not what they are named.

        Raises:
            ConfigError: one is.
        """
        if self.draw is not None and self.draw.suffix.lower() not in (".mp4", ".m4v"):
            raise ConfigError(f"--draw {self.draw}: an annotated video is an .mp4 file", fix="name one")
        if self.sheet is not None and self.sheet.suffix.lower() not in SUFFIXES - {".pgm"}:
            raise ConfigError(f"--sheet {self.sheet}: a contact sheet is a picture", fix="name a .png file")


class Film:
    """A film while it is looked at; what is drawn of it is written at the end of the block, however it ends.

    Args:
        identifier: of this film alone.
        reader: of its frames.
        outputs: what to make of it.
        remedies: what helps where nobody was named, gathered over several films.
        name: what it is called; as its reader if nothing is said.
    """

    def __init__(
        self,
        identifier: VideoIdentifier,
        reader: Reader,
        outputs: Outputs,
        remedies: Remedies,
        name: str | None = None,
    ) -> None:
        self.name = reader.name if name is None else name
        self.tracks, self.time = 0, 0.0
        self.identifier, self.reader, self.remedies = identifier, reader, remedies
        self._outputs = outputs
        self._annotator = Annotator()
        self._sheet = ContactSheet() if outputs.sheet else None
        self._clip = Clip() if outputs.report else None
        self._stack = ExitStack()

    def __enter__(self) -> Film:
        self._stack.callback(self.reader.close)
        draw = self._outputs.draw
        self._writer = self._stack.enter_context(h264_file(draw)) if draw else None
        self._stack.callback(self._finish)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def steps(self, stop: threading.Event) -> Iterator[list[IdentifiedTrack]]:
        """As `VideoIdentifier.steps`."""
        for ended in self.identifier.steps(self.reader, watch=self._watch, stop=stop):
            for track in ended:
                self.tracks += 1
                self.remedies.add(track.face)
                if self._sheet is not None:
                    self._sheet.add(track)
                if self._clip is not None:
                    self._clip.add(track)
            yield ended

    @property
    def note(self) -> str:
        """How far it is, behind a bar."""
        frames = counted(self.reader.counts.looked, "frame")
        return f"s of video, {frames}, {counted(self.tracks, 'track')}"

    def __str__(self) -> str:
        left_out = self.identifier.left_out
        single = f", {left_out} too short to be one" if left_out else ""
        name = self.name.encode("utf-8", "backslashreplace").decode()
        return f"{name}: {counted(self.tracks, 'track')}{single}; {self.reader.counts}"

    def log(self) -> None:
        """Tell it on stderr, where stdout is for lines of JSON: losses as a warning."""
        level = logging.WARNING if self.reader.counts.lost else logging.INFO
        logging.getLogger("fewpix").log(level, "%s", self)

    def _watch(self, frame: Frame, sights: Sequence[Sight]) -> None:
        self.time = frame.time
        if self._writer is not None:
            faces = [
                Shown(each.track.number, each.box, self.identifier.so_far(each.track)) for each in sights
            ]
            self._writer.write(self._annotator.draw(frame, faces), frame.time)
        if self._clip is not None:
            self._clip.see(frame, sights)

    def _finish(self) -> None:
        """Write what there is; nothing where nothing was looked at."""
        if not self.reader.counts.looked:
            return
        wanted, name = self._outputs, self.name
        if wanted.sheet is not None and self._sheet is not None:
            write_drawing(wanted.sheet, self._sheet.draw())
        if wanted.report is not None and self._clip is not None:
            about = About(name, [str(self.reader.counts)], wanted.decided, wanted.alikeness)
            write_page(page_of(wanted.report, Path(PurePath(name).name or "film")), self._clip, about)
