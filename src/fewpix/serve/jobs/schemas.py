"""Jobs as the service gives them, for the OpenAPI text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fewpix.serve.jobs.record import State
from fewpix.serve.schemas.body import Given, Time


class ProgressBody(Given):
    """How far a job is."""

    frames: Annotated[int, Field(description="Or pictures, or faces, that were looked at so far.")]
    seconds: Annotated[float, Field(description="Of the film, looked at so far.")]
    length: Annotated[float | None, Field(description="Seconds that are to be looked at, where known.")]
    lines: int
    stage: Annotated[str | None, Field(description="Of a calibration: what is done now.")]
    share: Annotated[float | None, Field(ge=0, le=1)]
    eta: Annotated[float | None, Field(description="Seconds that it is likely to take still.")]


class JobProblem(Given):
    """Why a job failed."""

    code: str
    detail: str
    fix: str


class JobBody(Given):
    """Work that takes longer than a request."""

    id: Annotated[str, Field(examples=["5f0c9a1e77aa01bc"])]
    kind: Literal["video", "calibration"]
    collection: Annotated[str, Field(description="Empty where it is about none.")]
    name: Annotated[str, Field(description="Of the file that came with it.")]
    options: dict[str, Any]
    state: State
    created: Time
    started: Time | None
    finished: Time | None
    attempts: Annotated[int, Field(description="How often it was begun; its lines are told anew each time.")]
    progress: ProgressBody | None
    outcome: Annotated[dict[str, Any] | None, Field(description="What came out: counts, and what is wrong.")]
    problem: JobProblem | None
    kept_until: Annotated[Time | None, Field(description="When it is deleted with its results.")]


class JobList(Given):
    """Jobs, newest first."""

    jobs: list[JobBody]
    next: str | None


class LineBody(BaseModel):
    """A line as `fewpix identify --json` prints it; `erased` where somebody whom it named was removed."""

    model_config = ConfigDict(extra="allow")

    event: Literal["seen", "named", "ended"]
    track: int


class JobLines(Given):
    """What a job has told so far."""

    state: State
    attempts: int
    lines: list[LineBody]
    next: Annotated[str | None, Field(description="Cursor of what comes next; null: nothing does.")]


class JobDeleted(Given):
    """That a job is gone."""

    deleted: bool
