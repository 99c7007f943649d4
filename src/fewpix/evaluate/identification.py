"""Closed-set identification: every probe shows someone of the gallery, and the question is who.

For programs that have embeddings already, and for the quickstart; `fewpix evaluate` uses `tasks/search.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval, mean_interval
from fewpix.evaluate.statistics.replicates import replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores, far_key
from fewpix.evaluate.tasks.blockwise import search

RANKS = (1, 5)
FARS = (1e-2,)


@dataclass(frozen=True, eq=False)
class Identification:
    """Figures of a closed-set search, 0 to 1.

    Args:
        probes: number of probes.
        people: number of people in the gallery.
        ranks: (N,) int64, the place of each probe's own person, 1 the best.
        cmc: share of the probes with rank ≤ k, by k.
        cmc_ci95: its interval, resampling the people of the probes.
        tar_at_far: of all probe-person comparisons, by false accept rate ("1e-2").
        tar_at_far_ci95: its interval, resampling people.
    """

    probes: int
    people: int
    ranks: NDArray[np.int64]
    cmc: dict[int, float]
    cmc_ci95: dict[int, Interval]
    tar_at_far: dict[str, float]
    tar_at_far_ci95: dict[str, Interval]

    @property
    def rank1(self) -> float:
        """Share of the probes whose best candidate is right."""
        return float((self.ranks == 1).mean())

    def __str__(self) -> str:
        parts = [f"rank-{k} {100 * v:.1f} % ({self.cmc_ci95[k]})" for k, v in self.cmc.items()]
        parts += [
            f"TAR {100 * v:.1f} % at FAR {k} ({self.tar_at_far_ci95[k]})" for k, v in self.tar_at_far.items()
        ]
        return f"{', '.join(parts)}, {self.probes} probes of {self.people} people"

    def to_json(self) -> dict[str, Any]:
        """The figures, without the single ranks."""
        return {
            "probes": self.probes,
            "people": self.people,
            "rank": {str(k): v for k, v in self.cmc.items()},
            "rank_ci95": {str(k): ci.to_json() for k, ci in self.cmc_ci95.items()},
            "tar_at_far": dict(self.tar_at_far),
            "tar_at_far_ci95": {far: ci.to_json() for far, ci in self.tar_at_far_ci95.items()},
        }


def identify(
    probes: NDArray[np.floating],
    probe_people: Sequence[object] | NDArray[np.generic],
    gallery: NDArray[np.floating],
    gallery_people: Sequence[object] | NDArray[np.generic],
    *,
    ranks: Sequence[int] = RANKS,
    fars: Sequence[float] = FARS,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Identification:
    """Search every probe in the gallery.

    Ranks are those of `fewpix evaluate search`: a person's score is that of their best gallery row, and a
    tie counts against the model. A threshold is shared by all people, and TAR at FAR is taken over all
    probe-person scores, which are in memory at once.

    Args:
        probes: (N, D), L2-normalised.
        probe_people: N labels.
        gallery: (M, D), L2-normalised.
        gallery_people: M labels; a person may have several rows.
        ranks: the k of rank-k to report.
        fars: the false accept rates to report.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.

    Raises:
        InputError: shapes or kinds of labels do not match, a probe's person is not in the gallery, or the
            gallery has one person only.
    """
    probe_names, gallery_names = np.asarray(probe_people), np.asarray(gallery_people)
    found = search(probes, probe_names, gallery, gallery_names)
    if not found.mated.all():
        raise InputError(
            f"the probe's person {probe_names[~found.mated].min()!s} is not in the gallery",
            fix="closed-set identification needs a mate",
        )
    if found.people < 2:
        raise InputError("identification needs a gallery of at least two people")
    people, scores = person_scores(probes, gallery, gallery_names)
    mate, rank = np.searchsorted(people, probe_names), found.ranks
    clusters = Clusters.of(probe_names)
    same = np.arange(len(people))[None, :] == mate[:, None]
    pairs = Clusters.of(np.repeat(mate, len(people)), np.tile(np.arange(len(people)), len(mate)))
    flat, labels = scores.ravel(), same.ravel()
    ordered = SortedScores.of(flat, labels)
    drawn = replicate_curves(flat, labels, fars, pairs, replicates=replicates, seed=seed)
    return Identification(
        probes=len(probes),
        people=len(people),
        ranks=rank,
        cmc={k: float((rank <= k).mean()) for k in ranks},
        cmc_ci95={k: mean_interval(rank <= k, clusters, replicates=replicates, seed=seed) for k in ranks},
        tar_at_far={far_key(far): ordered.tar(ordered.threshold_at(far)) for far in fars},
        tar_at_far_ci95={far_key(far): drawn.tar_interval(far) for far in fars},
    )


def person_scores(
    probes: NDArray[np.floating], gallery: NDArray[np.floating], gallery_people: NDArray[np.generic]
) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """The people of the gallery, sorted, and (N, people) each probe's cosine with each one's best row.

    Args:
        probes: (N, D), L2-normalised.
        gallery: (M, D), L2-normalised.
        gallery_people: (M,) labels.
    """
    people, row_person = np.unique(gallery_people, return_inverse=True)
    cosines = probes.astype(np.float64) @ gallery.astype(np.float64).T
    best = np.full((len(people), len(probes)), -np.inf)
    np.maximum.at(best, row_person, cosines.T)
    return people, best.T
