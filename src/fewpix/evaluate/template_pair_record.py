"""The scores of pairs of templates, as they are kept in a file beside the result.

Up to `WHOLE` pairs all scores are kept, so that two models can be compared by replicates that set their own
thresholds. Of more pairs, as IJB-B and IJB-C have, those of one person are kept: 20,000 of 16 million. With
the thresholds held, as the figures have them then, they are all that a true accept rate depends on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import TemplatePairs
from fewpix.evaluate.readers.linked import linked
from fewpix.evaluate.scores_file import Arrays
from fewpix.evaluate.statistics.bootstrap import Clusters

WHOLE = 200_000
"""Pairs up to which every replicate of the bootstrap sets its own threshold. Of more, it would take hours."""

THRESHOLDS = {
    True: "people resampled, thresholds set anew in every replicate",
    False: f"people of the pairs of one person resampled, thresholds held: more than {WHOLE:,} pairs",
}
"""How intervals are made, by whether there are at most `WHOLE` pairs."""


@dataclass(frozen=True, eq=False)
class TemplatePairRecord:
    """K pairs with their scores.

    Args:
        first: (K,) int64, the first template of each.
        second: (K,) int64, the second one.
        same: (K,) bool, whether both are of one person.
        people: (K, 2) int32, who they show, as far as the list tells.
        whole: whether these are all pairs of the benchmark, and not those of one person only.
        fars: (F,) false accept rates.
        thresholds: (C, F) float64, of the result's figures in their order; NaN where a rate cannot be shown.
        scores: (C, K) float32, likewise.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]
    people: NDArray[np.int32]
    whole: bool
    fars: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    scores: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        pairs: TemplatePairs,
        fars: NDArray[np.float64],
        thresholds: NDArray[np.float64],
        scores: NDArray[np.float32],
    ) -> TemplatePairRecord | None:
        """From the pairs of a benchmark; None where even those of one person are too many.

        Args:
            pairs: all of them.
            fars: see above.
            thresholds: see above.
            scores: (C, K) of the pairs of `kept`.
        """
        which = kept(pairs)
        if which is None:
            return None
        first, second = pairs.first[which], pairs.second[which]
        people = np.unique(people_of(pairs)[np.stack((first, second), axis=1)], return_inverse=True)[1]
        return cls(
            pairs.ids[first],
            pairs.ids[second],
            pairs.same[which],
            people.reshape(-1, 2).astype(np.int32),
            len(pairs) <= WHOLE,
            fars,
            thresholds,
            scores,
        )

    @property
    def clusters(self) -> Clusters:
        """The people of every pair."""
        return Clusters.of(self.people[:, 0], self.people[:, 1])

    def alike(self, other: TemplatePairRecord) -> bool:
        """Whether both are of the same pairs."""
        return all(
            np.array_equal(getattr(self, key), getattr(other, key))
            for key in ("first", "second", "same", "people", "whole")
        )

    def threshold(self, cell: int, far: float) -> float | None:
        """That of one of the figures at a rate; None where the pairs cannot show it."""
        found = float(self.thresholds[cell, int(np.flatnonzero(self.fars == far)[0])])
        return None if np.isnan(found) else found

    def arrays(self) -> Arrays:
        """For `scores_file.packed`."""
        return {**vars(self), "whole": np.array(self.whole)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TemplatePairRecord:
        """What `arrays` gave.

        Raises:
            InputError: an array is missing, or they do not fit one another.
        """
        try:
            first, second = (arrays[key].astype(np.int64) for key in ("first", "second"))
            same, people = arrays["same"].astype(np.bool_), arrays["people"].astype(np.int32)
            fars, thresholds = (arrays[key].astype(np.float64) for key in ("fars", "thresholds"))
            scores, whole = arrays["scores"].astype(np.float32), bool(arrays["whole"])
        except KeyError as error:
            raise InputError(f"the scores lack the array {error}", fix="measure again with --out") from error
        count, cells = len(first), len(scores)
        shapes = (second.shape, same.shape, people.shape, scores.shape, thresholds.shape)
        if shapes != ((count,), (count,), (count, 2), (cells, count), (cells, len(fars))):
            raise InputError(
                "the arrays of the scores do not fit one another", fix="measure again with --out"
            )
        return cls(first, second, same, people, whole, fars, thresholds, scores)


def kept(pairs: TemplatePairs) -> NDArray[np.int64] | None:
    """Which pairs' scores are kept, rising; None where even those of one person are more than `WHOLE`."""
    if len(pairs) <= WHOLE:
        return np.arange(len(pairs))
    genuine = np.flatnonzero(pairs.same)
    return genuine if len(genuine) <= WHOLE else None


def resampled(pairs: TemplatePairs) -> tuple[Clusters, bool]:
    """The people of all pairs, and whether these are more than `WHOLE`: then of the genuine ones alone."""
    held = len(pairs) > WHOLE
    first, second = (side[pairs.same] if held else side for side in (pairs.first, pairs.second))
    people = people_of(pairs)
    return Clusters.of(people[first], people[second]), held


def people_of(pairs: TemplatePairs) -> NDArray[np.int64]:
    """(T,) who each of `pairs.ids` shows, as far as the pairs of one person tell."""
    first, second = (side[pairs.same].astype(np.int64) for side in (pairs.first, pairs.second))
    return linked(len(pairs.ids), first, second)
