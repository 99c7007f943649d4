"""Which events are asked for, as conditions on their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fewpix.serve.paging import given


class Selection(Protocol):
    """Chooses events."""

    def sql(self) -> tuple[str, list[object]]:
        """A condition on rows of events, and its values."""


@dataclass(frozen=True)
class Wanted:
    """Which events are asked for.

    Args:
        camera: of this one only.
        collection: likewise.
        person: those in which somebody of this id is named, at last or early; of any collection if none is
            given.
        since: that ended then or later, in seconds since 1970.
        until: that began before.
        verdict: decided so.
        stage: that are so far.
        group: of unknown people, to which they belong.
        before: that began before the one with this number.
        job: of its film.
    """

    camera: str | None = None
    collection: str | None = None
    person: str | None = None
    since: float | None = None
    until: float | None = None
    verdict: str | None = None
    stage: str | None = None
    group: int | None = None
    before: int | None = None
    job: str | None = None

    def sql(self) -> tuple[str, list[object]]:
        """A condition and its values."""
        parts = {
            "camera = ?": self.camera,
            "collection = ?": self.collection,
            "end >= ?": self.since,
            "start < ?": self.until,
            "verdict = ?": self.verdict,
            "stage = ?": self.stage,
            "id IN (SELECT event FROM sightings JOIN unknown_parts AS p ON p.id = part WHERE of_group = ?)": (
                self.group
            ),
            "id IN (SELECT event FROM event_people WHERE person = ? AND part IN ('decision', 'early'))": (
                self.person
            ),
            "id < ?": self.before,
            "job = ?": self.job,
        }
        return given(parts)
