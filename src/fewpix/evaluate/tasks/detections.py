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
from fewpix.evaluate.matching import (
    IOU,
    MAX_RANK,
    Faces,
    detected,
    detection_curve,
    identification_curve,
    identified,
    match,
)
from fewpix.evaluate.per_image import PerImageCurve, PerImagePoint
from fewpix.evaluate.readers.uccs import Uccs
from fewpix.evaluate.readers.uccs_scores import read_scores
from fewpix.evaluate.result.scores import Arrays
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.evaluate.statistics.curves import Histograms
from fewpix.evaluate.statistics.estimate import Mean
from fewpix.evaluate.statistics.scores import far_key
from fewpix.evaluate.tasks.outcomes import Point, Wanted, needed, refuse_unfit

FOUND = "people of the gallery resampled, of detection the pictures; thresholds held"
"""How intervals are made."""

RATES = (1e-3, 1e-2, 1e-1, 1.0)
"""False alarms per picture."""
RANKS = (1, 10)
CURVE = tuple(float(f"{10 ** (k / 5):.3g}") for k in range(-20, 6))
"""Those of the curves: five a decade, from 1e-4 to 10."""


@dataclass(frozen=True, eq=False)
class DetectionOutcomes:
    """At what score each of F faces is found.

    Args:
        at: (F,) float64, minus infinity for one that is never found.
        whose: (F,) int64, what is resampled: the person of each, or of detection the picture.
        thresholds: by false alarms per picture, of those that can be shown.
        rates: false alarms per picture that are asked for.
        alarms: scores of hits and of false alarms; None where only the file of single faces is known.
        images: pictures.
    """

    OWN: ClassVar = ("at", "rates", "thresholds")
    """The arrays that each model has of its own, see `Outcomes`."""

    at: NDArray[np.float64]
    whose: NDArray[np.int64]
    thresholds: Mapping[str, float]
    rates: tuple[float, ...]
    alarms: PerImageCurve | None
    images: int

    @cached_property
    def _clusters(self) -> Clusters:
        return Clusters.of(self.whose)

    @property
    def counts(self) -> dict[str, int]:
        """Faces to be found, those found at the lowest threshold, and the false alarms there."""
        if self.alarms is None:
            return {}
        hits, alarms = len(self.alarms.hits), len(self.alarms.alarms)
        return {"wanted": self.alarms.wanted, "found": hits, "alarms": alarms}

    def _found(self, threshold: float) -> Mean:
        return Mean(self.at >= threshold, self._clusters, threshold=threshold)

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
            point = None if self.alarms is None else self.alarms.at(rate)
            detail = {} if point is None else {"per_image": [point.per_image]}
            found.append(Wanted("found", key, self._found(self.thresholds[key]), detail=detail))
        return found

    def curve(self) -> list[Point]:
        """The share found over false alarms per picture, as far as the pictures can show them."""
        if self.alarms is None:
            return []
        points: dict[float, Point] = {}
        for rate in CURVE:
            if (point := shown(self.alarms, rate)) is not None:
                points[point.threshold] = (point.per_image, self._found(point.threshold))
        return list(points.values())

    def ranks(self) -> list[Point]:
        """None: each rank is a part of its own."""
        return []

    def histogram(self) -> Histograms | None:
        """None: scores of a file are no cosines."""
        return None

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
        return cls(
            at.astype(np.float64), whose.astype(np.int64), known, tuple(rates.tolist()), None, int(images)
        )


@dataclass(frozen=True, eq=False)
class Judged:
    """A score file that was judged.

    Args:
        parts: `detection`, and `rank k` of identification.
        detections: rows of the file.
        empty: pictures without a row; their faces count as not found.
    """

    parts: dict[str, DetectionOutcomes]
    detections: int
    empty: int


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
        InputError: see `read_scores` and `match`; or the file has no row of more than half of the pictures.
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
    seen = detected(faces, detections, face_of)
    parts = {
        "detection": _outcomes(
            detection_curve(faces, detections, face_of), seen[counted], faces.image[counted], rates, faces
        )
    }
    for rank in ranks:
        curve = identification_curve(faces, candidates, face_of, rank=rank)
        at = identified(faces, candidates, face_of, rank=rank)
        parts[f"rank {rank}"] = _outcomes(curve, at[known], faces.people[known], rates, faces)
    return Judged(parts, len(detections), faces.images - len(np.unique(detections.image)))


def _outcomes(
    curve: PerImageCurve,
    at: NDArray[np.float64],
    whose: NDArray[np.int64],
    rates: Sequence[float],
    faces: Faces,
) -> DetectionOutcomes:
    points = {far_key(rate): shown(curve, rate) for rate in rates}
    thresholds = {key: point.threshold for key, point in points.items() if point is not None}
    return DetectionOutcomes(at, whose.astype(np.int64), thresholds, tuple(rates), curve, faces.images)


def shown(curve: PerImageCurve, rate: float) -> PerImagePoint | None:
    """The point at a rate; None where not even one false alarm would be as few per picture."""
    return curve.at(rate) if rate * curve.images >= 1 - 1e-9 else None
