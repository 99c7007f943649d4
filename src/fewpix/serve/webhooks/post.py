"""All webhooks of a service: each has a courier of its own, from its start to its end."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from fewpix.serve.database import Office
from fewpix.serve.events.hub import Hub
from fewpix.serve.moments import moment
from fewpix.serve.outgoing import Outgoing
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import rendered
from fewpix.serve.webhooks import table
from fewpix.serve.webhooks.courier import Around, Courier
from fewpix.serve.webhooks.record import MOST, Webhook
from fewpix.serve.webhooks.sender import Outcome, Sender


class Post:
    """The webhooks; in the loop of the requests.

    Args:
        office: where they are.
        hub: tells of events.
        outgoing: how long is tried, and whom they may reach.
        sent: counts, by the webhook's id and what became of a message.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        office: Office,
        hub: Hub,
        outgoing: Outgoing,
        sent: Callable[[str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._office, self._clock = office, clock
        self._sender = Sender(outgoing)
        self._around = Around(office, hub, self._sender, outgoing, sent, clock)
        self._webhooks: dict[str, Webhook] = {}
        self._couriers: dict[str, Courier] = {}
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Begin: send what waits, from where each had come to."""
        for webhook in await self._office.run(table.webhooks):
            self._put(webhook)

    async def stop(self) -> None:
        """End; what is on its way is sent again at the next start."""
        async with self._changing:
            await asyncio.gather(*(each.stop() for each in self._couriers.values()))
            self._couriers.clear()
        await self._sender.close()

    def all(self) -> list[Webhook]:
        """In the order in which they were added."""
        return [*self._webhooks.values()]

    def webhook(self, number: str) -> Webhook:
        """One of them.

        Raises:
            ProblemError: there is none of this id.
        """
        if number not in self._webhooks:
            raise ProblemError("no-webhook")
        return self._webhooks[number]

    async def to_json(self, webhook: Webhook) -> dict[str, Any]:
        """One of them, and how it went."""
        standing = await self._office.run(lambda database: table.standing(database, webhook))
        courier = self._couriers.get(webhook.id)
        due = None if courier is None else courier.next_try
        return webhook.to_json() | asdict(standing) | {"next_try": None if due is None else moment(due)}

    async def add(self, webhook: Webhook) -> None:
        """Take a new one in; on return it is on the disk.

        Raises:
            ProblemError: there are too many.
        """
        async with self._changing:
            if len(self._webhooks) >= MOST:
                raise ProblemError("setting", f"there are {MOST} webhooks already", fix="delete one")
            await self._office.run(lambda database: table.add(database, webhook))
            self._put(webhook)

    async def change(self, number: str, to: Callable[[Webhook], Webhook]) -> Webhook:
        """Change one; what waits is tried at once.

        Raises:
            ProblemError: there is none of this id.
            ConfigError: what it is to be cannot be used.
        """
        async with self._changing:
            webhook = to(self.webhook(number))
            await self._office.run(lambda database: table.change(database, webhook))
            await self._halt(number)
            self._put(webhook)
            return webhook

    async def delete(self, number: str) -> None:
        """Delete one with what waits for it.

        Raises:
            ProblemError: there is none of this id.
        """
        async with self._changing:
            webhook = self.webhook(number)
            await self._halt(number)
            await self._office.run(lambda database: table.remove(database, webhook))
            del self._webhooks[number]

    async def test(self, number: str) -> Outcome:
        """Send a message of no event; where it is taken, what waits is tried at once.

        Raises:
            ProblemError: there is none of this id.
        """
        webhook = self.webhook(number)
        body = rendered({"type": "ping", "timestamp": moment(self._clock()), "data": {}})
        outcome = await self._sender.send(webhook, f"{webhook.id}-ping-{secrets.token_hex(4)}", body)
        if outcome.reason:
            await self._office.run(lambda database: table.failed(database, webhook, outcome.reason))
        else:
            await self._office.run(lambda database: table.delivered(database, webhook, None))
            if number in self._couriers:
                self._couriers[number].hurry()
        return outcome

    def _put(self, webhook: Webhook) -> None:
        self._webhooks[webhook.id] = webhook
        if not webhook.paused:
            self._couriers[webhook.id] = Courier(webhook, self._around)

    async def _halt(self, number: str) -> None:
        courier = self._couriers.pop(number, None)
        if courier is not None:
            await courier.stop()


def changed(before: Webhook, **fields: Any) -> Webhook:
    """A webhook with some fields changed; None leaves one as it is."""
    return replace(before, **{name: value for name, value in fields.items() if value is not None})
