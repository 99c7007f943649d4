"""How many frames came, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass

from fewpix.counted import counted


@dataclass
class Counts:
    """Frames of one video so far. Filled in while it is read; read it at any time.

    Args:
        decoded: whole frames.
        corrupt: frames that the decoder marked as damaged, and packets that it could not read at all; no
            face is looked for in them.
        missing: frames that never came, estimated from gaps in the timestamps.
        cut: frames that a file promises and ends without, estimated where it promises a length only.
        skipped: whole frames of a live stream that were dropped because they came faster than they could be
            looked at.
        thinned: whole frames left out as asked.
        looked: frames in which faces were looked for.
        reconnects: how often a broken stream was opened again.
    """

    decoded: int = 0
    corrupt: int = 0
    missing: int = 0
    cut: int = 0
    skipped: int = 0
    thinned: int = 0
    looked: int = 0
    reconnects: int = 0

    @property
    def lost(self) -> bool:
        """Whether anything of the video was not seen that should have been."""
        return bool(self.damage or self.missing or self.skipped or self.reconnects)

    @property
    def damage(self) -> int:
        """How many frames of a file are damaged or cut off, which no whole file has."""
        return self.corrupt + self.cut

    def to_json(self) -> dict[str, int]:
        """The counts by name."""
        return dict(vars(self))

    def __str__(self) -> str:
        """The frames looked at, and each kind of loss that occurred."""
        parts = [f"{counted(self.looked, 'frame')} looked at"]
        for number, what in (
            (self.thinned, "left out as asked"),
            (self.skipped, "came too fast"),
            (self.corrupt, "corrupt"),
            (self.missing, "missing by their timestamps"),
            (self.cut, "cut off at the end"),
        ):
            if number:
                parts.append(f"{number} {what}")
        if self.reconnects:
            parts.append(counted(self.reconnects, "reconnect"))
        return ", ".join(parts)
