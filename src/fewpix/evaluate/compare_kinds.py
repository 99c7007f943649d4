"""How the single scores of two results of each kind are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from fewpix.errors import InputError
from fewpix.evaluate.compared import Difference
from fewpix.evaluate.measured import Measured, in_both
from fewpix.evaluate.pair_difference import pair_difference
from fewpix.evaluate.pair_record import PairRecord
from fewpix.evaluate.search_difference import search_difference
from fewpix.evaluate.search_record import SearchRecord
from fewpix.evaluate.statistics.replicates import CurveReplicates, replicate_curves
from fewpix.evaluate.statistics.scores import allowed_accepts
from fewpix.evaluate.template_pair_difference import template_pair_difference
from fewpix.evaluate.template_pair_record import TemplatePairRecord
from fewpix.evaluate.template_search_record import TemplateSearchRecord
from fewpix.evaluate.uccs_difference import uccs_difference
from fewpix.evaluate.uccs_record import UccsRecord

Differ = Callable[[int, int], Mapping[str, Difference]]
"""From the places of two models' scores to their differences: one, of "", or one for each gallery."""


def _pairs(first: Measured, second: Measured, replicates: int, seed: int) -> Differ:
    """Pairs of pictures."""
    one, other = (PairRecord.from_arrays(side.arrays) for side in (first, second))
    alike = one.pairs.pictures == other.pairs.pictures and all(
        np.array_equal(getattr(one.pairs, key), getattr(other.pairs, key))
        for key in ("first", "second", "same", "folds", "people")
    )
    if not alike:
        raise InputError(f"the scores of {first.name} and {second.name} are of different pairs")
    _check_rows(first, len(one.scores))
    _check_rows(second, len(other.scores))
    fars = _rates(first, second, "tar_at_far")
    impostors = int((~one.pairs.same).sum())
    shown = tuple(far for far in fars if allowed_accepts(far, impostors))
    clusters, kinds = one.pairs.clusters(), one.pairs.same

    @cache
    def drawn(side: int, row: int) -> CurveReplicates:
        scores = (one, other)[side].scores[row]
        return replicate_curves(scores, kinds, shown, clusters, replicates=replicates, seed=seed)

    def differ(a: int, b: int) -> Mapping[str, Difference]:
        found = pair_difference(
            one.scores[a],
            other.scores[b],
            one.pairs,
            fars=fars,
            drawn=(drawn(0, a), drawn(1, b)),
            replicates=replicates,
            seed=seed,
        )
        return {"": found}

    return differ


def _searches(first: Measured, second: Measured, replicates: int, seed: int) -> Differ:
    """What became of probes."""
    one, other = (SearchRecord.from_arrays(side.arrays) for side in (first, second))
    _check_probes(first, second, one, other)
    ranks: tuple[int, ...] = (1,)
    rank, fpirs = 1, list[float]()
    if first.payload["set"] == "closed":
        ranks = tuple(int(k) for k in in_both(first.figures[0], second.figures[0], "rank")) or (1,)
    else:
        rank, another = (side.figures[0]["rank"] for side in (first, second))
        if another != rank:
            raise InputError(
                f"{first.name} counts people up to rank {rank}, {second.name} up to {another}",
                fix="measure both with the same --rank",
            )
        fpirs = _rates(first, second, "tpir_at_fpir")

    def differ(a: int, b: int) -> Mapping[str, Difference]:
        found = search_difference(
            one.searched[a],
            other.searched[b],
            one.people,
            ranks=ranks,
            rank=rank,
            fpirs=fpirs,
            replicates=replicates,
            seed=seed,
        )
        return {"": found}

    return differ


def _template_pairs(first: Measured, second: Measured, replicates: int, seed: int) -> Differ:
    """Pairs of templates."""
    one, other = (TemplatePairRecord.from_arrays(side.arrays) for side in (first, second))
    if not one.alike(other):
        raise InputError(f"the scores of {first.name} and {second.name} are of different pairs")
    _check_rows(first, len(one.scores))
    _check_rows(second, len(other.scores))
    fars = _rates(first, second, "tar_at_far")

    def differ(a: int, b: int) -> Mapping[str, Difference]:
        found = template_pair_difference((one, a), (other, b), fars=fars, replicates=replicates, seed=seed)
        return {"": found}

    return differ


def _template_searches(first: Measured, second: Measured, replicates: int, seed: int) -> Differ:
    """What became of probes in each gallery."""
    one, other = (TemplateSearchRecord.from_arrays(side.arrays).galleries for side in (first, second))
    if list(one) != list(other):
        raise InputError(f"the scores of {first.name} and {second.name} are of different galleries")
    for name in one:
        _check_probes(first, second, one[name], other[name])

    def differ(a: int, b: int) -> Mapping[str, Difference]:
        found = {}
        for name, record in one.items():
            cells = [side.figures[0]["galleries"][name] for side in (first, second)]
            found[name] = search_difference(
                record.searched[a],
                other[name].searched[b],
                record.people,
                ranks=tuple(int(k) for k in in_both(cells[0], cells[1], "rank")) or (1,),
                fpirs=[float(fpir) for fpir in in_both(cells[0], cells[1], "tpir_at_fpir")],
                replicates=replicates,
                seed=seed,
            )
        return found

    return differ


def _uccs(first: Measured, second: Measured, replicates: int, seed: int) -> Differ:
    """What became of faces."""
    one, other = (UccsRecord.from_arrays(side.arrays) for side in (first, second))
    if not (np.array_equal(one.image, other.image) and np.array_equal(one.people, other.people)):
        raise InputError(f"the scores of {first.name} and {second.name} are of different faces")
    return lambda _a, _b: {"": uccs_difference(one, other, replicates=replicates, seed=seed)}


DIFFER: dict[str, Callable[[Measured, Measured, int, int], Differ]] = {
    "pairs-1": _pairs,
    "lfw-1": _pairs,
    "lfw-table-1": _pairs,
    "search-1": _searches,
    "template-pairs-1": _template_pairs,
    "template-search-1": _template_searches,
    "uccs-1": _uccs,
}
"""What a result says of itself → how two are compared."""


def _rates(first: Measured, second: Measured, key: str) -> list[float]:
    """The rates that both report, as numbers."""
    return [float(rate) for rate in in_both(first.figures[0], second.figures[0], key)]


def _check_probes(first: Measured, second: Measured, one: SearchRecord, other: SearchRecord) -> None:
    """Refuse records of different probes, or that are not those of the figures."""
    alike = one.probes == other.probes and np.array_equal(one.people, other.people)
    if not alike or not np.array_equal(one.searched[0].mated, other.searched[0].mated):
        raise InputError(f"the scores of {first.name} and {second.name} are of different probes")
    _check_rows(first, len(one.searched))
    _check_rows(second, len(other.searched))


def _check_rows(side: Measured, rows: int) -> None:
    """Refuse a result whose figures are not those that its scores are of."""
    figures = len(side.figures)
    if rows != figures:
        raise InputError(
            f"{side.name} has {figures} figures, its scores {rows} rows", fix="measure again with --out"
        )
