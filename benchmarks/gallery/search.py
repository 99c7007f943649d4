"""Is the search by way of 8 bits ever another than brute force in float32, and what does each cost per query?

    python -m benchmarks.gallery.search --rows 100000 --queries 1000 --out results/gallery/search.json

Half the queries are noisy copies of enrolled rows, half are strangers; some rows are enrolled under several
names, so that there are ties. The reference ranks every row: float32 products, those within their error
bound of the k-th again in float64. Any difference in a name, its place or a score makes the command fail.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.result.file import Run, check_target, write_result
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    start = time.monotonic()
    if options.out is not None:
        check_target(options.out)
    rng = np.random.default_rng(options.seed)
    enrolled = faces(options.rows, options.dim, rng)
    queries = probes(enrolled, options.queries, rng)
    names = [f"p{n:07d}" for n in range(options.rows)]
    starts = np.arange(options.rows, dtype=np.int64)
    brute = ExactIndex(enrolled, starts, names, coarse_from=options.rows + 1)
    coarse = ExactIndex(enrolled, starts, names, coarse_from=0)
    coarse.search(queries[:1], K)  # the first call opens a session
    figures = []
    for batch in options.batches:
        expected, brute_ms = timed(brute.search, queries, batch)
        before = coarse.widened
        found, coarse_ms = timed(coarse.search, queries, batch)
        row = {
            "at_a_time": batch,
            "ms_per_query": round(coarse_ms, 3),
            "float32_ms_per_query": round(brute_ms, 3),
            "widened": coarse.widened - before,
            "differ": sum(a != b for a, b in zip(expected, found, strict=True)),
        }
        figures.append(row)
        print(", ".join(f"{key.replace('_', ' ')} {value}" for key, value in row.items()), flush=True)
    if options.out is not None:
        result = {
            "question": "exact search by way of 8 bits against float32 products of all rows",
            "settings": {
                "rows": options.rows,
                "dim": options.dim,
                "queries": options.queries,
                "k": K,
                "seed": options.seed,
            },
            "figures": figures,
        }
        write_result(options.out, result, Run.since(start))
    differ = sum(int(row["differ"]) for row in figures)
    if differ:
        raise SystemExit(f"{differ} queries differ")


if __name__ == "__main__":
    main()
