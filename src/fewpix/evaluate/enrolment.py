"""Failures to enrol in a search: a picture that gives no embedding still counts, against the system.

A mated probe without an embedding, or whose person has none left in the gallery, is a miss at every rank and
threshold. A probe of a stranger without an embedding raises no alarm, and still counts among the strangers,
as in NIST's evaluations (IR 8271).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.streaming_search import Labels, Searched

NO_SCORE = -2.0
"""The score of a failed search; below every cosine."""


def with_failures(
    searched: Searched, probe_people: Labels, enrolled: NDArray[np.bool_], listed: Labels
) -> Searched:
    """What a search says when all probes of a benchmark's list count, not only those with an embedding.

    Args:
        searched: of the enrolled probes in the enrolled part of the gallery.
        probe_people: N labels of all probes of the list.
        enrolled: (N,) bool, which of them were searched.
        listed: the people of all gallery pictures of the list, enrolled or not: they decide who is mated.

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
    last = np.iinfo(np.int64).max
    own = np.where(mated, NO_SCORE, np.nan).astype(np.float32)
    best, other = np.full((2, len(names)), NO_SCORE, dtype=np.float32)
    ranks = np.where(mated, last, 0)
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
