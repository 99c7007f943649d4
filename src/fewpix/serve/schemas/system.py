"""The service itself, and whether it is there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fewpix.serve.schemas.body import Given, Time


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
