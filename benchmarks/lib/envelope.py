"""The form of all results: what was asked, of which models and data, under which settings, and the figures.

`X.json` holds what the inputs determine: the same command on the same data and weights writes the same bytes,
but for figures that are times. How it was made is in `X.run.json`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RunFacts(BaseModel):
    """`X.run.json`: how a result was made; see `fewpix.evaluate.result.file.Run`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None
    dirty: bool | None
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")]
    machine: dict[str, str | int]
    versions: dict[str, str]
    duration_s: Annotated[float, Field(ge=0)]


class Envelope(BaseModel):
    """`X.json`: the result of a benchmark.

    Args:
        question: what was asked.
        figures: one entry for each cell that was measured, or entries by name.
        model: the one that was measured, by name and SHA-256.
        models: those that were measured, by name: SHA-256, or facts with it.
        data: what it was measured on: counts, and hashes of files that are not made by the benchmark.
        settings: what was chosen for this run.

    Other keys are more that was found out, such as a summary, each of its benchmark's own form.
    """

    model_config = ConfigDict(extra="allow", strict=True)

    question: Annotated[str, Field(min_length=1)]
    figures: Annotated[list[dict[str, Any]] | dict[str, Any], Field(min_length=1)]
    model: dict[str, Any] = {}
    models: dict[str, Sha256 | dict[str, Any]] = {}
    data: dict[str, Any] = {}
    settings: dict[str, Any] = {}

    @model_validator(mode="after")
    def _same_for_the_same_inputs(self) -> Envelope:
        misplaced = set(RunFacts.model_fields) & (set(self.model_extra or {}) | set(self.settings))
        if misplaced:
            raise ValueError(f"{', '.join(sorted(misplaced))}: belongs into X.run.json")
        return self
