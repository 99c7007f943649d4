"""What the outcomes of every task give: what can be asked of them, and the arrays that are kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.result.scores import Arrays
from fewpix.evaluate.statistics.curves import Histograms
from fewpix.evaluate.statistics.estimate import Statistic

NO_SCORE = -2.0
"""The score of a comparison with an item that failed to enrol: below every cosine."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """One figure that was asked for.

    Args:
        measure: of `measures.TITLES`.
        at: what it is at, such as a rate.
        statistic: of it; None where it cannot be had.
        reason: why not; "" where it can.
        detail: further numbers of it.
    """

    measure: str
    at: str
    statistic: Statistic | None
    reason: str = ""
    detail: Mapping[str, Sequence[float]] = field(default_factory=dict)


Point = tuple[float, Statistic]
"""Of a curve: its false rate or rank, and the true rate there."""


class Outcomes(Protocol):
    """What became of every comparison of one model at one size in one part."""

    def wanted(self) -> list[Wanted]:
        """The figures asked for, in their order."""
        ...

    def curve(self) -> list[Point]:
        """True over false rates; empty where there is no curve."""
        ...

    def ranks(self) -> list[Point]:
        """The share found by rank; empty where nothing is ranked."""
        ...

    def histogram(self) -> Histograms | None:
        """Of the scores; None where they are no cosines."""
        ...

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of comparisons."""
        ...

    def shared(self) -> Arrays:
        """The arrays that are the same for every model on the same comparisons."""
        ...

    def own(self) -> Arrays:
        """The arrays of this model."""
        ...


def needed(arrays: Arrays, *names: str) -> list[NDArray[np.generic]]:
    """Arrays by their names.

    Raises:
        InputError: one is missing.
    """
    for name in names:
        if name not in arrays:
            raise InputError(f"the scores lack the array '{name}'", fix="measure again with --out")
    return [arrays[name] for name in names]


def refuse_unfit(fits: bool) -> None:
    """Refuse arrays of a file of scores that do not fit one another.

    Raises:
        InputError: they do not.
    """
    if not fits:
        raise InputError("the arrays of the scores do not fit one another", fix="measure again with --out")
