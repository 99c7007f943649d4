"""Several videos at once, one frame of each in turn, so that one detector and one encoder serve all alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from fewpix.errors import FewpixError
from fewpix.video.reader import Reader
from fewpix.video.result import IdentifiedTrack

Steps = Iterator[list[IdentifiedTrack]]

QUIET = 0.25
"""Seconds after which a video without a new frame has its turn all the same: its tracks end by time."""


class Watched(Protocol):
    """A video that is looked at."""

    @property
    def reader(self) -> Reader: ...  # noqa: D102


Video = TypeVar("Video", bound=Watched)


class Turns(Generic[Video]):
    """Goes round the videos that have a frame, and takes one of each; who has none makes nobody wait.

    A live video is to keep its newest frame only, so that a turn is never spent on an old one.

    Args:
        videos: each with what looks at it; see `VideoIdentifier.steps`.
        arrived: is set by whatever reads a live video when there is something new of it.
    """

    def __init__(self, videos: Sequence[tuple[Video, Steps]], arrived: threading.Event) -> None:
        self._going = [(video, steps, [0.0]) for video, steps in videos]
        self._arrived = arrived
        self.failures: list[tuple[Video, FewpixError]] = []
        """Videos that ended by an error, in their order; the others went on."""

    def __iter__(self) -> Iterator[tuple[Video, list[IdentifiedTrack]]]:
        """A video after each of its turns, with the tracks that ended in it."""
        while self._going:
            self._arrived.clear()
            looked = False
            for place in tuple(self._going):
                video, steps, last = place
                ready = video.reader.ready
                if not ready and time.monotonic() - last[0] < QUIET:
                    continue
                looked |= ready
                last[0] = time.monotonic()
                try:
                    ended = next(steps)
                except StopIteration:
                    self._going.remove(place)
                    continue
                except FewpixError as error:
                    self._going.remove(place)
                    self.failures.append((video, error))
                    ended = []
                yield video, ended
            if not looked and self._going:
                self._arrived.wait(QUIET)
