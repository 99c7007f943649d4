"""What was found in pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fewpix.serve.schemas.body import Given
from fewpix.serve.schemas.faces import EmbeddedBody, FaceBody, IdentifiedBody
from fewpix.serve.schemas.photos import RefusedBody


class DetectedPicture(Given):
    """A picture with its faces."""

    file: str
    width: int
    height: int
    faces: list[FaceBody]


class EmbeddedPicture(Given):
    """A picture with its faces embedded."""

    file: str
    width: int
    height: int
    faces: list[EmbeddedBody]


class IdentifiedPictureBody(Given):
    """A picture with who is in it."""

    file: str
    width: int
    height: int
    faces: list[IdentifiedBody]


class Unread(Given):
    """A picture that could not be looked at, beside others that could."""

    file: str
    problem: RefusedBody


class DetectBody(Given):
    """What was found."""

    pictures: list[DetectedPicture | Unread]


class EmbedBody(Given):
    """Embeddings."""

    space: str
    pictures: list[EmbeddedPicture | Unread]


class IdentifyBody(Given):
    """Who was found, and by which rule they are named."""

    threshold: float | None
    fpir: float | None
    why: Annotated[str | None, Field(description="Why nothing decides.")]
    pictures: list[IdentifiedPictureBody | Unread]


class VerifyBody(BaseModel):
    """Whether two pictures show one person."""

    model_config = ConfigDict(extra="allow")

    decision: Literal["same", "different", "undecided"]
    score: float
    fmr: float | None
    wanted: float
    reason: str | None
    fix: str | None
