"""Is the search by way of 8 bits ever another than brute force in float32, and what does each cost per query?

    python -m benchmarks.gallery.search --rows 100000 --queries 1000 --out results/gallery/search.json

Half the queries are noisy copies of enrolled rows, half are strangers; some rows are enrolled under several
names, so that there are ties. The reference ranks every row: float32 products, those within their error
bound of the k-th again in float64. Any difference in a name, its place or a score makes the command fail.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import options, run
from fewpix.gallery.search import Candidate, ExactIndex

K = 5


def unit(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), dtype=np.float32)


def faces(rows: int, dim: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit rows of which one in a thousand is a copy of another."""
    made = rng.standard_normal((rows, dim), dtype=np.float32)
    copies = rng.integers(0, rows, size=(2, max(1, rows // 1000)))
    made[copies[0]] = made[copies[1]]
    return unit(made)


def probes(enrolled: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noisy mates (cosine about 0.6) and strangers, alternating."""
    strangers = unit(rng.standard_normal((count, enrolled.shape[1])))
    mates = enrolled[rng.integers(0, len(enrolled), count)]
    return np.where((np.arange(count) % 2 == 0)[:, None], unit(mates + 1.3 * strangers), strangers)


def timed(
    search: Callable[[NDArray[np.float32], int], list[list[Candidate]]],
    queries: NDArray[np.float32],
    batch: int,
) -> tuple[list[list[Candidate]], float]:
    """The candidates, and milliseconds per query when they come `batch` at a time."""
    found: list[list[Candidate]] = []
    start = time.perf_counter()
    for first in range(0, len(queries), batch):
        found += search(queries[first : first + batch], K)
    return found, 1000 * (time.perf_counter() - start) / len(queries)


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    rng = np.random.default_rng(given.seed)
    enrolled = faces(given.rows, given.dim, rng)
    queries = probes(enrolled, given.queries, rng)
    names = [f"p{n:07d}" for n in range(given.rows)]
    starts = np.arange(given.rows, dtype=np.int64)
    brute = ExactIndex(enrolled, starts, names, coarse_from=given.rows + 1)
    coarse = ExactIndex(enrolled, starts, names, coarse_from=0)
    coarse.search(queries[:1], K)  # the first call opens a session
    figures = []
    for batch in given.batches:
        expected, brute_ms = timed(brute.search, queries, batch)
        before = coarse.widened
        found, coarse_ms = timed(coarse.search, queries, batch)
        figures.append(
            {
                "at_a_time": batch,
                "ms_per_query": round(coarse_ms, 3),
                "float32_ms_per_query": round(brute_ms, 3),
                "widened": coarse.widened - before,
                "differ": sum(a != b for a, b in zip(expected, found, strict=True)),
            }
        )
    return {
        "question": "exact search by way of 8 bits against float32 products of all rows",
        "settings": {
            "rows": given.rows,
            "dim": given.dim,
            "queries": given.queries,
            "k": K,
            "seed": given.seed,
        },
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says; different answers are a failure."""
    for row in found["figures"]:
        yield ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in row.items())
    if differ := sum(row["differ"] for row in found["figures"]):
        raise SystemExit(f"{differ} queries differ")


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--seed", "--out")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16])
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
