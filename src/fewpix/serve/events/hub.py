"""Somebody tells, several listen: every change of an event reaches whoever follows, in order, once or more.

The table is the truth and the hub only wakes: a listener reads what changed after its position, so that it
misses nothing by being slow, away or restarted. What changed twice meanwhile is told once, as it is now; each
event's end is told in any case, unless it was deleted before.

    async for event in hub.follow(await hub.position("webhooks")):
        if event is None:  # nothing for a while
            continue
        await deliver(event)
        await hub.keep_position("webhooks", event.sequence)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events import table
from fewpix.serve.events.record import Event
from fewpix.serve.events.wanted import Selection

QUIET = 15.0
"""Seconds without a change after which a listener is told so."""

PORTION = 100
"""Events that are read at once."""


class Hub:
    """Who listens to the events of a service.

    Args:
        office: where the events are.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self.closed = False

    def start(self) -> None:
        """Begin, in the loop of those who listen."""
        self._loop = asyncio.get_running_loop()

    def told(self) -> None:
        """Something changed; from any thread, after it is on the disk."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """End every listener; from any thread, also from a handler of signals."""
        self.closed = True
        self.told()

    async def follow(
        self,
        after: int | None = None,
        *,
        camera: str | None = None,
        only: Selection | None = None,
        quiet: float = QUIET,
    ) -> AsyncGenerator[Event | None, None]:
        """Every change after a position, for ever; it ends with the service.

        Args:
            after: the `sequence` of the last event that was dealt with; None for what changes from now on.
            camera: of this one only.
            only: chooses in another way, in place of the camera.
            quiet: seconds.

        Yields:
            Events as they are now, by rising `sequence`; None whenever nothing changed for `quiet` seconds.
        """
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            at = await self._office.run(table.position) if after is None else after
            while not self.closed:
                woken.clear()

                def read(database: ServiceDatabase, at: int = at) -> tuple[int, list[Event]]:
                    found = table.changed_after(database, at, PORTION, camera, only)
                    return table.position(database), found

                now, events = await self._office.run(read)
                for event in events:
                    yield event
                    at = event.sequence
                if events or self.closed:
                    continue
                at = max(at, now)  # nothing up to here is wanted
                try:
                    await asyncio.wait_for(woken.wait(), quiet)
                except TimeoutError:
                    yield None
        finally:
            self._waiting.discard(woken)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._waiting)

    async def position(self, listener: str) -> int:
        """How far a listener of this name had come; of a new one where the events are now, and kept so."""

        def read(database: ServiceDatabase) -> int:
            rows = database.select("SELECT position FROM listeners WHERE name = ?", listener)
            if rows:
                return int(rows[0][0])
            now = table.position(database)
            database.execute("INSERT INTO listeners VALUES (?, ?)", listener, now)
            return now

        return await self._office.run(read)

    async def keep_position(self, listener: str, sequence: int) -> None:
        """A listener has dealt with everything up to here; on return that is on the disk."""
        await self._office.run(
            lambda database: database.execute(
                "INSERT INTO listeners VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
                *(listener, sequence),
            )
        )

    def _wake(self) -> None:
        for each in self._waiting:
            each.set()
