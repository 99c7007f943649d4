"""Frames that are sent to a camera, in the place of a stream that is read."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from fewpix.image.codec import Image
from fewpix.video.counts import Counts
from fewpix.video.frame import Frame


class PushedReader:
    """Gives the newest of the frames that came; see `fewpix.video.reader.Reader`.

    Args:
        name: of the camera.
        arrived: is set when there is something new.
    """

    live = True
    duration = None
    trouble = "no frame is sent"

    def __init__(self, name: str, arrived: threading.Event) -> None:
        self.name, self.counts = name, Counts()
        self._arrived = arrived
        self._lock = threading.Lock()
        self._newest: Frame | None = None
        self._began = time.monotonic()
        self._over = False

    @property
    def ready(self) -> bool:
        """See `Reader`."""
        return self._newest is not None or self._over

    def push(self, image: Image) -> None:
        """A frame came; from any thread."""
        with self._lock:
            self.counts.decoded += 1
            self.counts.skipped += self._newest is not None
            self._newest = Frame(image, time.monotonic() - self._began)
        self._arrived.set()

    def frames(self) -> Iterator[Frame | None]:
        """See `Reader.frames`."""
        while not self._over:
            with self._lock:
                frame, self._newest = self._newest, None
            if frame is not None:
                self.counts.looked += 1
            yield frame

    def close(self) -> None:
        """See `Reader.close`."""
        self._over = True
        self._arrived.set()
