"""How far a run of minutes or hours is, as lines on stderr."""

from __future__ import annotations

import sys
import time

EVERY = 10.0
"""Seconds between two lines."""


class Steps:
    """Counts steps, and says so from time to time.

    Args:
        what: is counted.
        total: steps.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done, self.said = what, total, 0, time.monotonic()

    def __call__(self, note: str) -> None:
        """One more; the note says of what."""
        self.done += 1
        if time.monotonic() - self.said >= EVERY:
            self.said = time.monotonic()
            print(f"{self.what}: {self.done:,} of {self.total:,}, {note}", file=sys.stderr, flush=True)
