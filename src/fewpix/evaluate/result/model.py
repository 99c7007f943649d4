"""The form of every result of `fewpix evaluate` and `fewpix compare`: as it is written, read and documented.

One form serves pairs, searches and detections, since all figures of them are of one kind: a measure, its
value, its interval, or the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA = "evaluation-2"
"""What a result calls its own form."""

Interval = Annotated[tuple[float, float], Field(description="the lower and the upper end of a 95 % interval")]
Share = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Where = Annotated[
    dict[str, str],
    Field(
        description="which part of the run: `protocol` where it had several, `gallery` where there are "
        "several, `faces` of detections; empty where there is one part"
    ),
]


class Part(BaseModel):
    """An object with these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Count(Part):
    """A number of a benchmark."""

    what: str = Field(description="in words")
    found: int = Field(description="on this disk")
    published: int | None = Field(description="by the authors; null if they say nothing")


class Facts(Part):
    """The benchmark."""

    kind: str = Field(description="its name, as on the command line, or its edition")
    variant: str = Field(description='which of its pictures or protocols, `""` where it has one')
    counts: list[Count] = Field(description="what was found, beside what was published")
    listed: int = Field(description="pictures that its lists name")
    missing: int = Field(description="how many of these are not there")
    missing_first: list[str] = Field(description="the first hundred of them")
    complete: bool = Field(description="whether nothing is missing and every count is as published")
    comparisons: dict[str, int] = Field(
        description="how many: `same` and `different` pairs; `probes` and items by gallery; or `pictures`"
    )
    left_out: int = Field(description="pairs, or items of a search, left out for want of a picture")
    coverage: Share = Field(description="share of the listed pairs or items that was compared")
    lists_sha256: Sha256 = Field(description="over the lists and the names of the pictures")
    data_sha256: Sha256 = Field(description="over the lists and the contents of the pictures used")
    score_file_sha256: Sha256 | None = Field(default=None, description="of detections, of the score file")


class Treatment(Part):
    """What happened to the pictures before they went to a model."""

    protocols: list[str] = Field(
        default_factory=list,
        description="of pairs: `native`, `hr-lr` or `lr-lr`; of searches and detections empty",
    )
    small: str = Field(
        default="", description="the side that is made small: `first`, `second`, `both` or `probes`"
    )
    other_size: int | None = Field(
        default=None,
        description="side in pixels that the other side (the gallery) is made small to; null for its own",
    )
    family: str = Field(default="area", description="how pictures get small; `area` is the protocol")
    seed: int = Field(default=0, description="of what is random in it")
    steps: dict[str, str] = Field(default_factory=dict, description="all its steps in words, by size")
    interpolation: str = Field(default="", description="how and by what library pictures are resampled")
    fit: str = Field(default="", description="how pictures become square: `pad`, `stretch` or `aligned`")
    flip: bool = Field(default=False, description="whether the mirrored picture's embedding is added")
    alignment: str = Field(default="", description="how pictures were aligned")
    fusion: str = Field(
        default="", description='how templates are made of pictures, `""` where an item is a picture'
    )
    prototypes: bool = Field(
        default=False, description="whether a person of a gallery is one row, the mean of their items"
    )
    rank: int = Field(default=1, description="up to which the right person counts in TPIR")
    iou: float | None = Field(
        default=None, description="of detections, the overlap from which on a box is a face"
    )


class Model(Part):
    """What is known of a model."""

    sha256: str = Field(description="digest of the weights, the same in every file format and runtime")
    runtime: str = Field(description="what ran it")
    state_id: str = Field(description='of the FaceBN state, `""` for none')
    side: int = Field(description="of its input in pixels")


class Pixels(Part):
    """Quantiles of sizes in pixels."""

    of: Literal["face", "picture"] = Field(
        description="`face`: of faces, by their five points; `picture`: shorter sides of the files' pictures"
    )
    min: float = Field(description="the smallest")
    p25: float = Field(description="a quarter is not larger")
    median: float = Field(description="half are not larger")
    p75: float = Field(description="three quarters are not larger")
    max: float = Field(description="the largest")


class Seen(Part):
    """One side's items as a model saw them."""

    items: int = Field(description="pictures or templates that went to the model")
    people: int = Field(description="whom they show")
    failed_items: int = Field(description="those of them that failed to enrol, which count")
    pictures: int = Field(description="that they are made of")
    failed_pictures: int = Field(description="how many of these gave no embedding")
    first_fault: str = Field(description='why the first of them did not, `""` for none')
    already_smaller: int = Field(
        description="pictures that were to be made small and were smaller already; they stayed as they were"
    )
    not_square: int = Field(description="pictures that had to be made square")
    px: Pixels | None = Field(description="their sizes before any was made small; null where none is known")


class Other(Part):
    """Who saw the other side of a model's comparisons."""

    name: str = Field(description="of the model")
    model: Model = Field(description="what is known of it")
    seen: Seen = Field(description="that side")


class Bootstrap(Part):
    """How intervals were made."""

    level: float = Field(description="0.95")
    replicates: int = Field(description="how many")
    seed: int = Field(description="of the draws")
    how: str = Field(description="what was resampled, and whether thresholds were held")


class Figure(Part):
    """One measure of one model at one size in one part."""

    measure: str = Field(description="its name, see the table of measures")
    at: str = Field(description='the rate, rank or third it is at, such as `1e-3`, `5` or `worst`; else `""`')
    value: float | None = Field(description="0 to 1; null where it cannot be had")
    ci95: Interval | None = Field(description="its interval; null where there is none")
    threshold: float | None = Field(description="a comparison counts at or above it; null where none is")
    reason: str = Field(description='why there is no value, or no interval; `""` where there is')
    detail: dict[str, list[float]] = Field(
        description="of accuracy `per_fold` and `thresholds`; of a third `quality` and `pairs`; of "
        "detections `per_image`, the false alarms per picture there"
    )


class Curve(Part):
    """Points of a curve, each an observed threshold or rank; lists of equal lengths."""

    x: list[float] = Field(description="the false rate, false alarms per picture, or the rank")
    y: list[Share] = Field(description="the true rate, or the share found")
    ci95: list[Interval | None] = Field(description="intervals of y")
    threshold: list[float] = Field(description="of each point; empty for a curve of ranks")

    @model_validator(mode="after")
    def _equal_lengths(self) -> Self:
        lengths = {
            len(self.x),
            len(self.y),
            len(self.ci95),
            *([len(self.threshold)] if self.threshold else []),
        }
        if len(lengths) > 1:
            raise ValueError(f"lists of different lengths: {sorted(lengths)}")
        return self


class Histogram(Part):
    """Numbers of scores in equal bins from -1 to 1; comparisons that failed are in none."""

    mated: list[int] = Field(
        description="of comparisons of one person; of a search, of probes with their own"
    )
    nonmated: list[int] = Field(
        description="of two people; of a search, of the best other person: of strangers where there are any"
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


class Cell(Part):
    """One model at one size in one part."""

    model: str = Field(description="its name")
    size: int | None = Field(description="that the small side was made to; null for pictures as they are")
    part: Where
    counts: dict[str, int] = Field(
        description="`failed` pairs; `people`, `rows`, `mated` and `nonmated` of a search; `wanted`, `found` "
        "and `alarms` of detections"
    )
    seen: Seen | None = Field(description="the side that went to the model; null of detections")
    figures: list[Figure] = Field(description="the most telling first, see `headline`")
    curve: Curve | None = Field(description="true over false rates; null where there is none")
    ranks: Curve | None = Field(description="of a search, the share found by rank (CMC); else null")
    histogram: Histogram | None = Field(description="of scores; null of detections")
    worst: Failures | None = Field(description="null where items are no single pictures")

    def figure(self, measure: str, at: str = "") -> Figure | None:
        """The figure of a measure; None where it was not asked for."""
        return next((one for one in self.figures if (one.measure, one.at) == (measure, at)), None)


class McNemar(Part):
    """McNemar's exact test."""

    only_first: int = Field(description="answers that only the model itself got right")
    only_second: int = Field(description="that only the other one got right")
    p: Share = Field(description="two-sided; it takes answers for independent")


class Change(Part):
    """A figure of one model minus that of the other, each at its own threshold."""

    measure: str = Field(description="as in the figures")
    at: str = Field(description="likewise")
    difference: float = Field(description="in fractions")
    ci95: Interval = Field(description="its interval, resampling people for both models together")
    mcnemar: McNemar | None = Field(description="where answers are right or wrong; else null")


class Difference(Part):
    """Two models on the same comparisons."""

    model: str = Field(description="whose figures count positive")
    minus: str = Field(description="the one whose figures are subtracted")
    size: int | None = Field(description="as in the cells")
    part: Where
    changes: list[Change] = Field(description="in the order of the figures")


class Compared(Part):
    """One of the two results of a comparison."""

    name: str = Field(description="of its file")
    models: dict[str, Model] = Field(description="by name")
    flip: bool = Field(description="whether mirrored pictures were added")
    sizes_alone: list[int | None] = Field(description="sizes that only this result has")
    scores_sha256: Sha256 = Field(description="of its single scores")


class Result(Part):
    """The whole file."""

    schema_name: Literal["evaluation-2"] = Field(alias="schema", description="`evaluation-2`")
    task: Literal["pairs", "search", "detections"] = Field(description="what was compared")
    benchmark: Facts = Field(description="on what")
    treatment: Treatment = Field(description="how pictures came to the models")
    models: dict[str, Model] = Field(description="by name; of detections and of comparisons empty")
    others: dict[str, Other] = Field(
        description="by the model's name, who saw the other side; empty where the model itself did"
    )
    bootstrap: Bootstrap = Field(description="how intervals were made")
    cells: list[Cell] = Field(description="by part, size and model; empty in a comparison")
    differences: list[Difference] = Field(
        description="of every model to the baseline; in a comparison, of the first result's to the second's"
    )
    compared: list[Compared] = Field(description="the two results of a comparison; else empty")
    scores_sha256: Sha256 | None = Field(
        description="of the file of single scores beside it; null where there is none"
    )

    def sizes(self) -> list[int]:
        """Those that pictures were made small to, as they come."""
        return list(dict.fromkeys(cell.size for cell in self.cells if cell.size is not None))

    def by_part(self) -> Iterator[tuple[dict[str, str], list[Cell]]]:
        """The cells part by part."""
        parts = list(dict.fromkeys(tuple(cell.part.items()) for cell in self.cells))
        for part in parts:
            yield dict(part), [cell for cell in self.cells if tuple(cell.part.items()) == part]


class UccsScores(Part):
    """`fewpix evaluate uccs-scores`: how a score file was made. It judges nothing."""

    schema_name: Literal["uccs-scores-1"] = Field(alias="schema", description="`uccs-scores-1`")
    benchmark: str = Field(description="`uccs`")
    pictures: int = Field(description="searched for faces")
    unreadable: int = Field(description="pictures that could not be read: none of their faces is found")
    first_fault: str = Field(description='why the first of them could not, `""` for none')
    detections: int = Field(description="faces found")
    not_embedded: int = Field(description="those of them below 8 px, which are like nobody")
    people: int = Field(description="in the gallery")
    failed_people: int = Field(description="of whom no picture gave an embedding: nobody is like them")
    model: str = Field(description="that saw the faces found")
    gallery_model: str = Field(description="that saw the gallery")
    models: dict[str, Model] = Field(description="by name")
    size: int | None = Field(description="that the faces found were made small to; null for their own")
    gallery_size: int | None = Field(description="that the gallery was made small to; null likewise")
    family: str = Field(description="how, where any was")
    seed: int = Field(description="of what is random in it")
    interpolation: str = Field(description="how and by what library pictures were resampled")
    shrink: float = Field(description="the factor that whole pictures were made smaller by; 1 for none")
    flip: bool = Field(description="whether mirrored faces were added")
    coverage: Share = Field(description="share of the listed pictures that are there")
    lists_sha256: Sha256 = Field(description="of the lists")
