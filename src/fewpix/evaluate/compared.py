"""One model's figures minus another's, of one size: pairs or searches, of one run or of two results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.evaluate.pair_difference import PairDifference
from fewpix.evaluate.search_difference import SearchDifference


@dataclass(frozen=True, eq=False)
class Compared:
    """One difference.

    Args:
        model: whose figures count positive.
        minus: the other one.
        size: that both were measured at; None for pictures at their own size.
        found: the first's figures minus the second's.
    """

    model: str
    minus: str
    size: int | None
    found: PairDifference | SearchDifference

    def lines(self) -> list[str]:
        """In words."""
        at = f" at {self.size} px" if self.size else ""
        return [f"{self.model} minus {self.minus}{at}, in points", *(f"  {x}" for x in self.found.lines())]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"model": self.model, "minus": self.minus, "size": self.size, **self.found.to_json()}
