"""Several galleries joined into one, as insightface's ijb_1n.py searches IJB's two.

Every probe has a mate there, no search is non-mated, and the threshold is the ceil(Q · rate)-th highest of
all Q (G - 1) wrong comparisons. That is a number of false accepts per probe and no FPIR: figures of the two
do not belong into one table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked, Items, Searches
from fewpix.evaluate.embedding.embed import Embedded
from fewpix.evaluate.statistics.estimate import Estimate
from fewpix.evaluate.statistics.scores import far_key
from fewpix.evaluate.tasks.outcomes import NO_SCORE, Outcomes, Wanted

JOINED = "joined"
"""The name of the part of a result."""

_BLOCK = 4_000_000  # scores at once, 16 MB
_NEVER = np.iinfo(np.int64).max  # the place of somebody who cannot be found


@dataclass(frozen=True, eq=False)
class JoinedOutcomes(Outcomes):
    """insightface's figures, 0 to 1; no FPIR, and no intervals.

    Args:
        probes: Q, all mated.
        people: in the joined gallery.
        found: measure, what it is at, and its value.
        reason: why there is none; "" where there is.
    """

    probes: int
    people: int
    found: tuple[tuple[str, str, float], ...]
    reason: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Probes and people."""
        return {"people": self.people, "mated": self.probes}

    def wanted(self) -> list[Wanted]:
        """Rank-k, and the share found by wrong comparisons a probe."""
        if self.reason:
            return [Wanted("rank", "1", None, self.reason)]
        return [Wanted(measure, at, Estimate(value)) for measure, at, value in self.found]


def search_joined(
    items: Items, searches: Searches, probes: Embedded, gallery: Embedded, asked: Asked
) -> JoinedOutcomes:
    """Search every probe in all galleries joined.

    Items that failed to enrol count: their probes are found at no rank and no threshold, and they make no
    wrong comparison that anybody could pass.

    Args:
        items: of the benchmark.
        searches: each probe's person has one item in one of the galleries.
        probes: the items as a model embedded them.
        gallery: likewise, as whoever sees the galleries did.
        asked: the k of rank-k, and as FPIRs the wrong comparisons allowed per probe.

    Returns:
        The figures; or why they cannot be had.
    """
    listed = np.concatenate(list(searches.galleries.values()))
    people, names = np.unique(items.people[listed]), items.people[searches.probes]
    count, strangers = len(searches.probes), np.setdiff1d(names, people)
    if len(people) < len(listed) or len(strangers):
        lacks = "lacks some" if len(strangers) else "has several"
        reason = f"the joined gallery needs one template of every probe's person, and {lacks}"
        return JoinedOutcomes(count, len(people), (), reason)
    allowed = {far_key(rate): ceil(count * rate) for rate in asked.fpirs}
    if not all(0 < k <= count * (len(people) - 1) for k in allowed.values()):
        reason = f"{count} probes of {len(people)} people have no such wrong comparison"
        return JoinedOutcomes(count, len(people), (), reason)
    order = listed[np.argsort(items.people[listed])]
    mate = np.searchsorted(people, names)
    own = np.empty(count, dtype=np.float32)
    place = np.zeros(count, dtype=np.int64)
    worst = np.empty(0, dtype=np.float32)  # the highest wrong comparisons so far
    keep = max(allowed.values(), default=1)
    for rows, scores in _scores(searches.probes, order, probes, gallery):
        mine = mate[rows, None]
        own[rows] = np.take_along_axis(scores, mine, axis=1)[:, 0]
        place[rows] = np.where(own[rows] > NO_SCORE, (scores >= own[rows, None]).sum(axis=1), _NEVER)
        np.put_along_axis(scores, mine, NO_SCORE, axis=1)
        worst = np.concatenate((worst, scores.ravel()))
        worst = np.partition(worst, len(worst) - min(keep, len(worst)))[-keep:]
    worst = np.sort(worst)[::-1]
    return JoinedOutcomes(
        count,
        len(people),
        (
            *(("rank", str(k), float((place <= k).mean())) for k in asked.ranks),
            *(("recall", key, float((own > worst[k - 1]).mean())) for key, k in allowed.items()),
        ),
    )


def _scores(
    listed: NDArray[np.int64], order: NDArray[np.int64], probes: Embedded, gallery: Embedded
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Blocks of probes, and (n, people) their cosines with each person, `NO_SCORE` where one failed to enrol.

    Raises:
        InputError: an embedding is not finite.
    """
    columns, absent = gallery.rows[order].T, ~gallery.enrolled[order]
    step = max(1, _BLOCK // len(order))
    for start in range(0, len(listed), step):
        block = listed[start : start + step]
        scores = probes.rows[block] @ columns
        if not np.isfinite(scores).all():
            raise InputError("an embedding is not finite", fix="check the embeddings")
        scores[:, absent] = NO_SCORE
        scores[~probes.enrolled[block]] = NO_SCORE
        yield slice(start, start + len(block)), scores
