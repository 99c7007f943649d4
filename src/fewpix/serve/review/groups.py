"""Groups of unknown people: who belongs to which, by the templates that were kept of tracks.

A track joins the part that it is most like, where that is as alike as people are named from; else it founds a
group with one part. A part's template is the mean of those of its last sightings. Only templates of one
encoder under one state are compared, and a part is of one. Somebody who knows better makes several groups
one: its parts stay as they were, so that whoever is like one of them belongs to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fewpix.embed.fusion import fuse
from fewpix.identify.faces import EmbeddedFace
from fewpix.identify.rating import curve_of
from fewpix.identify.rule import Rule
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.moments import now
from fewpix.serve.review.record import Template, nearer, packed, unpacked

KEPT = 32
"""Sightings that make a part's template: the last ones, so that it follows how somebody looks."""

_EACH = "(SELECT value FROM json_each(?))"
_OF_GROUP = "(SELECT id FROM unknown_parts WHERE of_group = ?)"


@dataclass(frozen=True)
class Place:
    """Where a track belongs.

    Args:
        part: that it is like; None where it founds a group.
        ignored: whether that one's group is.
    """

    part: int | None
    ignored: bool


def least(rule: Rule, face: EmbeddedFace, parts: int) -> float | None:
    """The score from which on a track is taken for somebody who was there before.

    It is that by which a track is named (a threshold, or what the calibration says for this size, so many
    sights and as many people as there are parts), and higher by what two tracks are more alike.

    Args:
        rule: by which people are named.
        face: the track.
        parts: that it is compared with.

    Returns:
        None where nothing decides, or the rate is not known for such a face.
    """
    named = rule.threshold
    if named is None and rule.calibrated is not None and rule.fpir is not None:
        named = curve_of(rule.calibrated, face, max(1, parts)).threshold(rule.fpir)
    return None if named is None else nearer(named)


def place(
    database: ServiceDatabase, collection: str, template: Template, from_score: Callable[[int], float | None]
) -> Place | None:
    """Where an unknown track belongs.

    Args:
        database: of the service.
        collection: in which it is unknown.
        template: of the track.
        from_score: gives the score that makes two the same, among so many parts; see `least`.

    Returns:
        None where that is not known.
    """
    rows = database.select(
        "SELECT p.id, ignored, template FROM unknown_parts AS p JOIN unknown_groups AS g ON g.id = of_group"
        " WHERE collection = ? AND encoder = ? AND state = ? ORDER BY p.id",
        *(collection, template.encoder, template.state),
    )
    score = from_score(len(rows))
    if score is None:
        return None
    if rows:
        alike = unpacked([row[2] for row in rows]) @ template.vector
        best = int(alike.argmax())  # of equals the oldest
        if alike[best] >= score:
            return Place(rows[best][0], bool(rows[best][1]))
    return Place(None, ignored=False)


def take(
    database: ServiceDatabase, event: int, collection: str, template: Template, found: Place | None
) -> None:
    """Keep a track; of one that is ignored only that it was there.

    Args:
        database: of the service.
        event: of the track.
        collection: where it was looked for.
        template: of the track.
        found: where it belongs; None for a track of somebody who was named.
    """
    kept = None if found is not None and found.ignored else packed(template.vector)
    with database.transaction():
        database.execute(
            "INSERT OR REPLACE INTO sightings VALUES (?, ?, ?, ?, ?)",
            *(event, None if found is None else found.part, template.encoder, template.state, kept),
        )
        if found is not None and found.part is None:
            found_alone(database, event, collection)
        elif found is not None and found.part is not None:
            settle(database, [found.part])


def found_alone(database: ServiceDatabase, event: int, collection: str) -> None:
    """Make a group of a kept track alone, inside a transaction."""
    _part(database, _group(database, collection), "sightings WHERE event = ?", event, [event])


def take_out(database: ServiceDatabase, event: int) -> None:
    """Take a track out of its group, inside a transaction; its template stays."""
    rows = database.select("SELECT part FROM sightings WHERE event = ? AND part IS NOT NULL", event)
    database.execute("UPDATE sightings SET part = NULL WHERE event = ?", event)
    settle(database, [part for (part,) in rows])


def settle(database: ServiceDatabase, parts: Iterable[int]) -> None:
    """Bring parts' templates to what their sightings are now, inside a transaction.

    One without sightings ends, and a group without parts. In an ignored group all stays as it was when
    somebody ignored it.
    """
    for part in parts:
        found = database.select(
            "SELECT of_group FROM unknown_parts AS p JOIN unknown_groups AS g ON g.id = of_group"
            " WHERE p.id = ? AND NOT ignored",
            part,
        )
        if not found:
            continue
        if not database.select("SELECT 1 FROM sightings WHERE part = ?", part):
            database.execute("DELETE FROM unknown_parts WHERE id = ?", part)
            if not database.select("SELECT 1 FROM unknown_parts WHERE of_group = ?", found[0][0]):
                end(database, found[0][0])
        elif (mean := _mean(database, part)) is not None:
            database.execute("UPDATE unknown_parts SET template = ? WHERE id = ?", mean, part)


def merge(database: ServiceDatabase, into: int, others: Sequence[int]) -> None:
    """Make several groups one; whether it is ignored stays as it was."""
    with database.transaction():
        parts = [part for other in others for part in parts_of(database, other)]
        each = json.dumps(list(others))
        database.execute(f"UPDATE unknown_parts SET of_group = ? WHERE of_group IN {_EACH}", into, each)
        database.execute(f"DELETE FROM unknown_groups WHERE id IN {_EACH}", each)
        settle(database, parts)


def split(database: ServiceDatabase, group: int, collection: str, events: Sequence[int]) -> int:
    """Make a group of some of a group's sightings; its number."""
    with database.transaction():
        new = _group(database, collection)
        for part in parts_of(database, group):
            rows = database.select(
                f"SELECT event FROM sightings WHERE part = ? AND event IN {_EACH} ORDER BY event",
                *(part, json.dumps(list(events))),
            )
            if rows:
                leaving = [event for (event,) in rows]
                _part(database, new, "unknown_parts WHERE id = ?", part, leaving)
                settle(database, [part])
    return new


def ignore(database: ServiceDatabase, group: int, ignored: bool) -> None:
    """Tell nobody of a group any more, or do so again."""
    with database.transaction():
        database.execute("UPDATE unknown_groups SET ignored = ? WHERE id = ?", ignored, group)
        settle(database, parts_of(database, group))


def parts_of(database: ServiceDatabase, group: int) -> list[int]:
    """The numbers of a group's parts."""
    rows = database.select("SELECT id FROM unknown_parts WHERE of_group = ? ORDER BY id", group)
    return [part for (part,) in rows]


def events_of(database: ServiceDatabase, group: int) -> list[int]:
    """The numbers of a group's sightings."""
    rows = database.select(f"SELECT event FROM sightings WHERE part IN {_OF_GROUP} ORDER BY event", group)
    return [event for (event,) in rows]


def leave(database: ServiceDatabase, events: str, *values: object) -> list[int]:
    """Take events out of their groups, inside a transaction: the bytes of their templates are overwritten.

    Args:
        database: of the service.
        events: their numbers as SQL has them behind IN.
        values: of that.

    Returns:
        The parts that they were of, to be settled.
    """
    rows = database.select(
        f"SELECT DISTINCT part FROM sightings WHERE event IN {events} AND part IS NOT NULL", *values
    )
    database.execute(f"DELETE FROM sightings WHERE event IN {events}", *values)
    return [part for (part,) in rows]


def end(database: ServiceDatabase, group: int) -> None:
    """Delete a group, inside a transaction; its sightings, where it has any, belong to none."""
    database.execute(f"UPDATE sightings SET part = NULL WHERE part IN {_OF_GROUP}", group)
    database.execute("DELETE FROM unknown_parts WHERE of_group = ?", group)
    database.execute("DELETE FROM unknown_groups WHERE id = ?", group)


def end_collection(database: ServiceDatabase, collection: str) -> None:
    """Delete all groups and templates of a collection that is gone, inside a transaction."""
    for (group,) in database.select("SELECT id FROM unknown_groups WHERE collection = ?", collection):
        end(database, group)
    database.execute(
        "DELETE FROM sightings WHERE event IN (SELECT id FROM events WHERE collection = ?)", collection
    )


def _group(database: ServiceDatabase, collection: str) -> int:
    database.execute("INSERT INTO unknown_groups (collection, created) VALUES (?, ?)", collection, now())
    return _last(database)


def _part(database: ServiceDatabase, group: int, made_of: str, of: int, events: Sequence[int]) -> None:
    """Make a part of tracks.

    Args:
        database: of the service.
        group: of which it is.
        made_of: where its encoder, state and first template are, as SQL has it behind FROM.
        of: the value in that.
        events: of the tracks.
    """
    made = f"SELECT ?, encoder, state, template FROM {made_of}"
    database.execute(f"INSERT INTO unknown_parts (of_group, encoder, state, template) {made}", group, of)
    part = _last(database)
    each = json.dumps(list(events))
    database.execute(f"UPDATE sightings SET part = ? WHERE event IN {_EACH}", part, each)
    settle(database, [part])


def _mean(database: ServiceDatabase, part: int) -> bytes | None:
    """The template that a part's sightings make; None where none of theirs is kept."""
    rows = database.select(
        "SELECT template FROM sightings WHERE part = ? AND template IS NOT NULL ORDER BY event DESC LIMIT ?",
        *(part, KEPT),
    )
    if not rows:
        return None
    fused = fuse(unpacked([template for (template,) in rows]), np.zeros(1, np.int64), np.ones(len(rows)))
    return packed(fused.embeddings[0])


def _last(database: ServiceDatabase) -> int:
    ((number,),) = database.select("SELECT last_insert_rowid()")
    return int(number)
