"""Deciding before a track has ended, without more false alarms than were asked for.

Whoever looks ten times at a stranger has ten chances to take them for somebody. So a track is looked at only
when it has certain numbers of sights, each look spends a part of the rate that is to be kept, and the last
one has what is left: the chance that any of them names a stranger is at most the sum of the parts
(Bonferroni's inequality), and less, since the looks share sights. A look whose part the calibration cannot
tell is not made, and spends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fewpix.video.result import IdentifiedTrack, shown
from fewpix.video.track import Box

LOOKS = (4, 8)
"""Numbers of sights at which a track is looked at before it has ended."""

SHARE = 1 / 3
"""Of the rate, that each of these looks spends: large, so that a calibration of few people can tell it."""


@dataclass(frozen=True, eq=False)
class Event:
    """What became known of a track that still grows.

    Args:
        kind: "seen": it is long enough to be one; "named": an early decision.
        path: as in `IdentifiedTrack`.
        track: its number.
        time: seconds, as in `IdentifiedTrack`.
        clock: UTC of `time` of a live stream; None of a file.
        box: x, y, width, height of the face at this time.
        found: who it may be; None of "seen".
    """

    kind: Literal["seen", "named"]
    path: str
    track: int
    time: float
    clock: str | None
    box: Box
    found: IdentifiedTrack | None = None

    def __str__(self) -> str:
        path = self.path.encode("utf-8", "backslashreplace").decode()
        said = "seen"
        if self.found is not None:
            said = f"{self.found.verdict.short}, by {len(self.found.samples)} sights so far"
        return f"{path}: track {self.track}   {shown(self.time)}   {said}"

    def to_json(self) -> dict[str, Any]:
        """`event`, the kind, and where and when; of "named" also all fields of a track."""
        values = {} if self.found is None else self.found.to_json()
        return {
            **values,
            "event": self.kind,
            "path": self.path,
            "track": self.track,
            "time": round(self.time, 3),
            "clock": self.clock,
            "box": [round(value, 2) for value in self.box],
        }
