"""How many crops a second does `fewpix embed` in parts, here and on a Ray cluster of one and of two workers?

The same shard is embedded into parts by this process on all cores, as the plain verb does, by this process
on one thread, by one worker of a cluster and by two, in turn, so that a busy machine is busy for all; each
worker is a node of one CPU and works on one thread. The clock runs from the first part that is done to the
last one, since starting Ray and loading the model is paid once, however long the work; `start_s` is the time
before. All write the same bytes, or the run fails. What limits it is the encoder; what Ray itself takes is
what one worker is slower than one thread here.

    python -m benchmarks.speed.bulk --out results/speed/bulk.json
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.run import each, options, run
from fewpix.bulk.cluster import QUIET
from fewpix.bulk.embedding import EmbedJob
from fewpix.bulk.run import run_bulk
from fewpix.errors import StorageError
from fewpix.image.codec import encode_image
from fewpix.models.shipped import shipped
from fewpix.models.teacher import foreign

SIDE = 24
"""Of the crops, in pixels."""

STORE = 100_000_000
"""Bytes of each node's object store; nothing of size goes through it."""

WAYS = {"here": (0, 0), "here, one thread": (0, 1), "one worker": (1, 1), "two workers": (2, 1)}
"""How it is done: workers, and threads of this process; 0 for one per core."""


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    job = EmbedJob(str(shipped(f"{given.model}.onnx")), runtime="onnxruntime")
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    starts: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        source = _shard(work / "crops.tar", given.crops)
        before: dict[str, bytes] | None = None
        for n in range(given.rounds):
            for way, (workers, threads) in WAYS.items():
                out = work / f"{way}-{n}".replace(" ", "-").replace(",", "")
                start, rate = _timed(source, replace(job, threads=threads), out, given.part, workers)
                rates[way].append(rate)
                starts[way].append(start)
                made = {path.name: path.read_bytes() for path in sorted(out.glob("*.parquet"))}
                if before is not None and made != before:
                    raise StorageError(f"{way} wrote other bytes", fix="that is a defect")
                before = made
    return {
        "question": "how many crops a second does embedding in parts, here and on a Ray cluster?",
        "models": {given.model: foreign(shipped(f"{given.model}.onnx")).card.sha256},
        "settings": {
            "crops": given.crops,
            "side": SIDE,
            "part": given.part,
            "rounds": given.rounds,
            "threads_per_worker": 1,
        },
        "figures": {
            way: {
                "crops_per_second": round(float(np.median(rates[way])), 1),
                "start_s": round(float(np.median(starts[way])), 1),
                "times_here": _ratio(rates[way], rates["here"]),
                "times_one_worker": _ratio(rates[way], rates["one worker"]),
            }
            for way in WAYS
        },
    }


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--model", "--out")
    parser.add_argument("--crops", type=int, default=4000)
    parser.add_argument("--part", type=int, default=100, help="crops in a part")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(str))


def _ratio(rates: list[float], others: list[float]) -> float:
    """The median over the rounds."""
    return round(float(np.median(np.array(rates) / np.array(others))), 2)


def _timed(source: Path, job: EmbedJob, out: Path, part: int, workers: int) -> tuple[float, float]:
    """Seconds until the first part, and crops a second from then on."""
    seen: list[tuple[float, int]] = []
    with _nodes(workers):
        begin = time.perf_counter()
        run_bulk(
            source,
            job,
            out,
            part=part,
            cluster="auto" if workers else None,
            advance=lambda done, total: seen.append((time.perf_counter(), done)),
        )
    (first, before), (last, after) = seen[0], seen[-1]
    return first - begin, (after - before) / (last - first)


@contextmanager
def _nodes(count: int) -> Iterator[None]:
    """A cluster of so many nodes of one CPU each, which this process is connected to."""
    if not count:
        yield
        return
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray
    from ray.cluster_utils import Cluster

    facts = {"num_cpus": 1, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args=facts)
    try:
        for _ in range(count - 1):
            cluster.add_node(**facts)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()


def _shard(path: Path, count: int) -> Path:
    """A tar file of smooth noise; an encoder takes equally long for every face."""
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as archive:
        for n in range(count):
            coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            data = encode_image(np.kron(coarse, np.ones((SIDE // 6, SIDE // 6, 1), np.uint8)), ".jpg")
            member = tarfile.TarInfo(f"{n:06d}.jpg")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


if __name__ == "__main__":
    sys.exit(main())
