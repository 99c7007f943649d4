"""Webhooks as the service takes and gives them, for the OpenAPI text."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fewpix.serve.cameras.schemas import CameraName
from fewpix.serve.events.choice import Kind
from fewpix.serve.schemas.body import Given, Taken, Time
from fewpix.serve.webhooks.target import LONGEST

Address = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST,
        description="http or https. A user and password in it are sent, and not shown again.",
        examples=["https://example.org/hooks/faces"],
    ),
]
Secret = Annotated[
    str,
    Field(max_length=200, description="`whsec_` and 24 to 64 bytes in base64. It is not shown again."),
]
Cameras = Annotated[list[CameraName], Field(max_length=64, description="Of these only; null: of all.")]
Kinds = Annotated[
    list[Kind],
    Field(
        min_length=1,
        max_length=20,
        description="seen: a track. early: named while it is there. The others: how it ended. "
        "Null: all but seen.",
    ),
]
People = Annotated[
    list[Annotated[str, Field(max_length=40)]],
    Field(
        max_length=1000,
        description="Ids: an event that names anybody has to name one of these; null: anybody. Events that "
        "name nobody are not touched by it.",
    ),
]
Pictures = Annotated[bool, Field(description="Send the sights that the camera keeps (`store_crops`), too.")]
Paused = Annotated[bool, Field(description="Nothing is sent; events wait for as long as they are kept.")]


class NewWebhook(Taken):
    """Where events are to be sent to."""

    url: Address
    secret: Annotated[Secret | None, Field(description="Null: one is made, and told this once.")] = None
    cameras: Cameras | None = None
    kinds: Kinds | None = None
    people: People | None = None
    pictures: Pictures = False
    paused: Paused = False


class ChangedWebhook(Taken):
    """What is to be another one from now on; what is not given stays."""

    url: Address | None = None
    secret: Secret | None = None
    cameras: Cameras | None = None
    kinds: Kinds | None = None
    people: People | None = None
    pictures: Pictures | None = None
    paused: Paused | None = None


class WebhookBody(Given):
    """A webhook, and how it went."""

    id: str
    url: Annotated[str, Field(description="Without user, password, and settings that look like secrets.")]
    cameras: list[str] | None
    kinds: list[Kind]
    people: list[str] | None
    pictures: bool
    paused: bool
    created: Time
    delivered: Annotated[int, Field(description="Messages that were taken.")]
    failures: Annotated[int, Field(description="In a row, up to now.")]
    given_up: Annotated[int, Field(description="Messages that were given up.")]
    last_success: Time | None
    last_failure: Time | None
    reason: Annotated[str | None, Field(description="Of the last failure.")]
    waiting: Annotated[int, Field(description="Events that are to be sent.")]
    next_try: Annotated[str | None, Field(description="When what failed is tried again.")]


class MadeWebhook(WebhookBody):
    """A new webhook."""

    secret: Annotated[str, Field(description="Told this once.")]


class WebhookList(Given):
    """All webhooks, in the order in which they were added."""

    webhooks: list[WebhookBody]


class DeletedWebhook(Given):
    """What was deleted."""

    deleted: bool


class Tested(Given):
    """What became of a ping."""

    delivered: bool
    status: Annotated[int | None, Field(description="Of the receiver's answer; null: there was none.")]
    reason: Annotated[str | None, Field(description="Why it was not taken.")]
    seconds: float
