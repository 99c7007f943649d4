"""What other services do to the collections of a database that several of them use.

Searches need no telling: each looks at the version row first. This is for what a service knows beside its
galleries: which collections there are, and the names of people in events, results and kept answers.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import anyio.to_thread

from fewpix.errors import FewpixError
from fewpix.gallery.storage.location import SERVERS
from fewpix.gallery.storage.postgres import PROCESS
from fewpix.gallery.storage.postgres_address import Address
from fewpix.gallery.storage.postgres_watch import Edition, Watch
from fewpix.serve import replay, undo
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events.keeping import follow_people
from fewpix.serve.galleries import Collections, is_name
from fewpix.serve.jobs.queue import Jobs
from fewpix.serve.problems import ProblemError

log = logging.getLogger("fewpix.serve")

EVERY = 5.0
"""Seconds between two looks when nothing is told: by so much a telling that is lost delays."""

PAUSE = 0.2
"""Seconds between two looks at least, however much is told."""

AGAIN = 5.0
"""Seconds after which a server that is away is tried again."""

_TICK = 0.5


@dataclass(frozen=True)
class Around:
    """What has to follow.

    Args:
        collections: of the service.
        office: where events and kept answers are.
        jobs: whose results name people.
    """

    collections: Collections
    office: Office
    jobs: Jobs


class Following:
    """A thread for each database, from the start of a service to its end.

    Args:
        around: what follows.
        store: the database whose collections are all the service's; None for none.
    """

    def __init__(self, around: Around, store: Address | None) -> None:
        self._threads = [
            Follower(around, server, places, store is not None and server == store.server)
            for server, places in _places(around.collections.elsewhere, store).items()
        ]

    async def start(self) -> None:
        """Look once, or find that a server is away; then go on beside everything else."""
        loop = asyncio.get_running_loop()
        for each in self._threads:
            each.begin(loop)
        for each in self._threads:
            await anyio.to_thread.run_sync(each.looked.wait)

    async def stop(self) -> None:
        """End."""
        for each in self._threads:
            each.stopped.set()
        for each in self._threads:
            await anyio.to_thread.run_sync(each.end)


def _places(elsewhere: Mapping[str, str], store: Address | None) -> dict[str, dict[str, str]]:
    """Server → collection there → its name in the service, of those that stand in the settings."""
    found: dict[str, dict[str, str]] = {} if store is None else {store.server: {}}
    for name, text in elsewhere.items():
        if text.partition("://")[0] in SERVERS:
            place = Address.of(text)
            found.setdefault(place.server, {})[place.collection] = name
    return found


class Follower:
    """A thread that follows one database.

    Args:
        around: what follows.
        server: as libpq takes it.
        places: collections that stand in the settings, each with its name in the service.
        store: whether all others are the service's, too.

    Attributes:
        looked: set when it has looked once, or found the server away.
        stopped: to be set when it is to end.
    """

    def __init__(self, around: Around, server: str, places: Mapping[str, str], store: bool) -> None:
        self._around, self._server, self._places, self._store = around, server, places, store
        self._known: dict[str, Edition] = {}
        self._due = 0.0
        self.looked, self.stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="fewpix-following", daemon=True)

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, for a service in this loop."""
        self._loop = loop
        self._thread.start()

    def end(self) -> None:
        """Wait for its end, which is within a second after it was told to."""
        self._thread.join()

    def _run(self) -> None:
        away = False
        while not self.stopped.is_set():
            try:
                with closing(Watch(self._server)) as watch:
                    told: set[str] | None = None
                    while not self.stopped.is_set():
                        self._look(watch.editions(told), told)
                        self.looked.set()
                        if away:
                            log.info("%s is back", Address(self._server).shown)
                        away = False
                        told = self._wait(watch)
            except FewpixError as error:
                if not away:
                    log.warning("collections on a server cannot be followed: %s", error)
                away = True
            except Exception:
                log.exception("collections on a server cannot be followed")
            self.looked.set()
            self.stopped.wait(AGAIN)

    def _wait(self, watch: Watch) -> set[str] | None:
        """What to look at next: collections that were told of, or None for all."""
        told: set[str] = set()
        while not told and not self.stopped.is_set() and time.monotonic() < self._due:
            told = watch.wait(_TICK)
        self.stopped.wait(PAUSE)
        if time.monotonic() >= self._due:
            return None
        return told | watch.wait(0)

    def _look(self, editions: dict[str, Edition], only: set[str] | None) -> None:
        """Act on what is not as it was at the last look.

        Args:
            editions: as they are now.
            only: the collections that were looked at; None for all.
        """
        if only is None:
            self._due = time.monotonic() + EVERY
        apart = {place: was for place, was in self._known.items() if only is not None and place not in only}
        before, after = self._known, {**apart, **editions}
        for place in before.keys() - apart.keys():
            was = before[place]
            name, now = self._name(place), editions.get(place)
            if name is None or was == now:
                continue
            try:
                if now is None or now.table != was.table:
                    self._do(self._replaced(name, gone=now is None))
                elif now.editor != PROCESS or now.edits - was.edits > now.streak:
                    self._do(self._edited(name))
            except ProblemError as problem:  # at the next look again
                log.warning("what others did to the collection %s: %s", name, problem)
                after[place] = was
        self._known = after
        if self._store:
            self._do(self._share({place for place in after if self._name(place) == place}))

    def _name(self, place: str) -> str | None:
        """What a collection of the database is called in the service; None for one of others."""
        own = place if self._store and is_name(place) else None
        return self._places.get(place, own)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _share(self, names: set[str]) -> None:
        self._around.collections.share(names)

    async def _replaced(self, name: str, *, gone: bool) -> None:
        """A collection was deleted; or deleted and made again, or restored from a copy."""
        desk = self._around.collections.release(name, gone=gone)
        if desk is not None:
            await anyio.to_thread.run_sync(desk.close)
        await self._edited(name)

    async def _edited(self, name: str) -> None:
        """Another service has renamed, merged or removed people."""
        around = self._around
        await follow_people(around.collections, around.office, name)
        await around.jobs.forget(name)

        def forget(database: ServiceDatabase) -> None:
            with database.transaction():
                replay.forget_collection(database, name)
                undo.take(database, name)  # the last change is another one now

        await around.office.run(forget)
