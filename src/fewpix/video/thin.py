"""Which frames of a video are looked at."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from fewpix.errors import ConfigError


@dataclass(frozen=True)
class Thin:
    """A choice of frames.

    Args:
        every: one of so many, at least 1.
        fps: at most so many a second, above 0; None for all.
        start: seconds before which none is taken.
        end: seconds from which on none is taken; None for no end.

    Raises:
        ConfigError: a value out of range, or both ways of thinning.
    """

    every: int = 1
    fps: float | None = None
    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ConfigError(f"--every must be at least 1, not {self.every}")
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise ConfigError(f"--fps must be above 0, not {self.fps}")
        if self.every > 1 and self.fps is not None:
            raise ConfigError("thin the frames in one way", fix="give --every or --fps")
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise ConfigError(f"nothing lies between --start {self.start:g} and --end {self.end or 0:g}")

    def chooser(self) -> Chooser:
        """A fresh pass over the frames."""
        return Chooser(self)


class Chooser:
    """Decides frame by frame, in their order."""

    def __init__(self, thin: Thin) -> None:
        self._thin = thin
        self._number = -1
        self._slot: int | None = None

    def before(self, time: float) -> bool:
        """Whether the frame lies before the part that was asked for."""
        return time < self._thin.start - 1e-9

    def past(self, time: float) -> bool:
        """Whether the frame, and so all that follow, lies behind that part."""
        return self._thin.end is not None and time >= self._thin.end - 1e-9

    def take(self, time: float) -> bool:
        """Whether to look at the next frame of the part."""
        self._number += 1
        if self._thin.fps is None:
            return self._number % self._thin.every == 0
        # By slots of time, so that the rate holds on average whatever the frames' own rate is.
        slot = math.floor((time - self._thin.start) * self._thin.fps + 1e-6)
        if slot == self._slot:
            return False
        self._slot = slot
        return True


_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)")


def seconds(text: str) -> float:
    """Seconds from `SS.S`, `MM:SS` or `HH:MM:SS`.

    Raises:
        ConfigError: none of these.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"'{text}' is no time", fix="write seconds, MM:SS or HH:MM:SS")
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + rest
