"""A webhook: where events are sent to, which ones, and how that went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fewpix.serve.events.choice import Choice
from fewpix.serve.webhooks.signing import key_of
from fewpix.serve.webhooks.target import check_url
from fewpix.video.source import shown_address

MOST = 32
"""Webhooks of a service."""


@dataclass(frozen=True)
class Webhook:
    """Where events are sent to.

    Args:
        id: names it; by chance.
        url: http or https; it may hold a password, and is shown without it.
        secret: signs what is sent; see `signing`.
        choice: which events.
        pictures: send the kept sights with each event.
        paused: nothing is sent; events wait.
        created: UTC, ISO 8601.

    Raises:
        ConfigError: the address or the secret is none.
    """

    id: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    choice: Choice
    pictures: bool
    paused: bool
    created: str

    def __post_init__(self) -> None:
        check_url(self.url)
        key_of(self.secret)

    @property
    def listener(self) -> str:
        """The name of its position; see `Hub.position`."""
        return f"webhook:{self.id}"

    def to_json(self) -> dict[str, Any]:
        """What it was told, without secrets."""
        return {
            "id": self.id,
            "url": shown_address(self.url),
            **self.choice.to_json(),
            "pictures": self.pictures,
            "paused": self.paused,
            "created": self.created,
        }


@dataclass(frozen=True)
class Standing:
    """How it went so far.

    Args:
        delivered: messages that were taken.
        failures: in a row, up to now.
        given_up: messages that were given up.
        last_success: UTC, ISO 8601; None for never.
        last_failure: likewise.
        reason: of the last failure.
        waiting: events that are to be sent.
    """

    delivered: int
    failures: int
    given_up: int
    last_success: str | None
    last_failure: str | None
    reason: str | None
    waiting: int
