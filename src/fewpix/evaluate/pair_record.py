"""All single scores of a list of pairs, as they are kept in a file beside the result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.scores_file import Arrays, names_array, names_of


@dataclass(frozen=True, eq=False)
class PairRecord:
    """P pairs with their scores.

    Args:
        pairs: the pairs, whose people are numbers.
        scores: (C, P) float64, in the order of the result's figures.
    """

    pairs: PairList
    scores: NDArray[np.float64]

    @classmethod
    def of(cls, pairs: PairList, names: tuple[str, ...], scores: NDArray[np.float64]) -> PairRecord:
        """From pairs whose people have any kind of label.

        Args:
            pairs: P pairs.
            names: of their pictures in the benchmark, with endings.
            scores: (C, P).
        """
        labels = pairs.people
        if labels is None:
            labels = np.array([picture.rpartition("/")[0] for picture in pairs.pictures])
        people = np.unique(labels, return_inverse=True)[1].astype(np.int32)
        return cls(replace(pairs, pictures=names, people=people), scores)

    def arrays(self) -> Arrays:
        """For `scores_file.packed`."""
        pairs = self.pairs
        people = np.asarray(pairs.people, dtype=np.int32)
        return {
            "pictures": names_array(pairs.pictures),
            "people": people,
            "first": pairs.first.astype(np.int32),
            "second": pairs.second.astype(np.int32),
            "same": pairs.same,
            "folds": pairs.folds.astype(np.int32),
            "scores": self.scores,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> PairRecord:
        """What `arrays` gave.

        Raises:
            InputError: an array is missing, or they do not fit one another.
        """
        try:
            names, people = names_of(arrays["pictures"]), arrays["people"]
            first, second = (arrays[key].astype(np.int64) for key in ("first", "second"))
            same, folds = arrays["same"].astype(np.bool_), arrays["folds"].astype(np.int64)
            scores = arrays["scores"].astype(np.float64)
        except KeyError as error:
            raise InputError(f"the scores lack the array {error}", fix="measure again with --out") from error
        shapes = {array.shape for array in (first, second, same, folds)} | {scores.shape[1:]}
        ends = [*first, *second]
        if len(shapes) > 1 or people.shape != (len(names),) or not 0 <= min(ends) <= max(ends) < len(names):
            raise InputError(
                "the arrays of the scores do not fit one another", fix="measure again with --out"
            )
        return cls(PairList(names, first, second, same, folds, people), scores)
