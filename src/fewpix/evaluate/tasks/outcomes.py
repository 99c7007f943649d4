"""What the outcomes of every task give: the figures that can be asked of them, their cell of a result, and
paired differences; and the arrays that are kept of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.result.model import (
    Bootstrap,
    Cell,
    Change,
    Curve,
    Difference,
    Failures,
    Figure,
    Histogram,
    McNemar,
    Seen,
)
from fewpix.evaluate.result.scores import Arrays
from fewpix.evaluate.statistics.bootstrap import LEVEL
from fewpix.evaluate.statistics.estimate import Draws, Estimate, Statistic, change, estimates

NO_SCORE = -2.0
"""The score of a comparison with an item that failed to enrol: below every cosine."""

BINS = 80
"""Of a histogram, from -1 to 1."""


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


class Outcomes(ABC):
    """What became of every comparison of one model at one size in one part; a task says what it has."""

    OWN: ClassVar[tuple[str, ...]] = ()
    """The arrays that each model has of its own; those that are kept besides are the same for all."""

    @property
    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Numbers of comparisons."""

    @abstractmethod
    def wanted(self) -> list[Wanted]:
        """The figures asked for, in their order."""

    def curve(self) -> list[Point]:
        """True over false rates; empty where there is no curve."""
        return []

    def ranks(self) -> list[Point]:
        """The share found by rank; empty where nothing is ranked."""
        return []

    def histogram(self) -> Histogram | None:
        """Of the scores; None where they are no cosines."""
        return None

    def shared(self) -> Arrays:
        """The arrays that are the same for every model on the same comparisons; none where none is kept."""
        return {}

    def own(self) -> Arrays:
        """The arrays of this model."""
        return {}

    def kept(self) -> Self:
        """Without what is in no file and no difference needs."""
        return self

    def cell(
        self,
        model: str,
        size: int | None,
        part: dict[str, str],
        draws: Draws,
        seen: Seen | None = None,
        worst: Failures | None = None,
    ) -> Cell:
        """All that is said about them; everything that is drawn is drawn once.

        Args:
            model: its name.
            size: of the small side; None for pictures as they are.
            part: which part of the run.
            draws: of the bootstrap.
            seen: the side that went to the model.
            worst: comparisons.
        """
        wanted, curve, ranks = self.wanted(), self.curve(), self.ranks()
        known = [one.statistic for one in wanted if one.statistic is not None]
        found = iter(estimates([*known, *(one for _, one in (*curve, *ranks))], draws))
        return Cell(
            model=model,
            size=size,
            part=part,
            counts=self.counts,
            seen=seen,
            figures=[_figure(one, None if one.statistic is None else next(found)) for one in wanted],
            curve=_curve(curve, [next(found) for _ in curve]),
            ranks=_curve(ranks, [next(found) for _ in ranks]),
            histogram=self.histogram(),
            worst=worst,
        )


Measured = tuple[Cell, Outcomes]
"""A cell of a result, and what it was made of."""


def _figure(one: Wanted, made: Estimate | None) -> Figure:
    """A figure as it is written."""
    return Figure(
        measure=one.measure,
        at=one.at,
        value=None if made is None else made.value,
        ci95=None if made is None or made.ci95 is None else made.ci95.ends,
        threshold=None if made is None else made.threshold,
        reason=one.reason if made is None else made.reason,
        detail={key: list(map(float, values)) for key, values in one.detail.items()},
    )


def _curve(points: Sequence[Point], made: Sequence[Estimate]) -> Curve | None:
    """A curve's points as they are written; None where there is none."""
    if not points:
        return None
    return Curve(
        x=[x for x, _ in points],
        y=[one.value for one in made],
        ci95=[None if one.ci95 is None else one.ci95.ends for one in made],
        threshold=[one.threshold for one in made if one.threshold is not None],
    )


def differences(measured: Sequence[Measured], baseline: str, draws: Draws) -> list[Difference]:
    """Of every other model to the baseline, at each size in each part.

    Args:
        measured: all of them.
        baseline: the name of a model.
        draws: of the bootstrap.
    """
    base = [one for one in measured if one[0].model == baseline]
    return subtracted([one for one in measured if one[0].model != baseline], base, draws)


def subtracted(first: Iterable[Measured], second: Sequence[Measured], draws: Draws) -> list[Difference]:
    """Of every model to every one of `second`, at each size in each part that both have."""
    found = []
    known = [_known(outcomes) for _, outcomes in second]
    for cell, outcomes in first:
        mine = _known(outcomes)
        for (other, _), theirs in zip(second, known, strict=True):
            if (cell.size, cell.part) != (other.size, other.part):
                continue
            changes = [
                made
                for key, statistic in mine.items()
                if key in theirs and (made := _change(*key, statistic, theirs[key], draws))
            ]
            if changes:
                found.append(
                    Difference(
                        model=cell.model, minus=other.model, size=cell.size, part=cell.part, changes=changes
                    )
                )
    return found


def _known(outcomes: Outcomes) -> dict[tuple[str, str], Statistic]:
    """The statistics that can be had, by measure and what it is at."""
    wanted = outcomes.wanted()
    return {(each.measure, each.at): each.statistic for each in wanted if each.statistic is not None}


def _change(measure: str, at: str, one: Statistic, other: Statistic, draws: Draws) -> Change | None:
    """A figure minus another; None where they cannot be compared."""
    found, test = change(one, other, draws) or (None, None)
    if found is None or found.ci95 is None:
        return None
    names = "only_first", "only_second", "p"
    exact = None if test is None else McNemar(**dict(zip(names, test, strict=True)))
    return Change(measure=measure, at=at, difference=found.value, ci95=found.ci95.ends, mcnemar=exact)


def bootstrap_of(draws: Draws, how: str) -> Bootstrap:
    """How intervals were made; `how` says what was resampled."""
    return Bootstrap(level=LEVEL, replicates=draws.replicates, seed=draws.seed, how=how)


def histogram_of(mated: NDArray[np.floating], nonmated: NDArray[np.floating]) -> Histogram:
    """How many cosines of each kind lie in each of `BINS` equal bins; what is outside counts at the ends."""
    counts = (np.histogram(np.clip(one, -1, 1), bins=BINS, range=(-1, 1))[0] for one in (mated, nonmated))
    first, second = (count.tolist() for count in counts)
    return Histogram(mated=first, nonmated=second)


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
