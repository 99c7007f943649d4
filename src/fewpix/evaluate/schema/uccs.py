"""The results of `fewpix evaluate uccs` and `fewpix evaluate uccs-scores`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fewpix.evaluate.schema.parts import (
    Change,
    Count,
    Curve,
    Interval,
    McNemar,
    Model,
    Part,
    Sha256,
    Share,
)


class AlarmCurve(Curve):
    """What is found against false alarms per picture."""

    per_image: list[float] = Field(description="false alarms per picture measured, the fewest first")
    rate: list[Share] = Field(description="share that is found")
    rate_ci95: list[Interval] = Field(description="their intervals, thresholds held")
    threshold: list[float] = Field(description="a detection counts at or above it")


class AlarmFigures(Part):
    """Detection, or identification at a rank. Null for a figure that cannot be shown."""

    wanted: int = Field(description="faces to be found")
    found: int = Field(description="at the lowest threshold")
    alarms: int = Field(description="false ones there")
    rate: dict[str, Share | None] = Field(description="share found, by false alarms per picture")
    rate_ci95: dict[str, Interval | None] = Field(description="their intervals, thresholds held")
    per_image: dict[str, float | None] = Field(description="the false alarms per picture there")
    threshold: dict[str, float | None] = Field(description="the thresholds")
    not_resolvable: dict[str, str] = Field(description="why one cannot be shown")
    curve: AlarmCurve = Field(description="at few points")


class UccsResult(Part):
    """`fewpix evaluate uccs`."""

    schema_name: Literal["uccs-1"] = Field(alias="schema", description="`uccs-1`")
    benchmark: str = Field(description="`uccs`")
    images: int = Field(description="pictures in the list")
    images_without_detection: int = Field(
        description="those of them without a row in the score file, which count"
    )
    detections: int = Field(description="rows of the score file")
    iou: float = Field(description="the overlap from which on a detection is a face")
    detection: AlarmFigures = Field(description="detection rate against false detections per image")
    identification: dict[str, AlarmFigures] = Field(
        description="by rank, TPIR against false positive identifications per image"
    )
    interval: str = Field(description="how intervals were made")
    replicates: int = Field(description="of the bootstrap")
    seed: int = Field(description="of the bootstrap")
    counts: list[Count] = Field(description="what the lists hold beside what was published")
    lists_sha256: Sha256 = Field(description="of the lists")
    score_file_sha256: Sha256 = Field(description="of the score file")
    data_sha256: Sha256 = Field(description="of both")
    scores_sha256: Sha256 = Field(description="of the file with what became of every face")


class RateChange(Change):
    """A rate of one score file minus that of the other, each at its own threshold, which is held."""

    mcnemar: McNemar = Field(description="of the faces found there")


class UccsChange(Part):
    """A score file compared with another one, face by face."""

    model: str = Field(description="the name of the first result's file")
    minus: str = Field(description="the name of the one whose figures are subtracted")
    size: None = Field(description="null: the pictures are as they are")
    detection: dict[str, RateChange] = Field(description="by false detections per image")
    identification: dict[str, dict[str, RateChange]] = Field(
        description="by rank, then by false positive identifications per image"
    )


class UccsScores(Part):
    """`fewpix evaluate uccs-scores`: how a score file was made."""

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
