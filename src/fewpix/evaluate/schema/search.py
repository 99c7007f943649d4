"""The result of `fewpix evaluate search`."""

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


class Quantiles(Part):
    """Of the shorter sides of pictures in their files, in pixels."""

    min: int = Field(description="the smallest")
    p25: int = Field(description="a quarter is not larger")
    median: int = Field(description="half are not larger")
    p75: int = Field(description="three quarters are not larger")
    max: int = Field(description="the largest")


class Probes(Part):
    """The probes; of the gallery likewise."""

    pictures: int = Field(description="how many, failures to enrol included")
    people: int = Field(description="on them")
    failed: int = Field(description="pictures that failed to enrol, which are counted")
    first_fault: str = Field(description='why the first of them did, `""` for none')
    native: Quantiles = Field(
        description="`min`, `p25`, `median`, `p75`, `max` of their shorter sides in pixels"
    )


class Gallery(Probes):
    """The gallery."""

    size: int | None = Field(description="that it was made small to; null for its own")
    kept: int = Field(description="pictures smaller than `size`, which stayed as they were")


class GalleryModel(Model):
    """Who saw the gallery."""

    model: str = Field(description="its name")


class CmcCurve(Curve):
    """Cumulative match characteristic of the mated searches."""

    rank: list[int] = Field(description="places, at most 100")
    share: list[Share] = Field(
        description="with the right answer up to there: rows in a closed set, else people"
    )
    share_ci95: list[Interval] = Field(description="their intervals")


class SearchCurve(Curve):
    """TPIR over FPIR, as the curve of pairs."""

    fpir: list[float] = Field(description="false positive identification rates measured, the highest first")
    tpir: list[float] = Field(description="true positive identification rates")
    tpir_ci95: list[Interval] = Field(description="their intervals")
    threshold: list[float] = Field(description="a search answers at or above it")


class SearchFigures(Part):
    """One model at one size. Figures are 0 to 1."""

    model: str = Field(description="that saw the probes")
    size: int | None = Field(description="that the probes were made small to; null for their own")
    kept: int = Field(description="probes smaller than `size`, which stayed as they were")
    people: int = Field(description="in the gallery")
    cmc: CmcCurve = Field(description="of the mated searches")
    histogram: Histogram = Field(description="of scores; failures to enrol are in none of them")
    worst: Failures = Field(
        description="in an open set judged by the threshold of the first rate, in a closed one by rank-1"
    )


class ClosedFigures(SearchFigures):
    """Where every probe shows somebody of the gallery."""

    probes: int = Field(description="searches")
    rank: dict[str, Share] = Field(description="share with a right row among the first k, by k")
    rank_ci95: dict[str, Interval] = Field(description="their intervals")
    map: Share | None = Field(description="mean average precision")
    map_ci95: Interval | None = Field(description="its interval")


class OpenFigures(SearchFigures):
    """Where some probes do not."""

    mated: int = Field(description="searches whose person is in the gallery")
    nonmated: int = Field(description="the others")
    rank: int = Field(description="the place up to which the right person counts")
    tpir_at_fpir: dict[str, Share] = Field(description="true by false positive identification rate")
    tpir_at_fpir_ci95: dict[str, Interval] = Field(description="their intervals")
    thresholds: dict[str, float] = Field(description="the smallest score that keeps each rate")
    auc: Share = Field(description="area under TPIR over FPIR")
    auc_ci95: Interval = Field(description="its interval")
    curve: SearchCurve = Field(description="TPIR over FPIR, at few points")


class SearchChange(Part):
    """A model compared with the first one of the run, or of another result, at the same size."""

    model: str = Field(description="its name")
    minus: str = Field(description="the name of the one whose figures are subtracted")
    size: int | None = Field(description="as in the figures")
    rank: dict[str, Change] = Field(description="of rank-k of the mated searches, by k")
    mcnemar: McNemar = Field(description="of mated searches that find the right person first")
    map: Change | None = Field(description="null for open sets")
    tpir_at_fpir: dict[str, Change] = Field(
        description="each model at its own threshold; empty for closed sets"
    )
    auc: Change | None = Field(description="null for closed sets")


class SearchResult(Part):
    """The whole file."""

    schema_name: Literal["search-1"] = Field(alias="schema", description="`search-1`")
    benchmark: str = Field(description="its KIND")
    set: Literal["closed", "open"] = Field(
        description="closed where every probe shows somebody of the gallery"
    )
    fpirs_unresolved: list[str] = Field(description="rates that so few non-mated searches cannot show")
    mated: int = Field(description="probes of people in the gallery")
    nonmated: int = Field(description="of others")
    gallery_rows: int = Field(description="embeddings searched in")
    prototypes: bool = Field(description="whether each is the mean of a person's pictures")
    probes: Probes = Field(description="that side")
    gallery: Gallery = Field(description="the other one")
    models: dict[str, Model] = Field(description="that saw the probes, by name")
    galleries: dict[str, GalleryModel] = Field(description="by the model's name, who saw the gallery")
    fit: str = Field(description="how pictures became square: `pad` or `stretch`")
    flip: bool = Field(description="whether mirrored pictures were added")
    family: str = Field(description="how pictures were made small, where any was")
    steps: dict[str, str] = Field(description="all its steps in words, by size")
    interpolation: str = Field(description="how and by what library pictures were resampled")
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap, and of what is random in `family`")
    coverage: Share = Field(description="share of the listed pictures that are there")
    listed: int = Field(description="pictures that the lists name")
    missing: int = Field(description="how many of them are not there")
    as_published: bool = Field(description="whether nothing is missing and every count is as published")
    counts: list[Count] = Field(description="what was found beside what was published")
    lists_sha256: Sha256 = Field(description="over lists and names")
    data_sha256: Sha256 = Field(description="over the pictures too")
    figures: list[ClosedFigures] | list[OpenFigures] = Field(
        min_length=1, description="one entry per size and model"
    )
    differences: list[SearchChange] = Field(description="of every other model to the first, at every size")
    scores_sha256: Sha256 = Field(description="of the file of single scores")
