"""How far something is: what long functions tell, and whoever shows it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Advance = Callable[[int, int], object]
"""Told the units done and in all of one thing."""


class Told(Protocol):
    """Told how far something of several stages is."""

    def __call__(self, done: float, total: float | None = None, note: str = "", stage: str = "") -> object:
        """Units done and in all of a stage.

        Args:
            done: units of the stage that are done.
            total: in all.
            note: a few words more.
            stage: its name. The units of two stages cost differently, so that each has a pace of its own.
        """
        ...


class Parts:
    """Parts of a run one after the other, whose units differ in cost, each told as a stage of its own.

    Args:
        count: how many parts there will be.
        told: told the units done and of all of a part, and which one it is.
    """

    def __init__(self, count: int, told: Told | None) -> None:
        self._count, self._told = count, told
        self._begun = 0

    def part(self) -> Advance | None:
        """What the next part is to tell; None where nobody listens."""
        self._begun += 1
        stage, told = f"part {self._begun} of {self._count}", self._told
        return None if told is None else lambda done, total: told(done, total, "", stage)
