"""What a search said of every single probe, as it is kept in a file beside the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.scores_file import Arrays, names_array, names_of
from fewpix.evaluate.streaming_search import Searched

_EACH = ("own", "best", "other", "ranks", "row_ranks")


@dataclass(frozen=True, eq=False)
class SearchRecord:
    """N probes and what became of them.

    Args:
        probes: their names in the benchmark.
        people: (N,) numbers of who is on them.
        searched: one for each of the result's figures, in their order.
    """

    probes: tuple[str, ...]
    people: NDArray[np.generic]
    searched: tuple[Searched, ...]

    @classmethod
    def of(
        cls, probes: Sequence[str], labels: NDArray[np.generic], searched: Sequence[Searched]
    ) -> SearchRecord:
        """From people with any kind of label."""
        people = np.unique(labels, return_inverse=True)[1].astype(np.int32)
        return cls(tuple(probes), people, tuple(searched))

    def arrays(self) -> Arrays:
        """For `scores_file.packed`."""
        first = self.searched[0]
        found: dict[str, NDArray[np.generic]] = {
            "probes": names_array(self.probes),
            "people": np.asarray(self.people, dtype=np.int32),
            "gallery_people": np.array(first.people, dtype=np.int32),
            "mated": first.mated,
        }
        for key in _EACH:
            found[key] = np.stack([getattr(one, key) for one in self.searched])
        if first.precisions is not None:
            found["precisions"] = np.stack(
                [one.precisions for one in self.searched if one.precisions is not None]
            )
        return found

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> SearchRecord:
        """What `arrays` gave.

        Raises:
            InputError: an array is missing, or they do not fit one another.
        """
        try:
            probes, people = names_of(arrays["probes"]), arrays["people"]
            mated, count = arrays["mated"].astype(np.bool_), int(arrays["gallery_people"])
            each = {key: arrays[key] for key in _EACH}
        except KeyError as error:
            raise InputError(f"the scores lack the array {error}", fix="measure again with --out") from error
        average = arrays.get("precisions")
        shapes = {array.shape[1:] for array in each.values()} | {mated.shape, people.shape, (len(probes),)}
        shapes |= set() if average is None else {average.shape[1:]}
        if len(shapes) > 1 or len({len(array) for array in each.values()}) > 1:
            raise InputError(
                "the arrays of the scores do not fit one another", fix="measure again with --out"
            )
        searched = tuple(
            Searched(
                count,
                mated,
                each["own"][n].astype(np.float32),
                each["best"][n].astype(np.float32),
                each["other"][n].astype(np.float32),
                each["ranks"][n].astype(np.int64),
                each["row_ranks"][n].astype(np.int64),
                None if average is None else average[n].astype(np.float64),
            )
            for n in range(len(each["own"]))
        )
        return cls(probes, people, searched)
