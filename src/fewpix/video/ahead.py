"""A file that is decoded in a thread of its own, a few frames ahead of whoever looks at them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from fewpix.video.frame import Frame
from fewpix.video.reader import Reader

AHEAD = 3
"""Frames that wait to be looked at, 8 MB of 1280 x 720 px; then the decoder waits."""

_TICK = 0.1


class AheadReader:
    """Gives the frames of another reader, all of them and in their order.

    Args:
        reader: of a file.
    """

    live = False
    ready = True

    def __init__(self, reader: Reader) -> None:
        self.name, self.counts = reader.name, reader.counts
        self._reader = reader
        self._waiting: queue.Queue[Frame | BaseException | None] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"decoding {reader.name}", daemon=True)
        self._made = self._given = 0

    @property
    def duration(self) -> float | None:
        """See `Reader.duration`."""
        return self._reader.duration

    def frames(self) -> Iterator[Frame]:
        """See `Reader.frames`; what it raises comes after the frames before it."""
        self._thread.start()
        while True:
            item = self._waiting.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            self._given += 1
            yield item

    def close(self) -> None:
        """See `Reader.close`; frames that nobody took do not count as looked at."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.counts.looked -= self._made - self._given
        self._given = self._made
        self._reader.close()

    def _run(self) -> None:
        end: BaseException | None = None
        try:
            for frame in self._reader.frames():
                if frame is None:
                    continue
                self._made += 1
                if not self._put(frame):
                    return
        except BaseException as error:  # raised where the frames are taken
            end = error
        self._put(end)

    def _put(self, item: Frame | BaseException | None) -> bool:
        """Wait for a place; False when nobody takes anything any more."""
        while not self._stop.is_set():
            try:
                self._waiting.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return True
        return False
