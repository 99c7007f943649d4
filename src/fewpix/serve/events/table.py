"""The events in the service's own file: written as tracks grow and end, read, deleted.

Those of films are kept beside those of cameras, and are told to nobody who listens: they did not happen now.
"""

from __future__ import annotations

import json

from fewpix.foreign import json_of
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events.people import people_of
from fewpix.serve.events.record import KILLED, Event, Found, Somebody
from fewpix.serve.events.wanted import Selection, Wanted
from fewpix.serve.paging import rows
from fewpix.serve.review import groups

_COLUMNS = (
    "id, sequence, camera, collection, stage, start, end, verdict, told,"
    " (SELECT count(*) FROM event_crops WHERE event = events.id),"
    " EXISTS (SELECT 1 FROM sightings WHERE event = events.id AND template IS NOT NULL),"
    " (SELECT of_group FROM sightings JOIN unknown_parts AS p ON p.id = part WHERE event = events.id), job"
)


def position(database: ServiceDatabase) -> int:
    """The number of the latest change of any event."""
    ((value,),) = database.select("SELECT value FROM sequence")
    return int(value)


def begin(
    database: ServiceDatabase,
    camera: str,
    collection: str,
    start: float,
    found: Found,
    job: str | None = None,
) -> Event:
    """Write a track that begins to be one; on return it is on the disk."""
    with database.transaction():
        database.execute(
            "INSERT INTO events (sequence, camera, job, collection, stage, start, end, verdict, told)"
            " VALUES (?, ?, ?, ?, '', ?, ?, NULL, '{}')",
            *(_next(database), camera, job, collection, start, found.end),
        )
        ((number,),) = database.select("SELECT last_insert_rowid()")
        _write(database, number, found)
    return _one(database, number)


def go_on(database: ServiceDatabase, number: int, found: Found, *, start: float) -> Event | None:
    """Write what became known of a track; None where its event was deleted meanwhile."""
    with database.transaction():
        if not database.execute(
            "UPDATE events SET sequence = ?, start = ? WHERE id = ?", _next(database), start, number
        ):
            return None
        _write(database, number, found)
    return _one(database, number)


def find(database: ServiceDatabase, number: int) -> Event | None:
    """An event; None where there is none."""
    return next(iter(_read(database, ("id = ?", [number]), "id", 1)), None)


def list_events(database: ServiceDatabase, wanted: Wanted, most: int) -> list[Event]:
    """Events, the ones that began last first.

    Args:
        database: of the service.
        wanted: which.
        most: how many at most.
    """
    return _read(database, wanted.sql(), "id DESC", most)


def changed_after(
    database: ServiceDatabase,
    after: int,
    most: int,
    camera: str | None = None,
    only: Selection | None = None,
) -> list[Event]:
    """Events of cameras that changed after a position, each as it is now, in the order of their last changes.

    Args:
        database: of the service.
        after: the position.
        most: how many at most.
        camera: of this one only.
        only: chooses in another way, in place of the camera.
    """
    return _read(database, _after(after, only or Wanted(camera=camera)), "sequence", most)


def as_now(database: ServiceDatabase, event: Event, only: Selection) -> Event | None:
    """An event that was read before, with the names of now; None where it is not to be told any more.

    That is so when it was deleted, is no longer among those that are chosen, or changed and so comes again.
    """
    found = changed_after(database, event.sequence - 1, 1, only=only)
    return found[0] if found and found[0].sequence == event.sequence else None


def count_after(database: ServiceDatabase, after: int, only: Selection) -> int:
    """How many events of cameras changed after a position, among those that are chosen."""
    text, values = _after(after, only)
    ((count,),) = database.select(f"SELECT count(*) FROM events WHERE {text}", *values)
    return int(count)


def last_seen(database: ServiceDatabase, camera: str) -> tuple[float | None, tuple[Somebody, float] | None]:
    """When a camera saw anybody last, and whom it named last and when; None for never.

    Times are seconds since 1970.
    """
    ((end,),) = database.select("SELECT max(end) FROM events WHERE camera = ?", camera)
    rows = database.select(
        "SELECT person, name, end FROM events JOIN event_people ON event = id WHERE camera = ?"
        " AND part = CASE stage WHEN 'ended' THEN 'decision' ELSE 'early' END"
        " ORDER BY end DESC, id DESC LIMIT 1",
        camera,
    )
    return end, (Somebody(rows[0][0], rows[0][1]), rows[0][2]) if rows else None


def crop(database: ServiceDatabase, number: int, rank: int) -> bytes | None:
    """A kept sight of an event, as PNG, the best first; None where there is none."""
    rows = database.select("SELECT png FROM event_crops WHERE event = ? AND rank = ?", number, rank)
    return bytes(rows[0][0]) if rows else None


def remove(database: ServiceDatabase, condition: str, *values: object) -> int:
    """Delete events by a condition, inside a transaction: the bytes are overwritten.

    Their names, crops and templates go with them, and what groups have from these. Corrections stay.
    """
    chosen = f"(SELECT id FROM events WHERE {condition})"
    left = groups.leave(database, chosen, *values)
    database.execute(f"DELETE FROM event_people WHERE event IN {chosen}", *values)
    database.execute(f"DELETE FROM event_crops WHERE event IN {chosen}", *values)
    count = database.execute(f"DELETE FROM events WHERE {condition}", *values)
    groups.settle(database, left)
    return count


def decide(database: ServiceDatabase, event: Event, who: Somebody | None, reason: str | None) -> None:
    """Write what somebody says of a track that has ended, inside a transaction; nobody is told yet.

    Args:
        database: of the service.
        event: as it is kept.
        who: whom it shows; None for nobody who is known.
        reason: why nobody is named.
    """
    told = json.dumps({**event.told, "reason": reason, "fix": None, "reviewed": True})
    verdict = "unknown" if who is None else "named"
    database.execute("UPDATE events SET verdict = ?, told = ? WHERE id = ?", verdict, told, event.id)
    database.execute("DELETE FROM event_people WHERE event = ? AND part = 'decision'", event.id)
    if who is not None:
        database.execute(
            "INSERT INTO event_people VALUES (?, 'decision', 0, ?, ?, ?)",
            *(event.id, event.collection, who.id, who.name),
        )


def touch(database: ServiceDatabase, number: int) -> None:
    """Count a change of an event, inside a transaction, so that whoever listens is told of it."""
    database.execute("UPDATE events SET sequence = ? WHERE id = ?", _next(database), number)


def end_unfinished(database: ServiceDatabase, camera: str | None = None) -> int:
    """End the events of a service that was killed, or of a camera that failed; how many there were."""
    with database.transaction():
        rows = database.select(
            "SELECT id FROM events WHERE stage <> 'ended' AND camera = coalesce(?, camera)", camera
        )
        numbers = [number for (number,) in rows]
        for number in numbers:
            event = _one(database, number)
            told = {**event.told, "reason": KILLED}
            # Who was named early was named by a rate of its own; that stays, as `early`.
            go = Found("ended", event.end, "undecided", event.people, told)
            database.execute("UPDATE events SET sequence = ? WHERE id = ?", _next(database), number)
            _write(database, number, go)
    return len(numbers)


def _after(position: int, only: Selection) -> tuple[str, list[object]]:
    """A condition on what is told, and its values."""
    text, values = only.sql()
    return f"{text} AND job IS NULL AND sequence > ?", [*values, position]


def _next(database: ServiceDatabase) -> int:
    """A number above all that were given; inside a transaction."""
    database.execute("UPDATE sequence SET value = value + 1")
    return position(database)


def _write(database: ServiceDatabase, number: int, found: Found) -> None:
    database.execute(
        "UPDATE events SET stage = ?, end = max(end, ?), verdict = ?, told = ? WHERE id = ?",
        *(found.stage, found.end, found.verdict, json.dumps(dict(found.told)), number),
    )
    ((collection,),) = database.select("SELECT collection FROM events WHERE id = ?", number)
    database.execute("DELETE FROM event_people WHERE event = ?", number)
    for part, rank, who in found.people:
        database.execute(
            "INSERT INTO event_people VALUES (?, ?, ?, ?, ?, ?)",
            *(number, part, rank, collection, who.id, who.name),
        )
    if found.crops:
        database.execute("DELETE FROM event_crops WHERE event = ?", number)
        for rank, png in enumerate(found.crops):
            database.execute("INSERT INTO event_crops VALUES (?, ?, ?)", number, rank, png)


def _one(database: ServiceDatabase, number: int) -> Event:
    event = find(database, number)
    assert event is not None
    return event


def _read(database: ServiceDatabase, wanted: tuple[str, list[object]], order: str, most: int) -> list[Event]:
    found = rows(database, f"SELECT {_COLUMNS} FROM events", wanted, order, most)
    people = people_of(database, [row[0] for row in found])
    return [
        Event(
            *(n, sequence, camera, place, stage, start, end, verdict, tuple(people[n]), crops, json_of(told)),
            template=bool(template),
            group=group,
            job=job,
        )
        for n, sequence, camera, place, stage, start, end, verdict, told, crops, template, group, job in found
    ]
