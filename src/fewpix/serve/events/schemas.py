"""Events as the service gives them, for the OpenAPI text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from fewpix.serve.events.record import Ruling
from fewpix.serve.schemas.body import Given, Handle, Time

EventId = Annotated[str, Field(description="Number of an event, never given again.", examples=["1207"])]


class SomebodyBody(Given):
    """A person of the collection."""

    id: Handle
    name: str


class EarlyBody(Given):
    """Who a track was said to be while it was there."""

    decision: str
    person_id: Handle
    time: Time | None


class CameraEvent(Given):
    """A face that was followed by a camera, or in a film; what is not known yet is null or not there."""

    model_config = ConfigDict(extra="allow")

    id: EventId
    sequence: Annotated[int, Field(description="Rises with every change of any event.")]
    camera: Annotated[str, Field(description="Empty for a film.")]
    job: Annotated[
        str | None,
        Field(
            description="Of the film; null: of a camera. A film has no clock: `start` and `end` count from "
            "when it was sent, `first` and `last` are its own seconds, `path` is its name."
        ),
    ]
    collection: str
    stage: Annotated[
        Literal["seen", "named", "ended"],
        Field(
            description="seen: a track. named: said to be somebody while it is there. ended: the last word."
        ),
    ]
    start: Time
    end: Annotated[str, Field(description="When it was seen last.")]
    verdict: Annotated[
        Ruling | None,
        Field(
            description="Of the whole track. forgotten: whoever was named has been deleted since. ignored: "
            "unknown, and of an ignored group."
        ),
    ]
    decision: Annotated[str | None, Field(description="The name at last; null: nobody is named.")]
    person_id: Handle | None
    early: EarlyBody | None
    ambiguous: list[SomebodyBody]
    tie: list[SomebodyBody]
    candidates: list[dict[str, Any]]
    crops: Annotated[int, Field(description="Sights that are kept; see `store_crops` of the camera or film.")]
    template: Annotated[
        bool, Field(description="Its template is kept; see `store_templates` of the camera or film.")
    ]
    group: Annotated[str | None, Field(description="Group of unknown people to which it belongs.")]
    reviewed: Annotated[bool, Field(description="Somebody said who it is, or is not.")]


class EventList(Given):
    """Events, the ones that began last first."""

    events: list[CameraEvent]
    next: str | None
    position: Annotated[
        int, Field(description="`sequence` of the latest change, to go on from in the stream.")
    ]


class DeletedEvent(Given):
    """What was deleted."""

    deleted: bool
