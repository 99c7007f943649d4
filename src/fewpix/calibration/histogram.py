"""Verification figures over comparisons too many to be kept: counted in bins, with bounds instead of guesses.

Scores are cosines. Bin b of B holds the scores s with floor((s + 1) B / 2) = b, so it is 2 / B wide: 1.9e-6
for the default of a million. Inside a bin the order of scores is lost. So a figure is an interval that
contains the exact one (what `SortedScores.tar_at_far` would give on all scores), and is a single number where
the bin of the threshold holds no genuine pair. This is so whatever rounding does at a bin's edge, because the
bin never falls while the score rises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.statistics.bootstrap import Interval
from fewpix.evaluate.statistics.scores import allowed_accepts, far_key, too_few

BINS = 1 << 20
_OUTSIDE = 1e-3  # how far rounding may carry the cosine of two unit vectors beyond 1
_ROWS, _COLUMNS = 256, 8192  # of one block of comparisons, 8 MB


@dataclass(frozen=True)
class TarBounds:
    """Bounds of the true accept rate where few impostors pass, or why it cannot be told.

    Args:
        target: the false accept rate asked for.
        impostors: how many impostor pairs there were.
        tar: it lies in here, both ends included.
        far: so does the measured false accept rate.
        threshold: so does the smallest score that keeps `far` ≤ `target`, up to rounding of float32.
        reason: why the three are None; empty if they are not.
    """

    target: float
    impostors: int
    tar: Interval | None = None
    far: Interval | None = None
    threshold: Interval | None = None
    reason: str = ""

    @property
    def exact(self) -> bool:
        """Whether the bounds meet."""
        return self.tar is not None and self.tar.low == self.tar.high

    def __str__(self) -> str:
        if self.tar is None:
            return f"TAR at FAR ≤ {far_key(self.target)} unresolved: {self.reason}"
        return f"TAR {self.tar} % at FAR ≤ {far_key(self.target)}"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "target": self.target,
            "impostors": self.impostors,
            "tar": self.tar and self.tar.to_json(),
            "far": self.far and self.far.to_json(),
            "threshold": self.threshold and self.threshold.to_json(),
            "reason": self.reason,
        }


class ScoreHistogram:
    """Numbers of genuine and impostor pairs by bin.

    Args:
        bins: B, at least 2; 16 bytes each.
    """

    def __init__(self, bins: int = BINS) -> None:
        if bins < 2:
            raise InputError(f"a histogram has at least 2 bins, not {bins}")
        self.bins = bins
        self.genuine = np.zeros(bins, dtype=np.int64)
        self.impostor = np.zeros(bins, dtype=np.int64)

    def add(self, scores: NDArray[np.floating], same: NDArray[np.bool_]) -> None:
        """Count scores, of any shape, with their labels, of the same shape.

        Raises:
            InputError: shapes differ, or a score is not a cosine; nothing is counted then.
        """
        if scores.shape != same.shape:
            raise InputError(f"{same.shape} labels for {scores.shape} scores")
        if not scores.size:
            return
        place = scores.astype(np.float32)
        if not (place.min() >= -1 - _OUTSIDE and place.max() <= 1 + _OUTSIDE):
            raise InputError(
                f"scores from {place.min():.4g} to {place.max():.4g} are not cosines",
                fix="normalise the embeddings",
            )
        place += np.float32(1)
        place *= np.float32(self.bins / 2)
        np.clip(place, 0, self.bins - 1, out=place)
        bins = place.astype(np.intp)  # truncated, and nothing is negative
        genuine = bins[same]  # few, as a rule
        np.add.at(self.genuine, genuine, 1)
        self.impostor += np.bincount(bins.ravel(), minlength=self.bins)
        np.subtract.at(self.impostor, genuine, 1)

    def tar_at_far(self, target: float) -> TarBounds:
        """Bounds of the exact figure.

        Let k be the number of impostors that `target` allows, and b the lowest bin such that at most k
        impostors lie in b and above. All of these bins may be accepted, so TAR is at least their share of
        genuine pairs. Not all impostors of bin b - 1 may be, so TAR is at most the share from bin b - 1 on.

        Raises:
            InputError: a kind of pair is missing, or `target` is not between 0 and 1.
        """
        if not 0 <= target <= 1:
            raise InputError(f"a false accept rate lies between 0 and 1, not {target}")
        genuine, impostor = self._accepted()
        allowed = allowed_accepts(target, int(impostor[0]))
        if not allowed:
            return TarBounds(float(target), int(impostor[0]), reason=too_few(int(impostor[0])))
        b = int(np.searchsorted(-impostor, -allowed))  # the first bin with impostor[b] <= allowed
        below = max(b - 1, 0)
        return TarBounds(
            float(target),
            int(impostor[0]),
            tar=Interval(int(genuine[b]) / int(genuine[0]), int(genuine[below]) / int(genuine[0])),
            far=Interval(int(impostor[b]) / int(impostor[0]), allowed / int(impostor[0])),
            threshold=self._threshold(below, b, genuine, impostor),
        )

    def _accepted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(B + 1,) genuine and impostor pairs in each bin and above; the last is 0."""
        genuine, impostor = (
            np.append(np.cumsum(counts[::-1])[::-1], 0) for counts in (self.genuine, self.impostor)
        )
        if not genuine[0] or not impostor[0]:
            raise InputError("TAR at FAR needs pairs of one person and pairs of two")
        return genuine, impostor

    def _threshold(
        self, below: int, b: int, genuine: NDArray[np.int64], impostor: NDArray[np.int64]
    ) -> Interval:
        """From the lower edge of bin `below` to the upper edge of the first bin from b on with a score."""
        total = genuine + impostor
        filled = int(np.searchsorted(-total, -total[b], side="right"))
        top = filled if total[b] else b
        return Interval(2 * below / self.bins - 1, 2 * top / self.bins - 1)


def cross_histogram(
    rows: NDArray[np.floating],
    row_people: NDArray[np.generic],
    columns: NDArray[np.floating] | None = None,
    column_people: NDArray[np.generic] | None = None,
    *,
    bins: int = BINS,
) -> ScoreHistogram:
    """Every row against every column, counted block by block.

    Args:
        rows: (N, D), L2-normalised; used as float32.
        row_people: (N,) labels.
        columns: (M, D) likewise; without it, every two different rows are compared once.
        column_people: (M,) labels.
        bins: of the histogram.

    Raises:
        InputError: shapes do not match, or an embedding is not normalised.
    """
    alone = columns is None
    other = rows if columns is None else columns
    names = row_people if column_people is None else column_people
    if (
        rows.ndim != 2
        or other.ndim != 2
        or rows.shape[1] != other.shape[1]
        or row_people.shape != rows.shape[:1]
        or names.shape != other.shape[:1]
    ):
        raise InputError(
            f"rows {rows.shape} of {row_people.shape} people do not fit "
            f"columns {other.shape} of {names.shape}"
        )
    numbers = np.unique(np.concatenate((row_people, names)), return_inverse=True)[1]
    left_people, right_people = numbers[: len(rows)], numbers[len(rows) :]
    left, right = rows.astype(np.float32, copy=False), other.astype(np.float32, copy=False)
    found = ScoreHistogram(bins)
    for i in range(0, len(left), _ROWS):
        for j in range(i // _COLUMNS * _COLUMNS if alone else 0, len(right), _COLUMNS):
            scores = left[i : i + _ROWS] @ right[j : j + _COLUMNS].T
            same = left_people[i : i + _ROWS, None] == right_people[None, j : j + _COLUMNS]
            if alone and j <= i + _ROWS:
                later = np.arange(j, j + scores.shape[1]) > np.arange(i, i + len(scores))[:, None]
                scores, same = scores[later], same[later]
            found.add(scores, same)
    return found
