"""How reports write numbers and names, and what they say of each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

MOST_DRAWN = 24
"""Cells of which a report draws histograms and faces: a page of more takes too long to load."""


def share(value: float | None, ci95: tuple[float, float] | None) -> str:
    """A share in percent with its interval; a dash where there is none."""
    if value is None:
        return "–"
    return f"{100 * value:.2f} ({100 * ci95[0]:.1f} to {100 * ci95[1]:.1f})" if ci95 else f"{100 * value:.2f}"


def points(value: float, ci95: tuple[float, float]) -> str:
    """A difference in points with its interval."""
    return f"{100 * value:+.2f} ({100 * ci95[0]:+.1f} to {100 * ci95[1]:+.1f})"


def at(size: int | None) -> str:
    """A size in words."""
    return "as they are" if size is None else f"{size} px"


def named(model: str, size: int | None, part: Mapping[str, str]) -> str:
    """A model, at a size, in a part; nothing is said of what there is none of."""
    return ", ".join(word for word in (model, at(size) if size else "", *part.values()) if word)


def of_the_first(cells: Sequence[T]) -> tuple[Sequence[T], str]:
    """As many cells as a report draws pictures of, in the result's order, and what is said of the others."""
    if len(cells) <= MOST_DRAWN:
        return cells, ""
    return cells[:MOST_DRAWN], (
        f"Drawn are the first {MOST_DRAWN} of {len(cells)} cells, in the order of the figures above; "
        "the result's file holds all."
    )


@dataclass(frozen=True)
class Task:
    """What reports say of a task.

    Args:
        title: what is compared.
        caption: of the table of figures.
        intervals: where they come from.
        curve: what the curve is called.
        false: the false rate.
        true: the true rate.
        said: of the curve, for readers.
        miss: what is left of the true rate, for DET; "" for none.
        small: what is made small; "" for nothing.
        other: the other side.
        counts: those of cells that stand in the table of figures, and what they are called.
        templates: what is different where items are templates.
        scores: what histograms show.
        pixels: the measures that are drawn against sizes beside the most telling one.
    """

    title: str
    caption: str
    intervals: str
    curve: str
    false: str
    true: str
    said: str
    miss: str = ""
    small: str = ""
    other: str = ""
    counts: tuple[tuple[str, str], ...] = ()
    templates: str = ""
    scores: str = "Histograms of scores"
    pixels: tuple[str, ...] = ()


_OBSERVED = "Each point is a threshold that was observed; the bands are 95 % intervals of the true rate."

TASKS: Final = {
    "pairs": Task(
        title="pairs",
        caption="Verification",
        intervals="Behind a figure stands its 95 % interval, from resampling people. Accuracy is the mean "
        "over the folds, each under the best threshold of the others, and its interval holds those "
        "thresholds; all other figures set their threshold anew in every replicate, and are rather too wide "
        "than too narrow.",
        curve="ROC",
        false="false accept rate",
        true="true accept rate",
        said=f"{_OBSERVED} The curves end where the pairs of two people are too few to show a lower false "
        "accept rate.",
        miss="false reject rate",
        small="small faces",
        other="other side",
        templates="People are told apart by the pairs of one person. Of more than 200,000 pairs, thresholds "
        "are held and only the people of the pairs of one person are resampled, so that EER and AUC have no "
        "interval, and those of TAR do not show how well the threshold itself is known; which it was stands "
        "below. A template that failed to enrol counts against the model.",
        pixels=("tar", "eer"),
    ),
    "search": Task(
        title="search",
        caption="Search",
        intervals="Behind a figure stands its 95 % interval, from resampling the people of the probes. What "
        "failed to enrol counts against the model.",
        curve="TPIR",
        false="FPIR",
        true="TPIR",
        said="TPIR is the share of mated searches that find the right person within the first ranks and at "
        "or above a threshold; FPIR that of the others that find anybody. "
        f"{_OBSERVED} The curves end where the non-mated searches are too few to show a lower rate.",
        miss="FNIR",
        small="probes",
        other="gallery",
        templates="Each gallery is searched by itself: who is in another one has no mate there, and is a "
        "non-mated search.",
        pixels=("rank",),
        scores="Histograms of scores with the right person and with the best other one",
    ),
    "detections": Task(
        title="detections",
        caption="Share of the faces found",
        intervals="Behind a figure stands its 95 % interval, with the threshold held: of identification from "
        "resampling the people of the gallery, of detection the pictures, since nobody knows who the "
        "strangers are. Faces of pictures without a row in the score file count as not found.",
        curve="Found over false alarms",
        false="false alarms a picture",
        true="share found",
        said="The share found is the detection rate, and of a rank the TPIR. False alarms are counted per "
        "picture (FDPI, and of a rank FPIPI) and may exceed one: detections of strangers and of nothing, of "
        f"identification at the similarity of whoever is most similar. {_OBSERVED} The curves end where the "
        "pictures are too few to show fewer false alarms.",
        counts=(("wanted", "wanted"), ("found", "found at any threshold"), ("alarms", "with false alarms")),
    ),
}
"""Task of a result → what reports say of it."""
