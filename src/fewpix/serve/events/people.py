"""Who stands in events: every name is in one table, so that people can be renamed and taken out of all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from fewpix.foreign import json_of
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events.record import FORGOTTEN, Part, Somebody
from fewpix.serve.review import corrections, groups


def people_of(
    database: ServiceDatabase, numbers: Iterable[int]
) -> defaultdict[int, list[tuple[Part, int, Somebody]]]:
    """Who stands in events, by the event."""
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for event, part, rank, person, name in database.select(
        "SELECT event, part, rank, person, name FROM event_people"
        " WHERE event IN (SELECT value FROM json_each(?)) ORDER BY event, part, rank",
        json.dumps(list(numbers)),
    ):
        found[event].append((part, rank, Somebody(person, name)))
    return found


def people_in(database: ServiceDatabase, collection: str) -> list[str]:
    """The ids of everybody who stands in an event or a correction of a collection."""
    rows = database.select(
        "SELECT person FROM event_people WHERE collection = ?"
        " UNION SELECT person FROM corrections WHERE collection = ?",
        *(collection, collection),
    )
    return [person for (person,) in rows]


def rename(database: ServiceDatabase, collection: str, person: str, to: Somebody) -> None:
    """Call somebody in events as they are called now, or by the entry that they were merged into."""
    database.execute(
        "UPDATE corrections SET person = ? WHERE collection = ? AND person = ?", to.id, collection, person
    )
    database.execute(
        "UPDATE event_people SET person = ?, name = ? WHERE collection = ? AND person = ?",
        *(to.id, to.name, collection, person),
    )


def forget(database: ServiceDatabase, collection: str, person: str) -> int:
    """Take somebody out of all events, inside a transaction: name, id, and what shows them of sights and
    templates, and who was said not to be them.

    Returns:
        In how many events they stood.
    """
    rows = database.select(
        "SELECT DISTINCT event, part = 'decision' FROM event_people WHERE collection = ? AND person = ?",
        *(collection, person),
    )
    database.execute("DELETE FROM event_people WHERE collection = ? AND person = ?", collection, person)
    corrections.remove(database, "collection = ? AND person = ?", collection, person)
    for number, decided in rows:
        if not decided:
            continue
        ((told,),) = database.select("SELECT told FROM events WHERE id = ?", number)
        told = json.dumps({**json_of(told), "reason": FORGOTTEN, "fix": None})
        database.execute("UPDATE events SET verdict = 'forgotten', told = ? WHERE id = ?", told, number)
        database.execute("DELETE FROM event_crops WHERE event = ?", number)
        groups.leave(database, "(?)", number)
    return len({number for number, _ in rows})
