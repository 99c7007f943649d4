"""The worst comparisons of a result, to be looked at: the highest of two people and the lowest of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.statistics.accuracy import FoldAccuracy

SHOWN = 6
"""Comparisons of each kind."""


@dataclass(frozen=True)
class Failure:
    """One comparison.

    Args:
        first: name of a picture in its benchmark; of a search, the probe.
        second: of the other one; of a search, that of the gallery.
        score: their cosine.
        threshold: what the score is judged by; None where nothing is.
        wrong: whether the answer was.
    """

    first: str
    second: str
    score: float
    threshold: float | None
    wrong: bool

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Failures:
    """The worst first.

    Args:
        nonmated: of two people, with the highest scores.
        mated: of one person, with the lowest.
    """

    nonmated: tuple[Failure, ...]
    mated: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """Both lists."""
        return {
            "nonmated": [one.to_json() for one in self.nonmated],
            "mated": [one.to_json() for one in self.mated],
        }


def worst_pairs(
    scores: NDArray[np.floating],
    pairs: PairList,
    names: Sequence[str],
    folds: FoldAccuracy | None,
    threshold: float,
) -> Failures:
    """The worst pairs; of equal scores the one that is first in the list.

    Args:
        scores: (P,).
        pairs: P pairs.
        names: of the pictures, in the order of `pairs.pictures`.
        folds: whose thresholds judge; None where there is one fold.
        threshold: that judges then.
    """
    judged = np.full(len(pairs), threshold)
    if folds is not None:
        judged = np.asarray(folds.thresholds)[np.unique(pairs.folds, return_inverse=True)[1]]

    def described(n: int) -> Failure:
        wrong = bool((scores[n] >= judged[n]) != pairs.same[n])
        first, second = names[int(pairs.first[n])], names[int(pairs.second[n])]
        return Failure(first, second, float(scores[n]), float(judged[n]), wrong)

    return Failures(
        nonmated=tuple(described(n) for n in extremes(-scores, ~pairs.same)),
        mated=tuple(described(n) for n in extremes(scores, pairs.same)),
    )


def extremes(values: NDArray[np.floating], among: NDArray[np.bool_]) -> list[int]:
    """Where the `SHOWN` lowest values lie among some, the lowest first."""
    places = np.flatnonzero(among)
    return [int(n) for n in places[np.argsort(values[places], kind="stable")[:SHOWN]]]
