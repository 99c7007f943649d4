"""The recipe of an aligner: one TOML file, checked whole before the first batch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from fewpix.train.recipe import Positive, Section, read_recipe


class NetSection(Section):
    """The network; see `fewpix.models.aligner.AlignerNet`."""

    side: Annotated[int, Field(ge=16, multiple_of=8)] = 32
    widths: tuple[Positive, ...] = (24, 32, 64, 96, 96, 128)
    hidden: Positive = 96


class FacesSection(Section):
    """Which views are learnt from; see `AlignerViews`. `holdout` is the share of the faces that is scored."""

    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.03
    chain: str = "train-photo"
    sizes: tuple[Annotated[float, Field(ge=4)], Annotated[float, Field(le=112)]] = (7.0, 48.0)
    strangers: Annotated[float, Field(ge=0, lt=1)] = 0.15


class ErrorsSection(Section):
    """How far found points are off; see `Spread`."""

    move: Annotated[float, Field(gt=0)] = 60.0
    vary: Annotated[float, Field(ge=0)] = 0.5
    growth: Annotated[float, Field(ge=0)] = 0.014
    turn: Annotated[float, Field(ge=0)] = 1.2


class OptimSection(Section):
    """AdamW with linear warm-up and cosine decay; `ema` is the decay of the averaged weights."""

    lr: Annotated[float, Field(gt=0)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    warmup: Annotated[int, Field(ge=0)] = 100
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.995


class RunSection(Section):
    """How long, how wide, how often it is saved and scored."""

    steps: Positive
    batch: Positive = 128
    seed: Annotated[int, Field(ge=0)] = 0
    log_every: Positive = 20
    checkpoint_every: Positive = 200
    evaluate_every: Positive = 500


class AlignerRecipe(Section):
    """Everything that decides what a run produces, except the faces themselves."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    model: NetSection = NetSection()
    data: FacesSection = FacesSection()
    errors: ErrorsSection = ErrorsSection()
    optim: OptimSection = OptimSection()
    run: RunSection


def load_aligner_recipe(path: Path) -> AlignerRecipe:
    """Read and check a recipe. Errors as `fewpix.train.recipe.load_recipe`."""
    return read_recipe(path, AlignerRecipe)
