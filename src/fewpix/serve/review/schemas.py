"""Groups of unknown people and corrections as the service takes and gives them, for the OpenAPI text."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fewpix.serve.events.schemas import CameraEvent, EventId
from fewpix.serve.schemas.body import Given, Handle, PersonName, Taken, Time
from fewpix.serve.schemas.photos import EnrolBody

GroupId = Annotated[str, Field(description="Number of a group, never given again.", examples=["31"])]


class GroupCrop(Given):
    """A kept sight, at `/v1/events/{event}/crops/{number}`."""

    event: EventId
    number: int


class GroupBody(Given):
    """Somebody unknown, as often as they were seen."""

    id: GroupId
    collection: str
    ignored: Annotated[bool, Field(description="Nobody is told of them.")]
    created: Time
    sightings: Annotated[int, Field(description="Events that are kept.")]
    first: Annotated[str | None, Field(description="When the first of them began; null: none is kept.")]
    last: Annotated[str | None, Field(description="When the last of them ended.")]
    cameras: list[str]
    films: Annotated[list[str], Field(description="Jobs whose films they are in.")]
    crops: Annotated[list[GroupCrop], Field(description="The best kept sights, at most five.")]


class GroupList(Given):
    """Groups, those that were there last first."""

    groups: list[GroupBody]
    next: str | None


class ToName(Taken):
    """Who a group is."""

    person: Annotated[str | None, Field(description="Handle of somebody who is enrolled.")] = None
    name: Annotated[PersonName | None, Field(description="Name of somebody new.")] = None
    keep: Annotated[bool, Field(description="Keep the faces' pixels in the collection.")] = False
    accept_poor: Annotated[
        bool, Field(description="Take sights that would be refused as photos, with a warning.")
    ] = False


class NamedGroup(EnrolBody):
    """What became of a group's sights, which are photos now."""

    events: Annotated[int, Field(description="That name this person now.")]


class ToIgnore(Taken):
    """Whether anybody is to be told of a group."""

    ignored: bool


class GroupsToMerge(Taken):
    """Groups that end."""

    groups: Annotated[list[str], Field(min_length=1, max_length=100, examples=[["32"]])]


class ToSplit(Taken):
    """Sightings that are somebody else's."""

    events: Annotated[list[str], Field(min_length=1, max_length=1000, examples=[["1207"]])]


class DeletedGroup(Given):
    """What was deleted."""

    deleted: bool
    events: int


class CorrectionBody(Given):
    """A face that is not whom it was said to be."""

    id: Annotated[str, Field(description="Number of a correction, never given again.", examples=["4"])]
    event: EventId
    camera: Annotated[str, Field(description="Empty for a film.")]
    collection: str
    person_id: Annotated[Handle, Field(description="Who it is not.")]
    created: Time


class CorrectionList(Given):
    """Corrections, the newest first."""

    corrections: list[CorrectionBody]
    next: str | None


class DeniedEvent(Given):
    """A name that was taken back."""

    correction: CorrectionBody
    event: CameraEvent


class DeletedCorrection(Given):
    """A correction that was taken back."""

    deleted: bool
    event: Annotated[CameraEvent | None, Field(description="As it is now; null: it is gone.")]
