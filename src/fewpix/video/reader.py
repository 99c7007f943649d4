"""The frames of a video file, one after the other, each of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Protocol

from fewpix.errors import ConfigError, InputError
from fewpix.video.clock import Clock
from fewpix.video.counts import Counts
from fewpix.video.frame import Frame
from fewpix.video.packets import BrokenStreamError, Opened
from fewpix.video.thin import Thin

log = logging.getLogger("fewpix")

UNTIMED = "the frames of %s have no times: %.3g in a second are taken for granted"

DAMAGED = "it is damaged, cut off, or of a format that PyAV cannot decode; copy or record it again"


class Reader(Protocol):
    """What gives frames: a file or a live stream.

    Attributes:
        name: for people and results.
        live: whether it has no end, and waits for nobody.
        counts: what was read and lost so far.
        duration: seconds that will be looked at; None when unknown.
        ready: whether the next frame, or the end, need not be waited for.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def live(self) -> bool: ...  # noqa: D102

    @property
    def counts(self) -> Counts: ...  # noqa: D102

    @property
    def duration(self) -> float | None: ...  # noqa: D102

    @property
    def ready(self) -> bool: ...  # noqa: D102

    def frames(self) -> Iterator[Frame | None]:
        """The frames in rising time; None when nothing came for a while."""
        ...

    def close(self) -> None:
        """Let go of the file or stream; a second call does nothing."""
        ...


class FileReader:
    """Reads a file, or a stream that ends like one.

    A file that is cut off or damaged gives what can be read of it; its counts, and `damage`, tell.

    Args:
        opened: the open video.
        counts: those that `opened` fills in.
        thin: which frames are wanted.
    """

    live = False
    ready = True

    def __init__(self, opened: Opened, counts: Counts, thin: Thin) -> None:
        self.name, self.counts = opened.source.name, counts
        self._opened, self._thin = opened, thin
        self._length = opened.duration

    @property
    def duration(self) -> float | None:
        """Seconds from the start that was asked for to the end."""
        ends = [end for end in (self._length, self._thin.end) if end is not None]
        return max(0.0, min(ends) - self._thin.start) if self._length else None

    def frames(self) -> Iterator[Frame]:
        """See `Reader.frames`.

        Raises:
            InputError: not one frame could be decoded.
            ConfigError: no frame lies in the part that was asked for.
        """
        if self._thin.start > 0:
            self._opened.seek(self._thin.start)
        clock, chooser = Clock(self.counts, self._opened.interval, self._length), self._thin.chooser()
        if not self._opened.timed:
            log.warning(UNTIMED, self.name, 1 / clock.interval)
        last, whole, broken = None, False, ""
        try:
            for decoded in self._opened.frames():
                whole, last = True, decoded.time
                raw = None if decoded.time is None else decoded.time - self._opened.start
                time = clock.at(raw)
                if chooser.before(time):
                    self.counts.decoded -= 1  # decoded on the way from the key frame only
                    continue
                if chooser.past(time):
                    self.counts.decoded -= 1
                    break
                if not chooser.take(time):
                    self.counts.thinned += 1
                    continue
                self.counts.looked += 1
                yield Frame(decoded.image(), time)
            else:
                if self._thin.start == 0:
                    self.counts.cut = self._opened.absent(last, clock.interval)
                if self.counts.corrupt:
                    self.counts.corrupt += self._opened.swallowed
        except BrokenStreamError as error:
            broken = str(error)
            self.counts.cut = max(1, self._opened.absent(last, clock.interval))
            log.warning("%s ends early: %s", self.name, error)
        if not whole:
            why = f": {broken}" if broken else ""
            raise InputError(f"{self.name}: no frame could be decoded{why}", fix=DAMAGED)
        if not self.counts.looked:
            raise ConfigError(
                f"{self.name} has no frame in the part that was asked for", fix="move --start or --end"
            )

    def close(self) -> None:
        """See `Reader.close`."""
        self._opened.close()


def damage(reader: Reader) -> InputError | None:
    """What is wrong with a file of which some frames were read; None for a whole one, and for a stream.

    Args:
        reader: after the last frame.
    """
    if reader.live or not reader.counts.damage:
        return None
    return InputError(
        f"{reader.name} is damaged: {reader.counts}", fix="copy it again, or accept it with --skip-bad"
    )
