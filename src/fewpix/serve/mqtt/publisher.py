"""Tells a broker of cameras and events, from the start of a service to its end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any

from fewpix.serve.cameras.fleet import Fleet
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events import table as events
from fewpix.serve.events.choice import KINDS, Choice, kind_of
from fewpix.serve.events.hub import Hub
from fewpix.serve.events.record import Event
from fewpix.serve.moments import moment
from fewpix.serve.mqtt.broker import Broker
from fewpix.serve.mqtt.link import Link, LostError
from fewpix.serve.mqtt.topics import ONLINE, Topics, state_of
from fewpix.serve.outgoing import Outgoing
from fewpix.serve.rendering import rendered

log = logging.getLogger("fewpix.serve")

LISTENER = "mqtt"
LOOKS = 1.0
"""Seconds between two looks at what cameras do."""

_PARTING = 3.0  # seconds for the last words
_ALL = Choice(kinds=KINDS)


class Publisher:
    """What a broker is told; in the loop of the requests.

    Args:
        broker: to whom.
        outgoing: how long is tried, and where Home Assistant looks.
        office: where events, the position and the names of topics are.
        hub: tells of events.
        fleet: the cameras.
        sent: counts, by to whom and what became of it.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        broker: Broker,
        outgoing: Outgoing,
        office: Office,
        hub: Hub,
        fleet: Fleet,
        sent: Callable[[str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._broker, self._outgoing, self._office = broker, outgoing, office
        self._hub, self._fleet, self._sent, self._clock = hub, fleet, sent, clock
        self._state: tuple[str, float, str | None] = ("connecting", clock(), None)
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._given_up = 0
        self._topics = Topics(broker.prefix, outgoing.discovery, "")
        self._said: dict[str, bytes] = {}
        self._looked = 0.0
        self._seen: dict[str, Any] = {}
        self._known: object = None

    async def start(self) -> None:
        """Begin."""
        secret = await self._office.run(lambda database: database.secret)
        name = hashlib.blake2b(b"mqtt", key=secret, digest_size=4).hexdigest()
        self._topics = Topics(self._broker.prefix, self._outgoing.discovery, name)
        self._task = asyncio.create_task(self._run(), name="fewpix-mqtt")

    async def stop(self) -> None:
        """End; the broker is told so where that is possible."""
        if self._task is not None:
            self._ending.set()
            await asyncio.wait({self._task}, timeout=_PARTING)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def to_json(self) -> dict[str, Any]:
        """To whom, and how that goes."""
        at = await self._hub.position(LISTENER)
        state, since, why = self._state
        waiting = await self._office.run(lambda database: events.count_after(database, at, _ALL))
        return {
            "address": self._broker.shown,
            "state": state,
            "since": moment(since),
            "why": why,
            "waiting": waiting,
            "given_up": self._given_up,
        }

    async def _run(self) -> None:
        failures = 0
        while not self._hub.closed and not self._ending.is_set():
            name, will = f"fewpix-{self._topics.service}", self._topics.availability
            link = Link(self._broker, name, will, self._outgoing.seconds)
            why = "a mistake of the service; look at its log"
            try:
                await link.open()
                failures = 0
                self._state = ("connected", self._clock(), None)
                log.info("MQTT: connected to %s", self._broker.shown)
                await self._tell(link)
                continue
            except LostError as error:
                why = str(error)
            except Exception:
                log.exception("MQTT")
            finally:
                await link.close()
            failures += 1
            if failures == 1:
                log.warning("MQTT: %s: %s; it is tried again", self._broker.shown, why)
            self._state = ("connecting", self._clock(), why)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._outgoing.pause(failures))

    async def _tell(self, link: Link) -> None:
        """Everything that is to be told, until the service ends.

        Raises:
            LostError: the connection is lost.
        """
        self._said.clear()
        await self._look(link)
        at = await self._hub.position(LISTENER)
        async with aclosing(self._hub.follow(at, only=_ALL, quiet=LOOKS)) as changes:
            async for event in changes:
                if event is not None:
                    await self._event(link, event)
                if event is None or time.monotonic() - self._looked >= LOOKS:
                    await self._look(link)

    async def _event(self, link: Link, event: Event) -> None:
        late = self._outgoing.too_late(event.end, self._clock())
        now = await self._office.run(lambda database: events.as_now(database, event, _ALL))
        if now is None:
            return
        kind = kind_of(now)
        if late:
            self._given_up += 1
            log.info("MQTT: event %d is given up: too old", event.id)
        else:
            await link.publish(
                self._topics.event(now.camera, kind), rendered({"kind": kind, **now.to_json()})
            )
        await self._hub.keep_position(LISTENER, event.sequence)
        self._sent(LISTENER, "given up" if late else "delivered")

    async def _look(self, link: Link) -> None:
        """Say what has changed of what the broker keeps, and have it forget what is of no use any more."""
        if link.why:
            raise LostError(link.why)
        self._looked = time.monotonic()
        cameras = {each.name: self._fleet.to_json(each) for each in self._fleet.all()}

        def read(database: ServiceDatabase) -> tuple[list[str], dict[str, Any]]:
            kept = [topic for (topic,) in database.select("SELECT topic FROM retained")]
            # Looked up anew only where anything was written since, and not every second for nothing.
            known = (database.connection.total_changes, cameras.keys())
            if known != self._known:
                self._seen = {name: events.last_seen(database, name) for name in cameras}
                self._known = known
            return kept, self._seen

        kept, seen = await self._office.run(read)
        topics = self._topics
        wanted = {topics.availability: ONLINE.encode()}
        for name, camera in cameras.items():
            wanted[topics.state(name)] = rendered(state_of(camera, *seen[name]))
            if topics.discovery:
                wanted[topics.config(name)] = json.dumps(topics.told(name)).encode()
        new, gone = wanted.keys() - set(kept), set(kept) - wanted.keys()
        if new:
            await self._office.run(lambda database: _note(database, sorted(new)))
        for topic, payload in wanted.items():
            if self._said.get(topic) != payload:
                await link.publish(topic, payload, retain=True)
                self._said[topic] = payload
        # Devices first: Home Assistant then asks no more for their states.
        for topic in sorted(gone, key=lambda each: (not each.endswith("/config"), each)):
            await link.publish(topic, b"", retain=True)
            self._said.pop(topic, None)
            await self._office.run(
                lambda database, topic=topic: database.execute("DELETE FROM retained WHERE topic = ?", topic)  # type: ignore[misc]
            )


def _note(database: ServiceDatabase, topics: list[str]) -> None:
    """Note topics before anything is kept under them, so that it can be taken back in any case."""
    with database.transaction():
        for topic in topics:
            database.execute("INSERT OR IGNORE INTO retained VALUES (?)", topic)
