"""Who changed what and when. Of whom is told by keyed digests of names, and nothing of anybody's looks.

Who knows a name finds its entries; who only has the log learns no name from it. So the log may outlive a
person's entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fewpix.foreign import json_of
from fewpix.gallery.names import stored_name
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.moments import now
from fewpix.serve.paging import given, rows


@dataclass(frozen=True)
class Entry:
    """One change, or the attempt.

    Args:
        id: rises.
        time: when it began, UTC, ISO 8601.
        request: id of the request.
        who: id of the key; "local" where there was none.
        action: what was to be done, such as "person.delete".
        collection: where; empty for none.
        people: keyed digests of names.
        outcome: "begun" (and never heard of again: the service was killed), "done", or a problem's code.
        counts: how many of what, by name.
        subject: what was changed where that is no person: a camera, or the number of an event; else empty.
    """

    id: int
    time: str
    request: str
    who: str
    action: str
    collection: str
    people: tuple[str, ...]
    outcome: str
    counts: Mapping[str, int]
    subject: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**vars(self), "people": list(self.people), "counts": dict(self.counts)}


def pseudonym(secret: bytes, collection: str, name: str) -> str:
    """What stands for a name in the log: 16 hexadecimal digits."""
    text = f"{collection}\0{stored_name(name)}".encode()
    return hashlib.blake2b(text, key=secret, digest_size=8).hexdigest()


def begin(
    database: ServiceDatabase,
    *,
    request: str,
    who: str,
    action: str,
    collection: str,
    names: Sequence[str],
    subject: str = "",
) -> int:
    """Note that a change begins; its number."""
    secret = database.secret
    people = sorted({pseudonym(secret, collection, name) for name in names})
    time = now()
    database.execute(
        "INSERT INTO audit (time, request, who, action, collection, people, outcome, counts, subject)"
        " VALUES (?, ?, ?, ?, ?, ?, 'begun', '{}', ?)",
        *(time, request, who, action, collection, json.dumps(people), subject),
    )
    ((number,),) = database.select("SELECT last_insert_rowid()")
    return int(number)


def end(database: ServiceDatabase, number: int, outcome: str, counts: Mapping[str, int]) -> None:
    """Note how a change ended."""
    database.execute(
        "UPDATE audit SET outcome = ?, counts = ? WHERE id = ?", outcome, json.dumps(dict(counts)), number
    )


def entries(
    database: ServiceDatabase, *, before: int | None, most: int, collection: str = "", person: str = ""
) -> list[Entry]:
    """The log, the newest first.

    Args:
        database: of the service.
        before: only entries with smaller numbers.
        most: how many at most.
        collection: only those of one.
        person: only those about somebody of this name in this collection.
    """
    about = f'%"{pseudonym(database.secret, collection, person)}"%' if person else None
    wanted = given({"id < ?": before, "collection = ?": collection or None, "people LIKE ?": about})
    query = "SELECT id, time, request, who, action, collection, people, outcome, counts, subject FROM audit"
    return [
        Entry(
            number,
            time,
            request,
            who,
            action,
            place,
            tuple(json_of(people)),
            outcome,
            json_of(counts),
            subject,
        )
        for number, time, request, who, action, place, people, outcome, counts, subject in rows(
            database, query, wanted, "id DESC", most
        )
    ]
