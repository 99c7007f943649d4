"""Photos of people, and what became of those that were sent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fewpix.serve.schemas.body import Given, Handle, PersonName, Taken, Time
from fewpix.serve.schemas.faces import QualityBody


class Destination(Taken):
    """To whom a photo goes."""

    person: Annotated[str | None, Field(description="Handle of somebody who is enrolled.")] = None
    name: Annotated[PersonName | None, Field(description="Name of somebody new.")] = None


class PhotoBody(Given):
    """A photo of somebody."""

    id: Handle
    source: Annotated[str, Field(description="The name of the file that it came from.")]
    created: Time
    quality: Annotated[float | None, Field(ge=0, le=1)]
    kept: Annotated[bool, Field(description="Whether its pixels are kept.")]


class PhotoList(Given):
    """Photos of somebody."""

    photos: list[PhotoBody]
    next: str | None


class EnrolledBody(QualityBody):
    """A photo that is in the collection now."""

    file: str
    person: str
    person_id: Handle
    id: Handle
    new: Annotated[bool, Field(description="False: this very face was there already.")]
    pixels: float
    warnings: list[str]
    matched_px: list[int]


class RefusedBody(Given):
    """A photo of which nothing was kept."""

    file: str
    person: str | None
    code: str
    detail: str
    fix: str


class EnrolBody(Given):
    """What became of the photos."""

    enrolled: list[EnrolledBody]
    refused: list[RefusedBody]
