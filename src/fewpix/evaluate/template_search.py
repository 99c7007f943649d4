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
from fewpix.evaluate.bootstrap import REPLICATES, Clusters, Interval, mean_interval
from fewpix.evaluate.curve_bootstrap import replicate_curves
from fewpix.evaluate.identification import check_search
from fewpix.evaluate.metrics import far_key
from fewpix.evaluate.streaming import SortedScores, TarPoint

RANKS = (1, 5, 10)
RATES = (1e-2, 1e-1)
_BLOCK = 4_000_000  # scores at once, 16 MB
_MISSED = np.float32(-2)  # below every cosine: no threshold accepts it
_NEVER = np.iinfo(np.int64).max  # the place of somebody who cannot be found

Failed = NDArray[np.bool_] | None
"""Which templates failed to enrol."""


@dataclass(frozen=True)
class GallerySearch:
    """Figures of an open-set search in one gallery, 0 to 1.

    Args:
        people: in the gallery.
        mated: probes whose person is in it.
        nonmated: probes whose person is not.
        rank: share of the mated probes whose person is within the first k, by k.
        rank_ci95: its interval, resampling the people of the probes.
        tpir_at_fpir: share of the mated probes found at rank 1 and above the threshold, by FPIR ("1e-2");
            `tar` is TPIR, `far` FPIR; without figures where the non-mated probes are too few.
        tpir_at_fpir_ci95: its interval, likewise; None where there is no figure.
    """

    people: int
    mated: int
    nonmated: int
    rank: dict[int, float]
    rank_ci95: dict[int, Interval]
    tpir_at_fpir: dict[str, TarPoint]
    tpir_at_fpir_ci95: dict[str, Interval | None]

    def lines(self) -> list[str]:
        """The figures in words."""
        said = [
            f"{self.people:,} people, {self.mated:,} mated and {self.nonmated:,} non-mated probes",
            ", ".join(f"rank-{k} {100 * v:.1f} % ({self.rank_ci95[k]})" for k, v in self.rank.items()),
        ]
        for key, point in self.tpir_at_fpir.items():
            if point.tar is None:
                reason = f"{self.nonmated:,} non-mated probes cannot show it"
                said.append(f"TPIR at FPIR {key} not resolvable: {reason}")
            else:
                said.append(f"TPIR {100 * point.tar:.1f} % at FPIR {key} ({self.tpir_at_fpir_ci95[key]})")
        return said

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "people": self.people,
            "mated": self.mated,
            "nonmated": self.nonmated,
            "rank": {str(k): v for k, v in self.rank.items()},
            "rank_ci95": {str(k): ci.to_json() for k, ci in self.rank_ci95.items()},
            "tpir_at_fpir_ci95": {
                k: ci.to_json() if ci else None for k, ci in self.tpir_at_fpir_ci95.items()
            },
            "tpir_at_fpir": {
                key: {
                    "tpir": point.tar,
                    "fpir": point.far,
                    "threshold": point.threshold,
                    **({"reason": point.reason} if point.reason else {}),
                }
                for key, point in self.tpir_at_fpir.items()
            },
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
    replicates: int = REPLICATES,
    seed: int = 0,
) -> GallerySearch:
    """Search every probe in one gallery, in blocks of probes.

    A person's score is that of their best template; a tie counts against the model, as in
    `fewpix.evaluate.identification`; the threshold is as in `fewpix.evaluate.open_set`. Templates that failed
    to enrol count, as in `fewpix.evaluate.enrolment`: such a mated probe, or one whose person has no other
    template in the gallery, is a miss; a non-mated one raises no alarm.

    Args:
        probes: (Q, D), L2-normalised; used as float32.
        probe_people: (Q,) labels.
        gallery: (G, D), L2-normalised.
        gallery_people: (G,) labels.
        ranks: the k of rank-k to report.
        fpirs: the false positive identification rates to report.
        failed: (Q,) bool, probes that failed to enrol, whose rows say nothing; none when None.
        gallery_failed: (G,) bool, likewise.
        replicates: of the bootstrap over the people of the probes.
        seed: of the bootstrap.

    Raises:
        InputError: shapes do not match, an embedding is not finite, or a kind of search is missing.
    """
    _check(probes, probe_people, gallery, gallery_people)
    people = np.unique(gallery_people)
    mated = np.isin(probe_people, people)
    if mated.all() or not mated.any():
        raise InputError(
            "open-set identification needs probes of people in the gallery and of others",
            fix="search IJB's two galleries one by one",
        )
    mate = np.minimum(np.searchsorted(people, probe_people), len(people) - 1)
    best = np.empty(len(probes), dtype=np.float32)
    place = np.zeros(len(probes), dtype=np.int64)
    for rows, scores in _person_scores(probes, gallery, gallery_people, failed, gallery_failed):
        own = np.take_along_axis(scores, mate[rows, None], axis=1)
        place[rows] = np.where(own[:, 0] > _MISSED, (scores >= own).sum(axis=1), _NEVER)
        best[rows] = np.where(mated[rows], np.where(place[rows] == 1, own[:, 0], _MISSED), scores.max(axis=1))
    sorted_ = SortedScores.of(best, mated)
    points = {far_key(fpir): sorted_.tar_at_far(fpir) for fpir in fpirs}
    everybody, known = Clusters.of(probe_people), Clusters.of(probe_people[mated])
    shown = [point.target for point in points.values() if point.tar is not None]
    drawn = (
        replicate_curves(best, mated, shown, everybody, replicates=replicates, seed=seed) if shown else None
    )
    hits: dict[int, NDArray[np.bool_]] = {k: place[mated] <= k for k in ranks}
    return GallerySearch(
        people=len(people),
        mated=int(mated.sum()),
        nonmated=int((~mated).sum()),
        rank={k: float(hit.mean()) for k, hit in hits.items()},
        rank_ci95={k: mean_interval(hit, known, replicates=replicates, seed=seed) for k, hit in hits.items()},
        tpir_at_fpir=points,
        tpir_at_fpir_ci95={
            key: None if drawn is None or point.tar is None else drawn.tar_interval(point.target)
            for key, point in points.items()
        },
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
