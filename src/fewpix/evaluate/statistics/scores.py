"""Exact rates of scores, of as many pairs as IJB-C has (15.7 million) or more, in bounded memory.

Only the scores are kept, 4 bytes a pair, beside the lists of pairs themselves: 63 MB for IJB-C. They are
sorted once, by kind of pair; each figure is then a binary search. For comparisons too many to be kept at all
there is `fewpix.calibration.histogram`.

A pair is accepted when its score is at or above the threshold, which is an observed score. A false accept
rate below one in the number of impostor pairs cannot be measured on them, see `allowed_accepts` and
`too_few`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

PER_DECADE = 8
"""Points of a curve for each factor of ten of the false accept rate."""


@dataclass(frozen=True, eq=False)
class SortedScores:
    """All scores, by kind of pair.

    Args:
        genuine: (G,) rising, of pairs of one person.
        impostor: (I,) rising, of pairs of two.
    """

    genuine: NDArray[np.floating]
    impostor: NDArray[np.floating]

    def __post_init__(self) -> None:
        if not len(self.genuine) or not len(self.impostor):
            raise InputError("TAR at FAR needs pairs of one person and pairs of two")
        if self.genuine.dtype != self.impostor.dtype:
            raise InputError(f"scores of {self.genuine.dtype} and of {self.impostor.dtype} do not mix")
        # sorting puts NaN last
        ends = [*self.genuine[[0, -1]].tolist(), *self.impostor[[0, -1]].tolist()]
        if not np.isfinite(ends).all():
            raise InputError("a score is not a finite number", fix="check the embeddings")

    @classmethod
    def of(cls, scores: NDArray[np.floating], same: NDArray[np.bool_]) -> SortedScores:
        """From scores (P,), kept in their own precision, and labels (P,).

        Raises:
            InputError: different lengths, a score that is not finite, or a kind of pair is missing.
        """
        if scores.ndim != 1 or scores.shape != same.shape:
            raise InputError(
                f"scores and labels must be two lists of one length, not {scores.shape} and {same.shape}"
            )
        return cls(np.sort(scores[same]), np.sort(scores[~same]))

    @classmethod
    def of_blocks(cls, blocks: Iterable[NDArray[np.float32]], same: NDArray[np.bool_]) -> SortedScores:
        """From scores block by block; no list of all of them is made beside the result.

        Args:
            blocks: P scores in all, such as `blockwise.iter_scores` gives them.
            same: (P,), whether both are of one person; may be memory-mapped.

        Raises:
            InputError: more or fewer scores than labels, or a kind of pair is missing.
        """
        genuine = np.empty(int(np.count_nonzero(same)), dtype=np.float32)
        impostor = np.empty(len(same) - len(genuine), dtype=np.float32)
        g = i = start = 0
        for scores in blocks:
            kind = np.asarray(same[start : start + len(scores)])
            start += len(scores)
            if len(kind) < len(scores):
                raise InputError(f"more scores than {len(same)} labels")
            mates = int(np.count_nonzero(kind))
            genuine[g : g + mates] = scores[kind]
            impostor[i : i + len(scores) - mates] = scores[~kind]
            g, i = g + mates, i + len(scores) - mates
        if start < len(same):
            raise InputError(f"{start} scores for {len(same)} labels")
        genuine.sort()
        impostor.sort()
        return cls(genuine, impostor)

    def threshold_at(self, target: float) -> float:
        """The smallest observed score with FAR ≤ target, or just above the highest; no interpolation.

        Below 1 / I no impostor at all may pass.

        Raises:
            InputError: `target` is not between 0 and 1.
        """
        if not 0 <= target <= 1:
            raise InputError(f"a false accept rate lies between 0 and 1, not {target}")
        impostors = len(self.impostor)
        allowed = allowed_accepts(target, impostors)
        if allowed == impostors:
            return min(float(self.genuine[0]), float(self.impostor[0]))
        refused = self.impostor[impostors - 1 - allowed, None]
        above = min(float(_next_above(kind, refused)[0]) for kind in (self.genuine, self.impostor))
        return above if np.isfinite(above) else self._top()

    def tar(self, threshold: float) -> float:
        """Share of the genuine pairs at or above a threshold."""
        return (len(self.genuine) - _below(self.genuine, threshold)) / len(self.genuine)

    def far(self, threshold: float) -> float:
        """Share of the impostor pairs at or above a threshold."""
        return (len(self.impostor) - _below(self.impostor, threshold)) / len(self.impostor)

    def eer(self) -> tuple[float, float]:
        """The equal error rate, without interpolation: half of FAR + FRR, and the threshold where they are.

        Of all observed scores as thresholds, and one just above the highest, it is the one where FAR and FRR
        are closest; of two where they are equally close, the higher.
        """
        found = [self._top(), *self._crossing(self.genuine), *self._crossing(self.impostor)]
        # FAR - FRR falls strictly from one observed score to the next, so it changes sign once
        best = min(sorted(found, reverse=True), key=lambda t: abs(self._difference(t)))
        return (self.far(best) + _below(self.genuine, best) / len(self.genuine)) / 2, best

    def auc(self, tie: float = 0.5) -> float:
        """Area under the curve: how often a genuine pair scores above an impostor; a tie counts `tie`."""
        below = np.searchsorted(self.impostor, self.genuine, side="left").sum(dtype=np.int64)
        not_above = np.searchsorted(self.impostor, self.genuine, side="right").sum(dtype=np.int64)
        area = below + tie * (not_above - below)
        return float(area / len(self.genuine) / len(self.impostor))

    def points(self) -> list[tuple[float, float]]:
        """The targets of a curve's points, highest first, each with the rate that is seen at its threshold.

        Of targets with the same threshold only the first has a point.
        """
        found: dict[float, tuple[float, float]] = {}
        for target in curve_targets(len(self.impostor)):
            threshold = self.threshold_at(target)
            if threshold not in found:
                found[threshold] = (target, self.far(threshold))
        return list(found.values())

    def _difference(self, threshold: float) -> int:
        """FAR - FRR times the numbers of pairs of both kinds, whole."""
        accepted = len(self.impostor) - _below(self.impostor, threshold)
        return accepted * len(self.genuine) - _below(self.genuine, threshold) * len(self.impostor)

    def _crossing(self, rising: NDArray[np.floating]) -> list[float]:
        """The scores of one kind of pair on both sides of the change of sign."""
        low, high = 0, len(rising)
        while low < high:
            middle = (low + high) // 2
            if self._difference(float(rising[middle])) > 0:
                low = middle + 1
            else:
                high = middle
        return [float(rising[k]) for k in (low - 1, low) if 0 <= k < len(rising)]

    def _top(self) -> float:
        """Just above the highest score, in the scores' own precision, so that none of them reaches it."""
        highest = np.maximum(self.genuine[-1], self.impostor[-1])
        return float(np.nextafter(highest, highest.dtype.type(np.inf)))


def curve_targets(impostors: int) -> tuple[float, ...]:
    """The false accept rates that a curve's points are chosen for: every eighth of a decade below 1.

    Args:
        impostors: how many there are; the rates that they cannot show are left out.
    """
    every = (float(10 ** (-step / PER_DECADE)) for step in range(1, 20 * PER_DECADE))
    return tuple(takewhile(lambda target: allowed_accepts(target, impostors), every))


def too_few(impostors: int) -> str:
    """Why a false accept rate cannot be measured."""
    return f"{impostors} impostor pairs cannot show a false accept rate below {1 / impostors:.3g}"


def _below(rising: NDArray[np.floating], threshold: float) -> int:
    """How many scores are below a threshold of their precision."""
    return int(
        np.searchsorted(rising, rising.dtype.type(threshold))
    )  # of another type, all would be converted


def _next_above(rising: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """The smallest of `rising` above each score; infinite where none is."""
    place = np.searchsorted(rising, scores, side="right")
    found = rising[np.minimum(place, len(rising) - 1)]
    return np.asarray(np.where(place < len(rising), found, rising.dtype.type(np.inf)))


def allowed_accepts(target: float, impostors: int) -> int:
    """The largest whole k ≤ impostors with k / impostors ≤ target, as the division rounds.

    A product would do it wrongly: 0.29 × 100 is 28.999999999999996.
    """
    k = min(int(target * impostors) + 1, impostors)
    while k / impostors > target:
        k -= 1
    return k


def far_key(target: float) -> str:
    """A false accept rate as results write it: "1e-3"."""
    return np.format_float_scientific(target, trim="-", exp_digits=1)
