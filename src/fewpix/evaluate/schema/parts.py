"""Parts that the results of several verbs share."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Interval = Annotated[tuple[float, float], Field(description="the lower and the upper end of a 95 % interval")]
Share = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Part(BaseModel):
    """An object with these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Count(Part):
    """A number of a benchmark."""

    what: str = Field(description="in words")
    found: int = Field(description="here")
    published: int | None = Field(description="by the authors; null if they say nothing")


class Model(Part):
    """What is known of a model."""

    sha256: str = Field(description="digest of the weights, the same in every file format and runtime")
    runtime: str = Field(description="what ran it")
    state_id: str = Field(description='of the FaceBN state, `""` for none')
    side: int = Field(description="of its input in pixels")


class Histogram(Part):
    """Numbers of scores in equal bins."""

    low: float = Field(description="lower end of the first bin")
    high: float = Field(description="upper end of the last")
    mated: list[int] = Field(
        description="of comparisons of one person; of a search, of probes with their own"
    )
    nonmated: list[int] = Field(
        description="of two people; of a search, of the best other person: of strangers in an open set"
    )


class Failure(Part):
    """One of the worst comparisons."""

    first: str = Field(description="name of the first picture in the benchmark; of a search, the probe")
    second: str = Field(description="of the second; of a search, the picture of the gallery")
    score: float = Field(description="their cosine")
    threshold: float | None = Field(description="what it is judged by; null where nothing is")
    wrong: bool = Field(description="whether the answer was")


class Failures(Part):
    """The worst comparisons, at most six of each kind, the worst first."""

    nonmated: list[Failure] = Field(description="of two people, with the highest scores")
    mated: list[Failure] = Field(description="of one person, with the lowest")


class Change(Part):
    """A figure of one model minus that of another."""

    difference: float = Field(description="in fractions")
    ci95: Interval = Field(description="its interval, resampling people for both models together")


class McNemar(Part):
    """McNemar's exact test."""

    only_first: int = Field(description="answers that only the model itself got right")
    only_second: int = Field(description="that only the other one got right")
    p: Share = Field(description="two-sided; it takes answers for independent")


class Curve(Part):
    """Equal lengths."""

    @model_validator(mode="after")
    def _equal_lengths(self) -> Self:
        lengths = {key: len(value) for key, value in self.__dict__.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"lists of different lengths: {lengths}")
        return self
