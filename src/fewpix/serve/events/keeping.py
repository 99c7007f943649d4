"""What goes out of the events by itself: what is older than its camera says, and people who are deleted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from fewpix.errors import FewpixError
from fewpix.gallery.store import Gallery
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events import people, table
from fewpix.serve.events.record import Somebody
from fewpix.serve.galleries import Collections
from fewpix.serve.handles import person_of
from fewpix.serve.problems import ProblemError
from fewpix.serve.review import groups

log = logging.getLogger("fewpix.serve")

EVERY = 60.0
"""Seconds between two times that it is looked at."""

HOUR = 3600.0


def expire(database: ServiceDatabase, retentions: Iterable[tuple[str, float]], now: float) -> int:
    """Delete events that are kept for longer than their cameras say, to the last byte.

    Args:
        database: of the service.
        retentions: cameras with hours.
        now: seconds since 1970.

    Returns:
        How many.
    """
    with database.transaction():
        return sum(
            table.remove(database, "camera = ? AND end < ?", camera, now - HOUR * hours)
            for camera, hours in retentions
        )


async def follow_people(
    collections: Collections, office: Office, collection: str, merged: Sequence[tuple[str, str]] = ()
) -> None:
    """Bring the names in events and corrections to what they are in the collection: renamed, merged, gone.

    Args:
        collections: of the service.
        office: where events are.
        collection: one that may be gone itself.
        merged: ids of entries that ended, each with the entry that has their photos now.

    Raises:
        ProblemError: the collection is away, or it is not known whether there is one.
    """
    into = dict(merged)
    is_there = collection in collections.names()
    if not is_there:
        if not collections.complete:
            raise ProblemError("unavailable", "it is not known yet which collections there are", retry=5)
        await office.run(lambda database: _end_groups(database, collection))
    ids = await office.run(lambda database: people.people_in(database, collection))
    if not ids:
        return

    def now(gallery: Gallery) -> dict[str, Somebody]:
        found = {}
        for each in ids:
            try:
                found[each] = Somebody.of(person_of(gallery, into.get(each, each)))
            except ProblemError:
                continue
        return found

    there: dict[str, Somebody] = {}
    if is_there:
        there = await collections.desk(collection).run(now)

    def write(database: ServiceDatabase) -> None:
        with database.transaction():
            for each in ids:
                if each in there:
                    people.rename(database, collection, each, there[each])
                else:
                    people.forget(database, collection, each)

    await office.run(write)


def _end_groups(database: ServiceDatabase, collection: str) -> None:
    with database.transaction():
        groups.end_collection(database, collection)


def _concerned(database: ServiceDatabase) -> list[str]:
    """Collections whose people stand in events or corrections, or in which somebody is unknown."""
    several = " UNION ".join(
        f"SELECT collection FROM {table}" for table in ("event_people", "corrections", "unknown_groups")
    )
    return [collection for (collection,) in database.select(f"{several} ORDER BY collection")]


class Keeper:
    """A task that keeps events no longer than is said, from the start of a service on.

    Args:
        office: where events are.
        collections: whose people they name.
        retentions: gives cameras with hours.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        office: Office,
        collections: Collections,
        retentions: Callable[[], Sequence[tuple[str, float]]],
        clock: Callable[[], float],
    ) -> None:
        self._office, self._collections = office, collections
        self._retentions, self._clock = retentions, clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Delete what is too old; then, beside everything else, look at people, and at both now and then."""
        await self._expire()
        self._task = asyncio.create_task(self._for_ever())

    async def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def once(self) -> int:
        """Delete what is too old and who is gone; how many events were deleted."""
        gone = await self._expire()
        for collection in await self._office.run(_concerned):
            try:
                await follow_people(self._collections, self._office, collection)
            except ProblemError as problem:  # a collection that is away keeps its names until it is back
                log.warning("the events of the collection %s: %s", collection, problem)
        return gone

    async def _expire(self) -> int:
        retentions, now = self._retentions(), self._clock()
        gone = await self._office.run(lambda database: expire(database, retentions, now))
        if gone:
            log.info("%d events were older than their cameras say", gone)
        return gone

    async def _for_ever(self) -> None:
        while True:
            try:
                await self.once()
            except (FewpixError, ProblemError) as error:
                log.error("old events cannot be deleted: %s", error)
            await asyncio.sleep(EVERY)
