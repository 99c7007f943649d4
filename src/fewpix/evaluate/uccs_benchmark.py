"""A score file of the UCCS watchlist judged by the challenge's protocol: detection, and identification.

Both curves count false alarms per picture (see `per_image`), with boxes matched as `iou_matching` says.
Intervals hold the thresholds: of identification they resample the people of the gallery, of detection the
pictures, since nobody knows who the strangers are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.inventory import Inventory
from fewpix.evaluate.iou_matching import (
    IOU,
    MAX_RANK,
    detected,
    detection_curve,
    identification_curve,
    identified,
    match,
)
from fewpix.evaluate.per_image import PerImageCurve, PerImagePoint
from fewpix.evaluate.readers.uccs import Uccs
from fewpix.evaluate.readers.uccs_scores import read_scores
from fewpix.evaluate.scores_file import digest, packed
from fewpix.evaluate.statistics.bootstrap import LEVEL, REPLICATES, Clusters, Interval, passing_intervals
from fewpix.evaluate.statistics.scores import far_key
from fewpix.evaluate.uccs_record import UccsRecord
from fewpix.files import sha256_file

SCHEMA = "uccs-1"
"""What its JSON says of itself; `schema.uccs` has the keys."""

RATES = (1e-3, 1e-2, 1e-1, 1.0)
"""False alarms per picture."""
RANKS = (1, 10)
CURVE = tuple(float(f"{10 ** (k / 5):.3g}") for k in range(-20, 6))
"""Those of the curves: five a decade, from 1e-4 to 10."""


@dataclass(frozen=True, eq=False)
class Curve:
    """What is found at some numbers of false alarms per picture.

    Args:
        wanted: how many faces there are to be found.
        found: how many of them are found at the lowest threshold.
        alarms: false alarms there.
        points: by the number asked for ("1e-2"); None where the pictures are too few to show it.
        ci95: intervals of their rates, likewise.
        trace: the curve at `CURVE`, as far as the pictures can show it.
        trace_ci95: intervals of its rates.
    """

    wanted: int
    found: int
    alarms: int
    points: dict[str, PerImagePoint | None]
    ci95: dict[str, Interval | None]
    trace: tuple[PerImagePoint, ...]
    trace_ci95: tuple[Interval, ...]

    def lines(self, rate: str, alarms: str, images: int) -> list[str]:
        """The figures in words."""
        said = [
            f"{self.found:,} of {self.wanted:,} faces at any threshold, with {self.alarms:,} false alarms"
        ]
        for key, point in self.points.items():
            if point is None:
                said.append(f"{rate} at {alarms} {key} not resolvable: {_too_few(images)}")
            else:
                said.append(f"{rate} {100 * point.rate:.1f} % at {alarms} {key} ({self.ci95[key]})")
        return said

    def to_json(self, images: int) -> dict[str, Any]:
        """The figures; null for one that cannot be had, whose reason stands beside it."""
        return {
            "wanted": self.wanted,
            "found": self.found,
            "alarms": self.alarms,
            "rate": {key: point.rate if point else None for key, point in self.points.items()},
            "rate_ci95": {key: ci.to_json() if ci else None for key, ci in self.ci95.items()},
            "per_image": {key: point.per_image if point else None for key, point in self.points.items()},
            "threshold": {key: point.threshold if point else None for key, point in self.points.items()},
            "not_resolvable": {key: _too_few(images) for key, p in self.points.items() if p is None},
            "curve": {
                "per_image": [point.per_image for point in self.trace],
                "rate": [point.rate for point in self.trace],
                "rate_ci95": [ci95.to_json() for ci95 in self.trace_ci95],
                "threshold": [point.threshold for point in self.trace],
            },
        }


@dataclass(frozen=True, eq=False)
class UccsResult:
    """What `evaluate_uccs` measured.

    Args:
        inventory: of the lists.
        images: pictures in the list.
        empty: those of them of which the score file has no row; their faces count as not found.
        detections: rows of the score file.
        iou: the overlap from which on a box is a face.
        detection: detection rate against false detections per image.
        identification: by rank, TPIR against false positive identifications per image.
        score_file_sha256: of the score file.
        record: at what score each face is found.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """

    inventory: Inventory
    images: int
    empty: int
    detections: int
    iou: float
    detection: Curve
    identification: dict[int, Curve]
    score_file_sha256: str
    record: UccsRecord
    replicates: int
    seed: int

    def __str__(self) -> str:
        lines = [
            f"uccs: {self.detections:,} detections in {self.images:,} pictures, "
            f"{self.empty:,} of which have none; boxes match from IoU {self.iou:g} on",
            f"lists {self.inventory.sha256[:12]}"
            + (
                ", not as published"
                if any(count.differs for count in self.inventory.counts if "pictures" not in count.what)
                else ""
            )
            + f"; score file {self.score_file_sha256[:12]}",
            "detection",
            *(f"  {line}" for line in self.detection.lines("DR", "FDPI", self.images)),
        ]
        for rank, curve in self.identification.items():
            lines.append(f"identification, rank {rank}")
            lines += [f"  {line}" for line in curve.lines("TPIR", "FPIPI", self.images)]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """What was measured and all that decides it; no path of this machine."""
        return {
            "schema": SCHEMA,
            "benchmark": self.inventory.kind,
            "images": self.images,
            "images_without_detection": self.empty,
            "detections": self.detections,
            "iou": self.iou,
            "detection": self.detection.to_json(self.images),
            "identification": {
                str(rank): curve.to_json(self.images) for rank, curve in self.identification.items()
            },
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people (of detection: over pictures), "
            "thresholds held",
            "replicates": self.replicates,
            "seed": self.seed,
            "counts": [
                {"what": count.what, "found": count.found, "published": count.published}
                for count in self.inventory.counts
            ],
            "lists_sha256": self.inventory.sha256,
            "score_file_sha256": self.score_file_sha256,
            "data_sha256": hashlib.sha256(
                f"{self.inventory.sha256}\n{self.score_file_sha256}\n".encode()
            ).hexdigest(),
            "scores_sha256": digest(self.scores_file),
        }

    @cached_property
    def scores_file(self) -> bytes:
        """The content of the file with what became of every face (see `scores_file`)."""
        return packed(self.record.arrays())


def evaluate_uccs(
    data: Uccs,
    scores: Path,
    *,
    ranks: Sequence[int] = RANKS,
    rates: Sequence[float] = RATES,
    iou: float = IOU,
    allow_missing: bool = False,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> UccsResult:
    """Judge a score file.

    Args:
        data: of `readers.uccs.read_lists`; no picture is looked at.
        scores: the file.
        ranks: 1 to 10.
        rates: the false alarms per picture to report, above 0.
        iou: above 0, to 1.
        allow_missing: take a file that has no row of more than half of the pictures with a face; they count
            as before.
        replicates: of the bootstrap.
        seed: of the bootstrap.

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
    detections, candidates = read_scores(scores, data.images, people=data.people)
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

    def curve(found: PerImageCurve, at: NDArray[np.float64], clusters: NDArray[np.int64]) -> Curve:
        points = {far_key(rate): _point(found, rate) for rate in rates}
        every = (point for rate in CURVE if (point := _point(found, rate)) is not None)
        trace = tuple({point.threshold: point for point in every}.values())
        thresholds = [*(p.threshold for p in points.values() if p), *(p.threshold for p in trace)]
        ci95 = passing_intervals(at, thresholds, Clusters.of(clusters), replicates=replicates, seed=seed)
        return Curve(
            found.wanted,
            len(found.hits),
            len(found.alarms),
            points,
            {key: None if point is None else ci95[point.threshold] for key, point in points.items()},
            trace,
            tuple(ci95[point.threshold] for point in trace),
        )

    seen = detected(faces, detections, face_of)
    named = {rank: identified(faces, candidates, face_of, rank=rank) for rank in ranks}
    detection = curve(detection_curve(faces, detections, face_of), seen[counted], faces.image[counted])
    identification = {
        rank: curve(
            identification_curve(faces, candidates, face_of, rank=rank), at[known], faces.people[known]
        )
        for rank, at in named.items()
    }
    return UccsResult(
        inventory=data.inventory,
        images=faces.images,
        empty=faces.images - len(np.unique(detections.image)),
        detections=len(detections),
        iou=iou,
        detection=detection,
        identification=identification,
        score_file_sha256=sha256_file(scores),
        record=UccsRecord(
            faces.image[counted],
            faces.people[counted],
            seen[counted],
            {rank: at[counted] for rank, at in named.items()},
            tuple(far_key(rate) for rate in rates),
            _thresholds(detection),
            {rank: _thresholds(one) for rank, one in identification.items()},
        ),
        replicates=replicates,
        seed=seed,
    )


def _thresholds(curve: Curve) -> NDArray[np.float64]:
    """Those at the rates asked for; NaN for one that cannot be shown."""
    return np.array([np.nan if point is None else point.threshold for point in curve.points.values()])


def _point(curve: PerImageCurve, rate: float) -> PerImagePoint | None:
    """The rate there; None where not even one false alarm would be as few per picture."""
    return curve.at(rate) if rate * curve.images >= 1 - 1e-9 else None


def _too_few(images: int) -> str:
    return f"{images:,} pictures cannot show fewer than {1 / images:.3g} false alarms a picture"
