"""The results of `fewpix evaluate template-pairs` and `fewpix evaluate template-search`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fewpix.evaluate.schema.pairs import Degraded, Inventory, PairCurve
from fewpix.evaluate.schema.parts import Change, Histogram, Interval, Model, Part, Sha256, Share
from fewpix.evaluate.schema.search import CmcCurve, SearchChange, SearchCurve


class FaceSides(Part):
    """Of the faces' sides in their files, in pixels, where five points tell them."""

    min: float = Field(description="the smallest")
    p25: float = Field(description="a quarter is not larger")
    median: float = Field(description="half are not larger")
    p75: float = Field(description="three quarters are not larger")
    max: float = Field(description="the largest")


class Seen(Part):
    """Templates as a model saw them."""

    templates: int = Field(description="how many went to the model")
    failed_templates: int = Field(description="how many of them failed to enrol, which count")
    pictures: int = Field(description="that they were made of")
    failed_pictures: int = Field(description="how many of these gave no embedding")
    first_fault: str = Field(description='why the first of them did not, `""` for none')
    already_smaller: int = Field(description="pictures that were to be made small and were smaller already")
    face_px: FaceSides | None = Field(description="null where no points tell")


class SharpSide(Model, Seen):
    """The teacher, and the templates of the other side of `hr-lr` as it saw them."""


class TemplatePairFigures(Seen):
    """One model at one size. Figures are 0 to 1, null for one that cannot be had."""

    model: str = Field(description="its name")
    size: int | None = Field(
        description="of the small pictures in pixels; null where they were left as they are"
    )
    failed_pairs: int = Field(
        description="with a template that failed to enrol; they are scored as the least alike"
    )
    tar_at_far: dict[str, Share | None] = Field(description="true accept rate by false accept rate")
    tar_at_far_ci95: dict[str, Interval | None] = Field(description="their intervals")
    threshold_at_far: dict[str, float | None] = Field(description="the thresholds")
    not_resolvable: dict[str, str] = Field(description="by false accept rate, why it cannot be measured here")
    eer: Share = Field(description="equal error rate, without interpolation")
    eer_ci95: Interval | None = Field(
        description="its interval; null where so many pairs are there that thresholds are held"
    )
    threshold_at_eer: float = Field(description="where it is")
    auc: Share = Field(description="area under the ROC curve, ties counted half")
    auc_ci95: Interval | None = Field(description="its interval; null likewise")
    curve: PairCurve = Field(description="ROC and DET, at few points")
    histogram: Histogram = Field(description="of scores; pairs that failed are in none")


class TemplatePairChange(Part):
    """A model compared with the first one of the run, or of another result, at the same size."""

    model: str = Field(description="its name")
    minus: str = Field(description="the name of the one whose figures are subtracted")
    size: int | None = Field(description="as in the figures")
    tar_at_far: dict[str, Change] = Field(description="by the false accept rates that can be measured")
    eer: Change | None = Field(
        description="negative where the model is better; null where thresholds are held"
    )
    auc: Change | None = Field(description="of areas under the ROC curve; null likewise")


class TemplatePairsResult(Part):
    """The whole file."""

    schema_name: Literal["template-pairs-1"] = Field(alias="schema", description="`template-pairs-1`")
    benchmark: str = Field(description="its edition")
    protocol: Literal["native", "hr-lr", "lr-lr"] = Field(description="what happened to either side")
    degraded: Degraded | None = Field(description="null where no picture was made small")
    interpolation: str = Field(description="how and by what library pictures were resampled")
    alignment: str = Field(description="how pictures were aligned")
    fusion: str = Field(description="how templates were made")
    flip: bool = Field(description="whether mirrored pictures were added")
    n_pairs: int = Field(description="pairs scored")
    n_same: int = Field(description="those of them that are of one person")
    n_missing: int = Field(description="pairs left out for want of a picture")
    coverage: Share = Field(description="share of the list's pairs that was scored")
    inventory: Inventory = Field(description="what was found")
    data_sha256: Sha256 = Field(description="over the lists and the contents of the pictures used")
    models: dict[str, Model] = Field(description="by name")
    teachers: dict[str, SharpSide] | None = Field(
        description="by the model's name, who saw the other side of `hr-lr`; else null"
    )
    interval: str = Field(description="how intervals were made, and whether thresholds were held")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap")
    figures: list[TemplatePairFigures] = Field(min_length=1, description="one entry per size and model")
    differences: list[TemplatePairChange] = Field(
        description="of every other model to the first, at every size"
    )
    scores_sha256: Sha256 | None = Field(
        description="of the file of single scores; null where even the pairs of one person are too many"
    )


class GalleryFigures(Part):
    """A search in one gallery. Figures are 0 to 1."""

    people: int = Field(description="in the gallery")
    mated: int = Field(description="probes of them")
    nonmated: int = Field(description="probes of others")
    rank: dict[str, Share] = Field(
        description="share of the mated probes with the right person up to k, by k"
    )
    rank_ci95: dict[str, Interval] = Field(description="their intervals")
    tpir_at_fpir: dict[str, Share] = Field(
        description="share of the mated probes with the right person first and above the threshold, by FPIR"
    )
    tpir_at_fpir_ci95: dict[str, Interval] = Field(description="their intervals")
    thresholds: dict[str, float] = Field(description="the smallest score that keeps each rate")
    not_resolvable: dict[str, str] = Field(description="by rate, why it cannot be shown here")
    auc: Share = Field(description="area under TPIR over FPIR")
    auc_ci95: Interval = Field(description="its interval")
    curve: SearchCurve = Field(description="TPIR over FPIR, at few points")
    cmc: CmcCurve = Field(description="of the mated probes")
    histogram: Histogram = Field(description="of scores; failures to enrol are in none of them")


class Joined(Part):
    """The galleries as one, by the definitions of public code: every probe has a mate, and no FPIR is."""

    probes: int = Field(description="how many")
    people: int = Field(description="in the galleries together")
    rank: dict[str, Share] = Field(description="share with the right person up to k, by k")
    recall: dict[str, Share] = Field(
        description="share above the threshold, by the number of wrong comparisons a probe that pass it"
    )


class TemplateSearchFigures(Part):
    """One model at one size."""

    model: str = Field(description="that saw the probes")
    size: int | None = Field(description="that the probes were made small to; null for their own")
    gallery_model: str = Field(description="that saw the galleries")
    probes: Seen = Field(description="that side")
    gallery: Seen = Field(description="all galleries together")
    galleries: dict[str, GalleryFigures] = Field(description="by name, each searched by itself")
    joined: Joined | None = Field(description="null where they cannot be joined")
    not_joined: str = Field(description='why not, `""` where they are')


class TemplateSearchChange(SearchChange):
    """A model compared with the first one of the run, or of another result, in the same gallery."""

    gallery: str = Field(description="its name")


class TemplateSearchResult(Part):
    """The whole file."""

    schema_name: Literal["template-search-1"] = Field(alias="schema", description="`template-search-1`")
    benchmark: str = Field(description="its edition")
    variant: str = Field(description="the protocol of IJB-S")
    gallery_size: int | None = Field(description="that the galleries were made small to; null for their own")
    family: str = Field(description="how pictures were made small, where any was")
    steps: dict[str, str] = Field(description="all its steps in words, by size")
    interpolation: str = Field(description="how and by what library pictures were resampled")
    fit: str = Field(description="how crops that are not square became so: `pad` or `stretch`")
    alignment: str = Field(description="how pictures were aligned")
    fusion: str = Field(description="how templates were made")
    flip: bool = Field(description="whether mirrored pictures were added")
    n_probes: int = Field(description="probe templates")
    n_missing: int = Field(description="templates left out for want of a picture")
    coverage: Share = Field(description="share of the lists' templates that is there")
    inventory: Inventory = Field(description="what was found")
    data_sha256: Sha256 = Field(description="over the lists and the contents of the pictures used")
    models: dict[str, Model] = Field(description="by name, those of the galleries too")
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap, and of what is random in `family`")
    figures: list[TemplateSearchFigures] = Field(min_length=1, description="one entry per size and model")
    differences: list[TemplateSearchChange] = Field(
        description="of every other model to the first, at every size in every gallery"
    )
    scores_sha256: Sha256 = Field(description="of the file with what became of every probe")
