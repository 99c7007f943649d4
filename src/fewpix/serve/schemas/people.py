"""People of a collection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fewpix.serve.schemas.body import Given, Handle, PersonName, Taken, Time


class NewName(Taken):
    """Another name for a person."""

    name: PersonName


class ToMerge(Taken):
    """People whose entries end."""

    people: Annotated[list[str], Field(min_length=1, max_length=100, examples=[["18-77aa01bc"]])]


class PersonBody(Given):
    """Somebody enrolled."""

    id: Handle
    name: str
    photos: int
    created: Time


class PersonList(Given):
    """People by name."""

    people: list[PersonBody]
    next: Annotated[str | None, Field(description="Cursor of the next page; null: this is the last one.")]


class EventBody(Given):
    """What was done to a person's entry."""

    action: str
    detail: str
    created: str


class PersonDetail(PersonBody):
    """Somebody enrolled, with what was done to the entry."""

    history: list[EventBody]
