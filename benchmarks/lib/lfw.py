"""LFW for the benchmarks: its pairs with their people, its pictures as crops, and what is said of scores."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import digest
from fewpix.evaluate.benchmark import Asked, Items, Pairs, PictureSource
from fewpix.evaluate.readers import lfw
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.evaluate.statistics.estimate import Draws, change
from fewpix.evaluate.tasks.pairs import PairList, PairOutcomes
from fewpix.evaluate.view import aligned
from fewpix.image.codec import decode_image
from fewpix.image.resize import Crop

ASKED = Asked(fars=(1e-3,))
"""What is reported of LFW."""


@dataclass(frozen=True, eq=False)
class LfwPairs:
    """LFW's pairs, or some of them.

    Args:
        pairs: of the items.
        items: a picture each.
        missing: pairs that were left out.
        list_sha256: of the list.
    """

    pairs: Pairs
    items: Items
    missing: int
    list_sha256: str

    @classmethod
    def open(cls, folder: Path) -> LfwPairs:
        """From `NAME/NAME_0001.jpg` and `pairs.txt`.

        Raises:
            InputError: there is none, it is malformed, or a picture is missing.
        """
        found = lfw.read(folder)
        assert isinstance(found.comparisons, Pairs)
        return cls(found.comparisons, found.items, found.missing, digest([folder / "pairs.txt"], ()))

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def folds(self) -> NDArray[np.int64]:
        """(P,) of the pairs."""
        assert self.pairs.folds is not None
        return self.pairs.folds

    @property
    def pictures(self) -> PictureSource:
        """All of them."""
        return self.items.pictures

    @property
    def names(self) -> tuple[str, ...]:
        """Of the pictures."""
        return tuple(self.items.pictures.names)

    def only(self, keep: NDArray[np.bool_]) -> LfwPairs:
        """Some of the pairs."""
        return LfwPairs(self.pairs.only(keep), self.items, self.missing, self.list_sha256)

    def clusters(self) -> Clusters:
        """The people of every pair."""
        return self.pairs.clusters(self.items.people)

    def crop(self, n: int) -> tuple[Crop, bytes]:
        """A picture, 112x112 px, and the SHA-256 of its file.

        Raises:
            InputError: it cannot be read.
            ImageError: it cannot be decoded, or is no aligned crop.
        """
        data = self.pictures.read(n)
        origin = self.pictures.origin(n)
        return aligned(decode_image(data, origin), origin), hashlib.sha256(data).digest()

    def outcomes(self, scores: NDArray[np.float64]) -> PairOutcomes:
        """What scores (P,) say."""
        return PairOutcomes.of(PairList.of(self.pairs, self.items), self.pairs.same, scores, ASKED)


def said(outcomes: PairOutcomes, draws: Draws) -> dict[str, Any]:
    """Accuracy and TAR at FAR 1e-3 with intervals, as JSON values."""
    cell = outcomes.cell("", None, {}, draws)
    accuracy = cell.figure("accuracy")
    assert accuracy is not None
    rates = {one.at: one for one in cell.figures if one.measure == "tar"}
    return {
        "n_pairs": len(outcomes.scores),
        "accuracy": accuracy.value,
        "accuracy_ci95": accuracy.ci95,
        "tar_at_far": {far: one.value for far, one in rates.items()},
        "tar_at_far_ci95": {far: one.ci95 for far, one in rates.items()},
    }


def minus(first: PairOutcomes, second: PairOutcomes, draws: Draws) -> dict[str, Any]:
    """Accuracy of the first minus that of the second, with its interval."""
    one, other = (outcomes.wanted()[0].statistic for outcomes in (first, second))
    found, _ = (change(one, other, draws) if one is not None and other is not None else None) or (None, None)
    assert found is not None
    assert found.ci95 is not None
    return {"accuracy": found.value, "ci95": found.ci95.ends}
