"""Two results of the same comparisons, subtracted one from the other by their files of single scores."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked
from fewpix.evaluate.result.file import read_result
from fewpix.evaluate.result.model import Cell, Compared, Result
from fewpix.evaluate.result.read import parsed
from fewpix.evaluate.result.scores import Arrays, group_of, read_scores, unpacked
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.tasks.detections import DetectionOutcomes
from fewpix.evaluate.tasks.outcomes import Measured, bootstrap_of, subtracted
from fewpix.evaluate.tasks.pairs import PairOutcomes
from fewpix.evaluate.tasks.search import SearchOutcomes

logger = logging.getLogger(__name__)

_OUTCOMES: dict[str, type[PairOutcomes] | type[SearchOutcomes] | type[DetectionOutcomes]] = {
    "pairs": PairOutcomes,
    "search": SearchOutcomes,
    "detections": DetectionOutcomes,
}

_SAME_BENCHMARK = ("kind", "variant", "data_sha256")
_SAME_TREATMENT = (
    "small",
    "other_size",
    "family",
    "interpolation",
    "fit",
    "alignment",
    "fusion",
    "prototypes",
    "rank",
    "iou",
)
"""What two results must have in common, besides their models and sizes."""

_WORDS = {"tar": "TAR", "tpir": "TPIR", "rank": "rank-k"}

_FIXES = {
    "other_size": "measure both with the same --gallery-size",
    "rank": "measure both with the same --rank",
}

Place = tuple[int | None, tuple[tuple[str, str], ...]]
"""Size and part of a cell."""


@dataclass(frozen=True, eq=False)
class Scores:
    """A result with its single scores.

    Args:
        name: of the file.
        result: the figures.
        arrays: of its file of scores.
    """

    name: str
    result: Result
    arrays: Arrays

    @classmethod
    def read(cls, path: Path) -> Scores:
        """From `X.json` and `X.scores.npz`.

        Raises:
            InputError: one is missing, is not as it should be, or does not belong to the other; or there are
                no single scores of such a result.
        """
        result = parsed(read_result(path), str(path))
        if not isinstance(result, Result) or result.compared:
            what = "is a comparison" if isinstance(result, Result) else "says how a score file was made"
            raise InputError(f"{path} {what}", fix="name results of fewpix evaluate that have single scores")
        if result.scores_sha256 is None:
            raise InputError(
                f"{path} has no single scores: it was written before they were kept, or they are too many",
                fix="measure it again with --out, or compare the intervals",
            )
        return cls(path.name, result, read_scores(path, result.scores_sha256))

    def place(self, cell: Cell) -> Place:
        """Where a cell was measured; of a result with one protocol that one is named, too."""
        protocols = self.result.treatment.protocols
        part = cell.part or ({"protocol": protocols[0]} if len(protocols) == 1 else {})
        return cell.size, tuple(part.items())

    @property
    def places(self) -> list[Place]:
        """Of its cells, in their order."""
        return list(dict.fromkeys(self.place(cell) for cell in self.result.cells))

    def measured(self, places: set[Place], asked: Asked) -> Iterator[Measured]:
        """The cells at some places with their outcomes.

        Raises:
            InputError: arrays are missing or do not fit.
        """
        kind = _OUTCOMES[self.result.task]
        rows: dict[str, int] = {}
        for cell in self.result.cells:
            group = group_of(cell.part)
            arrays = unpacked(self.arrays, group)
            if not arrays:
                continue
            n = rows[group] = rows.get(group, -1) + 1
            if self.place(cell) in places:
                shared, own = self._row(arrays, n)
                part = dict(self.place(cell)[1])
                yield cell.model_copy(update={"part": part}), kind.read(shared, own, asked)

    def shared(self, group: str) -> Arrays:
        """What all models have in common."""
        return self._row(unpacked(self.arrays, group), 0)[0]

    def _row(self, arrays: Arrays, n: int) -> tuple[Arrays, Arrays]:
        """The arrays in common, and those of the cell number `n` of a group."""
        own = _OUTCOMES[self.result.task].OWN
        mine = {key: array for key, array in arrays.items() if key in own}
        if any(n >= len(array) for array in mine.values()):
            raise InputError(
                f"the scores of {self.name} do not fit its figures", fix="measure again with --out"
            )
        return (
            {key: array for key, array in arrays.items() if key not in own},
            {key: array[n] for key, array in mine.items()},
        )


def compare(first: Scores, second: Scores, *, draws: Draws | None = None) -> Result:
    """Every model of the first result minus every model of the second, at every size and part that both have.

    Args:
        first: a result.
        second: another one of the same benchmark, protocol and treatment of pictures.
        draws: of the bootstrap over people.

    Raises:
        InputError: they are of different things, and of which, or no size is in both.
    """
    how = draws or Draws()
    _check_alike(first, second)
    places = set(first.places) & set(second.places)
    asked = Asked(
        fars=_both(first, second, "tar"),
        ranks=tuple(int(k) for k in _both(first, second, "rank")),
        fpirs=_both(first, second, "tpir"),
        rank=first.result.treatment.rank,
    )
    one, other = (list(side.measured(places, asked)) for side in (first, second))
    for group in dict.fromkeys(group_of(cell.part) for cell, _ in one):
        left, right = first.shared(group), second.shared(group)
        if any(key in right and not np.array_equal(left[key], right[key]) for key in left):
            raise InputError(f"the scores of {first.name} and {second.name} are of different comparisons")
    differences = subtracted(one, other, how)
    if all(len(side.result.treatment.protocols) == 1 for side in (first, second)):  # it need not be named
        differences = [
            change.model_copy(update={"part": {k: v for k, v in change.part.items() if k != "protocol"}})
            for change in differences
        ]
    return first.result.model_copy(
        update={
            "models": {},
            "others": {},
            "bootstrap": bootstrap_of(how, first.result.bootstrap.how),
            "cells": [],
            "differences": differences,
            "compared": [_compared(first, second), _compared(second, first)],
            "scores_sha256": None,
        }
    )


def _both(first: Scores, second: Scores, measure: str) -> tuple[float, ...]:
    """The rates or ranks of a measure that both results report; told where they have none in common."""
    mine, theirs = (
        {
            figure.at: None
            for cell in side.result.cells
            for figure in cell.figures
            if figure.measure == measure
        }
        for side in (first, second)
    )
    found = tuple(float(at) for at in mine if at in theirs)
    if mine and theirs and not found:
        logger.warning(
            "%s is not compared: %s has it at %s, %s at %s",
            *(_WORDS[measure], first.name, ", ".join(mine), second.name, ", ".join(theirs)),
        )
    return found


def _compared(one: Scores, other: Scores) -> Compared:
    theirs = {size for size, _ in other.places}
    assert one.result.scores_sha256 is not None
    return Compared(
        name=one.name,
        models=one.result.models,
        flip=one.result.treatment.flip,
        sizes_alone=list(dict.fromkeys(size for size, _ in one.places if size not in theirs)),
        scores_sha256=one.result.scores_sha256,
    )


def _check_alike(first: Scores, second: Scores) -> None:
    """Refuse two results that are not of the same comparisons; what differs is named."""
    one, other = first.result, second.result
    if one.task != other.task:
        raise InputError(
            f"{first.name} is of {one.task}, {second.name} of {other.task}",
            fix="compare two results of one verb",
        )
    # two score files differ in what is hashed with the lists
    keys = [key for key in _SAME_BENCHMARK if key != "data_sha256" or one.task != "detections"]
    wanted = [(key, getattr(one.benchmark, key), getattr(other.benchmark, key)) for key in keys]
    if one.task == "detections":
        wanted.append(("lists_sha256", one.benchmark.lists_sha256, other.benchmark.lists_sha256))
    treated = list(_SAME_TREATMENT)
    if one.task == "pairs" and not all("hr-lr" in side.treatment.protocols for side in (one, other)):
        treated.remove("small")  # what they have in common has no side of its own that is small
    wanted += [(key, getattr(one.treatment, key), getattr(other.treatment, key)) for key in treated]
    if one.treatment.steps and other.treatment.steps:
        wanted.append(("seed", one.treatment.seed, other.treatment.seed))
    for key, mine, theirs in wanted:
        if mine != theirs:
            raise InputError(
                f"{first.name} and {second.name} differ in {key}: {_short(mine)} and {_short(theirs)}",
                fix=_FIXES.get(key, "measure both on the same benchmark in the same way"),
            )
    if not set(first.places) & set(second.places):
        sizes = [", ".join(map(_said, side.places)) for side in (first, second)]
        raise InputError(
            f"no size is in both: {first.name} has {sizes[0]}, {second.name} {sizes[1]}",
            fix="measure both at a size in common",
        )


def _said(place: Place) -> str:
    size, part = place
    return ", ".join(("as they are" if size is None else f"{size} px", *(value for _, value in part)))


def _short(value: object) -> str:
    """A value for a message; of a hash its beginning."""
    text = "its own size" if value is None else str(value)
    return text[:12] if len(text) == 64 else text
