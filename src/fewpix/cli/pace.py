"""How long a stage will take still."""

from __future__ import annotations

from collections import deque

KNOWN_AFTER = 5.0
"""Seconds of a stage before which its pace is a guess, and not told."""

FEWEST = 3
"""Reports before which it is not told either: the first one only says where this run began."""

_THIN = 200
"""Reports that are kept of a stage, about."""


class Pace:
    """Measures how fast the last part of the present stage went: the later half of its time so far.

    What was done before the first report of a stage, by an earlier run or out of a cache, does not count. A
    stage ends where its name or its total changes, or where the count falls.
    """

    def __init__(self) -> None:
        self._stage: tuple[str, float | None] = ("", None)
        self._began = 0.0
        self._seen: deque[tuple[float, float]] = deque()

    def left(self, now: float, done: float, total: float | None, stage: str = "") -> float | None:
        """Take in a report, and tell how many seconds the stage will take still; None while unknown.

        Args:
            now: seconds of any clock.
            done: units of the stage done so far.
            total: units in all; None when unknown.
            stage: its name.
        """
        if (stage, total) != self._stage or not self._seen or done < self._seen[-1][1]:
            self._stage, self._began = (stage, total), now
            self._seen.clear()
        elif len(self._seen) > 1 and now - self._seen[-2][0] < (now - self._began) / _THIN:
            self._seen.pop()
        self._seen.append((now, done))
        while len(self._seen) > FEWEST and self._seen[1][0] <= (now + self._began) / 2:
            self._seen.popleft()
        first, before = self._seen[0]
        known = len(self._seen) >= FEWEST and now - self._began >= KNOWN_AFTER
        if not total or not before < done < total or not known:
            return None
        return (total - done) * (now - first) / (done - before)


def in_words(seconds: float) -> str:
    """A time as people say it: 12 s, 5 min, 3 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
