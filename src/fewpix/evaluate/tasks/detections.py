"""Detections: a score file of the UCCS watchlist judged by the challenge's protocol.

What is found is held against false alarms per picture, with boxes matched as `matching` says. Intervals hold
the thresholds: of identification they resample the people of the gallery, of detection the pictures, since
nobody knows who the strangers are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.benchmark import Asked
from fewpix.evaluate.matching import IOU, MAX_RANK, detected, identified, match
from fewpix.evaluate.readers.uccs import Uccs
from fewpix.evaluate.readers.uccs_scores import read_scores
from fewpix.evaluate.result.scores import Arrays
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.evaluate.statistics.estimate import Mean
from fewpix.evaluate.statistics.scores import far_key
from fewpix.evaluate.tasks.outcomes import Outcomes, Point, Wanted, needed, refuse_unfit

FOUND = "people of the gallery resampled, of detection the pictures; thresholds held"
"""How intervals are made."""

RATES = (1e-3, 1e-2, 1e-1, 1.0)
"""False alarms per picture."""
RANKS = (1, 10)
CURVE = tuple(float(f"{10 ** (k / 5):.3g}") for k in range(-20, 6))
"""Those of the curves: five a decade, from 1e-4 to 10."""


Judged = tuple[dict[str, "DetectionOutcomes"], dict[str, int]]
"""A score file that was judged: `detection` and `rank k` of identification; and numbers of pictures, of those
without a row, whose faces count as not found, and of rows.
"""


@dataclass(frozen=True, eq=False)
class DetectionOutcomes(Outcomes):
    """At what score each of F faces is found.

    A picture may hold any number of faces, and a detector may add boxes. So false alarms are no share of
    anything: they are counted per picture and may exceed one.

    Args:
        at: (F,) float64, minus infinity for one that is never found.
        whose: (F,) int64, what is resampled: the person of each, or of detection the picture.
        images: pictures.
        rates: false alarms per picture that are asked for.
        thresholds: by false alarms per picture, of those that can be shown.
        alarms: (A,) float64, rising, the scores of false alarms; None where only the file of single faces is
            known.
    """

    OWN: ClassVar = ("at", "rates", "thresholds")

    at: NDArray[np.float64]
    whose: NDArray[np.int64]
    images: int
    rates: tuple[float, ...]
    thresholds: Mapping[str, float]
    alarms: NDArray[np.float64] | None = None

    @cached_property
    def _clusters(self) -> Clusters:
        return Clusters.of(self.whose)

    @property
    def counts(self) -> dict[str, int]:
        """Faces to be found, those found at the lowest threshold, and the false alarms there."""
        if self.alarms is None:
            return {}
        hits = int(np.isfinite(self.at).sum())
        return {"wanted": len(self.at), "found": hits, "alarms": len(self.alarms)}

    def _found(self, threshold: float) -> Mean:
        return Mean(self.at >= threshold, self._clusters, threshold=threshold)

    def _per_image(self, threshold: float) -> float:
        assert self.alarms is not None
        return int(len(self.alarms) - np.searchsorted(self.alarms, threshold)) / self.images

    def wanted(self) -> list[Wanted]:
        """The share found at each number of false alarms per picture."""
        found = []
        for rate in self.rates:
            key = far_key(rate)
            if key not in self.thresholds:
                why = (
                    f"{self.images:,} pictures cannot show fewer than {1 / self.images:.3g} false alarms each"
                )
                found.append(Wanted("found", key, None, why))
                continue
            threshold = self.thresholds[key]
            detail = {} if self.alarms is None else {"per_image": [self._per_image(threshold)]}
            found.append(Wanted("found", key, self._found(threshold), detail=detail))
        return found

    def curve(self) -> list[Point]:
        """The share found over false alarms per picture, as far as the pictures can show them."""
        if self.alarms is None:
            return []
        shown = thresholds_at(CURVE, self.at, self.alarms, self.images)
        return [(self._per_image(t), self._found(t)) for t in dict.fromkeys(shown.values())]

    def shared(self) -> Arrays:
        """The faces."""
        return {"whose": self.whose, "images": np.array(self.images)}

    def own(self) -> Arrays:
        """At what score each is found, and the thresholds."""
        return {
            "at": self.at,
            "rates": np.array([float(key) for key in self.thresholds], dtype=np.float64),
            "thresholds": np.array(list(self.thresholds.values()), dtype=np.float64),
        }

    @classmethod
    def read(cls, shared: Arrays, own: Arrays, asked: Asked) -> DetectionOutcomes:
        """What `shared` and `own` gave, at the rates that were reported."""
        whose, images = needed(shared, "whose", "images")
        at, rates, thresholds = needed(own, "at", "rates", "thresholds")
        refuse_unfit(at.shape == whose.shape and rates.shape == thresholds.shape and at.ndim == 1)
        known = dict(zip(map(far_key, rates.tolist()), map(float, thresholds.tolist()), strict=True))
        return cls(at.astype(np.float64), whose.astype(np.int64), int(images), tuple(rates.tolist()), known)


def thresholds_at(
    rates: Sequence[float], at: NDArray[np.float64], alarms: NDArray[np.float64], images: int
) -> dict[float, float]:
    """The thresholds at numbers of false alarms per picture, without interpolation.

    Everything at or above a threshold counts. It is the smallest observed score with at most so many false
    alarms per picture; where even the highest score has too many, it lies just above.

    Args:
        rates: above 0; they may exceed 1.
        at: (F,) see `DetectionOutcomes`.
        alarms: (A,) rising.
        images: number of pictures.

    Returns:
        By rate, of those at which one false alarm or more may pass: fewer cannot be shown.

    Raises:
        InputError: there is nothing to be found.
    """
    if not len(at) or not images:
        raise InputError(
            f"{len(at)} faces in {images} images leave nothing to be found",
            fix="check the lists of the benchmark",
        )
    observed = np.concatenate((at[np.isfinite(at)], alarms))
    found = {}
    for rate in rates:
        if rate * images < 1 - 1e-9:
            continue
        allowed = min(int(rate * images) + 1, len(alarms))
        while allowed and allowed / images > rate:  # as the division rounds
            allowed -= 1
        if allowed < len(alarms):
            above = observed[observed > alarms[len(alarms) - 1 - allowed]]
            found[rate] = float(above.min() if len(above) else np.nextafter(observed.max(), np.inf))
        else:
            found[rate] = float(observed.min()) if len(observed) else 0.0
    return found


def judge(
    data: Uccs,
    scores: Path,
    *,
    ranks: Sequence[int] = RANKS,
    rates: Sequence[float] = RATES,
    iou: float = IOU,
    allow_missing: bool = False,
) -> Judged:
    """Judge a score file.

    Args:
        data: of `readers.uccs.read_lists`; no picture is looked at.
        scores: the file.
        ranks: 1 to 10.
        rates: the false alarms per picture to report, above 0.
        iou: above 0, to 1.
        allow_missing: take a file that has no row of more than half of the pictures with a face; they count
            as before.

    Raises:
        ConfigError: a rank or rate out of range.
        InputError: see `read_scores`, `match` and `thresholds_at`; or the file has no row of more than half
            of the pictures.
    """
    for rank in ranks:
        if not 1 <= rank <= MAX_RANK:
            raise ConfigError(f"ranks: {rank} is out of range", fix=f"use 1 to {MAX_RANK}")
    for rate in rates:
        if not 0 < rate < np.inf:
            raise ConfigError(f"rates: {rate:g} is out of range", fix="use numbers above 0")
    detections, candidates = read_scores(scores, data.images, people=len(data.gallery))
    faces = data.faces
    peopled = np.unique(faces.image)
    absent = np.setdiff1d(peopled, detections.image)
    if 2 * len(absent) > len(peopled) and not allow_missing:
        raise InputError(
            f"{scores} has no row of {len(absent):,} of {len(peopled):,} pictures with a face, the first one "
            f"{data.images[absent[0]].rpartition('/')[2]}",
            fix="score all pictures, or count them as missed with --allow-missing",
        )
    face_of = match(faces, detections, iou=iou)
    counted = ~faces.ignored
    known = counted & (faces.people > 0)
    found = {"detection": (*detected(faces, detections, face_of), faces.image[counted])}
    for rank in ranks:
        found[f"rank {rank}"] = *identified(faces, candidates, face_of, rank=rank), faces.people[known]
    parts = {}
    for name, (at, alarms, whose) in found.items():
        shown = thresholds_at(rates, at, alarms, faces.images)
        thresholds = {far_key(rate): threshold for rate, threshold in shown.items()}
        parts[name] = DetectionOutcomes(at, whose, faces.images, tuple(rates), thresholds, alarms)
    without = faces.images - len(np.unique(detections.image))
    return parts, {"pictures": faces.images, "without_detection": without, "detections": len(detections)}
