"""A live stream: read in a thread of its own, never waited for, opened again when it breaks."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from fewpix.errors import FewpixError, InputError
from fewpix.video.clock import Clock
from fewpix.video.counts import Counts
from fewpix.video.frame import Frame
from fewpix.video.packets import BrokenStreamError, Opened
from fewpix.video.source import Source
from fewpix.video.thin import Thin

log = logging.getLogger("fewpix")

WAITING = 4
"""Frames that wait to be looked at, 11 MB of 1280 x 720 px; beyond, the oldest is dropped."""

TICK = 0.25
"""Seconds without a frame after which `frames` says so."""


@dataclass(frozen=True)
class Patience:
    """How a broken stream is opened again.

    Args:
        first: seconds before the first try; doubled with each further one.
        longest: seconds between two tries at most.
        give_up: seconds without a frame after which it is over.
    """

    first: float = 0.5
    longest: float = 30.0
    give_up: float = 300.0


class LiveReader:
    """Reads a stream or camera that sends whether or not anybody looks.

    Args:
        source: what is read.
        opened: it, open already; None where it is to be opened by the reader, and waited for if it is away.
        counts: those that `opened` fills in.
        thin: which frames are wanted; its start and end count from the first frame.
        patience: for when it breaks.
        arrived: is set when there is something new; then `frames` waits for nothing, and only the newest
            frame is kept. None for a stream that is looked at alone.

    Attributes:
        trouble: why no frame comes; empty while they do.
    """

    live = True
    duration = None

    def __init__(
        self,
        source: Source,
        opened: Opened | None,
        counts: Counts,
        thin: Thin,
        patience: Patience,
        arrived: threading.Event | None = None,
    ) -> None:
        self.name, self.counts, self.trouble = source.name, counts, ""
        self._source, self._thin, self._patience = source, thin, patience
        self._opened, self._arrived = opened, arrived
        self._most, self._tick = (WAITING, TICK) if arrived is None else (1, 0.0)
        self._waiting: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._over = False
        self._error: FewpixError | None = None
        # A daemon: a read that hangs in the network must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=f"reading {source.name}", daemon=True)

    @property
    def ready(self) -> bool:
        """See `Reader`."""
        return bool(self._waiting) or self._over

    def frames(self) -> Iterator[Frame | None]:
        """See `Reader.frames`.

        Raises:
            InputError: the stream stayed away for longer than the patience lasts.
        """
        self._thread.start()
        while True:
            with self._changed:
                if not self._waiting and not self._over:
                    self._changed.wait(self._tick)
                frame = self._waiting.popleft() if self._waiting else None
                over = self._over and frame is None
            if over:
                if self._error is not None:
                    raise self._error
                return
            if frame is not None:
                self.counts.looked += 1
            yield frame

    def close(self) -> None:
        """See `Reader.close`; does not wait for a read that hangs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(TICK)

    def _run(self) -> None:
        try:
            self._read_for_ever()
        except FewpixError as error:
            self._error = error
        except Exception as error:  # what nobody foresaw ends the program in its main thread
            self._error = InputError(f"reading {self.name} failed: {type(error).__name__}: {error}")
        finally:
            if self._opened is not None:
                self._opened.close()
            with self._changed:
                self._over = True
                self._tell()

    def _read_for_ever(self) -> None:
        began = last = time.monotonic()
        opened = self._opened
        clock, chooser = Clock(self.counts, opened.interval if opened else None), self._thin.chooser()
        clock.set(0.0)
        pause = self._patience.first
        if opened is None:
            opened = self._opened = self._open_again()
            self.counts.reconnects = 0
            if opened is None:
                log.warning("%s is away; it is tried again", self.name)
        while not self._stop.is_set():
            why = "it ended"
            try:
                for decoded in opened.frames() if opened else ():
                    last, pause, self.trouble = time.monotonic(), self._patience.first, ""
                    at = clock.at(decoded.time)
                    if self._stop.is_set() or chooser.past(at):
                        return
                    if chooser.before(at) or not chooser.take(at):
                        self.counts.thinned += 1
                        continue
                    self._hand_over(Frame(decoded.image(), at))
            except BrokenStreamError as error:
                why = str(error)
            if opened is not None:
                self.trouble = why
                log.warning("%s broke: %s; it is opened again", self.name, why)
                opened.close()
            if self._thin.end is not None and time.monotonic() - began >= self._thin.end:
                return
            away = time.monotonic() - last
            if away > self._patience.give_up:
                raise InputError(
                    f"{self.name} sent nothing for {away:.0f} s", fix="check that the camera is there"
                )
            self._stop.wait(pause)
            pause = min(2 * pause, self._patience.longest)
            if not self._stop.is_set():
                opened = self._opened = self._open_again()
                clock.set(time.monotonic() - began)

    def _open_again(self) -> Opened | None:
        try:
            opened = Opened(self._source, self.counts)
        except InputError as error:
            self.trouble = error.what
            log.info("%s is still away: %s", self.name, error.what)
            return None
        self.counts.reconnects += 1
        return opened

    def _hand_over(self, frame: Frame) -> None:
        with self._changed:
            if len(self._waiting) == self._most:
                self._waiting.popleft()
                self.counts.skipped += 1
            self._waiting.append(frame)
            self._tell()

    def _tell(self) -> None:
        self._changed.notify()
        if self._arrived is not None:
            self._arrived.set()
