"""One model at one size on a search: the figures, and the searches that went worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import Search
from fewpix.evaluate.enrolment import NO_SCORE
from fewpix.evaluate.failures import Failure, Failures, extremes
from fewpix.evaluate.picture_embedding import Embedded
from fewpix.evaluate.retrieval import Retrieval, WatchList, open_scores
from fewpix.evaluate.statistics.curves import Cmc, Histograms
from fewpix.evaluate.statistics.scores import far_key
from fewpix.evaluate.streaming_search import Searched


@dataclass(frozen=True, eq=False)
class SearchCell:
    """One model at one size.

    Args:
        model: its name.
        size: side in pixels that the probes were made small to; None for their own.
        kept: probes smaller than `size`, which stayed as they were.
        figures: of a closed or of an open set.
        cmc: of the mated searches.
        histograms: of the scores of the right person, and of the best other one; failures are in neither.
        worst: searches to look at.
        searched: what became of every probe.
    """

    model: str
    size: int | None
    kept: int
    figures: Retrieval | WatchList
    cmc: Cmc
    histograms: Histograms
    worst: Failures
    searched: Searched

    @property
    def label(self) -> str:
        """The model, and how the probes came to it."""
        return f"{self.model} at {'own size' if self.size is None else f'{self.size} px'}"

    def said(self) -> str:
        """The figures without counts."""
        figures = self.figures
        if isinstance(figures, Retrieval):
            found = [f"rank-{k} {100 * v:.1f} % ({figures.cmc_ci95[k]})" for k, v in figures.cmc.items()]
            if figures.mean_average_precision is not None:
                mean, ci95 = figures.mean_average_precision, figures.mean_average_precision_ci95
                found.append(f"mAP {100 * mean:.1f} % ({ci95})")
            return ", ".join(found)
        rates = figures.open_set
        found = [
            f"TPIR{rates.rank} {100 * v:.1f} % at FPIR {k} ({rates.tpir_at_fpir_ci95[k]})"
            for k, v in rates.tpir_at_fpir.items()
        ]
        return ", ".join([*found, f"AUC {100 * figures.auc:.1f} % ({figures.auc_ci95})"])

    def to_json(self) -> dict[str, Any]:
        """The figures and what they are of."""
        return {
            "model": self.model,
            "size": self.size,
            "kept": self.kept,
            **self.figures.to_json(),
            "cmc": self.cmc.to_json(),
            "histogram": self.histograms.to_json(),
            "worst": self.worst.to_json(),
        }


def search_histograms(searched: Searched) -> Histograms:
    """Of right people, and of the best other person: of every probe, or of the strangers in an open set."""
    others = searched.other if searched.mated.all() else searched.best[~searched.mated]
    own = searched.own[searched.mated]
    return Histograms.of(own[own > NO_SCORE], others[np.isfinite(others) & (others > NO_SCORE)])


def worst_searches(
    data: Search,
    gallery: Embedded,
    probes: Embedded,
    rows: NDArray[np.float32],
    names: NDArray[np.generic],
    searched: Searched,
    figures: Retrieval | WatchList,
) -> Failures:
    """The probes whose own person scored lowest, and those where another one scored highest.

    Each stands beside the picture of that person in the gallery that is most like it. In an open set the
    other person is one that a stranger was taken for, judged by the threshold of the first rate; in a closed
    one a search is wrong when another row comes first.

    Args:
        data: what was searched.
        gallery: that side, embedded.
        probes: likewise.
        rows: (G, D) what was searched in.
        names: (G,) whose rows they are.
        searched: of all probes.
        figures: of all probes.
    """
    thresholds = [] if isinstance(figures, Retrieval) else list(figures.open_set.thresholds.values())
    threshold = thresholds[0] if thresholds else None
    rank = 1 if isinstance(figures, Retrieval) else figures.open_set.rank
    closed, mated = isinstance(figures, Retrieval), searched.mated
    placed = searched.row_ranks <= 1 if closed else searched.ranks <= rank
    judged = searched.best.astype(np.float64) if closed else open_scores(searched, rank)

    def described(n: int, own: bool) -> Failure:
        person = data.probes.people[n]
        likes = np.where((names == person) == own, rows @ probes.rows[n], -np.inf)
        found = names[int(likes.argmax())]
        among = np.flatnonzero((data.gallery.people == found) & gallery.enrolled)
        picture = int(among[(gallery.rows[among] @ probes.rows[n]).argmax()])
        score = float((searched.own if own else searched.other)[n])
        if threshold is None:
            wrong = not placed[n] if own or closed else True
        else:
            wrong = bool((judged[n] >= threshold) != own)
        return Failure(data.probes.names[n], data.gallery.names[picture], score, threshold, bool(wrong))

    # a person without any gallery picture left has no score either
    shown = (searched.own > NO_SCORE) & mated & probes.enrolled
    alarms = np.isfinite(searched.other) & (searched.other > NO_SCORE) & (mated if closed else ~mated)
    return Failures(
        nonmated=tuple(described(n, False) for n in extremes(-searched.other, alarms)),
        mated=tuple(described(n, True) for n in extremes(searched.own, shown)),
    )


def unresolved_text(rates: tuple[float, ...], nonmated: int) -> str:
    """Which false positive identification rates cannot be shown, and why."""
    named = ", ".join(far_key(rate) for rate in rates)
    return f"FPIR {named}: unresolved, {nonmated:,} non-mated searches cannot show it"
