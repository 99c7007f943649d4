"""Is the search by way of 8 bits ever another than brute force in float32, and what does each cost per query?

    python -m benchmarks.gallery.search --rows 100000 --queries 1000 --out results/gallery/search.json

Half the queries are noisy copies of enrolled rows, half are strangers; some rows are enrolled under several
names, so that there are ties. The reference ranks every row: float32 products, those within their error
bound of the k-th again in float64. Any difference in a name, its place or a score makes the command fail.

The limit is one read of the rows in 8 bits, by all cores. It is measured beside, and so are faiss and usearch
where they are installed (`pip install faiss-cpu usearch`; they are no part of fewpix): all take turns, and
medians of the turns are told. Peers propose rows; fewpix gives people, exactly, with ties by name.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import options, run
from fewpix.gallery.search import Candidate, ExactIndex

K = 5

TURNS = 5

READ, FEWPIX = "one read of 8 bits", "fewpix"

Look = Callable[[NDArray[np.float32]], object]
"""Takes some queries at a time."""


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


def in_batches(index: ExactIndex, queries: NDArray[np.float32], batch: int) -> list[list[Candidate]]:
    """The candidates, when queries come `batch` at a time."""
    parts = (queries[first : first + batch] for first in range(0, len(queries), batch))
    return [one for part in parts for one in index.search(part, K)]


def peers(enrolled: NDArray[np.float32]) -> dict[str, Look]:
    """Libraries that are here, each over the same rows."""
    found: dict[str, Look] = {}
    try:
        import faiss
    except ImportError:
        print("faiss: left out, it is not installed")
    else:
        inner = faiss.METRIC_INNER_PRODUCT
        flat = faiss.IndexFlatIP(enrolled.shape[1])
        small = faiss.IndexScalarQuantizer(enrolled.shape[1], faiss.ScalarQuantizer.QT_8bit, inner)
        for index in (flat, small):
            index.train(enrolled)
            index.add(enrolled)
        found[f"faiss {faiss.__version__}, float32"] = lambda queries: flat.search(queries, K)
        found[f"faiss {faiss.__version__}, 8 bits"] = lambda queries: small.search(queries, K)
    try:
        import usearch
        from usearch.index import MetricKind, search
    except ImportError:
        print("usearch: left out, it is not installed")
    else:
        found[f"usearch {usearch.__version__}, float32, exact"] = lambda queries: search(
            enrolled, queries, K, MetricKind.IP, exact=True
        )
    return found


def reading(size: int) -> Look:
    """Read so many bytes by all cores."""
    cores = os.cpu_count() or 1
    pool = ThreadPoolExecutor(cores)
    parts = np.array_split(np.arange(size // 8), cores)
    return lambda queries: list(pool.map(np.max, parts))


def compared(
    ways: Mapping[str, Look], queries: NDArray[np.float32], batches: list[int]
) -> list[dict[str, Any]]:
    """Milliseconds per query of each way; a read is of one call, however many queries there are."""
    times: dict[tuple[str, int], list[float]] = {(way, size): [] for way in ways for size in batches}
    for _ in range(TURNS):
        for way, size in times:
            start = time.perf_counter()
            for first in range(0, len(queries), size):
                ways[way](queries[first : first + size])
            spent = time.perf_counter() - start
            count = -(-len(queries) // size) if way == READ else len(queries)
            times[way, size].append(1000 * spent / count)
    return [
        {"way": way, "at_a_time": size, "ms": round(float(np.median(each)), 3)}
        for (way, size), each in times.items()
        if way != READ or size == batches[0]
    ]


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    rng = np.random.default_rng(given.seed)
    enrolled = faces(given.rows, given.dim, rng)
    queries = probes(enrolled, given.queries, rng)
    names = [f"p{n:07d}" for n in range(given.rows)]
    starts = np.arange(given.rows, dtype=np.int64)
    brute = ExactIndex(enrolled, starts, names, coarse_from=given.rows + 1)
    coarse = ExactIndex(enrolled, starts, names, coarse_from=0)
    ways: dict[str, Look] = {
        READ: reading(enrolled.size),
        FEWPIX: lambda some: coarse.search(some, K),
        "NumPy, float32": lambda some: brute.search(some, K),
        **peers(enrolled),
    }
    times = compared(ways, queries[: given.timed], given.batches)
    figures = []
    for batch in given.batches:
        before = coarse.widened
        found, expected = in_batches(coarse, queries, batch), in_batches(brute, queries, batch)
        (ms,) = (row["ms"] for row in times if (row["way"], row["at_a_time"]) == (FEWPIX, batch))
        figures.append(
            {
                "at_a_time": batch,
                "ms_per_query": ms,
                "widened": coarse.widened - before,
                "differ": sum(a != b for a, b in zip(expected, found, strict=True)),
            }
        )
    return {
        "question": "exact search by way of 8 bits: is it right, and what does it cost beside others?",
        "settings": {
            "rows": given.rows,
            "dim": given.dim,
            "queries": given.queries,
            "timed_queries": given.timed,
            "turns": TURNS,
            "k": K,
            "seed": given.seed,
        },
        "figures": figures,
        "times": times,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says; different answers are a failure."""
    for row in (*found["figures"], *found["times"]):
        yield ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in row.items())
    if differ := sum(row["differ"] for row in found["figures"]):
        raise SystemExit(f"{differ} queries differ")


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--seed", "--out")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--timed", type=int, default=64, help="queries that are timed in each turn")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16])
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
