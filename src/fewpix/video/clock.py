"""One rising time for a video, whatever its timestamps do, and how many frames they say are missing."""

from __future__ import annotations

from collections import deque
from statistics import median

from fewpix.video.counts import Counts

LONGEST = 10.0
"""Seconds; a larger step from frame to frame is a clock that was set, and not a pause."""

_LATE = 1.5
"""A step of more than so many usual ones has frames missing in it."""

_LEARNT = 8

_ALIKE, _REGULAR = 0.25, 0.75
"""Where so many of the steps differ by less than this share from the usual one, a long step is a loss.
Elsewhere, as in films of telephones in bad light, it is the way of the camera."""


class Clock:
    """Turns timestamps into seconds that always rise.

    Args:
        counts: takes the missing frames.
        interval: seconds from frame to frame before any was seen; None when unknown.
        length: seconds that a file lasts by its own word; a longer step within them is a pause.
    """

    def __init__(self, counts: Counts, interval: float | None, length: float | None = None) -> None:
        self._counts, self._length = counts, length or 0.0
        self._corrupt = counts.corrupt
        self._steps: deque[float] = deque(maxlen=4 * _LEARNT)
        self._guess = interval if interval and interval > 0 else 0.04
        self._raw: float | None = None
        self._now: float | None = None
        self._shift = 0.0
        self._set_to: float | None = None

    @property
    def interval(self) -> float:
        """Usual seconds from frame to frame."""
        return median(self._steps) if len(self._steps) >= _LEARNT else self._guess

    def set(self, now: float) -> None:
        """Let the next frame be at `now`, or just after the one before: a stream was opened again."""
        self._set_to, self._raw = now, None

    def at(self, raw: float | None) -> float:
        """The time of the next frame.

        Args:
            raw: its timestamp in seconds; None when it has none.
        """
        if raw is None:
            raw = None if self._raw is None else self._raw + self.interval
        step = None if raw is None or self._raw is None else raw - self._raw
        longest = LONGEST if self._raw is None else max(LONGEST, self._length - self._raw)
        steady = step is not None and 0 < step <= longest
        if step is not None and steady:
            self._counts.missing += self._missing(step)
            self._steps.append(step)
        self._corrupt = self._counts.corrupt
        now = self._place(raw, steady)
        if self._now is not None and now <= self._now:
            now = self._now + self.interval
        if raw is not None:
            self._raw, self._shift = raw, now - raw
        self._now = now
        return now

    def _missing(self, step: float) -> int:
        """How many frames never came in a step, beyond those that are known to be damaged."""
        usual = self.interval
        if len(self._steps) < _LEARNT or not _LATE * usual < step <= LONGEST:
            return 0
        alike = sum(abs(each - usual) < _ALIKE * usual for each in self._steps)
        if alike < _REGULAR * len(self._steps):
            return 0
        return max(0, round(step / usual) - 1 - (self._counts.corrupt - self._corrupt))

    def _place(self, raw: float | None, steady: bool) -> float:
        """Where a timestamp lies: where the clock was set to, behind the one before, or one step on."""
        if self._set_to is not None:
            now, self._set_to = self._set_to, None
            return now
        if raw is not None and (steady or self._now is None):
            return raw + self._shift
        return 0.0 if self._now is None else self._now + self.interval
