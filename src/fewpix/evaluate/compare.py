"""Two results of the same benchmark, compared pair by pair or probe by probe from their files of scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fewpix.errors import InputError
from fewpix.evaluate.bootstrap import LEVEL, REPLICATES
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.measured import Measured, check_alike, in_both, size_text
from fewpix.evaluate.pair_difference import PairDifference, pair_difference
from fewpix.evaluate.pair_record import PairRecord
from fewpix.evaluate.search_difference import SearchDifference, search_difference
from fewpix.evaluate.search_record import SearchRecord

SCHEMA = "comparison-1"
"""What its JSON says of itself; `schema.comparison` has the keys."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found.

    Args:
        first: the result whose figures count positive.
        second: the other one.
        differences: in the order of sizes and models.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """

    first: Measured
    second: Measured
    differences: tuple[Compared, ...]
    replicates: int
    seed: int

    scores_file = None
    """There is none: everything can be had from the two results."""

    def __str__(self) -> str:
        lines = [f"{self.first.payload['benchmark']}: {self.first.name} against {self.second.name}"]
        for one, other in ((self.first, self.second), (self.second, self.first)):
            alone = [size_text(size) for size in one.sizes if size not in other.sizes]
            if alone:
                lines.append(f"  only in {one.name}, not compared: {', '.join(alone)}")
        return "\n".join([*lines, *(line for one in self.differences for line in one.lines())])

    def to_json(self) -> dict[str, Any]:
        """The differences and all that decides them."""
        payload = self.first.payload
        return {
            "schema": SCHEMA,
            "of": self.first.kind,
            "benchmark": payload["benchmark"],
            "protocol": payload["protocol"] if self.first.kind == "pairs-1" else payload["set"],
            "data_sha256": payload["data_sha256"],
            "first": _side(self.first, self.second),
            "second": _side(self.second, self.first),
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people",
            "replicates": self.replicates,
            "seed": self.seed,
            "differences": [one.to_json() for one in self.differences],
        }


def compare(first: Measured, second: Measured, *, replicates: int = REPLICATES, seed: int = 0) -> Comparison:
    """Every model of the first result minus every model of the second, at every size that both have.

    Args:
        first: a result.
        second: another one of the same benchmark, protocol and treatment of pictures.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.

    Raises:
        InputError: they are of different things, and of which, or no size is in both.
    """
    check_alike(first, second)
    sizes = [size for size in first.sizes if size in second.sizes]
    found = []
    differ = (_pairs if first.kind == "pairs-1" else _searches)(first, second, replicates, seed)
    for size in sizes:
        for model, a in first.rows(size):
            found += [Compared(model, minus, size, differ(a, b)) for minus, b in second.rows(size)]
    return Comparison(first, second, tuple(found), replicates, seed)


Differ = Callable[[int, int], PairDifference | SearchDifference]
"""From the places of two models' scores to their difference."""


def _pairs(first: Measured, second: Measured, replicates: int, seed: int) -> Differ:
    """How two rows of scores of pairs are compared."""
    one, other = (PairRecord.from_arrays(side.arrays) for side in (first, second))
    alike = one.pairs.pictures == other.pairs.pictures and all(
        np.array_equal(getattr(one.pairs, key), getattr(other.pairs, key))
        for key in ("first", "second", "same", "folds", "people")
    )
    if not alike:
        raise InputError(f"the scores of {first.name} and {second.name} are of different pairs")
    _check_rows(first, len(one.scores))
    _check_rows(second, len(other.scores))
    fars = [float(far) for far in in_both(first, second, "tar_at_far")]

    def differ(a: int, b: int) -> PairDifference:
        return pair_difference(
            one.scores[a], other.scores[b], one.pairs, fars=fars, replicates=replicates, seed=seed
        )

    return differ


def _searches(first: Measured, second: Measured, replicates: int, seed: int) -> Differ:
    """How what became of probes is compared."""
    one, other = (SearchRecord.from_arrays(side.arrays) for side in (first, second))
    alike = one.probes == other.probes and np.array_equal(one.people, other.people)
    if not alike or not np.array_equal(one.searched[0].mated, other.searched[0].mated):
        raise InputError(f"the scores of {first.name} and {second.name} are of different probes")
    _check_rows(first, len(one.searched))
    _check_rows(second, len(other.searched))
    ranks: tuple[int, ...] = (1,)
    rank, fpirs = 1, list[float]()
    if first.payload["set"] == "closed":
        ranks = tuple(int(k) for k in in_both(first, second, "rank")) or (1,)
    else:
        rank, another = (side.payload["figures"][0]["rank"] for side in (first, second))
        if another != rank:
            raise InputError(
                f"{first.name} counts people up to rank {rank}, {second.name} up to {another}",
                fix="measure both with the same --rank",
            )
        fpirs = [float(fpir) for fpir in in_both(first, second, "tpir_at_fpir")]

    def differ(a: int, b: int) -> SearchDifference:
        return search_difference(
            one.searched[a],
            other.searched[b],
            one.people,
            ranks=ranks,
            rank=rank,
            fpirs=fpirs,
            replicates=replicates,
            seed=seed,
        )

    return differ


def _check_rows(side: Measured, rows: int) -> None:
    """Refuse a result whose figures are not those that its scores are of."""
    figures = len(side.payload["figures"])
    if rows != figures:
        raise InputError(
            f"{side.name} has {figures} figures, its scores {rows} rows", fix="measure again with --out"
        )


def _side(one: Measured, other: Measured) -> dict[str, Any]:
    return {
        "models": one.payload["models"],
        "flip": one.payload["flip"],
        "scores_sha256": one.payload["scores_sha256"],
        "sizes_alone": [size for size in one.sizes if size not in other.sizes],
    }
