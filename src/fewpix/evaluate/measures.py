"""The measures by name: what figures are called everywhere, and which one people look for first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

TITLES = {
    "accuracy": "accuracy",
    "tar": "TAR at FAR {}",
    "eer": "EER",
    "auc": "AUC",
    "rank": "rank-{}",
    "map": "mAP",
    "tpir": "TPIR at FPIR {}",
    "recall": "found at {} wrong comparisons a probe",
    "found": "found at {} false alarms a picture",
}
"""Measure → its title; the place of what it is at is marked."""

DESCRIPTIONS = {
    "accuracy": "share of pairs answered rightly, the mean over folds, each under the best threshold of the "
    "others; at `worst`, `middle` or `best`, on the third of the pairs of that quality",
    "tar": "true accept rate at a false accept rate: share of mated pairs that pass",
    "eer": "equal error rate, without interpolation; lower is better",
    "auc": "of pairs, area under the ROC curve, ties counted half; of searches, area under TPIR over FPIR",
    "rank": "share of the mated searches with the right person among the first k",
    "map": "mean average precision, as TinyFace's official evaluation takes it",
    "tpir": "true positive identification rate at a false positive identification rate: share of the mated "
    "searches that find the right person up to the rank, at or above the threshold",
    "recall": "of galleries joined as public code does it: share above the threshold that lets so many wrong "
    "comparisons a probe pass; this is no FPIR",
    "found": "of detections: share of the faces found, at so many false alarms a picture",
}
"""Measure → what it is."""

LOWER_IS_BETTER = frozenset({"eer"})

_FIRST = ("accuracy", "tpir", "tar", "found", "map", "rank", "eer", "recall", "auc")
_RATES = frozenset({"tar", "tpir", "found", "recall"})


class Named(Protocol):
    """What has a measure, such as a figure or a change."""

    @property
    def measure(self) -> str: ...  # noqa: D102

    @property
    def at(self) -> str: ...  # noqa: D102


Found = TypeVar("Found", bound=Named)


def title(measure: str, at: str = "") -> str:
    """A measure in words, such as `TAR at FAR 1e-3`; of a third of the pairs, `accuracy, worst`."""
    text = TITLES[measure]
    if "{}" in text:
        return text.format(at)
    return f"{text}, {at} third by quality" if at else text


def headline(found: Iterable[Found]) -> Found | None:
    """The one that people look for first: accuracy, or the rate at the lowest false rate shown.

    Args:
        found: figures with a value, or changes.
    """
    known = list(found)
    for measure in _FIRST:
        mine = [one for one in known if one.measure == measure and (measure != "accuracy" or not one.at)]
        if mine:
            return min(mine, key=lambda one: float(one.at)) if measure in _RATES else mine[0]
    return None
