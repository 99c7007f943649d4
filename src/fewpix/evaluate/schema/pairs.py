"""The result of `fewpix evaluate pairs`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fewpix.evaluate.schema.parts import (
    Change,
    Count,
    Curve,
    Failures,
    Histogram,
    Interval,
    McNemar,
    Model,
    Part,
    Sha256,
    Share,
)


class Degraded(Part):
    """How pictures were made small."""

    sides: Literal["first", "second", "both"] = Field(description="which picture of a pair")
    family: str = Field(description="of `fewpix.degrade`")
    seed: int = Field(description="of what is random in it")
    steps: dict[str, str] = Field(description="all steps in words, by size")


class Span(Part):
    """Sides of pictures in pixels, as squares, before any was made small."""

    smallest: int = Field(description="side")
    median: float = Field(description="side")
    largest: int = Field(description="side")


class Pictures(Part):
    """The pictures of the pairs."""

    used: int = Field(description="how many")
    not_square: int = Field(description="how many had to be made square")
    side_px: Span = Field(description="their `smallest`, `median` and `largest` side")


class Inventory(Part):
    """What was found of a benchmark, as of `fewpix data check`."""

    kind: str = Field(description="of the benchmark")
    counts: list[Count] = Field(description="what was found beside what was published")
    listed: int = Field(description="pictures that the lists name")
    missing: int = Field(description="how many of them are not there")
    missing_first: list[str] = Field(description="the first hundred of those")
    coverage: Share = Field(description="share of the listed pictures that are there")
    complete: bool = Field(description="whether nothing is missing and every count is as published")
    sha256: Sha256 = Field(description="over lists and names")


class Third(Part):
    """A third of the pairs, by the quality of the worse picture."""

    name: Literal["worst", "middle", "best"] = Field(description="which one")
    quality: tuple[float, float] = Field(description="lowest and highest")
    n_pairs: int = Field(description="how many; equal qualities stay together")
    n_same: int = Field(description="those of them that show one person")
    accuracy: Share = Field(description="under the thresholds of the whole list's folds")
    ci95: Interval | None = Field(description="null where there are too few people")


class PairCurve(Curve):
    """ROC and DET: a point for every eighth of a decade of FAR that can be shown, the highest first."""

    far: list[float] = Field(description="false accept rates measured")
    tar: list[float] = Field(description="true accept rates; DET shows 1 minus them")
    tar_ci95: list[Interval] = Field(description="their intervals at the rates the points were chosen for")
    threshold: list[float] = Field(description="a pair is accepted at or above it")


class PairFigures(Part):
    """One model at one size. Figures are 0 to 1, null for one that cannot be had."""

    model: str = Field(description="its name")
    size: int | None = Field(
        description="of the small pictures in pixels; null where they were left as they are"
    )
    already_smaller: int = Field(description="pictures that were to be made small and were smaller already")
    accuracy: Share | None = Field(description="mean over the folds, each under the others' best threshold")
    accuracy_ci95: Interval | None = Field(description="its interval, with the thresholds held")
    accuracy_per_fold: list[Share] | None = Field(description="in the order of folds")
    threshold_per_fold: list[float] | None = Field(description="that each fold was judged by")
    no_accuracy: str = Field(description='why there is no accuracy, `""` where there is')
    accuracy_by_quality: list[Third] | None = Field(description="where qualities are known")
    tar_at_far: dict[str, Share | None] = Field(description="true accept rate by false accept rate")
    tar_at_far_ci95: dict[str, Interval | None] = Field(
        description="their intervals, each with its threshold anew"
    )
    threshold_at_far: dict[str, float | None] = Field(description="the thresholds")
    not_resolvable: dict[str, str] = Field(description="by false accept rate, why it cannot be measured here")
    eer: Share = Field(description="equal error rate, without interpolation")
    eer_ci95: Interval = Field(description="its interval")
    threshold_at_eer: float = Field(description="where it is")
    auc: Share = Field(description="area under the ROC curve, ties counted half")
    auc_ci95: Interval = Field(description="its interval")
    curve: PairCurve = Field(description="ROC and DET, at few points")
    histogram: Histogram = Field(description="of all scores")
    worst: Failures = Field(
        description="judged by the fold's threshold, or that of the EER where there is one fold"
    )


class PairChange(Part):
    """A model compared with the first one of the run, or of another result, at the same size."""

    model: str = Field(description="its name")
    minus: str = Field(description="the name of the one whose figures are subtracted")
    size: int | None = Field(description="as in the figures")
    accuracy: Change | None = Field(description="null where there is one fold")
    mcnemar: McNemar | None = Field(
        description="of pairs decided rightly at each model's own thresholds; likewise"
    )
    tar_at_far: dict[str, Change] = Field(description="by the false accept rates that can be measured")
    eer: Change = Field(description="negative where the model is better")
    auc: Change = Field(description="of areas under the ROC curve")


class PairsResult(Part):
    """The whole file."""

    schema_name: Literal["pairs-1"] = Field(alias="schema", description="`pairs-1`")
    benchmark: str = Field(description="its KIND")
    variant: str = Field(
        description="which of its pictures, where there are several (XQLFW: aligned or original)"
    )
    protocol: Literal["native", "hr-lr", "lr-lr"] = Field(description="what happened to either side")
    degraded: Degraded | None = Field(description="null where no picture was made small")
    interpolation: str = Field(description="how and by what library pictures were resampled")
    fit: str = Field(description="how pictures became square: `pad` or `stretch`")
    flip: bool = Field(description="whether mirrored pictures were added")
    n_pairs: int = Field(description="pairs scored")
    n_same: int = Field(description="those of them that show one person")
    n_missing: int = Field(description="pairs left out for want of a picture")
    coverage: Share = Field(description="share of the list's pairs that was scored")
    folds: int = Field(description="how many")
    pictures: Pictures = Field(description="of the pairs")
    inventory: Inventory = Field(description="what was found")
    data_sha256: Sha256 = Field(description="over the lists and the contents of the pictures used")
    models: dict[str, Model] = Field(description="by name")
    teachers: dict[str, Model] | None = Field(
        description="by the model's name, who saw the other side of `hr-lr`; else null"
    )
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap")
    figures: list[PairFigures] = Field(min_length=1, description="one entry per size and model")
    differences: list[PairChange] = Field(description="of every other model to the first, at every size")
    scores_sha256: Sha256 = Field(description="of the file of single scores")
