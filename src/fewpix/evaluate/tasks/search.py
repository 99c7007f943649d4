"""Searches: who of a gallery a probe shows, by rank and above a threshold, with failures to enrol counted.

Where every probe shows somebody of the gallery, rank-k and mean average precision are over the rows of the
gallery, as TinyFace's official evaluation has them: several rows of one wrong person push the right one down
by as many places. Where some show nobody, ranks are of people, and TPIR at FPIR are NIST's (IR 8271): TPIR(t)
is the share of mated probes whose own person is within the first ranks and scores t or more, FPIR(t) that of
the others for whom anybody does.

A mated probe without an embedding, or whose person has none left in the gallery, is a miss at every rank and
threshold. A probe of a stranger without one raises no alarm, and still counts among the strangers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked, Items, Searches
from fewpix.evaluate.embedding.embed import Embedded
from fewpix.evaluate.embedding.fuse import fuse
from fewpix.evaluate.result.model import Histogram
from fewpix.evaluate.result.scores import Arrays, names_array, names_of
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.evaluate.statistics.estimate import Mean, OnCurve, Scored
from fewpix.evaluate.statistics.scores import allowed_accepts, far_key
from fewpix.evaluate.tasks.blockwise import TIE, Advance, Labels, Searched, search
from fewpix.evaluate.tasks.outcomes import (
    NO_SCORE,
    Outcomes,
    Point,
    Wanted,
    histogram_of,
    needed,
    refuse_unfit,
)

PROBES = "people of the probes resampled, thresholds set anew in every replicate"
"""How intervals are made."""

PLACES = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100)
"""Ranks that a curve has points for, as far as the gallery goes."""

_EACH = ("own", "best", "other", "ranks", "row_ranks")
_NEVER = np.iinfo(np.int64).max  # the place of somebody who cannot be found


@dataclass(frozen=True, eq=False)
class SearchOutcomes(Outcomes):
    """What one model's searches in one gallery said.

    Args:
        searched: of all N probes of the list.
        probes: (N,) their names.
        people: (N,) int32 numbers of who they show.
        rows: embeddings searched in.
        asked: the ranks and rates to report.
    """

    OWN: ClassVar = (*_EACH, "precisions")

    searched: Searched
    probes: tuple[str, ...]
    people: NDArray[np.int32]
    rows: int
    asked: Asked

    @property
    def mated(self) -> NDArray[np.bool_]:
        """(N,) whose person is in the gallery."""
        return self.searched.mated

    @property
    def closed(self) -> bool:
        """Whether every probe shows somebody of the gallery."""
        return bool(self.mated.all())

    @property
    def counts(self) -> dict[str, int]:
        """People and rows of the gallery, and searches of both kinds."""
        return {
            "people": self.searched.people,
            "rows": self.rows,
            "mated": len(self.mated) - self._nonmated,
            "nonmated": self._nonmated,
        }

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """(N,) what a threshold is held against, see `open_scores`."""
        return open_scores(self.searched, self.asked.rank)

    @cached_property
    def _scored(self) -> Scored:
        return Scored(self.scores, self.mated, Clusters.of(self.people), self._shown, tie=0.0)

    @property
    def _nonmated(self) -> int:
        return len(self.mated) - int(self.mated.sum())

    @property
    def _shown(self) -> tuple[float, ...]:
        """The rates that the non-mated searches can show."""
        count = self._nonmated
        return tuple(rate for rate in self.asked.fpirs if count and allowed_accepts(rate, count))

    @cached_property
    def _mates(self) -> Clusters:
        return Clusters.of(self.people[self.mated])

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Of the right answers: among rows of a closed set, else among people."""
        return (self.searched.row_ranks if self.closed else self.searched.ranks)[self.mated]

    def first_threshold(self) -> float | None:
        """That of the first rate that can be shown; None where there is none."""
        if self.closed or not self._shown:
            return None
        return self._scored.ordered.threshold_at(self._shown[0])

    def _rank(self, k: int) -> Mean:
        return Mean(self._places <= k, self._mates)

    def wanted(self) -> list[Wanted]:
        """TPIR at each FPIR and AUC where there are strangers; rank-k; mAP where it was worked out."""
        found: list[Wanted] = []
        if not self.closed:
            reason = f"{self._nonmated:,} non-mated searches cannot show it"
            for rate in self.asked.fpirs:
                known = OnCurve(self._scored, "rate", rate) if rate in self._shown else None
                found.append(Wanted("tpir", far_key(rate), known, "" if known else reason))
            found.append(Wanted("auc", "", OnCurve(self._scored, "auc")))
        found += [Wanted("rank", str(k), self._rank(k)) for k in self.asked.ranks]
        if self.searched.precisions is not None:
            found.append(Wanted("map", "", Mean(self.searched.precisions[self.mated], self._mates)))
        return found

    def curve(self) -> list[Point]:
        """TPIR over FPIR."""
        if self.closed:
            return []
        scored = self._scored
        return [(fpir, OnCurve(scored, "rate", target)) for target, fpir in scored.ordered.points()]

    def ranks(self) -> list[Point]:
        """CMC, as far as the gallery goes."""
        last = max(self.rows if self.closed else self.searched.people, 1)
        return [(float(k), self._rank(k)) for k in PLACES if k <= last]

    def histogram(self) -> Histogram | None:
        """Of right people, and of the best other person: of strangers where there are any."""
        found = self.searched
        others = found.other if self.closed else found.best[~found.mated]
        own = found.own[found.mated]
        return histogram_of(own[own > NO_SCORE], others[np.isfinite(others) & (others > NO_SCORE)])

    def shared(self) -> Arrays:
        """The probes."""
        return {
            "probes": names_array(self.probes),
            "people": self.people,
            "gallery_people": np.array(self.searched.people, dtype=np.int32),
            "gallery_rows": np.array(self.rows, dtype=np.int32),
            "mated": self.mated,
        }

    def own(self) -> Arrays:
        """What became of each of them."""
        found = {key: getattr(self.searched, key) for key in _EACH}
        precisions = self.searched.precisions
        return found if precisions is None else {**found, "precisions": precisions}

    @classmethod
    def read(cls, shared: Arrays, own: Arrays, asked: Asked) -> SearchOutcomes:
        """What `shared` and `own` gave, to be asked for other figures.

        Raises:
            InputError: an array is missing, or they do not fit one another.
        """
        probes, people, count, mated = needed(shared, "probes", "people", "gallery_people", "mated")
        scores, best, other, ranks, row_ranks = needed(own, *_EACH)
        names, average = names_of(probes), own.get("precisions")
        each = [scores, best, other, ranks, row_ranks, people, mated, *([] if average is None else [average])]
        refuse_unfit(bool(names) and {one.shape for one in each} == {(len(names),)})
        searched = Searched(
            int(count),
            mated.astype(np.bool_),
            scores.astype(np.float32),
            best.astype(np.float32),
            other.astype(np.float32),
            ranks.astype(np.int64),
            row_ranks.astype(np.int64),
            None if average is None else average.astype(np.float64),
        )
        rows = int(shared.get("gallery_rows", count))
        return cls(searched, names, people.astype(np.int32), rows, asked)


Gallery = tuple[NDArray[np.float32], NDArray[np.generic]]
"""What is searched in: embeddings (G, D), and (G,) whose they are."""


def gallery_of(items: Items, searches: Searches, name: str, embedded: Embedded) -> Gallery:
    """The items of a gallery that enrolled; of prototypes one row a person, the mean of their items.

    Raises:
        InputError: see `embedding.fuse.fuse`.
    """
    numbers = searches.galleries[name]
    there = numbers[embedded.enrolled[numbers]]
    rows, people = embedded.rows[there], items.people[there]
    if searches.prototypes and len(there):
        people, rows = fuse(rows, people)
    return rows, people


def search_gallery(
    items: Items,
    searches: Searches,
    name: str,
    probes: Embedded,
    gallery: Gallery,
    asked: Asked,
    *,
    advance: Advance | None = None,
) -> SearchOutcomes:
    """Search every probe in one gallery, and count those that failed to enrol.

    Args:
        items: of the benchmark.
        searches: which of them are probes, and which are in the gallery.
        name: of the gallery.
        probes: the items as a model embedded them.
        gallery: what is searched in.
        asked: the ranks and rates to report.
        advance: told after every block of probes.

    Raises:
        InputError: no probe shows anybody of the gallery, or see `blockwise.search`.
    """
    people, listed = items.people[searches.probes], items.people[searches.galleries[name]]
    mated = searches.mated(name, items.people)
    there = probes.enrolled[searches.probes]
    if there.any() and len(gallery[0]):
        mine = probes.rows[searches.probes[there]], people[there]
        found = search(*mine, *gallery, precisions=bool(mated.all()), advance=advance)
    else:
        there, found = np.zeros_like(there), Searched.nothing()
    found = with_failures(found, people, there, listed)
    if mated.all() and found.precisions is None:
        found = replace(found, precisions=np.zeros(len(people)))
    numbers = np.unique(people, return_inverse=True)[1].astype(np.int32)
    names = tuple(items.called[int(n)] for n in searches.probes)
    return SearchOutcomes(found, names, numbers, len(gallery[0]), asked)


def open_scores(searched: Searched, rank: int) -> NDArray[np.float64]:
    """(N,) what a threshold is held against: of a mated probe that finds its person within `rank`, that
    person's score; below every threshold of one that does not; of another probe that of the best person.
    """
    scores = searched.best.astype(np.float64)
    mated = searched.mated
    own = searched.own[mated].astype(np.float64) - TIE
    scores[mated] = np.where(searched.ranks[mated] <= rank, own, NO_SCORE)
    return scores


def with_failures(
    searched: Searched, probe_people: Labels, enrolled: NDArray[np.bool_], listed: Labels
) -> Searched:
    """What a search says when all probes of a benchmark's list count, not only those with an embedding.

    Args:
        searched: of the enrolled probes in the enrolled part of the gallery.
        probe_people: N labels of all probes of the list.
        enrolled: (N,) bool, which of them were searched.
        listed: the people of all gallery items of the list, enrolled or not: they decide who is mated.

    Returns:
        Of N probes. A failed mated one has a rank beyond every row, and an average precision of 0.

    Raises:
        InputError: lengths do not match.
    """
    names = np.asarray(probe_people)
    if names.shape != enrolled.shape or int(enrolled.sum()) != len(searched):
        raise InputError(
            f"{int(enrolled.sum()):,} enrolled of {len(names):,}, but {len(searched):,} searched"
        )
    people = np.unique(np.asarray(listed))
    mated = np.isin(names, people)
    own = np.where(mated, NO_SCORE, np.nan).astype(np.float32)
    best, other = np.full((2, len(names)), NO_SCORE, dtype=np.float32)
    ranks = np.where(mated, _NEVER, 0)
    row_ranks = ranks.copy()
    precisions = None if searched.precisions is None else np.where(mated, 0.0, np.nan)
    best[enrolled], other[enrolled] = searched.best, searched.other
    found = np.flatnonzero(enrolled)[searched.mated]
    own[found] = searched.own[searched.mated]
    ranks[found] = searched.ranks[searched.mated]
    row_ranks[found] = searched.row_ranks[searched.mated]
    if precisions is not None and searched.precisions is not None:
        precisions[found] = searched.precisions[searched.mated]
    return Searched(len(people), mated, own, best, other, ranks, row_ranks, precisions)
