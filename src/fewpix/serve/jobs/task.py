"""A job that is worked on: what it has to do with, and how far it is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fewpix.serve.jobs.record import Job

FILM = "film"
"""The file that came with a job, in its folder."""


class Stopped(Exception):  # noqa: N818
    """A job was told to end, and has nothing to tell until then."""


@dataclass
class Progress:
    """How far a job is; filled in while it is worked on, read at any time.

    Args:
        frames: of a film, or pictures or faces, that were looked at so far.
        seconds: of the film that were looked at.
        length: seconds that are going to be looked at; None when unknown.
        lines: told so far.
        stage: what is done now, of work that has several; the share and the time are of it.
        share: of it, 0 to 1, where it is not that of a film.
        began: by `time.monotonic`.
    """

    frames: int = 0
    seconds: float = 0.0
    length: float | None = None
    lines: int = 0
    stage: str = ""
    share: float | None = None
    began: float = field(default_factory=time.monotonic)

    def at(self, done: float, total: float | None, stage: str) -> None:
        """Note how far work of several stages is; arguments as `fewpix.progress.Told`."""
        if stage != self.stage:
            self.stage, self.began = stage, time.monotonic()
        self.frames = int(done)
        self.share = min(1.0, done / total) if total else None

    def to_json(self) -> dict[str, Any]:
        """With `share`, 0 to 1, and `eta`, seconds that it is likely to take still."""
        share = min(1.0, self.seconds / self.length) if self.length else self.share
        passed = time.monotonic() - self.began
        return {
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "length": None if self.length is None else round(self.length, 3),
            "lines": self.lines,
            "stage": self.stage or None,
            "share": None if share is None else round(share, 4),
            "eta": round(passed * (1 - share) / share, 1) if share else None,
        }


@dataclass(frozen=True)
class Task:
    """A job that is worked on.

    Args:
        job: as it was begun.
        folder: its files.
        progress: to be filled in.
        stop: set when it is to end early.
        loop: of the requests.
    """

    job: Job
    folder: Path
    progress: Progress
    stop: threading.Event
    loop: asyncio.AbstractEventLoop


Work = Callable[[Task], Mapping[str, Any]]
"""What a kind of jobs does, in the thread of the queue; gives the outcome. Any FewpixError or ProblemError is
why the job failed."""
