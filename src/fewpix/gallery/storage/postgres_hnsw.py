"""The approximate index of a collection in PostgreSQL: pgvector's HNSW over cosines, of its own rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError

HNSW_INDEX = "embeddings_hnsw"

LARGEST_HNSW = 2000
"""Dimensions up to which pgvector's HNSW index takes vectors."""

_TRIES = 40
"""What HNSW is asked to look at per person wanted, at least (pgvector's ef_search is 40 by default)."""

_MOST_TRIES = 1000  # pgvector's limit of ef_search


def near(connection: Any, queries: NDArray[np.float32], k: int) -> list[list[int]]:
    """See `Database.neighbours`; inside a transaction, where the index is there."""
    tries = min(max(_TRIES, 4 * k, 50), _MOST_TRIES)
    connection.execute(f"SET LOCAL hnsw.ef_search = {tries}")
    # A sort over all rows would be exact, and what the index is there to avoid.
    connection.execute("SET LOCAL enable_seqscan = off")
    dim = queries.shape[1]
    found = []
    for query in queries:
        rows = connection.execute(
            f"SELECT f.person FROM (SELECT face FROM embeddings ORDER BY (embedding::vector({dim}))"
            " <=> %s LIMIT %s) e JOIN faces f ON e.face = f.id",
            (query, tries),
        ).fetchall()
        found.append(sorted({int(person) for (person,) in rows}))
    return found


def drop(connection: Any, schema: str) -> None:
    """Remove it, if it is there, inside a transaction."""
    connection.execute(f'DROP INDEX IF EXISTS "{schema}".{HNSW_INDEX}')


def make(connection: Any, dim: int) -> None:
    """Make it, inside a transaction.

    Raises:
        ConfigError: the embeddings have more dimensions than it takes, or nobody knows how many.
    """
    if not 0 < dim <= LARGEST_HNSW:
        raise ConfigError(f"an HNSW index takes vectors of up to {LARGEST_HNSW} dimensions")
    connection.execute(
        f"CREATE INDEX {HNSW_INDEX} ON embeddings USING hnsw ((embedding::vector({dim})) vector_cosine_ops)"
    )
