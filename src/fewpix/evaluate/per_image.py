"""What is found, against false alarms per image: curves of detectors, and of searches in whole pictures.

A picture may hold any number of faces, and a detector may add boxes. So false alarms are no share of
anything: they are counted per picture and may exceed one. No image or model is seen here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError


@dataclass(frozen=True)
class PerImagePoint:
    """How much is found where few false alarms a picture are allowed.

    Args:
        target: the number of false alarms per picture that was asked for.
        per_image: the one at the threshold, at most `target`.
        rate: share of what is to be found that is found, 0 to 1.
        threshold: the smallest observed score that keeps `per_image` ≤ `target`.
    """

    target: float
    per_image: float
    rate: float
    threshold: float


@dataclass(frozen=True, eq=False)
class PerImageCurve:
    """Scores of hits and of false alarms, from which every threshold's figures follow.

    Args:
        hits: (H,) float64, rising; things found, each at the score it was found with.
        alarms: (A,) float64, rising; false alarms.
        wanted: how many things there are to be found, at least H.
        images: number of pictures.
    """

    hits: NDArray[np.float64]
    alarms: NDArray[np.float64]
    wanted: int
    images: int

    def at(self, target: float) -> PerImagePoint:
        """The rate at a number of false alarms per picture, without interpolation.

        Everything at or above a threshold counts. It is the smallest observed score with at most `target`
        false alarms per picture; where even the highest score has too many, it lies just above.

        Args:
            target: 0 or more; it may exceed 1.

        Raises:
            InputError: `target` is negative or no number, or there is nothing to be found.
        """
        if not target >= 0 or not np.isfinite(target):
            raise InputError(f"false alarms per image are 0 or more, not {target}")
        self._require_wanted()
        allowed = min(int(target * self.images) + 1, len(self.alarms))
        while allowed and allowed / self.images > target:  # as the division rounds
            allowed -= 1
        observed = np.concatenate((self.hits, self.alarms))
        if allowed < len(self.alarms):
            observed_above = observed[observed > self.alarms[len(self.alarms) - 1 - allowed]]
            threshold = observed_above.min() if len(observed_above) else np.nextafter(observed.max(), np.inf)
        else:
            threshold = observed.min() if len(observed) else 0.0
        return PerImagePoint(
            target=float(target),
            per_image=_at_or_above(self.alarms, threshold) / self.images,
            rate=_at_or_above(self.hits, threshold) / self.wanted,
            threshold=float(threshold),
        )

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The challenge's curve: thresholds (every distinct score of a false alarm), rates, alarms per image.

        Raises:
            InputError: there is nothing to be found.
        """
        self._require_wanted()
        thresholds = np.unique(self.alarms)
        hits = len(self.hits) - np.searchsorted(self.hits, thresholds)
        alarms = len(self.alarms) - np.searchsorted(self.alarms, thresholds)
        return thresholds, hits / self.wanted, alarms / self.images

    def _require_wanted(self) -> None:
        if not self.wanted or not self.images:
            raise InputError(
                f"{self.wanted} faces in {self.images} images leave nothing to be found",
                fix="check the lists of the benchmark",
            )


def _at_or_above(rising: NDArray[np.float64], threshold: float) -> int:
    return int(len(rising) - np.searchsorted(rising, threshold))
