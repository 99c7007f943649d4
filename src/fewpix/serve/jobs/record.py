"""Jobs in the service's own file: what was asked for, how far it came, how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fewpix.foreign import json_of
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import table as events
from fewpix.serve.moments import moment
from fewpix.serve.paging import given, rows
from fewpix.serve.review import corrections

State = Literal["waiting", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
OPEN: tuple[State, ...] = ("waiting", "running")

MOST_ATTEMPTS = 3
"""How often a job is begun: one that was running so often when the service was killed is not tried again."""

_COLUMNS = (
    *("number", "id", "kind", "collection", "who", "name", "options", "state", "created", "started"),
    *("finished", "attempts", "outcome", "problem"),
)
_ALL = f"SELECT {', '.join(_COLUMNS)} FROM jobs"
_JSON = ("options", "outcome", "problem")


@dataclass(frozen=True)
class Job:
    """A job as it stands in the file.

    Args:
        number: rises with the order in which jobs came.
        id: stands for it in addresses.
        kind: what is done, such as "video".
        collection: whose people it is about.
        who: id of the key that asked for it.
        name: of the file that came with it, for people.
        options: what was asked for, as JSON values.
        state: where it is.
        created: when it came, seconds since 1970.
        started: when it was begun the last time; None for not yet.
        finished: when it ended; None for not yet.
        attempts: how often it was begun.
        outcome: what came out, as JSON values; None where it has none.
        problem: why it failed, as a problem's members; None where it did not.
    """

    number: int
    id: str
    kind: str
    collection: str
    who: str
    name: str
    options: Mapping[str, Any]
    state: State
    created: float
    started: float | None = None
    finished: float | None = None
    attempts: int = 0
    outcome: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state not in OPEN

    def to_json(self) -> dict[str, Any]:
        """All that a reader is told, as JSON values; times in UTC, ISO 8601."""
        return {
            "id": self.id,
            "kind": self.kind,
            "collection": self.collection,
            "name": self.name,
            "options": dict(self.options),
            "state": self.state,
            "created": told(self.created),
            "started": told(self.started),
            "finished": told(self.finished),
            "attempts": self.attempts,
            "outcome": self.outcome,
            "problem": self.problem,
        }


def told(seconds: float | None) -> str | None:
    """A time of a job, if there is one, as it is told."""
    return None if seconds is None else moment(seconds, "seconds")


def add(
    database: ServiceDatabase,
    number_id: str,
    kind: str,
    *,
    collection: str,
    who: str,
    name: str,
    options: Mapping[str, Any],
    now: float,
) -> Job:
    """Take a job in; it waits.

    Args:
        database: of the service.
        number_id: its id.
        kind: as in `Job`.
        collection: as in `Job`.
        who: as in `Job`.
        name: as in `Job`.
        options: as in `Job`.
        now: seconds since 1970.
    """
    database.execute(
        "INSERT INTO jobs (id, kind, collection, who, name, options, state, created)"
        " VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)",
        *(number_id, kind, collection, who, name, json.dumps(dict(options)), now),
    )
    found = find(database, number_id)
    assert found is not None
    return found


def find(database: ServiceDatabase, job: str) -> Job | None:
    """The job of an id; None for none."""
    found = _select(database, "id = ?", job)
    return found[0] if found else None


def jobs(
    database: ServiceDatabase,
    *,
    who: str | None = None,
    collection: str | None = None,
    before: int | None = None,
    most: int = -1,
) -> list[Job]:
    """Jobs, the newest first.

    Args:
        database: of the service.
        who: only those that this key asked for.
        collection: only those about this one.
        before: only those with smaller numbers.
        most: how many at most; below 0 all.
    """
    wanted = given({"who = ?": who, "collection = ?": collection, "number < ?": before})
    return [_job(row) for row in rows(database, _ALL, wanted, "number DESC", most)]


def waiting(database: ServiceDatabase) -> int:
    """How many have not ended."""
    ((count,),) = database.select("SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running')")
    return int(count)


def begin(database: ServiceDatabase, now: float) -> Job | None:
    """Begin the job that has waited longest; None where none waits."""
    with database.transaction():
        found = _select(database, "state = 'waiting' ORDER BY number LIMIT 1")
        if not found:
            return None
        database.execute(
            "UPDATE jobs SET state = 'running', started = ?, attempts = attempts + 1 WHERE number = ?",
            *(now, found[0].number),
        )
        # What a killed attempt has told would be told twice.
        _forget(database, found[0])
    return find(database, found[0].id)


def end(
    database: ServiceDatabase,
    job: Job,
    state: State,
    now: float,
    *,
    outcome: Mapping[str, Any] | None = None,
    problem: Mapping[str, Any] | None = None,
) -> None:
    """Note how a job ended."""
    told = [None if each is None else json.dumps(dict(each)) for each in (outcome, problem)]
    database.execute(
        "UPDATE jobs SET state = ?, finished = ?, outcome = ?, problem = ? WHERE number = ?",
        *(state, now, *told, job.number),
    )


def put_back(database: ServiceDatabase, job: Job) -> None:
    """Let a job wait again that the service has left because it ends."""
    database.execute(
        "UPDATE jobs SET state = 'waiting', attempts = attempts - 1 WHERE number = ? AND state = 'running'",
        job.number,
    )


def cancel_waiting(database: ServiceDatabase, job: str, now: float) -> bool:
    """Cancel a job that was not begun; whether it was one."""
    return bool(
        database.execute(
            "UPDATE jobs SET state = 'cancelled', finished = ? WHERE id = ? AND state = 'waiting'", now, job
        )
    )


def resume(database: ServiceDatabase, now: float) -> list[Job]:
    """After a start: jobs that a service before was at work on wait again; those that are given up, which
    were begun too often.
    """
    with database.transaction():
        given_up = _select(database, "state = 'running' AND attempts >= ?", MOST_ATTEMPTS)
        database.execute(
            "UPDATE jobs SET state = 'waiting' WHERE state = 'running' AND attempts < ?", MOST_ATTEMPTS
        )
        for job in given_up:
            why = f"the service was ended {job.attempts} times while it was at work on this"
            problem = {"code": "error", "detail": why, "fix": "look at the service's log"}
            end(database, job, "failed", now, problem=problem)
    return given_up


def remove(database: ServiceDatabase, job: Job, *, by_hand: bool = False) -> None:
    """Delete a job with all that it has told: lines, and events; by hand the corrections of these, too."""
    with database.transaction():
        if by_hand:
            corrections.remove(database, "event IN (SELECT id FROM events WHERE job = ?)", job.id)
        _forget(database, job)
        database.execute("DELETE FROM jobs WHERE number = ?", job.number)


def _forget(database: ServiceDatabase, job: Job) -> None:
    database.execute("DELETE FROM job_lines WHERE job = ?", job.number)
    events.remove(database, "job = ?", job.id)


def expired(database: ServiceDatabase, before: float) -> list[Job]:
    """Jobs that ended before this time."""
    return _select(database, "finished IS NOT NULL AND finished < ?", before)


def _select(database: ServiceDatabase, wanted: str, *values: object) -> list[Job]:
    return [_job(row) for row in database.select(f"{_ALL} WHERE {wanted}", *values)]


def _job(row: Sequence[Any]) -> Job:
    found = dict(zip(_COLUMNS, row, strict=True))
    return Job(**found | {name: json_of(found[name]) for name in _JSON if found[name] is not None})
