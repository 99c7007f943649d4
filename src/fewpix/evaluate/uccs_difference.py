"""Two score files of the UCCS watchlist: how far each rate differs, face by face, and whether by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.pair_difference import Change, answers_change
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters
from fewpix.evaluate.statistics.paired import McNemar, mcnemar
from fewpix.evaluate.uccs_record import UccsRecord

Found = tuple[NDArray[np.float64], NDArray[np.float64]]
"""(F,) the score that each face is found at, and (R,) thresholds."""


@dataclass(frozen=True)
class RateChange:
    """A rate of the first file minus that of the second, each at its own threshold.

    Args:
        change: the difference.
        mcnemar: of the faces found there.
    """

    change: Change
    mcnemar: McNemar

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**self.change.to_json(), "mcnemar": self.mcnemar.to_json()}


@dataclass(frozen=True)
class UccsDifference:
    """The first file's figures minus the second's, by the number of false alarms per picture.

    Args:
        detection: of detection rates.
        identification: of TPIR, by rank.
    """

    detection: dict[str, RateChange]
    identification: dict[int, dict[str, RateChange]]

    def lines(self) -> list[str]:
        """In words, in points of percent."""
        found = [f"DR at FDPI {key} {one.change}; {one.mcnemar}" for key, one in self.detection.items()]
        for rank, changes in self.identification.items():
            found += [
                f"rank {rank}: TPIR at FPIPI {key} {one.change}; {one.mcnemar}"
                for key, one in changes.items()
            ]
        return found

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "detection": {key: one.to_json() for key, one in self.detection.items()},
            "identification": {
                str(rank): {key: one.to_json() for key, one in changes.items()}
                for rank, changes in self.identification.items()
            },
        }


def uccs_difference(
    first: UccsRecord, second: UccsRecord, *, replicates: int = REPLICATES, seed: int = 0
) -> UccsDifference:
    """Compare what two score files find of the same faces, at the rates and ranks that both have.

    Both thresholds are held, and people are resampled as in the figures: of detection the pictures, of
    identification the people of the gallery.

    Args:
        first: of one file.
        second: of the other, of the same faces.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """

    def changes(one: Found, other: Found, clusters: NDArray[np.int64]) -> dict[str, RateChange]:
        found = {}
        for key in (key for key in first.rates if key in second.rates):
            thresholds = one[1][first.rates.index(key)], other[1][second.rates.index(key)]
            if np.isnan(thresholds).any():
                continue
            hits = one[0] >= thresholds[0], other[0] >= thresholds[1]
            change = answers_change(*hits, Clusters.of(clusters), replicates=replicates, seed=seed)
            found[key] = RateChange(change, mcnemar(*hits))
        return found

    known = first.known
    return UccsDifference(
        changes(
            (first.detected, first.detection_thresholds),
            (second.detected, second.detection_thresholds),
            first.image,
        ),
        {
            rank: changes(
                (first.identified[rank][known], first.identification_thresholds[rank]),
                (second.identified[rank][known], second.identification_thresholds[rank]),
                first.people[known],
            )
            for rank in first.identified
            if rank in second.identified
        },
    )
