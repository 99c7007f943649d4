"""Which face of a frame is which face of the frames before.

Boxes of small faces that move by more than their width do not overlap from frame to frame, so it is not the
overlap that counts but the distance from where a Kalman filter expects the face, and its size.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError
from fewpix.identify.faces import Found
from fewpix.video.assign import assign
from fewpix.video.kalman import Motion, centre_and_side
from fewpix.video.sample import box_of

GATE = 16.0
"""Cost of leaving a track without a face. The cost of a pair is its distance from the prediction in spreads,
squared (4 spreads cost as much as this), the logarithm of how wide the prediction is, and the change of
size."""

_SIZE_SPREAD, _SIZE_GATE = 0.25, math.log(2.2)

_FEW_STEPS = 2.5
"""A track outlives so many usual steps, however short the gap is that it may have."""


@dataclass(frozen=True)
class Step:
    """What a frame brought.

    Args:
        ids: the track of each face, in their order; None for one that belongs to none.
        ended: tracks that end here, in the order in which they began.
    """

    ids: tuple[int | None, ...]
    ended: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Expected:
    """Where a face that is followed will be.

    Args:
        centre: (2,) x, y in pixels.
        side: of the square of its box's area, in pixels.
        spread: standard deviation of where it is found, in pixels.
    """

    centre: NDArray[np.float64]
    side: float
    spread: float


class Tracker:
    """Follows faces; ids count up from 1 and are never used twice.

    Args:
        gap: seconds that a face may be away for, above 0, before its track ends; the next face there begins
            another.
        start_score: a face with a lower score than this continues tracks, but begins none.

    Raises:
        ConfigError: the gap is not above 0.
    """

    def __init__(self, gap: float = 1.0, start_score: float = 0.6) -> None:
        if not (math.isfinite(gap) and gap > 0):
            raise ConfigError(f"--gap must be above 0 seconds, not {gap}")
        self.gap, self.start_score = gap, start_score
        self._motions: dict[int, Motion] = {}
        self._last = 0
        self._time: float | None = None
        self._steps: deque[float] = deque(maxlen=9)
        self._shape: tuple[int, ...] | None = None

    def see(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Told the shape of the next frame: where it is another one, all tracks end.

        A stream may come back with other pixels, and what a place was before means nothing in them.
        """
        before, self._shape = self._shape, shape[:2]
        return () if before in (None, self._shape) else self.finish()

    def expected(self, time: float) -> list[Expected]:
        """Where the tracks that go on will be at a later time."""
        ahead = [(motion.predict(time), motion.side) for motion in self._motions.values()]
        return [Expected(centre, side, math.sqrt(variance)) for (centre, variance), side in ahead]

    def follow(self, faces: Sequence[Found], time: float) -> Step:
        """The next frame, by its faces; see `step`."""
        boxes = np.array([box_of(face) for face in faces], dtype=np.float64)
        return self.step(boxes, [face.score for face in faces], time)

    def step(self, boxes: NDArray[np.floating], scores: Sequence[float], time: float) -> Step:
        """The next frame.

        Args:
            boxes: (N, 4) x, y, width, height of the faces, in pixels.
            scores: (N,) of the detector.
            time: seconds, above that of the frame before.
        """
        if self._time is not None:
            self._steps.append(time - self._time)
        self._time = time
        ended = self.pass_time(time)
        given = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        tracks = list(self._motions)
        ids: list[int | None] = [None] * len(given)
        for row, column in assign(self._costs(tracks, given, time), GATE):
            ids[column] = tracks[row]
            self._motions[tracks[row]].update(given[column], time)
        for n, score in enumerate(scores):
            if ids[n] is None and score >= self.start_score:
                self._last += 1
                ids[n] = self._last
                self._motions[self._last] = Motion(given[n], time)
        return Step(tuple(ids), ended)

    def pass_time(self, time: float) -> tuple[int, ...]:
        """End the tracks that have been away for too long at this time, also when no frame comes."""
        usual = median_low(self._steps) if self._steps else 0.0
        limit = max(self.gap, _FEW_STEPS * usual)
        ended = tuple(n for n, motion in self._motions.items() if time - motion.time > limit + 1e-9)
        for n in ended:
            del self._motions[n]
        return ended

    def finish(self) -> tuple[int, ...]:
        """End all tracks."""
        ended = tuple(self._motions)
        self._motions.clear()
        return ended

    def _costs(self, tracks: Sequence[int], boxes: NDArray[np.float64], time: float) -> NDArray[np.float64]:
        """(tracks, faces), infinite where a pair is impossible."""
        costs = np.full((len(tracks), len(boxes)), np.inf)
        places = [centre_and_side(box) for box in boxes]
        centres = np.array([centre for centre, _ in places]).reshape(-1, 2)
        sides = np.log([side for _, side in places])
        for row, n in enumerate(tracks):
            motion = self._motions[n]
            centre, variance = motion.predict(time)
            apart = np.square(centres - centre).sum(axis=1) / variance
            growth = np.abs(sides - math.log(motion.side))
            cost = apart + 2 * math.log(variance / motion.side**2) + (growth / _SIZE_SPREAD) ** 2
            possible = (apart <= GATE) & (growth <= _SIZE_GATE)
            costs[row, possible] = cost[possible]
        return costs
