"""Groups of unknown people as they are shown: who was there last comes first."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

from fewpix.serve.database import ServiceDatabase
from fewpix.serve.review.record import Group

CROPS = 5
"""Sights of a group that are shown, and enrolled when it is named."""

_ALL = (
    "SELECT g.id, g.collection, g.ignored, g.created, count(e.id) AS many, min(e.start),"
    " max(e.end) FROM unknown_groups AS g LEFT JOIN unknown_parts AS p ON of_group = g.id"
    " LEFT JOIN sightings ON part = p.id LEFT JOIN events AS e ON e.id = event"
)
_EACH = "of_group IN (SELECT value FROM json_each(?))"
_SEEN = "FROM unknown_parts AS p JOIN sightings AS s ON part = p.id JOIN events AS e ON e.id = s.event"
_LAST = "coalesce(max(e.end), 0.0)"


@dataclass(frozen=True)
class Wanted:
    """Which groups are asked for.

    Args:
        collection: of this one only.
        camera: those that it has seen.
        ignored: those that are, or those that are not.
        least: with at least so many sightings.
    """

    collection: str | None = None
    camera: str | None = None
    ignored: bool = False
    least: int = 0


def list_groups(
    database: ServiceDatabase, wanted: Wanted, *, after: tuple[float, int] | None, most: int
) -> list[Group]:
    """Groups, those that were there last first.

    Args:
        database: of the service.
        wanted: which.
        after: only those behind this place: `last` and id of a group.
        most: how many at most.
    """
    values: list[object] = [wanted.ignored]
    text = "g.ignored = ?"
    if wanted.collection is not None:
        text += " AND g.collection = ?"
        values.append(wanted.collection)
    if wanted.camera is not None:
        text += f" AND g.id IN (SELECT of_group {_SEEN} WHERE camera = ?)"
        values.append(wanted.camera)
    having = "many >= ?"
    values.append(wanted.least)
    if after is not None:
        having += f" AND ({_LAST}, g.id) < (?, ?)"
        values += after
    rows = database.select(
        f"{_ALL} WHERE {text} GROUP BY g.id HAVING {having} ORDER BY {_LAST} DESC, g.id DESC LIMIT ?",
        *(*values, most),
    )
    return _groups(database, rows)


def find_group(database: ServiceDatabase, number: int) -> Group | None:
    """A group; None where there is none."""
    return next(
        iter(_groups(database, database.select(f"{_ALL} WHERE g.id = ? GROUP BY g.id", number))), None
    )


def crops_of(database: ServiceDatabase, group: Group) -> list[tuple[str, bytes]]:
    """The best kept sights of a group, as PNG, each with a name for it."""
    found = []
    for event, rank in group.crops:
        ((png,),) = database.select("SELECT png FROM event_crops WHERE event = ? AND rank = ?", event, rank)
        found.append((f"event-{event}-{rank}.png", bytes(png)))
    return found


def _groups(database: ServiceDatabase, rows: list[tuple]) -> list[Group]:  # type: ignore[type-arg]
    each = json.dumps([row[0] for row in rows])
    cameras: defaultdict[int, list[str]] = defaultdict(list)
    films: defaultdict[int, list[str]] = defaultdict(list)
    for group, camera, job in database.select(
        f"SELECT DISTINCT of_group, camera, job {_SEEN} WHERE {_EACH} ORDER BY camera, job", each
    ):
        (cameras if job is None else films)[group].append(job or camera)
    crops: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for group, event, rank in database.select(
        "SELECT of_group, event, rank FROM (SELECT of_group, c.event, rank, row_number() OVER"
        " (PARTITION BY of_group ORDER BY rank, json_extract(told, '$.quality') DESC, c.event DESC) AS place"
        f" {_SEEN} JOIN event_crops AS c ON c.event = e.id WHERE {_EACH})"
        " WHERE place <= ? ORDER BY of_group, place",
        *(each, CROPS),
    ):
        crops[group].append((event, rank))
    return [
        Group(
            *(n, place, bool(ignored), made, many, first, last),
            *(tuple(cameras[n]), tuple(films[n]), tuple(crops[n])),
        )
        for n, place, ignored, made, many, first, last in rows
    ]
