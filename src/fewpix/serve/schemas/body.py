"""What all bodies have in common: names, times, what is taken and given, and how an error looks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fewpix.serve.galleries import NAME

CollectionName = Annotated[
    str, Field(pattern=f"^{NAME.pattern}$", description="Small letters, digits, - and _.", examples=["staff"])
]
PersonName = Annotated[str, Field(min_length=1, max_length=200, examples=["Ada Lovelace"])]
Handle = Annotated[
    str, Field(description="Stands for a person or photo in addresses.", examples=["17-5f0c9a1e"])
]
Time = Annotated[str, Field(description="UTC, ISO 8601.", examples=["2026-11-30T09:00:00+00:00"])]


class Taken(BaseModel):
    """A body that is taken: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Given(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class ProblemBody(BaseModel):
    """An error, as RFC 9457 has it; some have further members."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(examples=["urn:fewpix:problem:no-face"])]
    title: str
    status: int
    code: Annotated[str, Field(examples=["no-face"])]
    detail: str
    fix: str
    request_id: str
