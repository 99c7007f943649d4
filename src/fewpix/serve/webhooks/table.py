"""The webhooks in the service's own file, with what became of their messages."""

from __future__ import annotations

import json

from fewpix.foreign import json_of
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import table as events
from fewpix.serve.events.choice import choice_of
from fewpix.serve.moments import now
from fewpix.serve.webhooks.record import Standing, Webhook

_STANDING = "delivered, failures, given_up, last_success, last_failure, reason"


def webhooks(database: ServiceDatabase) -> list[Webhook]:
    """All of them, in the order in which they were added."""
    return [
        Webhook(
            *(number, url, secret, choice_of(options)),
            pictures=options["pictures"],
            paused=options["paused"],
            created=created,
        )
        for number, url, secret, created, options in (
            (*row[:4], json_of(row[4]))
            for row in database.select(
                "SELECT id, url, secret, created, options FROM webhooks ORDER BY rowid"
            )
        )
    ]


def add(database: ServiceDatabase, webhook: Webhook) -> None:
    """Write a new one; it is told of what changes from now on."""
    with database.transaction():
        database.execute(
            "INSERT INTO webhooks (id, url, secret, options, created) VALUES (?, ?, ?, ?, ?)",
            *(webhook.id, webhook.url, webhook.secret, _options(webhook), webhook.created),
        )
        database.execute("INSERT INTO listeners VALUES (?, ?)", webhook.listener, events.position(database))


def change(database: ServiceDatabase, webhook: Webhook) -> None:
    """Write one that is there as it is now."""
    database.execute(
        "UPDATE webhooks SET url = ?, secret = ?, options = ? WHERE id = ?",
        *(webhook.url, webhook.secret, _options(webhook), webhook.id),
    )


def remove(database: ServiceDatabase, webhook: Webhook) -> None:
    """Delete one with its position: the bytes are overwritten."""
    with database.transaction():
        database.execute("DELETE FROM webhooks WHERE id = ?", webhook.id)
        database.execute("DELETE FROM listeners WHERE name = ?", webhook.listener)


def standing(database: ServiceDatabase, webhook: Webhook) -> Standing:
    """How it went so far."""
    (row,) = database.select(f"SELECT {_STANDING} FROM webhooks WHERE id = ?", webhook.id)
    ((at,),) = database.select("SELECT position FROM listeners WHERE name = ?", webhook.listener)
    return Standing(*(*row, events.count_after(database, at, webhook.choice)))


def delivered(database: ServiceDatabase, webhook: Webhook, sequence: int | None) -> None:
    """A message was taken, and everything up to its event is dealt with; None for one of no event."""
    with database.transaction():
        database.execute(
            "UPDATE webhooks SET delivered = delivered + 1, failures = 0, last_success = ? WHERE id = ?",
            *(now(), webhook.id),
        )
        _advance(database, webhook, sequence)


def failed(
    database: ServiceDatabase, webhook: Webhook, reason: str | None, *, given_up: int | None = None
) -> None:
    """A message was not taken.

    Args:
        database: of the service.
        webhook: whose message it was.
        reason: what went wrong; None where it was not tried any more.
        given_up: the `sequence` of its event, which is given up; None where it is tried again.
    """
    with database.transaction():
        if reason is not None:
            database.execute(
                "UPDATE webhooks SET failures = failures + 1, last_failure = ?, reason = ? WHERE id = ?",
                *(now(), reason, webhook.id),
            )
        if given_up is not None:
            database.execute("UPDATE webhooks SET given_up = given_up + 1 WHERE id = ?", webhook.id)
        _advance(database, webhook, given_up)


def _advance(database: ServiceDatabase, webhook: Webhook, sequence: int | None) -> None:
    if sequence is not None:
        database.execute("UPDATE listeners SET position = ? WHERE name = ?", sequence, webhook.listener)


def _options(webhook: Webhook) -> str:
    return json.dumps({**webhook.choice.to_json(), "pictures": webhook.pictures, "paused": webhook.paused})
