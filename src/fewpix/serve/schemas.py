"""What the service takes and gives, for the OpenAPI text; tests compare answers with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fewpix.serve.galleries import NAME
from fewpix.serve.keys import MOST_NAME, Scope

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


class NewCollection(Taken):
    """A collection to be made."""

    name: CollectionName


class NewName(Taken):
    """Another name for a person."""

    name: PersonName


class ToMerge(Taken):
    """People whose entries end."""

    people: Annotated[list[str], Field(min_length=1, max_length=100, examples=[["18-77aa01bc"]])]


class Destination(Taken):
    """To whom a photo goes."""

    person: Annotated[str | None, Field(description="Handle of somebody who is enrolled.")] = None
    name: Annotated[PersonName | None, Field(description="Name of somebody new.")] = None


class NewKey(Taken):
    """A key to be made."""

    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME, examples=["door terminal"])]
    scope: Scope


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


class Health(Given):
    """That the service runs."""

    status: Literal["ok"]
    version: str


class Ready(Given):
    """That it can look at pictures."""

    status: Literal["ready"]


class ModelBody(Given):
    """A model that is in use."""

    name: str
    sha256: str
    from_pixels: Annotated[float | None, Field(description="It takes faces of this size on; null: all.")]
    runtime: str
    device: str
    terms: Annotated[str, Field(description="Under which its weights may be used.")]


class CalibrationBody(Given):
    """What scores are worth."""

    in_use: bool
    why: Annotated[str | None, Field(description="Why none is.")]
    people: Annotated[int | None, Field(description="Of the largest gallery that rates were measured for.")]
    default_fpir: float | None


class MqttBody(Given):
    """The broker that is told of events."""

    address: Annotated[str, Field(description="Without user and password.")]
    state: Literal["connecting", "connected"]
    since: Time
    why: Annotated[str | None, Field(description="Why there is no connection.")]
    waiting: Annotated[int, Field(description="Events that are to be told.")]
    given_up: Annotated[int, Field(description="Since the start, as they were too old.")]


class System(Given):
    """What the service is made of."""

    version: str
    state: Literal["loading", "ready", "failed", "ended"]
    space: str | None
    models: list[ModelBody]
    calibration: CalibrationBody | None
    limits: dict[str, float]
    collections: int
    mqtt: Annotated[MqttBody | None, Field(description="Null: `fewpix serve` was given none.")]
    use: Annotated[str, Field(description="What must be known before a name is said.")]


class Collection(Given):
    """A gallery."""

    name: str
    people: int
    photos: int
    space: Annotated[str, Field(description="Fingerprint of the embedding space.")]
    fixed: Annotated[bool, Field(description="It lies elsewhere and cannot be deleted here.")]


class CollectionList(Given):
    """All galleries, by name."""

    collections: list[str]


class Deleted(Given):
    """What was deleted."""

    deleted: bool
    photos: int
    remains: Annotated[
        str | None,
        Field(description="What of the bytes could not be overwritten yet, since another process uses them."),
    ]


class Undone(Given):
    """What was taken back."""

    undone: Literal["enrol", "rename", "merge", "move"]
    photos: int


class ImportBody(Given):
    """What came out of a file."""

    file: str
    people: Annotated[int, Field(description="That the file holds.")]
    new: Annotated[int, Field(description="How many of them are new in the collection.")]
    photos: Annotated[int, Field(description="That were added.")]
    same: Annotated[int, Field(description="That were there already.")]
    cameras: int
    kept: Annotated[list[str], Field(description="Cameras whose state here is another, and stayed.")]
    dry_run: bool


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


class PoseBody(BaseModel):
    """Which way a face looks, in degrees."""

    model_config = ConfigDict(extra="allow")


class QualityBody(Given):
    """How good a face is."""

    quality: Annotated[float, Field(ge=0, le=1, description="0 to 1; orders faces, is no probability.")]
    effective_pixels: Annotated[float, Field(description="Side of the face by its detail.")]
    sharpness: float
    pose: dict[str, Any] | None
    detector_score: float | None
    alignment_error: float | None


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


class KeyBody(Given):
    """What is known of a key."""

    id: str
    name: str
    scope: Scope
    created: str
    last_used: str | None
    revoked: str | None


class KeyList(Given):
    """All keys."""

    keys: list[KeyBody]


class MadeKey(KeyBody):
    """A new key, told this once."""

    key: str


class AuditEntry(Given):
    """A change, or the attempt."""

    id: int
    time: str
    request: str
    who: str
    action: str
    collection: str
    people: Annotated[list[str], Field(description="Keyed digests of names.")]
    outcome: Annotated[str, Field(description="done, begun (never heard of again), or a problem's code.")]
    counts: dict[str, int]
    subject: Annotated[str, Field(description="A camera or event that was changed; else empty.")]


class AuditList(Given):
    """The log, newest first."""

    entries: list[AuditEntry]
    next: str | None
