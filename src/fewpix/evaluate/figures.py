"""Outcomes to figures: values with intervals, curves, and paired differences to a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fewpix.evaluate.result.model import (
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
from fewpix.evaluate.statistics.estimate import Draws, Estimate, change, estimates
from fewpix.evaluate.tasks.outcomes import Outcomes, Point
from fewpix.evaluate.tasks.pairs import PairOutcomes


@dataclass(frozen=True, eq=False)
class Measured:
    """One model at one size in one part.

    Args:
        model: its name.
        size: of the small side; None for pictures as they are.
        part: which part of the run.
        outcomes: what became of every comparison.
        cell: the figures.
    """

    model: str
    size: int | None
    part: dict[str, str]
    outcomes: Outcomes
    cell: Cell

    def kept(self) -> Measured:
        """Without the scores that are in no file and that no difference needs, of many pairs."""
        if not isinstance(self.outcomes, PairOutcomes):
            return self
        return replace(self, outcomes=self.outcomes.without_impostors())


def figures(
    model: str,
    size: int | None,
    part: dict[str, str],
    outcomes: Outcomes,
    draws: Draws,
    seen: Seen | None = None,
    worst: Failures | None = None,
) -> Measured:
    """All that is said about some outcomes; everything that is drawn is drawn once."""
    wanted = outcomes.wanted()
    curve, ranks = outcomes.curve(), outcomes.ranks()
    known = [one.statistic for one in wanted if one.statistic is not None]
    found = iter(estimates([*known, *(one for _, one in (*curve, *ranks))], draws))
    shown = []
    for one in wanted:
        made = next(found) if one.statistic is not None else None
        shown.append(
            Figure(
                measure=one.measure,
                at=one.at,
                value=None if made is None else made.value,
                ci95=None if made is None or made.ci95 is None else made.ci95.ends,
                threshold=None if made is None else made.threshold,
                reason=one.reason if made is None else made.reason,
                detail={key: list(map(float, values)) for key, values in one.detail.items()},
            )
        )
    rates = _curve(curve, [next(found) for _ in curve])
    places = _curve(ranks, [next(found) for _ in ranks])
    counted = outcomes.histogram()
    cell = Cell(
        model=model,
        size=size,
        part=part,
        counts=outcomes.counts,
        seen=seen,
        figures=shown,
        curve=rates,
        ranks=places,
        histogram=None
        if counted is None
        else Histogram(mated=list(counted.mated), nonmated=list(counted.nonmated)),
        worst=worst,
    )
    return Measured(model, size, part, outcomes, cell)


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
    base = {(one.size, *one.part.items()): one for one in measured if one.model == baseline}
    found = []
    for one in measured:
        first = base.get((one.size, *one.part.items()))
        if first is not None and first is not one:
            found += _difference(one, first, draws)
    return found


def subtracted(first: Iterable[Measured], second: Sequence[Measured], draws: Draws) -> list[Difference]:
    """Of every model of one result to every model of another, at each size in each part that both have."""
    found = []
    for one in first:
        for other in second:
            if (one.size, one.part) == (other.size, other.part):
                found += _difference(one, other, draws)
    return found


def _difference(one: Measured, other: Measured, draws: Draws) -> list[Difference]:
    """One difference; none where nothing can be compared."""
    theirs = {(wanted.measure, wanted.at): wanted.statistic for wanted in other.outcomes.wanted()}
    made = []
    for wanted in one.outcomes.wanted():
        second = theirs.get((wanted.measure, wanted.at))
        if wanted.statistic is None or second is None:
            continue
        found = change(wanted.statistic, second, draws)
        if found is not None:
            test = found.mcnemar
            made.append(
                Change(
                    measure=wanted.measure,
                    at=wanted.at,
                    difference=found.value,
                    ci95=found.ci95.ends,
                    mcnemar=None if test is None else McNemar(**vars(test)),
                )
            )
    if not made:
        return []
    return [Difference(model=one.model, minus=other.model, size=one.size, part=one.part, changes=made)]
