"""Counting how often scores of strangers reach a threshold, and how sure that share is.

Scores come in blocks of a matrix: rows are probes, columns are people of a gallery, or whole galleries, of
which the best score stands. Comparisons that share a person are not independent. So a share's variance is
taken over rows of one person and over columns (two-way clusters: Cameron, Gelbach & Miller, Journal of
Business & Economic Statistics 29, 2011), and its interval is Wilson's for the number of independent
comparisons that this variance stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.histogram import ScoreHistogram
from fewpix.errors import InputError
from fewpix.evaluate.statistics.bootstrap import Interval
from fewpix.evaluate.statistics.scores import allowed_accepts

_Z = 1.959964  # 97.5 % of the standard normal distribution lie below


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of the matrix.

    Args:
        first: place of the first row.
        scores: (R, C) float32 cosines.
        left_out: (R, C) which of them do not count.
    """

    first: int
    scores: NDArray[np.float32]
    left_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Point:
    """A threshold and the share of the scores that reach it.

    Args:
        target: the share that the threshold was chosen for.
        threshold: the smallest one that keeps it, to the width of a bin of `ScoreHistogram`.
        share: what reaches it, at most `target`.
        ci95: interval of the share.
    """

    target: float
    threshold: float
    share: float
    ci95: Interval


def tail(
    blocks: Callable[[], Iterator[Block]],
    row_people: NDArray[np.int64],
    columns: int,
    targets: Sequence[float],
) -> list[Point]:
    """Thresholds for shares of the scores.

    Args:
        blocks: the matrix, twice.
        row_people: (N,) who is on each probe, numbers from 0.
        columns: C.
        targets: falling shares; those that the scores cannot show must not be among them.

    Returns:
        A point for each target.

    Raises:
        InputError: there are no scores, or a target allows none of them.
    """
    histogram = ScoreHistogram()
    for block in blocks():
        histogram.add(block.scores, block.left_out)
    reached = np.append(np.cumsum(histogram.impostor[::-1])[::-1], 0)
    total = int(reached[0])
    edges = []
    for target in targets:
        allowed = allowed_accepts(target, total)
        if not allowed:
            raise InputError(f"{total} comparisons cannot show a share of {target:g}")
        edges.append(2 * int(np.searchsorted(-reached, -allowed)) / histogram.bins - 1)
    found = shares(blocks, row_people, columns, edges)
    return [
        Point(target, edge, share, ci95)
        for target, edge, (share, ci95) in zip(targets, edges, found, strict=True)
    ]


def shares(
    blocks: Callable[[], Iterator[Block]],
    row_people: NDArray[np.int64],
    columns: int,
    thresholds: Sequence[float],
) -> list[tuple[float, Interval]]:
    """The share of the scores that reach each threshold, and its interval.

    Args:
        blocks: the matrix, once.
        row_people: (N,) who is on each probe, numbers from 0.
        columns: C.
        thresholds: rising.
    """
    counts = _counts(blocks, row_people, columns, thresholds)
    total = int(counts.row_totals.sum())
    return [
        (float(rows.sum()) / total, _interval(rows, counts.row_totals, cols, counts.col_totals))
        for rows, cols in zip(counts.rows, counts.cols, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Counts:
    """For K thresholds: (K, people) and (K, C) scores that reach them, and how many there are of each."""

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    row_totals: NDArray[np.int64]
    col_totals: NDArray[np.int64]


def _counts(
    blocks: Callable[[], Iterator[Block]], row_people: NDArray[np.int64], columns: int, edges: Sequence[float]
) -> _Counts:
    people = int(row_people.max()) + 1
    rows = np.zeros((len(edges), people), dtype=np.int64)
    cols = np.zeros((len(edges), columns), dtype=np.int64)
    row_totals, col_totals = np.zeros(people, dtype=np.int64), np.zeros(columns, dtype=np.int64)
    for block in blocks():
        owner = row_people[block.first : block.first + len(block.scores)]
        kept = ~block.left_out
        np.add.at(row_totals, owner, kept.sum(axis=1))
        col_totals += kept.sum(axis=0)
        # Each threshold looks only at what reached the one before.
        places = np.flatnonzero(kept)
        scores = block.scores.ravel()[places]
        for k, edge in enumerate(edges):
            reach = scores >= np.float32(edge)
            places, scores = places[reach], scores[reach]
            row, col = np.divmod(places, columns)
            rows[k] += np.bincount(owner[row], minlength=people)
            cols[k] += np.bincount(col, minlength=columns)
    return _Counts(rows, cols, row_totals, col_totals)


def _interval(
    rows: NDArray[np.int64],
    row_totals: NDArray[np.int64],
    cols: NDArray[np.int64],
    col_totals: NDArray[np.int64],
) -> Interval:
    """95 % interval of Σ rows / Σ row_totals, the share of scores that reach a threshold."""
    total = int(row_totals.sum())
    share = float(rows.sum()) / total
    if not 0 < share < 1:
        return wilson(share, float(np.count_nonzero(row_totals)))
    by_row, by_col = _clustered(rows - share * row_totals), _clustered(cols - share * col_totals)
    alone = share * (1 - share) * total  # of pairs by themselves, which both sums count
    variance = max(by_row, by_col, by_row + by_col - alone, alone) / total**2
    return wilson(share, share * (1 - share) / variance)


def _clustered(residuals: NDArray[np.float64]) -> float:
    """Sum of squares over clusters, larger where they are few; 0 where there is only one: it is held then."""
    count = len(residuals)
    return float(np.square(residuals).sum()) * count / (count - 1) if count > 1 else 0.0


def wilson(share: float, trials: float) -> Interval:
    """Wilson's score interval (Journal of the American Statistical Association 22, 1927).

    Args:
        share: observed, 0 to 1.
        trials: independent ones, above 0; not necessarily whole.
    """
    square = _Z**2 / trials
    middle = (share + square / 2) / (1 + square)
    half = _Z * sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
    return Interval(low, high)
