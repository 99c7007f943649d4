"""Two models on the same searches: how far each figure differs, probe by probe, and whether by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fewpix.evaluate.pair_difference import Change, answers_change
from fewpix.evaluate.retrieval import open_auc, open_replicates, open_scores
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, mean_interval, percentiles
from fewpix.evaluate.statistics.paired import McNemar, mcnemar
from fewpix.evaluate.statistics.replicates import Both
from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts, far_key
from fewpix.evaluate.streaming_search import Labels, Searched


@dataclass(frozen=True)
class SearchDifference:
    """The first model's figures minus the second's.

    Args:
        rank: of rank-k over the mated searches, by k; among rows where every probe is mated, else people.
        mcnemar: of the mated searches that find the right person first.
        mean_average_precision: None where it was not worked out.
        tpir_at_fpir: by rate, each model at its own threshold; empty where every probe is mated.
        auc: None likewise.
    """

    rank: dict[int, Change]
    mcnemar: McNemar
    mean_average_precision: Change | None
    tpir_at_fpir: dict[str, Change]
    auc: Change | None

    def lines(self) -> list[str]:
        """In words, in points of percent."""
        found = [", ".join(f"rank-{k} {change}" for k, change in self.rank.items()) + f"; {self.mcnemar}"]
        if self.mean_average_precision:
            found.append(f"mAP {self.mean_average_precision}")
        rates = [f"TPIR at FPIR {fpir} {change}" for fpir, change in self.tpir_at_fpir.items()]
        rates += [f"AUC {self.auc}"] if self.auc else []
        return found + ([", ".join(rates)] if rates else [])

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        average = self.mean_average_precision
        return {
            "rank": {str(k): change.to_json() for k, change in self.rank.items()},
            "mcnemar": self.mcnemar.to_json(),
            "map": average.to_json() if average else None,
            "tpir_at_fpir": {fpir: change.to_json() for fpir, change in self.tpir_at_fpir.items()},
            "auc": self.auc.to_json() if self.auc else None,
        }


def search_difference(
    first: Searched,
    second: Searched,
    probe_people: Labels,
    *,
    ranks: Sequence[int] = (1,),
    rank: int = 1,
    fpirs: Sequence[float] = (),
    drawn: Both | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> SearchDifference:
    """Compare what two models' searches say of the same probes.

    Args:
        first: of one model.
        second: of the other.
        probe_people: N labels.
        ranks: the k of rank-k.
        rank: the place up to which the right person counts for TPIR.
        fpirs: false positive identification rates; those that the probes cannot show are left out.
        drawn: the replicates of both, drawn for this rank with these probes, replicates and seed; their
            targets hold `fpirs`. They are drawn when None.
        replicates: of the bootstrap over the people of the probes.
        seed: of the bootstrap.

    Raises:
        InputError: there are too few people for an interval.
    """
    mated = first.mated
    closed = bool(mated.all())
    mates = Clusters.of(np.asarray(probe_people)[mated])
    places = [(one.row_ranks if closed else one.ranks)[mated] for one in (first, second)]
    by_rank = {
        k: answers_change(places[0] <= k, places[1] <= k, mates, replicates=replicates, seed=seed)
        for k in ranks
    }
    average = None
    if first.precisions is not None and second.precisions is not None:
        change = first.precisions[mated] - second.precisions[mated]
        ci95 = mean_interval(change, mates, replicates=replicates, seed=seed)
        average = Change(float(change.mean()), ci95)
    test = mcnemar(places[0] <= 1, places[1] <= 1)
    if closed:
        return SearchDifference(by_rank, test, average, {}, None)
    shown = tuple(fpir for fpir in fpirs if allowed_accepts(fpir, int((~mated).sum())))
    scores = [open_scores(one, rank) for one in (first, second)]
    curves = drawn or [
        open_replicates(one, probe_people, rank=rank, fpirs=shown, replicates=replicates, seed=seed)
        for one in (first, second)
    ]
    rates, ordered = {}, [SortedScores.of(values, mated) for values in scores]
    for fpir in shown:
        one, other = (found.tar(found.threshold_at(fpir)) for found in ordered)
        rates[far_key(fpir)] = Change(one - other, percentiles(curves[0].tars(fpir) - curves[1].tars(fpir)))
    areas = [open_auc(values, mated) for values in scores]
    auc = Change(areas[0] - areas[1], percentiles(curves[0].auc - curves[1].auc))
    return SearchDifference(by_rank, test, average, rates, auc)
