"""Open-set identification: some probes show nobody of the gallery, and a search may answer "unknown".

TPIR at FPIR as NIST defines them (IR 8271, Face Recognition Vendor Test, part 2): the share of mated searches
that give the right person within the first ranks and at or above a threshold, where the share of non-mated
searches that give anybody is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.identification import person_scores
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, Interval
from fewpix.evaluate.statistics.replicates import replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores, far_key

FPIRS = (1e-1, 1e-2)
_MISSED = -2.0  # below every cosine: no threshold accepts it


@dataclass(frozen=True)
class OpenSet:
    """Figures of an open-set search, 0 to 1.

    Args:
        mated: searches whose person is in the gallery.
        nonmated: searches whose person is not.
        people: in the gallery.
        rank: the place up to which the right person counts.
        tpir_at_fpir: true positive identification rate by false positive identification rate ("1e-1").
        tpir_at_fpir_ci95: its interval, resampling the people of the probes.
        thresholds: the smallest score that keeps each rate. Below 1 / `nonmated` no alarm at all is allowed.
    """

    mated: int
    nonmated: int
    people: int
    rank: int
    tpir_at_fpir: dict[str, float]
    tpir_at_fpir_ci95: dict[str, Interval]
    thresholds: dict[str, float]

    def __str__(self) -> str:
        rates = [
            f"TPIR {100 * v:.1f} % at FPIR {k} ({self.tpir_at_fpir_ci95[k]})"
            for k, v in self.tpir_at_fpir.items()
        ]
        searches = f"{self.mated} mated and {self.nonmated} non-mated searches of {self.people} people"
        return f"{', '.join(rates)}, rank {self.rank}, {searches}"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "mated": self.mated,
            "nonmated": self.nonmated,
            "people": self.people,
            "rank": self.rank,
            "tpir_at_fpir": dict(self.tpir_at_fpir),
            "tpir_at_fpir_ci95": {key: ci.to_json() for key, ci in self.tpir_at_fpir_ci95.items()},
            "thresholds": dict(self.thresholds),
        }


def identify_open(
    probes: NDArray[np.floating],
    probe_people: Sequence[object] | NDArray[np.generic],
    gallery: NDArray[np.floating],
    gallery_people: Sequence[object] | NDArray[np.generic],
    *,
    rank: int = 1,
    fpirs: Sequence[float] = FPIRS,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> OpenSet:
    """Search every probe; those whose person is not in the gallery are the non-mated searches.

    A person's score is that of their best gallery row. The right person is within the first `rank` places if
    fewer than `rank` others score at least as high: a tie counts against the model.

    Args:
        probes: (N, D), L2-normalised.
        probe_people: N labels.
        gallery: (M, D), L2-normalised.
        gallery_people: M labels; a person may have several rows.
        rank: at least 1.
        fpirs: the false positive identification rates to report, 0 to below 1.
        replicates: of the bootstrap over the people of the probes.
        seed: of the bootstrap.

    Raises:
        InputError: shapes do not match, a rate is out of range, or a kind of search is missing.
    """
    if not all(0 <= fpir < 1 for fpir in fpirs):
        raise InputError(f"a false positive identification rate lies between 0 and 1, not at {max(fpirs)}")
    names, rows = np.asarray(probe_people), np.asarray(gallery_people)
    _check(probes, names, gallery, rows)
    people, scores = person_scores(probes, gallery, rows)
    mated = np.isin(names, people)
    if mated.all() or not mated.any():
        raise InputError(
            "open-set identification needs probes of people in the gallery and of others",
            fix="leave some people out of the gallery" if mated.all() else "enrol some of the people",
        )
    best = scores.max(axis=1)
    known = scores[mated]
    own = known[np.arange(len(known)), np.searchsorted(people, names[mated])]
    place = (known >= own[:, None]).sum(axis=1)  # its own person is one of them
    best[mated] = np.where(place <= rank, own, _MISSED)
    ordered = SortedScores.of(best, mated)
    thresholds = {far_key(fpir): ordered.threshold_at(fpir) for fpir in fpirs}
    drawn = replicate_curves(best, mated, fpirs, Clusters.of(names), replicates=replicates, seed=seed)
    return OpenSet(
        mated=int(mated.sum()),
        nonmated=int((~mated).sum()),
        people=len(people),
        rank=rank,
        tpir_at_fpir={key: ordered.tar(threshold) for key, threshold in thresholds.items()},
        tpir_at_fpir_ci95={far_key(fpir): drawn.tar_interval(fpir) for fpir in fpirs},
        thresholds=thresholds,
    )


def _check(
    probes: NDArray[np.floating],
    names: NDArray[np.generic],
    gallery: NDArray[np.floating],
    rows: NDArray[np.generic],
) -> None:
    """Refuse labels that are not those of the rows."""
    if (names.shape, rows.shape) != (probes.shape[:1], gallery.shape[:1]) or not names.size or not rows.size:
        raise InputError(
            f"{names.shape} people of {probes.shape} probes, {rows.shape} of {gallery.shape} rows do not fit"
        )
