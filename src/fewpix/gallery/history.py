"""What was done to people's entries: it stays with a person under any name, and goes with them."""

from __future__ import annotations

from datetime import UTC, datetime

from fewpix.gallery.rows import Event
from fewpix.gallery.storage.digests import digest
from fewpix.gallery.store import Gallery


def note(gallery: Gallery, person: int, action: str, detail: str, *, created: str = "") -> None:
    """Write an event down, inside a transaction that the caller has begun.

    Args:
        gallery: an open gallery.
        person: number of the person in the tables.
        action: as in `Event`.
        detail: as in `Event`.
        created: when, UTC, ISO 8601; now when empty.
    """
    event = (person, created or datetime.now(UTC).isoformat(timespec="seconds"), action, detail)
    gallery.database.insert(
        "INSERT INTO history (person, created, action, detail, digest) VALUES (?, ?, ?, ?, ?)",
        *(*event, digest(*event)),
    )


def history(gallery: Gallery, name: str) -> list[Event]:
    """What was done to a person's entry, in order.

    Raises:
        InputError: nobody has this name.
    """
    rows = gallery.database.select(
        "SELECT action, detail, created FROM history WHERE person = ? ORDER BY created, id",
        gallery.person(name),
    )
    return [Event(*row) for row in rows]
