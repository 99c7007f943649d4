"""The results of `fewpix evaluate lfw` and `fewpix evaluate lfw-table`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fewpix.evaluate.schema.pairs import PairChange
from fewpix.evaluate.schema.parts import Interval, Model, Part, Sha256, Share

_EARLIER = "null in results of before there were schemas"


class Accuracy(Part):
    """A difference of two models."""

    accuracy: float = Field(description="of the model minus that of the baseline, in fractions")
    ci95: Interval = Field(description="its interval, resampling people for both models together")


class LfwFigures(Part):
    """Figures of one model at one size. They are 0 to 1."""

    model: str = Field(description="its name")
    size: int = Field(description="of the small faces in pixels")
    protocol: Literal["hr-lr", "lr-lr"] = Field(description="what happened to either side")
    n_pairs: int = Field(description="pairs scored")
    accuracy: Share = Field(description="mean over the folds")
    accuracy_ci95: Interval = Field(description="its interval")
    tar_at_far: dict[str, Share | None] = Field(
        description="true accept rate by false accept rate; null for one below one in the pairs of two people"
    )
    tar_at_far_ci95: dict[str, Interval | None] = Field(description="their intervals; null likewise")


class LfwResult(LfwFigures):
    """`fewpix evaluate lfw`."""

    schema_name: Literal["lfw-1"] = Field(alias="schema", description="`lfw-1`")
    model_sha256: Sha256 = Field(description="digest of the weights")
    flip: bool = Field(description="whether mirrored pictures were added")
    interpolation: str = Field(description="how and by what library pictures were resampled")
    n_missing: int = Field(description="pairs left out for want of a picture")
    coverage: Share = Field(description="share of the list's pairs that was scored")
    family: str = Field(description="how faces were made small")
    state_id: str = Field(description='of the FaceBN state, `""` for none')
    runtime: str = Field(description="what ran the model")
    side: int = Field(description="of its input in pixels")
    teacher_sha256: str = Field(description='digest of the weights that saw the sharp faces, `""` for none')
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap, and of what is random in `family`")
    data_sha256: Sha256 = Field(description="over the pairs and the pictures used")
    scores_sha256: Sha256 = Field(description="of the file of single scores")


class TableFigures(LfwFigures):
    """A cell of the table."""

    minus_baseline: Accuracy | None = Field(description="null for the baseline itself")


class TableData(Part):
    """The benchmark."""

    sha256: Sha256 = Field(description="over the pairs and the pictures used")
    pairs: int = Field(description="pairs scored")
    missing: int = Field(description="pairs left out for want of a picture")
    pictures: int = Field(description="used")


class TableSettings(Part):
    """All that decides the figures beside data and models."""

    sizes: list[int] = Field(description="in pixels")
    protocols: list[str] = Field(description="in this order")
    flip: bool = Field(description="whether mirrored pictures were added")
    family: str = Field(description="how faces were made small")
    interpolation: str = Field(description="how and by what library pictures were resampled")
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap")
    teacher_sha256: str = Field(
        description="digest of the weights that saw the sharp faces; of several teachers, all of them"
    )
    baseline: str = Field(description="the model that the others are compared with")


class LfwTable(Part):
    """`fewpix evaluate lfw-table`."""

    schema_name: Literal["lfw-table-1"] | None = Field(
        default=None, alias="schema", description=f"`lfw-table-1`; {_EARLIER}"
    )
    benchmark: Literal["lfw"] = Field(description="`lfw`")
    data: TableData = Field(description="the benchmark")
    models: dict[str, Model] = Field(description="by name")
    settings: TableSettings = Field(description="what else decides the figures")
    figures: list[TableFigures] = Field(
        min_length=1, description="in the order of protocols, sizes and models"
    )
    scores_sha256: Sha256 | None = Field(
        default=None, description=f"of the file of single scores; {_EARLIER}"
    )


class LfwChange(PairChange):
    """A model compared with one of another result, at the same size under the same protocol."""

    protocol: Literal["hr-lr", "lr-lr"] = Field(description="as in the figures")
