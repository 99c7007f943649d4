"""What a camera saw last, in memory only: the frame, the faces in it, and how fast frames come."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from fewpix.identify.draw import COLORS, DARK, write
from fewpix.image.codec import Image
from fewpix.video import Frame, Sight
from fewpix.video.track import Box

OVER = 10.0
"""Seconds over which the rate of frames is told."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame that was looked at.

    Args:
        image: (H, W, 3) uint8 BGR; not to be written to.
        at: seconds since 1970.
        passed: when that was on a clock that is never set.
        faces: each its box and its track.
    """

    image: Image
    at: float
    passed: float
    faces: Sequence[tuple[Box, int]]


class Scene:
    """The newest frame of a camera; written by its thread, read by any."""

    def __init__(self) -> None:
        self.newest: Seen | None = None
        self.frames = 0
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def watch(self, frame: Frame, sights: Sequence[Sight]) -> None:
        """Take in a frame; see `fewpix.video.pipeline.Watch`."""
        now = time.monotonic()
        faces = [(each.box, each.track.number) for each in sights]
        self.newest = Seen(frame.image, time.time(), now, faces)
        with self._lock:
            self.frames += 1
            self._times.append(now)
            self._trim(now)

    @property
    def rate(self) -> float | None:
        """Frames a second over the last seconds; None before the second one."""
        now = time.monotonic()
        with self._lock:
            self._trim(now)
            if len(self._times) < 2:
                return None
            return (len(self._times) - 1) / max(now - self._times[0], 1e-3)

    def _trim(self, now: float) -> None:
        while self._times and now - self._times[0] > OVER:
            self._times.popleft()


def drawn(seen: Seen, names: dict[int, str]) -> Image:
    """The frame with its faces framed, and named where that is known; the frame is not written to.

    Args:
        seen: the frame.
        names: by track.
    """
    canvas = seen.image.copy()
    size = max(13, min(28, canvas.shape[0] // 30))
    for (x, y, width, height), track in seen.faces:
        color = COLORS[track % len(COLORS)]
        left, top = round(x) - 3, round(y) - 3
        right, bottom = round(x + width) + 3, round(y + height) + 3
        for shade, thick in ((DARK, 3), (color, 1)):
            cv2.rectangle(canvas, (left, top), (right, bottom), shade, thick)
        text = names.get(track, f"#{track}")
        at = (max(0, left), top - 5 if top > size + 6 else bottom + size + 4)
        room = max(1, canvas.shape[1] - at[0])
        for shift in ((1, 1), (-1, -1), (1, -1), (-1, 1)):  # a dark edge, to be read on any background
            write(canvas, text, (at[0] + shift[0], at[1] + shift[1]), DARK, size, room, True)
        write(canvas, text, at, color, size, room, True)
    return canvas
