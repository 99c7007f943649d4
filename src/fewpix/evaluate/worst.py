"""The worst comparisons of a result, to be looked at: the highest of two people and the lowest of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import Items, Searches
from fewpix.evaluate.embedding.embed import Embedded
from fewpix.evaluate.result.model import Failure, Failures
from fewpix.evaluate.tasks.outcomes import NO_SCORE
from fewpix.evaluate.tasks.pairs import PairOutcomes
from fewpix.evaluate.tasks.search import Gallery, SearchOutcomes

SHOWN = 6
"""Comparisons of each kind."""


def worst_pairs(outcomes: PairOutcomes) -> Failures | None:
    """The worst pairs; of equal scores the one that is first in the list. None where not all are kept."""
    listed, scores = outcomes.listed, outcomes.scores
    if not listed.whole:
        return None
    pairs, judging = listed.pairs, outcomes.judging()

    def described(n: int) -> Failure:
        wrong = bool((scores[n] >= judging[n]) != pairs.same[n])
        first, second = listed.names[int(pairs.first[n])], listed.names[int(pairs.second[n])]
        return Failure(
            first=first, second=second, score=float(scores[n]), threshold=float(judging[n]), wrong=wrong
        )

    shown = scores > NO_SCORE
    return Failures(
        nonmated=[described(n) for n in _lowest(-scores, ~pairs.same & shown)],
        mated=[described(n) for n in _lowest(scores, pairs.same & shown)],
    )


def worst_searches(
    items: Items,
    searches: Searches,
    name: str,
    outcomes: SearchOutcomes,
    probes: Embedded,
    enrolled: Embedded,
    gallery: Gallery,
) -> Failures:
    """The probes whose own person scored lowest, and those where another one scored highest.

    Each stands beside the item of that person in the gallery that is most like it. Where some probes show
    nobody of the gallery, the other person is one that a stranger was taken for, judged by the threshold of
    the first rate; otherwise a search is wrong when another row comes first.

    Args:
        items: of the benchmark.
        searches: which of them are probes, and which are in the gallery.
        name: of the gallery.
        outcomes: of all probes.
        probes: the items as the model saw them.
        enrolled: as whoever saw the gallery did.
        gallery: what was searched in.
    """
    found, mated, closed = outcomes.searched, outcomes.mated, outcomes.closed
    listed, (rows, people) = searches.galleries[name], gallery
    threshold = outcomes.first_threshold()
    placed = found.row_ranks <= 1 if closed else found.ranks <= outcomes.asked.rank

    def described(n: int, own: bool) -> Failure:
        probe = int(searches.probes[n])
        likes = rows @ probes.rows[probe]
        person = people[int(np.where((people == items.people[probe]) == own, likes, -2).argmax())]
        among = listed[(items.people[listed] == person) & enrolled.enrolled[listed]]
        most = int(among[(enrolled.rows[among] @ probes.rows[probe]).argmax()])
        if threshold is None:
            wrong = not placed[n] if own or closed else True
        else:
            wrong = bool((outcomes.scores[n] >= threshold) != own)
        return Failure(
            first=items.called[probe],
            second=items.called[most],
            score=float((found.own if own else found.other)[n]),
            threshold=threshold,
            wrong=bool(wrong),
        )

    enrolled_probes = probes.enrolled[searches.probes]
    # a person without any gallery item left has no score either
    shown = (found.own > NO_SCORE) & mated & enrolled_probes
    alarms = np.isfinite(found.other) & (found.other > NO_SCORE) & (mated if closed else ~mated)
    return Failures(
        nonmated=[described(n, False) for n in _lowest(-found.other, alarms)],
        mated=[described(n, True) for n in _lowest(found.own, shown)],
    )


def _lowest(values: NDArray[np.floating], among: NDArray[np.bool_]) -> list[int]:
    """Where the `SHOWN` lowest values lie among some, the lowest first."""
    places = np.flatnonzero(among)
    return [int(n) for n in places[np.argsort(values[places], kind="stable")[:SHOWN]]]
