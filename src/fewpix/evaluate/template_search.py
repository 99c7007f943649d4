"""Searching templates in galleries: NIST's rates, and what public code for IJB reports instead.

`search` is an open-set search in one gallery: probes whose person is not in it are the non-mated searches,
and FPIR is the share of them that find anybody (NIST IR 8271; IJB's own protocol). IJB has two galleries;
search each and report both, or their mean.

`joined_search` is what insightface's ijb_1n.py does with the two galleries joined: every probe has a mate
there, no search is non-mated, and the threshold is the ceil(Q · rate)-th highest of all Q (G - 1) wrong
comparisons. That is a number of false accepts per probe and no FPIR: figures of the two do not belong into
one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.enrolment import with_failures
from fewpix.evaluate.identification import check_search
from fewpix.evaluate.retrieval import WatchList, watch_list
from fewpix.evaluate.search_cell import search_histograms
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters
from fewpix.evaluate.statistics.curves import Cmc, Histograms, cmc
from fewpix.evaluate.statistics.scores import allowed_accepts, far_key
from fewpix.evaluate.streaming_search import MEMORY, Searched
from fewpix.evaluate.streaming_search import search as search_all

RANKS = (1, 5, 10)
RATES = (1e-2, 1e-1)
_BLOCK = 4_000_000  # scores at once, 16 MB
_MISSED = np.float32(-2)  # below every cosine: no threshold accepts it
_NEVER = np.iinfo(np.int64).max  # the place of somebody who cannot be found

Failed = NDArray[np.bool_] | None
"""Which templates failed to enrol."""


@dataclass(frozen=True, eq=False)
class GallerySearch:
    """Figures of an open-set search in one gallery, 0 to 1.

    Args:
        searched: what became of every probe.
        rank: share of the mated probes whose person is within the first k, by k.
        watch: TPIR at rank 1 and above a threshold by FPIR, at the rates that the non-mated probes can show,
            and the curve.
        unresolved: the rates that they cannot show.
        cmc: the curve of ranks.
        histograms: of the scores.
    """

    searched: Searched
    rank: Cmc
    watch: WatchList
    unresolved: tuple[float, ...]
    cmc: Cmc
    histograms: Histograms

    @property
    def nonmated(self) -> int:
        """Probes whose person is not in the gallery."""
        return self.watch.open_set.nonmated

    @property
    def reason(self) -> str:
        """Why a rate cannot be shown."""
        return f"{self.nonmated:,} non-mated probes cannot show it"

    def lines(self) -> list[str]:
        """The figures in words."""
        rates = self.watch.open_set
        said = [
            f"{rates.people:,} people, {rates.mated:,} mated and {rates.nonmated:,} non-mated probes",
            ", ".join(f"rank-{k} {100 * v:.1f} % ({self.rank.ci95[k]})" for k, v in self.rank.share.items()),
        ]
        said += [
            f"TPIR {100 * v:.1f} % at FPIR {key} ({rates.tpir_at_fpir_ci95[key]})"
            for key, v in rates.tpir_at_fpir.items()
        ]
        said += [f"TPIR at FPIR {far_key(rate)} not resolvable: {self.reason}" for rate in self.unresolved]
        return [*said, f"AUC {100 * self.watch.auc:.1f} % ({self.watch.auc_ci95})"]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        watch = self.watch.to_json()
        del watch["rank"]  # the place that counts, which is always the first
        return {
            **watch,
            "not_resolvable": {far_key(rate): self.reason for rate in self.unresolved},
            "rank": {str(k): v for k, v in self.rank.share.items()},
            "rank_ci95": {str(k): ci95.to_json() for k, ci95 in self.rank.ci95.items()},
            "cmc": self.cmc.to_json(),
            "histogram": self.histograms.to_json(),
        }


def search(
    probes: NDArray[np.floating],
    probe_people: NDArray[np.integer],
    gallery: NDArray[np.floating],
    gallery_people: NDArray[np.integer],
    *,
    ranks: Sequence[int] = RANKS,
    fpirs: Sequence[float] = RATES,
    failed: Failed = None,
    gallery_failed: Failed = None,
    memory: int = MEMORY,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> GallerySearch:
    """Search every probe in one gallery, in blocks of probes.

    A person's score is that of their best template; a tie counts against the model, and scores nearer than
    `streaming_search.TIE` are equal. Templates that failed to enrol count, as in `enrolment`: such a mated
    probe, or one whose person has no other template in the gallery, is a miss; a non-mated one raises no
    alarm.

    Args:
        probes: (Q, D), L2-normalised; used as float32.
        probe_people: (Q,) labels.
        gallery: (G, D), L2-normalised.
        gallery_people: (G,) labels.
        ranks: the k of rank-k to report.
        fpirs: the false positive identification rates to report.
        failed: (Q,) bool, probes that failed to enrol, whose rows say nothing; none when None.
        gallery_failed: (G,) bool, likewise.
        memory: bytes for the scores of one block.
        replicates: of the bootstrap over the people of the probes.
        seed: of the bootstrap.

    Raises:
        InputError: shapes do not match, an embedding is not finite, or a kind of search is missing.
    """
    _check(probes, probe_people, gallery, gallery_people)
    there = np.ones(len(probes), dtype=np.bool_) if failed is None else ~failed
    inside = np.ones(len(gallery), dtype=np.bool_) if gallery_failed is None else ~gallery_failed
    if there.any() and inside.any():
        found = search_all(
            probes[there], probe_people[there], gallery[inside], gallery_people[inside], memory=memory
        )
    else:
        there, found = np.zeros_like(there), Searched.nothing()
    found = with_failures(found, probe_people, there, gallery_people)
    strangers = int((~found.mated).sum())
    shown = [fpir for fpir in fpirs if strangers and allowed_accepts(fpir, strangers)]
    watch = watch_list(found, probe_people, rank=1, fpirs=shown, replicates=replicates, seed=seed)
    places, mates = found.ranks[found.mated], Clusters.of(probe_people[found.mated])
    return GallerySearch(
        searched=found,
        rank=cmc(places, mates, found.people, ranks=ranks, replicates=replicates, seed=seed),
        watch=watch,
        unresolved=tuple(fpir for fpir in fpirs if fpir not in shown),
        cmc=cmc(places, mates, found.people, replicates=replicates, seed=seed),
        histograms=search_histograms(found),
    )


@dataclass(frozen=True)
class JoinedSearch:
    """insightface's figures of a search in both galleries joined, 0 to 1; no FPIR.

    Args:
        probes: Q, all mated.
        people: in the joined gallery.
        rank: share of the probes whose person is within the first k, by k.
        recall: share of the probes above the ceil(Q · rate)-th highest wrong comparison, at any rank, by
            rate.
    """

    probes: int
    people: int
    rank: dict[int, float]
    recall: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**vars(self), "rank": {str(k): v for k, v in self.rank.items()}}


def joined_search(
    probes: NDArray[np.floating],
    probe_people: NDArray[np.integer],
    gallery: NDArray[np.floating],
    gallery_people: NDArray[np.integer],
    *,
    ranks: Sequence[int] = RANKS,
    rates: Sequence[float] = RATES,
    failed: Failed = None,
    gallery_failed: Failed = None,
) -> JoinedSearch:
    """Search every probe in the two galleries joined, as public code does.

    Templates that failed to enrol count: their probes are found at no rank and no threshold, and they make no
    wrong comparison that anybody could pass.

    Args:
        probes: (Q, D), L2-normalised; used as float32.
        probe_people: (Q,) labels, each in the gallery.
        gallery: (G, D), L2-normalised, one template a person.
        gallery_people: (G,) labels.
        ranks: the k of rank-k to report.
        rates: the wrong comparisons allowed per probe.
        failed: (Q,) bool, probes that failed to enrol; none when None.
        gallery_failed: (G,) bool, likewise.

    Raises:
        InputError: shapes do not match, an embedding is not finite, a person has two templates in the
            gallery, a probe's person has none, or a rate does not leave a wrong comparison.
    """
    _check(probes, probe_people, gallery, gallery_people)
    people = np.unique(gallery_people)
    strangers = np.setdiff1d(probe_people, people)
    if len(people) < len(gallery_people) or len(strangers):
        raise InputError(
            "the joined gallery needs one template of every probe's person, "
            f"and {'lacks some' if len(strangers) else 'has several'}",
            fix="use the lists of one release together",
        )
    allowed = {far_key(rate): ceil(len(probes) * rate) for rate in rates}
    if not all(0 < k <= len(probes) * (len(people) - 1) for k in allowed.values()):
        raise InputError(f"{len(probes)} probes of {len(people)} people have no such wrong comparison")
    mate = np.searchsorted(people, probe_people)
    own = np.empty(len(probes), dtype=np.float32)
    place = np.zeros(len(probes), dtype=np.int64)
    worst = np.empty(0, dtype=np.float32)  # the highest wrong comparisons so far
    keep = max(allowed.values())
    for rows, scores in _person_scores(probes, gallery, gallery_people, failed, gallery_failed):
        mine = mate[rows, None]
        own[rows] = np.take_along_axis(scores, mine, axis=1)[:, 0]
        place[rows] = np.where(own[rows] > _MISSED, (scores >= own[rows, None]).sum(axis=1), _NEVER)
        np.put_along_axis(scores, mine, _MISSED, axis=1)
        worst = np.concatenate((worst, scores.ravel()))
        worst = np.partition(worst, len(worst) - min(keep, len(worst)))[-keep:]
    worst = np.sort(worst)[::-1]
    return JoinedSearch(
        probes=len(probes),
        people=len(people),
        rank={k: float((place <= k).mean()) for k in ranks},
        recall={key: float((own > worst[k - 1]).mean()) for key, k in allowed.items()},
    )


def _person_scores(
    probes: NDArray[np.floating],
    gallery: NDArray[np.floating],
    gallery_people: NDArray[np.integer],
    failed: Failed,
    gallery_failed: Failed,
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Blocks of probes, and (n, people) their cosines with each person's best template that is enrolled."""
    order = np.argsort(gallery_people, kind="stable")
    absent = None if gallery_failed is None else gallery_failed[order]
    starts = np.unique(gallery_people[order], return_index=True)[1]
    columns = gallery[order].astype(np.float32).T
    step = max(1, _BLOCK // len(gallery))
    for start in range(0, len(probes), step):
        scores = probes[start : start + step].astype(np.float32) @ columns
        if absent is not None:
            scores[:, absent] = _MISSED
        if failed is not None:
            scores[failed[start : start + step]] = _MISSED
        if len(starts) < len(gallery):
            scores = np.maximum.reduceat(scores, starts, axis=1)
        yield slice(start, min(start + step, len(probes))), scores


def _check(
    probes: NDArray[np.floating],
    probe_people: NDArray[np.integer],
    gallery: NDArray[np.floating],
    gallery_people: NDArray[np.integer],
) -> None:
    check_search(probes, probe_people, gallery, gallery_people)
    if not np.isfinite(probes).all() or not np.isfinite(gallery).all():
        raise InputError("an embedding is not finite", fix="check the embeddings")
