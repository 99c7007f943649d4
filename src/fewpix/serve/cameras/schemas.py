"""Cameras as the service takes and gives them, for the OpenAPI text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fewpix.serve.cameras.record import LONGEST, RETENTION
from fewpix.serve.galleries import NAME
from fewpix.serve.schemas.body import CollectionName, Given, Taken, Time

CameraName = Annotated[
    str, Field(pattern=f"^{NAME.pattern}$", description="Small letters, digits, - and _.", examples=["gate"])
]
Address = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="A URL (rtsp, http, srt, ...), a device's number, or a file of the service's machine. "
        "It is never shown again with its secrets.",
        examples=["rtsp://viewer:secret@192.0.2.7:554/stream1"],
    ),
]
Fpir = Annotated[
    float,
    Field(gt=0, lt=1, description="Name people at this rate; 0.01 where a calibration of tracks fits."),
]
Threshold = Annotated[float, Field(ge=-1, le=1, description="Name people from this score on, instead.")]
Hours = Annotated[float, Field(gt=0, le=LONGEST, description="How long events are kept after their end.")]
Days = Annotated[float, Field(gt=0, le=LONGEST / 24, description="The same in days.")]
Frames = Annotated[float, Field(gt=0, le=1000, description="Look at no more frames a second than this.")]
Crops = Annotated[bool, Field(description="Keep the best sights of every event.")]
Templates = Annotated[
    bool,
    Field(
        description="Keep the template (embedding) of events that name somebody or are of somebody unknown: "
        "unknown people are found again by it, and wrong names put right."
    ),
]
Adapt = Annotated[bool, Field(description="Learn the camera's FaceBN state, under the guard.")]


class NewCamera(Taken):
    """A camera to be followed."""

    name: CameraName
    address: Annotated[Address | None, Field(description="Null: its frames are sent to it.")] = None
    collection: CollectionName
    fpir: Fpir | None = None
    threshold: Threshold | None = None
    store_crops: Crops = False
    store_templates: Templates = False
    retention_hours: Hours | None = None
    retention_days: Days | None = None
    adapt: Adapt = False
    fps: Frames | None = None
    start: Annotated[bool, Field(description="Follow it at once.")] = True


class ChangedCamera(Taken):
    """What is to be another one from now on; what is not given stays."""

    address: Address | None = None
    collection: CollectionName | None = None
    fpir: Fpir | None = None
    threshold: Threshold | None = None
    store_crops: Crops | None = None
    store_templates: Templates | None = None
    retention_hours: Hours | None = None
    retention_days: Days | None = None
    adapt: Adapt | None = None
    fps: Frames | None = None


class ShownFace(Given):
    """A face in the frame that was looked at last."""

    event: str | None
    box: Annotated[list[float], Field(description="x, y, width, height in pixels of the frame.")]
    decision: Annotated[str | None, Field(description="Who it was said to be, by the rate.")]


class Adaptation(Given):
    """What the camera's FaceBN state is."""

    learning: Annotated[bool, Field(description="Faces are gathered, or a state is being estimated.")]
    faces: Annotated[int, Field(description="That were taken in since the camera runs.")]
    due: Annotated[int | None, Field(description="Faces from which on the next state is tried.")]
    state: Annotated[str | None, Field(description="Id of the learned state.")]
    learned: Time | None
    learned_from: Annotated[int | None, Field(description="Faces that the state comes from.")]
    mode: Annotated[str | None, Field(description="How the state was estimated.")]
    source: Annotated[str | None, Field(description="Where its faces came from.")]
    forced: Annotated[list[str], Field(description="What the guard said against it, which was overridden.")]
    refused: Annotated[str | None, Field(description="Why the guard refused the last try since the start.")]
    drift: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="Share of the model's channels in which the camera's faces are unlike training faces "
            "of their size; null: not known.",
        ),
    ]
    in_use: Annotated[bool, Field(description="Faces are embedded under the state.")]
    why: Annotated[str | None, Field(description="Why there is no state, or why it is not in use.")]


class CameraBody(Given):
    """A camera and what it does."""

    name: CameraName
    source: Annotated[str | None, Field(description="Its address without secrets; null: frames are sent.")]
    kind: Literal["stream", "device", "file", "pushed"]
    collection: str
    fpir: float | None
    threshold: float | None
    store_crops: bool
    store_templates: bool
    retention_hours: Annotated[float, Field(description=f"{RETENTION:g} if nothing was said.")]
    adapt: bool
    fps: float | None
    created: Time
    state: Literal["stopped", "starting", "running", "reconnecting", "failed"]
    since: Annotated[str, Field(description="When it came into this state.")]
    why: Annotated[str | None, Field(description="Why it is in this state, and what helps.")]
    rule: Annotated[str | None, Field(description="By what people are named, or why nobody is.")]
    frames: Annotated[int, Field(description="That were looked at since it was started.")]
    frames_per_second: Annotated[float | None, Field(description="Looked at, over the last seconds.")]
    dropped: Annotated[int, Field(description="That came faster than they could be looked at.")]
    reconnects: int
    width: int | None
    height: int | None
    last_frame: Time | None
    tracks: Annotated[int, Field(description="That are followed now.")]
    faces: list[ShownFace]
    adaptation: Adaptation


class CameraList(Given):
    """All cameras by name."""

    cameras: list[CameraBody]


class DeletedCamera(Given):
    """What was deleted."""

    deleted: bool
    events: int


class PushedFrame(Given):
    """What became of frames that were sent."""

    frames: Annotated[int, Field(description="That are taken; the newest is looked at next.")]
    dropped: Annotated[int, Field(description="Of this camera so far, that nobody had time for.")]
