"""What helps where nobody was named, or no rate is known: told once, after all faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fewpix.identify.pipeline import IdentifiedFace


class Remedies:
    """Gathers what helps, each with the first reason that it was given for."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def add(self, face: IdentifiedFace) -> None:
        """Take in a face; what helps where there was no rule to decide by is said elsewhere."""
        from fewpix.identify.rating import UNRATED

        if face.verdict.kind != "undecided" and face.verdict.fix:
            self._first.setdefault(face.verdict.fix, face.verdict.reason)
        for rate in (face.fpir, *face.fmr):
            if rate is not UNRATED and rate.known is None and rate.fix:
                self._first.setdefault(rate.fix, rate.reason)

    def lines(self) -> list[str]:
        """A line each: the reason, and what helps in brackets."""
        return [f"{reason} ({fix})" for fix, reason in self._first.items()]
