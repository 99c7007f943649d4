"""Figures of a search made block by block: open-set rates, CMC and mean average precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.open_set import OpenSet
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval, mean_interval
from fewpix.evaluate.statistics.curves import ScoreCurve, curve_targets, score_curve
from fewpix.evaluate.statistics.replicates import CurveReplicates, replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores, far_key
from fewpix.evaluate.streaming_search import TIE, Labels, Searched

_MISSED = -2.0  # below every cosine: no threshold accepts it


@dataclass(frozen=True, eq=False)
class WatchList:
    """Open-set figures, and the area under their curve.

    Args:
        open_set: the rates.
        auc: area under TPIR over FPIR from 0 to 1, of the same steps as the rates: the chance that a mated
            probe's own person is within the first ranks and beats everybody whom a non-mated probe finds.
        auc_ci95: its interval, resampling the people of the probes.
        curve: TPIR over FPIR.
        drawn: the replicates that the intervals were made of; a megabyte or so.
    """

    open_set: OpenSet
    auc: float
    auc_ci95: Interval
    curve: ScoreCurve
    drawn: CurveReplicates

    def __str__(self) -> str:
        return f"{self.open_set}, AUC {100 * self.auc:.1f} % ({self.auc_ci95})"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            **self.open_set.to_json(),
            "auc": self.auc,
            "auc_ci95": self.auc_ci95.to_json(),
            "curve": self.curve.to_json("fpir", "tpir"),
        }


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Closed-set figures over the rows of a gallery, 0 to 1.

    Args:
        probes: number of probes.
        people: number of people in the gallery.
        cmc: share of the probes with a right row among the first k, by k.
        cmc_ci95: its interval, resampling the people of the probes.
        mean_average_precision: over the probes; None if the search did not work it out.
        mean_average_precision_ci95: its interval, likewise.
    """

    probes: int
    people: int
    cmc: dict[int, float]
    cmc_ci95: dict[int, Interval]
    mean_average_precision: float | None
    mean_average_precision_ci95: Interval | None

    def __str__(self) -> str:
        parts = [f"rank-{k} {100 * v:.1f} % ({self.cmc_ci95[k]})" for k, v in self.cmc.items()]
        if self.mean_average_precision is not None:
            parts.append(
                f"mAP {100 * self.mean_average_precision:.1f} % ({self.mean_average_precision_ci95})"
            )
        return f"{', '.join(parts)}, {self.probes} probes of {self.people} people"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        interval = self.mean_average_precision_ci95
        return {
            "probes": self.probes,
            "people": self.people,
            "rank": {str(k): v for k, v in self.cmc.items()},
            "rank_ci95": {str(k): ci.to_json() for k, ci in self.cmc_ci95.items()},
            "map": self.mean_average_precision,
            "map_ci95": None if interval is None else interval.to_json(),
        }


def watch_list(
    searched: Searched,
    probe_people: Labels,
    *,
    rank: int,
    fpirs: Sequence[float],
    replicates: int = REPLICATES,
    seed: int = 0,
) -> WatchList:
    """TPIR at FPIR as QMUL-SurvFace defines it, and as `open_set.identify_open` does.

    TPIR(t) is the share of mated probes whose own person is within the first `rank` and scores t or more;
    FPIR(t) that of the others for whom anybody does. t is the smallest observed score that keeps FPIR.

    Args:
        searched: of mated probes and others.
        probe_people: N labels, as in the search.
        rank: at least 1.
        fpirs: the rates to report, 0 to below 1.
        replicates: of the bootstrap over the people of the probes.
        seed: of the bootstrap.

    Raises:
        InputError: lengths do not match, a rate or the rank is out of range, or a kind of probe is missing.
    """
    mated = searched.mated
    if rank < 1 or not all(0 <= fpir < 1 for fpir in fpirs):
        raise InputError(f"rank {rank} must be at least 1, and rates {tuple(fpirs)} between 0 and 1")
    if mated.all() or not mated.any():
        raise InputError(
            "open-set identification needs probes of people in the gallery and of others",
            fix="use identification for this benchmark" if mated.all() else "check the lists",
        )
    drawn = open_replicates(searched, probe_people, rank=rank, fpirs=fpirs, replicates=replicates, seed=seed)
    scores = open_scores(searched, rank)
    ordered = SortedScores.of(scores, mated)
    thresholds = {far_key(fpir): ordered.threshold_at(fpir) for fpir in fpirs}
    figures = OpenSet(
        mated=int(mated.sum()),
        nonmated=int((~mated).sum()),
        people=searched.people,
        rank=rank,
        tpir_at_fpir={key: ordered.tar(threshold) for key, threshold in thresholds.items()},
        tpir_at_fpir_ci95={far_key(fpir): drawn.tar_interval(fpir) for fpir in fpirs},
        thresholds=thresholds,
    )
    curve = score_curve(ordered, drawn.at)
    return WatchList(figures, open_auc(scores, mated), drawn.auc_interval(), curve, drawn)


def open_scores(searched: Searched, rank: int) -> NDArray[np.float64]:
    """(N,) what a threshold is held against: of a mated probe that finds its person within `rank`, that
    person's score; below every threshold of one that does not; of another probe that of the best person.
    """
    scores = searched.best.astype(np.float64)
    mated = searched.mated
    own = searched.own[mated].astype(np.float64) - TIE
    scores[mated] = np.where(searched.ranks[mated] <= rank, own, _MISSED)
    return scores


def open_auc(scores: NDArray[np.float64], mated: NDArray[np.bool_]) -> float:
    """See `WatchList.auc`; `scores` are those of `open_scores`."""
    others = np.sort(scores[~mated])
    return float(np.searchsorted(others, scores[mated], side="left").mean() / len(others))


def open_replicates(
    searched: Searched,
    probe_people: Labels,
    *,
    rank: int,
    fpirs: Sequence[float],
    replicates: int = REPLICATES,
    seed: int = 0,
) -> CurveReplicates:
    """The rates of `watch_list` and of its curve in every replicate."""
    clusters = probe_clusters(searched, probe_people)
    targets = dict.fromkeys((*fpirs, *curve_targets(int((~searched.mated).sum()))))
    return replicate_curves(
        open_scores(searched, rank),
        searched.mated,
        tuple(targets),
        clusters,
        tie=0.0,
        replicates=replicates,
        seed=seed,
    )


def retrieve(
    searched: Searched,
    probe_people: Labels,
    *,
    ranks: Sequence[int],
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Retrieval:
    """CMC over rows, and mean average precision, as TinyFace's official evaluation has them.

    Several rows of one wrong person push the right one down by as many places, other than in
    `identification.identify`, which ranks people; rank-1 is the same.

    Args:
        searched: of mated probes only.
        probe_people: N labels, as in the search.
        ranks: the k to report.
        replicates: of the bootstrap over the people of the probes.
        seed: of the bootstrap.

    Raises:
        InputError: lengths do not match, or a probe's person is not in the gallery.
    """
    clusters = probe_clusters(searched, probe_people)
    if not searched.mated.all():
        raise InputError(
            f"{int((~searched.mated).sum()):,} probes show nobody of the gallery",
            fix="closed-set identification needs a mate",
        )
    hits: dict[int, NDArray[np.bool_]] = {k: searched.row_ranks <= k for k in ranks}
    average = searched.precisions
    return Retrieval(
        probes=len(searched),
        people=searched.people,
        cmc={k: float(hit.mean()) for k, hit in hits.items()},
        cmc_ci95={
            k: mean_interval(hit, clusters, replicates=replicates, seed=seed) for k, hit in hits.items()
        },
        mean_average_precision=None if average is None else float(average.mean()),
        mean_average_precision_ci95=None
        if average is None
        else mean_interval(average, clusters, replicates=replicates, seed=seed),
    )


def probe_clusters(searched: Searched, probe_people: Labels) -> Clusters:
    """Each search by the person that its probe shows.

    Raises:
        InputError: lengths do not match.
    """
    names = np.asarray(probe_people)
    if len(names) != len(searched):
        raise InputError(f"{len(names):,} people for a search of {len(searched):,} probes")
    return Clusters.of(names)
