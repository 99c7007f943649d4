"""What is searched in which frame of a video: not every pixel of every one, and none for longer than stated.

In each frame: the neighbourhoods of the faces that are followed, at the scale that suits each, and the
whole picture coarsely. The finer scales are cut into cells. Each cell is searched at least once within the
wait, the ones that waited longest first, and earlier where something moved that is not followed. The first
frame, one of another size, and one of another scene are searched completely. All this depends on the frames'
pixels and times, never on a clock, so that a file gives the same on every machine.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fewpix.detect.tiles import Part, parts
from fewpix.errors import ConfigError
from fewpix.identify.faces import Finder, Found, Searched, Searcher
from fewpix.image.codec import Image
from fewpix.video.changes import LASTING, Changes
from fewpix.video.tracker import Expected

WAIT = 0.4
"""Seconds that a new small face waits at most, unless asked otherwise."""

COARSE = 640
"""Scales at which the picture's longer side has at most so many pixels are searched in every frame."""

TALLEST = 640
"""Of a cell, in scaled pixels: small enough that every frame has about as much to do."""

TRAIL = 3 * LASTING
"""Seconds for which a face that moved on leaves a change where it was, which is nothing new."""

EAGER, EXTRA = 0.25, 0.5
"""A cell in which something moves is searched again after this share of the wait already; all of these
together take at most this share of what searching in turn takes."""

SIDE = 36
"""The side of a followed face where it is looked for, in scaled pixels."""

AROUND, REACH = 1.3, 2.0
"""How far around the place where a face is expected it is looked for: in its sides, and in spreads."""

UNSURE = 1.5
"""Sides that a spread counts at most; a face that is farther away is found like a new one."""


@runtime_checkable
class Looker(Searcher, Protocol):
    """A finder that can look at parts of a picture; `fewpix.detect.Detector` is one."""

    @property
    def budgeted(self) -> bool:
        """Whether a budget chooses its scales."""
        ...

    def levels(self, width: int, height: int) -> list[float]:
        """The scales at which a picture of this size is searched, coarse to fine."""
        ...

    def look(self, image: Image, places: Sequence[Part]) -> Sequence[Found]:
        """The faces in these parts, each once."""
        ...


@dataclass(eq=False)
class Cell:
    """A part that is searched in turn, and when that was."""

    part: Part
    last: float

    @property
    def area(self) -> float:
        """Scaled pixels."""
        wide, high = self.part.size
        return float(wide * high)


class Attention:
    """Finds the faces of a video's frames by looking where they are, or may be.

    Args:
        detector: looks.
        wait: seconds within which every cell is searched, above 0; or from one frame to the next, where that
            takes longer.

    Raises:
        ConfigError: the wait is not above 0.
    """

    def __init__(self, detector: Looker, wait: float = WAIT) -> None:
        if not (math.isfinite(wait) and wait > 0):
            raise ConfigError(f"--wait must be above 0 seconds, not {wait:g}")
        self.searched: Searched | None = None
        self._detector, self._wait = detector, wait
        self._changes = Changes()
        self._cells: list[Cell] = []
        self._always: list[Part] = []
        self._finest = 1.0
        self._shape: tuple[int, ...] = ()
        self._steps: deque[float] = deque(maxlen=9)
        self._time = 0.0
        self._turn = self._extra = 0.0
        self._followed: list[tuple[float, Part]] = []

    def faces(self, image: Image, time: float, expected: Sequence[Expected]) -> Sequence[Found]:
        """The faces of the next frame that are seen where it is looked at.

        Args:
            image: (H, W, 3) uint8 BGR.
            time: seconds, above that of the frame before.
            expected: where the faces that are followed will be.
        """
        changed, before = self._changes.see(image, time), self._shape
        self._shape = image.shape
        if changed.cut or image.shape != before:
            return self._everything(image, time)
        step, self._time = time - self._time, time
        self._steps.append(step)
        windows = [self._window(image, each) for each in expected]
        self._followed += [(time, window) for window in windows]
        self._followed = [(at, window) for at, window in self._followed if time - at <= TRAIL]
        moved = _left_out(changed.moved, image, [window for _, window in self._followed])
        chosen = list(self._choose(moved, image, step))
        for cell in chosen:
            cell.last = time
        return self._detector.look(image, [*self._always, *windows, *(cell.part for cell in chosen)])

    def _everything(self, image: Image, time: float) -> Sequence[Found]:
        high, wide = image.shape[:2]
        self.searched = self._detector.search(image)
        scales = self._detector.levels(wide, high)
        coarse = [scale for scale in scales if max(high, wide) * scale <= COARSE] or scales[:1]
        fine = scales[len(coarse) :]
        self._always = [part for scale in coarse for part in parts(wide, high, scale)]
        self._cells = [Cell(part, time) for scale in fine for part in parts(wide, high, scale, TALLEST)]
        self._finest, self._time = scales[-1], time
        self._turn = self._extra = 0.0
        self._followed = []
        return self.searched.faces

    def _choose(self, moved: NDArray[np.bool_], image: Image, step: float) -> Iterator[Cell]:
        """The cells for this frame: those in which something moved, then those that waited longest."""
        rate = step / self._wait * sum(cell.area for cell in self._cells)
        largest = max((cell.area for cell in self._cells), default=0.0)
        self._extra = min(self._extra + EXTRA * rate, largest)
        self._turn = min(self._turn + rate, max(rate, largest))
        left = sorted(self._cells, key=lambda cell: cell.last)
        for cell in tuple(left):
            early = self._time - cell.last >= EAGER * self._wait - 1e-9
            if early and self._extra >= cell.area / 2 and _share(moved, image, cell.part).any():
                self._extra -= cell.area
                left.remove(cell)
                yield cell
        soon = self._time + median(self._steps)
        for cell in left:
            if self._turn >= cell.area / 2 or soon - cell.last > self._wait + 1e-9:
                self._turn -= cell.area
                yield cell

    def _window(self, image: Image, expected: Expected) -> Part:
        """The neighbourhood of a face, in one of a few sizes."""
        high, wide = image.shape[:2]
        side = expected.side
        radius = AROUND * side + REACH * min(expected.spread, UNSURE * side)
        scale = min(SIDE / side, self._finest)
        length = max(1, math.floor(32 * math.ceil(2 * radius * scale / 32) / scale))
        left, right = _within(float(expected.centre[0]), length, wide)
        top, bottom = _within(float(expected.centre[1]), length, high)
        return Part(left, top, right, bottom, scale)


class Completely:
    """Finds the faces of a video's frames by searching every one of them completely.

    Args:
        detector: looks.
    """

    def __init__(self, detector: Finder) -> None:
        self.searched: Searched | None = None
        self._detector = detector

    def faces(self, image: Image, time: float, expected: Sequence[Expected]) -> Sequence[Found]:
        """See `Attention.faces`."""
        if not isinstance(self._detector, Searcher):
            return self._detector.detect(image)
        self.searched = self._detector.search(image)
        return self.searched.faces


def looking(detector: Finder, wait: float | None) -> Attention | Completely:
    """How the frames of a video are looked at.

    Args:
        detector: finds faces; one that cannot look at parts, or has a budget, searches completely.
        wait: see `Attention`; None to search completely.

    Raises:
        ConfigError: the wait is not above 0.
    """
    if wait is None or not isinstance(detector, Looker) or detector.budgeted:
        return Completely(detector)
    return Attention(detector, wait)


def _within(middle: float, length: int, limit: int) -> tuple[int, int]:
    """A span of this length around the middle, moved into 0..`limit`, and cut where it is longer."""
    start = min(max(0, round(middle - length / 2)), max(0, limit - length))
    return start, min(start + length, limit)


def _left_out(moved: NDArray[np.bool_], image: Image, windows: Sequence[Part]) -> NDArray[np.bool_]:
    """Where something moved outside of the windows."""
    for window in windows:
        _share(moved, image, window)[:] = False
    return moved


def _share(moved: NDArray[np.bool_], image: Image, part: Part) -> NDArray[np.bool_]:
    """What of the small copy a part covers, as a view."""
    down, right = moved.shape[0] / image.shape[0], moved.shape[1] / image.shape[1]
    rows = slice(math.floor(part.top * down), math.ceil(part.bottom * down))
    return moved[rows, math.floor(part.left * right) : math.ceil(part.right * right)]
