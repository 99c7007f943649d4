"""What a job tells line by line. Whom a line names stands beside it, so that it can be erased with them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fewpix.foreign import json_of
from fewpix.gallery.store import Gallery
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.handles import handle_of, present
from fewpix.serve.paging import given, rows

PLACES = ("event", "path", "track", "first", "last", "clock", "time", "box", "frames", "boxes")
"""What stays of a line when somebody whom it names is removed: that somebody was there."""


def told(gallery: Gallery, line: Mapping[str, Any]) -> tuple[str, str]:
    """A line with what its candidates are called in addresses, at the desk of the collection.

    Args:
        gallery: of the collection.
        line: as `IdentifiedTrack.to_json` or `Event.to_json`.

    Returns:
        Handles of all whom the line names, between blanks, and the line as JSON. One that names somebody who
        is no longer there is erased.
    """
    names = set(_names(line))
    handles = {name: handle_of(person) for name, person in present(gallery, names).items()}
    if handles.keys() != names:
        return "", erased(line)
    out = dict(line)
    if "candidates" in line:
        out["candidates"] = [each | {"person_id": handles[each["name"]]} for each in line["candidates"]]
    return " ".join(sorted(handles.values())), json.dumps(out)


def erased(line: Mapping[str, Any]) -> str:
    """A line without anybody's name."""
    return json.dumps({name: line[name] for name in PLACES if name in line} | {"erased": True})


def _names(line: Mapping[str, Any]) -> Iterator[str]:
    """Everybody whom a line names."""
    yield from (each["name"] for each in line.get("candidates", ()))
    for several in ("ambiguous", "tie"):
        yield from line.get(several, ())
    for one in (line.get("decision"), (line.get("early") or {}).get("decision")):
        if one is not None:
            yield one


def add(database: ServiceDatabase, job: int, lines: Sequence[tuple[str, str]]) -> None:
    """Keep lines of a job, as `told` gives them."""
    with database.transaction():
        for people, text in lines:
            database.execute("INSERT INTO job_lines (job, people, text) VALUES (?, ?, ?)", job, people, text)


def lines(database: ServiceDatabase, job: int, *, after: int, most: int) -> list[tuple[int, dict[str, Any]]]:
    """Lines of a job in the order in which they came, each with its number.

    Args:
        database: of the service.
        job: number of the job.
        after: only lines with higher numbers.
        most: how many at most.
    """
    wanted = given({"job = ?": job, "number > ?": after})
    found = rows(database, "SELECT number, text FROM job_lines", wanted, "number", most)
    return [(int(number), json_of(text)) for number, text in found]


def collections(database: ServiceDatabase) -> list[str]:
    """The collections of which anybody is named."""
    rows = database.select(
        "SELECT DISTINCT j.collection FROM job_lines l JOIN jobs j ON j.number = l.job WHERE l.people != ''"
    )
    return [str(name) for (name,) in rows]


def erase(database: ServiceDatabase, collection: str, present: Collection[str]) -> int:
    """Erase the lines that name anybody who is not in a collection any more; how many.

    Args:
        database: of the service.
        collection: that people were removed from.
        present: handles of all who are in it.
    """
    there, count = set(present), 0
    with database.transaction():
        named = database.select(
            "SELECT l.number, l.people FROM job_lines l JOIN jobs j ON j.number = l.job"
            " WHERE j.collection = ? AND l.people != ''",
            collection,
        )
        for number in (number for number, people in named if not set(people.split()) <= there):
            ((text,),) = database.select("SELECT text FROM job_lines WHERE number = ?", number)
            database.execute(
                "UPDATE job_lines SET people = '', text = ? WHERE number = ?", erased(json_of(text)), number
            )
            count += 1
    return count
