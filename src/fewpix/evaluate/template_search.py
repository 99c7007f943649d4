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
from fewpix.evaluate.identification import check_search
from fewpix.evaluate.metrics import far_key
from fewpix.evaluate.streaming import SortedScores, TarPoint

RANKS = (1, 5, 10)
RATES = (1e-2, 1e-1)
_BLOCK = 4_000_000  # scores at once, 16 MB
_MISSED = np.float32(-2)  # below every cosine: no threshold accepts it


@dataclass(frozen=True)
class GallerySearch:
    """Figures of an open-set search in one gallery, 0 to 1.

    Args:
        people: in the gallery.
        mated: probes whose person is in it.
        nonmated: probes whose person is not.
        rank: share of the mated probes whose person is within the first k, by k.
        tpir_at_fpir: share of the mated probes found at rank 1 and above the threshold, by FPIR ("1e-2");
            `tar` is TPIR, `far` FPIR; without figures where the non-mated probes are too few.
    """

    people: int
    mated: int
    nonmated: int
    rank: dict[int, float]
    tpir_at_fpir: dict[str, TarPoint]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "people": self.people,
            "mated": self.mated,
            "nonmated": self.nonmated,
            "rank": {str(k): v for k, v in self.rank.items()},
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
) -> GallerySearch:
    """Search every probe in one gallery, in blocks of probes.

    A person's score is that of their best template; a tie counts against the model, as in
    `fewpix.evaluate.identification`; the threshold is as in `fewpix.evaluate.open_set`.

    Args:
        probes: (Q, D), L2-normalised; used as float32.
        probe_people: (Q,) labels.
        gallery: (G, D), L2-normalised.
        gallery_people: (G,) labels.
        ranks: the k of rank-k to report.
        fpirs: the false positive identification rates to report.

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
    for rows, scores in _person_scores(probes, gallery, gallery_people):
        own = np.take_along_axis(scores, mate[rows, None], axis=1)
        place[rows] = (scores >= own).sum(axis=1)
        best[rows] = np.where(mated[rows], np.where(place[rows] == 1, own[:, 0], _MISSED), scores.max(axis=1))
    sorted_ = SortedScores.of(best, mated)
    return GallerySearch(
        people=len(people),
        mated=int(mated.sum()),
        nonmated=int((~mated).sum()),
        rank={k: float((place[mated] <= k).mean()) for k in ranks},
        tpir_at_fpir={far_key(fpir): sorted_.tar_at_far(fpir) for fpir in fpirs},
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
) -> JoinedSearch:
    """Search every probe in the two galleries joined, as public code does.

    Args:
        probes: (Q, D), L2-normalised; used as float32.
        probe_people: (Q,) labels, each in the gallery.
        gallery: (G, D), L2-normalised, one template a person.
        gallery_people: (G,) labels.
        ranks: the k of rank-k to report.
        rates: the wrong comparisons allowed per probe.

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
    for rows, scores in _person_scores(probes, gallery, gallery_people):
        mine = mate[rows, None]
        own[rows] = np.take_along_axis(scores, mine, axis=1)[:, 0]
        place[rows] = (scores >= own[rows, None]).sum(axis=1)
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
    probes: NDArray[np.floating], gallery: NDArray[np.floating], gallery_people: NDArray[np.integer]
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Blocks of probes, and (n, people) their cosines with each person's best template."""
    order = np.argsort(gallery_people, kind="stable")
    starts = np.unique(gallery_people[order], return_index=True)[1]
    columns = gallery[order].astype(np.float32).T
    step = max(1, _BLOCK // len(gallery))
    for start in range(0, len(probes), step):
        scores = probes[start : start + step].astype(np.float32) @ columns
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
