"""The cheapest pairing of tracks and faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assign(cost: NDArray[np.float64], unmatched: float) -> list[tuple[int, int]]:
    """Pairs (row, column) of the least total cost, where a row left alone costs `unmatched`.

    Args:
        cost: (N, M); infinite where a pair is impossible.
        unmatched: no pair above it is made.

    Returns:
        The pairs by rising row; every row and column at most once.
    """
    rows, columns = cost.shape
    if not rows or not columns:
        return []
    # A column of its own for every row, in which it is alone; so there is always a full assignment.
    alone = np.full((rows, rows), np.inf)
    np.fill_diagonal(alone, unmatched)
    full = np.concatenate([np.where(cost > unmatched, np.inf, cost), alone], axis=1)
    return [(row, int(column)) for row, column in enumerate(_hungarian(full)) if column < columns]


def _hungarian(cost: NDArray[np.float64]) -> NDArray[np.intp]:
    """The column of each row by shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987).

    Args:
        cost: (N, M) with N at most M; each row has finite entries enough for a full assignment.
    """
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    column_of, row_of = np.full(rows, -1), np.full(columns, -1)
    for start in range(rows):
        distance, before = np.full(columns, np.inf), np.full(columns, -1)
        open_, visited = np.ones(columns, dtype=bool), [start]
        row, reached = start, 0.0
        while True:
            through = reached + cost[row] - row_price[row] - column_price
            better = open_ & (through < distance)
            distance[better], before[better] = through[better], row
            column = int(np.where(open_, distance, np.inf).argmin())
            reached = float(distance[column])
            open_[column] = False
            if row_of[column] < 0:
                break
            row = int(row_of[column])
            visited.append(row)
        row_price[start] += reached
        for row in visited[1:]:
            row_price[row] += reached - distance[column_of[row]]
        column_price[~open_] += distance[~open_] - reached
        while True:  # back along the path, each row taking the column that it was reached for
            row = int(before[column])
            row_of[column] = row
            column, column_of[row] = int(column_of[row]), column
            if row == start:
                break
    return column_of
