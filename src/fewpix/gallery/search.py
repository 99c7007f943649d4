"""Exact search: every query against every row, the best score of each person, however it is batched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError
from fewpix.gallery.coarse import CoarseRows

COARSE_FROM = 50_000
"""Rows from which on a look in 8 bits comes first."""

_SCORE_BYTES = 32 << 20
"""Bound on each of the two score arrays of a search; the embeddings themselves are not copied."""

_ROW_BLOCK = 1 << 15

_COARSE_QUERIES = 32

_EXACT_PEOPLE = 1 << 10
"""People whose rows are scored exactly at a time."""


@dataclass(frozen=True)
class Candidate:
    """A person whom a face may be.

    Args:
        name: the person's name.
        score: cosine of the person's most similar row, −1 to 1.
    """

    name: str
    score: float

    def __str__(self) -> str:
        return f"{self.name} {self.score:.3f}"

    def to_json(self) -> dict[str, str | float]:
        """Name and score as JSON values."""
        return {"name": self.name, "score": self.score}


class ExactIndex:
    """Rows grouped by person, searched exactly: by brute force, or with the same result by way of 8 bits.

    Many rows are first multiplied in 8 bits. That proposes at least max(4k, 50) rows per query, whose people
    are scored exactly. Where the bound of the error in 8 bits says that somebody else could be among the k
    best, all who could are scored too, so that what comes out never depends on the 8 bits.

    Args:
        embeddings: (M, D) float32, unit length, the rows of one person next to one another.
        starts: (P,) first row of each person, ascending, the first one 0; nobody is without rows.
        names: the P names, ascending, each once.
        coarse_from: from how many rows on 8 bits come first.
    """

    def __init__(
        self,
        embeddings: NDArray[np.float32],
        starts: NDArray[np.int64],
        names: Sequence[str],
        *,
        coarse_from: int = COARSE_FROM,
    ) -> None:
        self._embeddings = embeddings
        self._starts = starts
        self._ends = np.append(starts[1:], len(embeddings))
        self._names = tuple(names)
        self._coarse = CoarseRows(embeddings) if 0 < len(embeddings) >= coarse_from else None
        self.widened = 0
        """How many queries needed more than the first proposal."""

    def search(self, queries: NDArray[np.float32], k: int) -> list[list[Candidate]]:
        """The k best people for each query, best first, people of equal score by name.

        A matrix product in float32 differs in its last bits with the size of the batch, enough to turn a tie
        around. So it only chooses whom to score again in float64: all within its error bound of the k-th.

        Args:
            queries: (N, D) float32, unit length.
            k: at most how many candidates per query, at least 1.

        Returns:
            N lists of min(k, P) candidates.

        Raises:
            ConfigError: k is below 1.
        """
        if k < 1:
            raise ConfigError(f"the number of candidates must be at least 1, not {k}")
        if not self._names:
            return [[] for _ in queries]
        people = len(self._names)
        k = min(k, people)
        if self._coarse is not None:
            found = []
            for first in range(0, len(queries), _COARSE_QUERIES):
                found += self._search_coarse(self._coarse, queries[first : first + _COARSE_QUERIES], k)
            return found
        block = int(np.clip(_SCORE_BYTES // (4 * people), 1, 256))
        found = []
        for first in range(0, len(queries), block):
            part = queries[first : first + block]
            for query, scores in zip(part, self._best_scores(part), strict=True):
                found.append(self._rank(query, scores, k))
        return found

    def _best_scores(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """(Q, D) to (Q, P): the highest float32 cosine of each person's rows."""
        best = np.full((len(queries), len(self._names)), -np.inf, dtype=np.float32)
        rows = min(_ROW_BLOCK, max(1, _SCORE_BYTES // (4 * len(queries))))
        for first in range(0, len(self._embeddings), rows):
            last = min(first + rows, len(self._embeddings))
            scores = queries @ self._embeddings[first:last].T
            # People whose rows meet this block; the first of them may have begun in the block before.
            low = int(np.searchsorted(self._starts, first, side="right")) - 1
            high = int(np.searchsorted(self._starts, last, side="left"))
            cuts = np.maximum(self._starts[low:high], first) - first
            np.maximum(best[:, low:high], np.maximum.reduceat(scores, cuts, axis=1), out=best[:, low:high])
        return best

    def _rank(self, query: NDArray[np.float32], scores: NDArray[np.float32], k: int) -> list[Candidate]:
        cut = np.partition(scores, len(scores) - k)[len(scores) - k]
        # |float32 dot − exact dot| of unit vectors is at most D·2⁻²⁴, on both sides of the comparison.
        margin = np.float32(query.shape[0] * 2.0**-23)
        return self._ranked(query, np.flatnonzero(scores >= cut - margin), k)

    def _search_coarse(
        self, coarse: CoarseRows, queries: NDArray[np.float32], k: int
    ) -> list[list[Candidate]]:
        rows_each = -(-len(self._embeddings) // len(self._names))
        proposed = coarse.best(queries, max(4 * k, 50) * rows_each)
        found = [
            self._ranked(query, self._people_of(some.rows), k)
            for query, some in zip(queries, proposed, strict=True)
        ]
        # Without k people nothing is known about the k-th: -2 lets everybody in.
        least = np.array([best[k - 1].score if len(best) == k else -2.0 for best in found])
        open_ = [n for n, some in enumerate(proposed) if some.most >= least[n]]
        self.widened += len(open_)
        if open_:
            for n, rows in zip(open_, coarse.above(queries[open_], least[open_]), strict=True):
                found[n] = self._ranked(queries[n], self._people_of(rows), k)
        return found

    def _people_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The people whose rows these are, ascending, each once."""
        return np.unique(np.searchsorted(self._starts, rows, side="right") - 1)

    def _ranked(self, query: NDArray[np.float32], people: NDArray[np.int64], k: int) -> list[Candidate]:
        """The k best of some people, who are in ascending order, by their exact scores."""
        if not len(people):
            return []
        exact = query.astype(np.float64)
        best = np.empty(len(people), dtype=np.float32)
        for first in range(0, len(people), _EXACT_PEOPLE):
            some = people[first : first + _EXACT_PEOPLE]
            counts = self._ends[some] - self._starts[some]
            cuts = np.cumsum(counts) - counts
            rows = np.arange(counts.sum()) + np.repeat(self._starts[some] - cuts, counts)
            scores = (self._embeddings[rows].astype(np.float64) * exact).sum(axis=1)
            # Back to float32, where the order in which float64 summed leaves no trace.
            best[first : first + _EXACT_PEOPLE] = np.maximum.reduceat(scores, cuts)
        # People are in the order of their names, so of equal scores the first by name comes first.
        order = np.argsort(-best, kind="stable")[:k]
        return [Candidate(self._names[people[n]], float(best[n])) for n in order]
