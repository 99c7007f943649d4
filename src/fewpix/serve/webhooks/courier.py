"""Sends the events of one webhook, one after the other, from where it had come to."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events import table as events
from fewpix.serve.events.choice import kind_of
from fewpix.serve.events.hub import Hub
from fewpix.serve.events.record import Event
from fewpix.serve.moments import moment
from fewpix.serve.outgoing import Outgoing
from fewpix.serve.rendering import rendered
from fewpix.serve.webhooks import table
from fewpix.serve.webhooks.record import Webhook
from fewpix.serve.webhooks.sender import Sender

log = logging.getLogger("fewpix.serve")


@dataclass(frozen=True)
class Around:
    """What couriers have to do with.

    Args:
        office: where events and positions are.
        hub: tells of events.
        sender: sends.
        outgoing: how long is tried.
        sent: counts, by the webhook's id and what became of a message.
        clock: seconds since 1970.
    """

    office: Office
    hub: Hub
    sender: Sender
    outgoing: Outgoing
    sent: Callable[[str, str], None]
    clock: Callable[[], float]


class Courier:
    """A webhook while it is served; it begins at once, in the loop of the requests.

    One that its receiver keeps waiting holds up nobody: it reads from the table when its turn has come.

    Args:
        webhook: whose.
        around: what it has to do with.
    """

    def __init__(self, webhook: Webhook, around: Around) -> None:
        self.webhook = webhook
        self._around = around
        self._failures = 0
        self._hurry = asyncio.Event()
        self.next_try: float | None = None
        """Seconds since 1970, while it waits after a failure."""
        self._task = asyncio.create_task(self._run(), name=f"fewpix-webhook-{webhook.id}")

    def hurry(self) -> None:
        """Try now what waits for its next try."""
        self._hurry.set()

    async def stop(self) -> None:
        """End; what was not taken is sent again by who comes next."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._around.hub.closed:
            try:
                await self._follow()
            except Exception:
                log.exception("the webhook %s", self.webhook.id)
                await asyncio.sleep(self._around.outgoing.longest_pause)

    async def _follow(self) -> None:
        hub, only = self._around.hub, self.webhook.choice
        at = await hub.position(self.webhook.listener)
        async with aclosing(hub.follow(at, only=only)) as changes:
            async for event in changes:
                if event is not None:
                    await self._deliver(event)

    async def _deliver(self, event: Event) -> None:
        """Send an event until it is taken, given up, or not to be told any more."""
        around, webhook = self._around, self.webhook
        while True:
            # Read anew each time: whoever is deleted meanwhile is not told of.
            body = await around.office.run(lambda database: _body(database, webhook, event))
            if body is None:
                return
            late = around.outgoing.too_late(event.end, around.clock())
            if late and self._failures:
                await self._failed(event, None, given_up=True)
                return
            message = f"{webhook.id}-{event.id}-{event.sequence}"
            outcome = await around.sender.send(webhook, message, body)
            if not outcome.reason:
                self._failures = 0
                await around.office.run(lambda database: table.delivered(database, webhook, event.sequence))
                around.sent(webhook.id, "delivered")
                return
            given_up = outcome.refused or late
            await self._failed(event, outcome.reason, given_up=given_up)
            self._failures += 1
            await self._rest(max(around.outgoing.pause(self._failures), outcome.retry_after))
            if given_up:
                return

    async def _failed(self, event: Event, reason: str | None, *, given_up: bool) -> None:
        around, webhook = self._around, self.webhook
        sequence = event.sequence if given_up else None
        await around.office.run(lambda database: table.failed(database, webhook, reason, given_up=sequence))
        around.sent(webhook.id, "given up" if given_up else "failed")
        if given_up:
            # After a long failure there may be many: those that were not tried any more are told quietly.
            level = logging.INFO if reason is None else logging.WARNING
            log.log(level, "webhook %s: event %d is given up: %s", webhook.id, event.id, reason or "too old")
        elif not self._failures:
            log.warning("webhook %s: event %d is tried again: %s", webhook.id, event.id, reason)

    async def _rest(self, seconds: float) -> None:
        """Wait for the next try, or until somebody hurries it."""
        self._hurry.clear()
        self.next_try = self._around.clock() + seconds
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            pass
        finally:
            self.next_try = None


def _body(database: ServiceDatabase, webhook: Webhook, event: Event) -> bytes | None:
    """An event as it is sent, as it is now; None where it is not to be told any more."""
    now = events.as_now(database, event, webhook.choice)
    if now is None:
        return None
    data: dict[str, Any] = now.to_json()
    if webhook.pictures:
        pngs = (events.crop(database, now.id, rank) for rank in range(now.crops))
        data["pictures"] = [base64.b64encode(png).decode() for png in pngs if png is not None]
    return rendered({"type": f"event.{kind_of(now)}", "timestamp": moment(now.end), "data": data})
