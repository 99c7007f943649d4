"""Times as the service tells and keeps them, UTC, ISO 8601; and the clock by which things are deleted."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

log = logging.getLogger("fewpix.serve")

JUMP = 60.0
"""Seconds that a clock may gain on the time that has passed before it counts as set forward."""

HOLD = 3600.0
"""Seconds after which a clock that was set forward is believed."""


def now() -> str:
    """This second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def moment(seconds: float, to: Literal["seconds", "milliseconds"] = "milliseconds") -> str:
    """A time in seconds since 1970.

    Args:
        seconds: since 1970.
        to: how exactly it is told.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=to)


class Settled:
    """Seconds since 1970, by a clock that is believed only an hour after it was set forward.

    What is kept for so many hours or days is deleted by this clock, so that a machine whose clock is wrong
    for a moment, or that slept, deletes nothing too early. A clock that is set back is believed at once:
    things are kept for longer.

    Args:
        clock: seconds since 1970.
        steady: seconds that only ever pass.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock, self._steady = clock, steady
        self._lock = threading.Lock()
        self._last = clock() - steady()
        self._ahead = 0.0
        self._until = 0.0

    def __call__(self) -> float:
        """The time that is believed."""
        with self._lock:
            now, passed = self._clock(), self._steady()
            gained, self._last = now - passed - self._last, now - passed
            if gained > JUMP:
                log.warning("the clock was set forward by %.0f s; it is believed in %.0f s", gained, HOLD)
                self._ahead, self._until = self._ahead + gained, passed + HOLD
            elif gained < 0:
                self._ahead = max(0.0, self._ahead + gained)
            if passed >= self._until:
                self._ahead = 0.0
            return now - self._ahead
