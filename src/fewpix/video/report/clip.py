"""What a page about a film is made of, gathered while the film is read: tracks, and a frame of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from fewpix.image.codec import Image, encode_image
from fewpix.video.frame import Frame
from fewpix.video.pipeline import Sight
from fewpix.video.result import IdentifiedTrack
from fewpix.video.track import Box, Track

MOST = 200
"""Tracks on a page; of more, those in which a face was found most often are shown."""

WIDEST, SMALL, _QUALITY = 960, 320, 80
"""Pixels across a frame on a page, opened and not; a wider one is made smaller."""

_BETTER = 1.1
"""So many times the worth of a kept sight a new one has, to have its frame kept instead."""

_WAITING = 2 * MOST
"""Frames that are kept of tracks that still grow, or that were too short and are never told of."""


@dataclass(frozen=True, eq=False)
class Still:
    """The frame of a track's best sight.

    Args:
        time: seconds.
        jpeg: the file, at most `WIDEST` across.
        small: the same at most `SMALL` across.
        size: width and height of the whole frame in its own pixels.
        box: of the face, in those pixels.
    """

    time: float
    jpeg: bytes
    small: bytes
    size: tuple[int, int]
    box: Box


@dataclass(frozen=True, eq=False)
class Scene:
    """A track with its frame.

    Args:
        track: what was decided.
        still: the frame; None where none was kept.
    """

    track: IdentifiedTrack
    still: Still | None


class Clip:
    """Gathers the tracks of one film; memory is bounded by `MOST`, not by its length."""

    def __init__(self) -> None:
        self.added = 0
        self._scenes: list[Scene] = []
        self._growing: dict[int, tuple[Track, float, Still]] = {}
        self.first: float | None = None
        self.last = 0.0

    @property
    def scenes(self) -> list[Scene]:
        """In the order of their first frames."""
        return sorted(self._scenes, key=lambda scene: (scene.track.first, scene.track.track))

    def see(self, frame: Frame, sights: Sequence[Sight]) -> None:
        """Keep the frame of each track whose best sight this is."""
        self.first = frame.time if self.first is None else self.first
        self.last = frame.time
        pictures = cache(lambda: (_jpeg(frame.image, WIDEST), _jpeg(frame.image, SMALL)))
        for sight in sights:
            track = sight.track
            best = max(track.best, key=lambda each: each.weight, default=None)
            if best is None or best.time != frame.time:
                continue
            kept = self._growing.get(track.number)
            if kept is not None and best.weight < _BETTER * kept[1]:
                continue
            high, wide = frame.image.shape[:2]
            still = Still(frame.time, *pictures(), (wide, high), sight.box)
            self._growing[track.number] = track, best.weight, still
        if len(self._growing) > _WAITING:
            oldest = min(self._growing, key=lambda number: self._growing[number][0].last)
            del self._growing[oldest]

    def add(self, track: IdentifiedTrack) -> None:
        """Take in a track that has ended."""
        self.added += 1
        _, _, still = self._growing.pop(track.track, (None, 0.0, None))
        self._scenes.append(Scene(track, still))
        if len(self._scenes) > MOST:
            self._scenes.remove(min(self._scenes, key=lambda scene: scene.track.frames))


def _jpeg(image: Image, widest: int) -> bytes:
    high, wide = image.shape[:2]
    if wide > widest:
        size = (widest, max(1, round(high * widest / wide)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return encode_image(image, ".jpg", _QUALITY)
