"""Where things lie on a line of time, in hundredths of its length."""

from __future__ import annotations

from dataclasses import dataclass

_STEPS = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14_400,
    28_800,
    86_400,
)
_MOST = 6


@dataclass(frozen=True)
class Span:
    """A stretch of time that a line stands for.

    Args:
        first: seconds at its left end.
        last: seconds at its right end, above `first`.
    """

    first: float
    last: float

    @classmethod
    def of(cls, first: float, last: float) -> Span:
        """The same, of some length even where there is one frame only."""
        return cls(first, max(last, first + 0.1))

    def place(self, time: float) -> float:
        """0 to 100."""
        share = (time - self.first) / (self.last - self.first)
        return 100 * min(1.0, max(0.0, share))

    def ticks(self) -> list[float]:
        """A few round times in it, that of the left end first."""
        length = self.last - self.first
        step = next((step for step in _STEPS if length / step <= _MOST), length / _MOST)
        start = -(-self.first // step) * step
        inside = [start + n * step for n in range(int((self.last - start) / step + 1e-6) + 1)]
        return [self.first, *(time for time in inside if time - self.first > step / 2)]
