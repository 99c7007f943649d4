"""Faces of pictures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fewpix.serve.schemas.body import Given, Handle


class QualityBody(Given):
    """How good a face is."""

    quality: Annotated[float, Field(ge=0, le=1, description="0 to 1; orders faces, is no probability.")]
    effective_pixels: Annotated[float, Field(description="Side of the face by its detail.")]
    sharpness: float
    pose: dict[str, Any] | None
    detector_score: float | None
    alignment_error: float | None


class FaceBody(QualityBody):
    """A face of a picture."""

    box: Annotated[list[float], Field(description="x, y, width, height in pixels of the picture.")]
    points: Annotated[
        list[list[float]] | None, Field(description="Five landmarks, x and y; null for a crop.")
    ]
    pixels: Annotated[float, Field(description="Side of the face in pixels of the picture.")]


class EmbeddedBody(FaceBody):
    """A face with its embedding."""

    encoder: Annotated[str, Field(description="SHA-256 of the model that made it.")]
    embedding: Annotated[
        list[float] | str, Field(description="Of length 1; with format=base64 little-endian float32.")
    ]


class CandidateBody(BaseModel):
    """Who it may be, with how often strangers score so (`fmr` and what stands beside it)."""

    model_config = ConfigDict(extra="allow")

    name: str
    score: float
    fmr: float | None
    person_id: Handle | None


class IdentifiedBody(FaceBody):
    """A face and who it is."""

    model_config = ConfigDict(extra="allow")

    candidates: list[CandidateBody]
    decision: Annotated[str | None, Field(description="The name; null: nobody is named.")]
    verdict: Literal["named", "ambiguous", "unknown", "undecided"]
    ambiguous: list[str]
    tie: list[str]
    reason: Annotated[str | None, Field(description="Why nobody is named.")]
    fix: str | None
    fpir: Annotated[float | None, Field(description="How often strangers score so in this collection.")]
    matched_px: int | None
