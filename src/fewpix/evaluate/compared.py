"""One model's figures minus another's, of one size, of one run or of two results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.evaluate.pair_difference import RateChanges
from fewpix.evaluate.search_difference import SearchDifference
from fewpix.evaluate.uccs_difference import UccsDifference

Difference = RateChanges | SearchDifference | UccsDifference
"""What two models' figures can differ in."""


@dataclass(frozen=True, eq=False)
class Compared:
    """One difference.

    Args:
        model: whose figures count positive.
        minus: the other one.
        size: that both were measured at; None for pictures at their own size.
        found: the first's figures minus the second's.
        part: of what is measured in several parts, which one: its name and value, such as the protocol.
    """

    model: str
    minus: str
    size: int | None
    found: Difference
    part: tuple[str, str] | None = None

    def lines(self) -> list[str]:
        """In words."""
        at = (f" at {self.size} px" if self.size else "") + (f", {self.part[1]}" if self.part else "")
        return [f"{self.model} minus {self.minus}{at}, in points", *(f"  {x}" for x in self.found.lines())]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        part = dict([self.part]) if self.part else {}
        return {
            "model": self.model,
            "minus": self.minus,
            "size": self.size,
            **part,
            **self.found.to_json(),
        }
