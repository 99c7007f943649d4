"""What do protocols of IJB-C's size cost in time and memory, beside the way that public code takes?

Synthetic embeddings with the shapes of IJB-C and QMUL-SurvFace, and five steps, each by fewpix and by others
in a process of its own, so that peaks of memory do not mix:

  read     the list of template pairs         numpy.loadtxt into text, as in insightface's ijb_1n.py
  fuse     pictures to templates              a loop over templates and media, as in ijb_11.py
  verify   the listed pairs, TAR at FAR, EER  float64 scores and scikit-learn's roc_curve, as in ijb_11.py;
                                              and the matrix of all scores, then roc_curve
  cross    every template with every other    the matrix of all scores, then roc_curve
  search  probes in a gallery, CMC, TPIR      the matrix of all scores and its argsort, then counts in numpy

The matrix needs T² scores and roc_curve a dozen copies of what it is given: `cross` by others runs only up to
--matrix-templates. A figure is the median of --rounds; on a busy machine the processor's seconds say more
than those of the clock. Memory is the highest resident size of the process, less what it had after imports
and data. Answers are compared: `largest_difference` is of TARs, checksums and counts.

`search` has --probes in a gallery of --gallery rows of --watched people; a third of the probes are of these.
Its matrix is made only up to --matrix-scores of them.

    python -m benchmarks.speed.scale --out results/speed/scale.json      # of IJB-C's size: 12 GB of memory
    python -m benchmarks.speed.scale --out results/speed/scale_search.json --steps search   # of QMUL's
    python -m benchmarks.speed.scale --out scale.json --rounds 1 --pictures 9000 --templates 900 \\
        --people 150 --pairs 200000 --genuine 700                           # small: seconds
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.run import options, run
from fewpix.calibration.histogram import cross_histogram
from fewpix.evaluate.benchmark import Pairs
from fewpix.evaluate.embedding.fuse import fuse
from fewpix.evaluate.readers.ijb_protocols import read_template_pairs
from fewpix.evaluate.statistics.scores import SortedScores
from fewpix.evaluate.tasks.blockwise import iter_scores, search

FARS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
OTHERS = {
    "read": ("loadtxt",),
    "fuse": ("loop",),
    "verify": ("public", "matrix"),
    "cross": ("matrix",),
    "search": ("matrix",),
}
ARRAYS = (
    "embeddings",
    "pictures_template",
    "pictures_medium",
    "ids",
    "people",
    "fused",
    "first",
    "second",
    "same",
)


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        # in a process of its own: a child's peak begins at what its parent had
        sizes = [f"--{name}={getattr(given, name)}" for name in SIZES]
        subprocess.run(
            [*AGAIN, "--steps", *given.steps, "--arm", "make", "", folder, *sizes],
            check=True,
            capture_output=True,
        )
        figures: dict[str, Any] = {}
        for step in given.steps:
            figures[step] = {}
            for way in ("fewpix", *OTHERS[step]):
                if step == "cross" and way != "fewpix" and given.templates > given.matrix_templates:
                    figures[step][way] = {"skipped": "the matrix would not fit"}
                    continue
                if (
                    step == "search"
                    and way != "fewpix"
                    and given.probes * given.gallery > given.matrix_scores
                ):
                    figures[step][way] = {"skipped": "the matrix would not fit"}
                    continue
                figures[step][way] = measured(step, way, folder, given.rounds)
            compare(figures[step])
    return {
        "question": "what do protocols of IJB-C's size cost, beside the way that public code takes?",
        "settings": {key: getattr(given, key) for key in (*SIZES, "rounds")},
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for step, ways in found["figures"].items():
        for way, row in ways.items():
            yield f"{step:7} {way:8} " + "  ".join(f"{k} {v}" for k, v in row.items() if k != "answers")


def main() -> int:
    """Measure and write; with --arm, run one arm on data that lies there."""
    parser = options(__doc__)
    parser.add_argument("--pictures", type=int, default=469_375)
    parser.add_argument("--templates", type=int, default=23_124)
    parser.add_argument("--people", type=int, default=3_531)
    parser.add_argument("--pairs", type=int, default=15_658_489)
    parser.add_argument("--genuine", type=int, default=19_557)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--noise", type=float, default=10.0, help="length of a picture's own part")
    parser.add_argument("--matrix-templates", type=int, default=4_000)
    parser.add_argument("--gallery", type=int, default=60_294)
    parser.add_argument("--probes", type=int, default=182_159)
    parser.add_argument("--watched", type=int, default=3_000)
    parser.add_argument("--matrix-scores", type=int, default=300_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", nargs="+", choices=list(OTHERS), default=list(OTHERS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--arm", nargs=3, metavar=("STEP", "WAY", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.arm:
        step, way, folder = given.arm
        print(json.dumps(make(Path(folder), given) if step == "make" else arm(step, way, folder)))
        return 0
    if given.out is None:
        parser.error("--out is needed")
    return run(given.out, lambda: result(given), told)


AGAIN = (sys.executable, "-m", "benchmarks.speed.scale")
"""This program, as a process of its own: a child's peak begins at what its parent had."""

SIZES = (
    "pictures",
    "templates",
    "people",
    "pairs",
    "genuine",
    "dim",
    "noise",
    "gallery",
    "probes",
    "watched",
)


def make(folder: Path, given: argparse.Namespace) -> str:
    """People are random directions; a picture is its person's direction and noise."""
    if "search" in given.steps:
        make_search(folder, given)
    if given.steps == ["search"]:
        return "made"
    rng = np.random.default_rng(0)
    ids = np.arange(1, given.templates + 1) * 8  # as in IJB-C, numbers with gaps
    people = np.sort(rng.permutation(given.templates) % given.people)
    template = np.sort(
        np.concatenate(
            (np.arange(given.templates), rng.integers(given.templates, size=given.pictures - given.templates))
        )
    )
    medium = 1000 * template + rng.integers(4, size=given.pictures)
    centres = unit(rng.normal(size=(given.people, given.dim)).astype(np.float32))
    shape = (given.pictures, given.dim)
    rows = np.lib.format.open_memmap(folder / "embeddings.npy", mode="w+", dtype=np.float32, shape=shape)
    for begin in range(0, given.pictures, 20_000):
        part = template[begin : begin + 20_000]
        own = rng.standard_normal((len(part), given.dim), dtype=np.float32)
        rows[begin : begin + 20_000] = centres[people[part]] + own * np.float32(given.noise / given.dim**0.5)
    first = rng.integers(given.templates, size=given.pairs, dtype=np.int32)
    second = rng.integers(given.templates, size=given.pairs, dtype=np.int32)
    # people are sorted, so a neighbour is mostly of the same person
    second[: given.genuine] = np.maximum(first[: given.genuine] - 1, 0)
    order = np.argsort(first, kind="stable")
    first, second = first[order], second[order]
    same = people[first] == people[second]
    fused = fuse(rows, template, medium)[1]
    values = (None, ids[template], medium, ids, people, fused, first, second, same)
    for name, value in zip(ARRAYS, values, strict=True):
        if value is not None:
            np.save(folder / f"{name}.npy", value)
    with (folder / "pairs.txt").open("w") as file:
        for begin in range(0, given.pairs, 100_000):
            part = slice(begin, begin + 100_000)
            table = np.column_stack((ids[first[part]], ids[second[part]], same[part]))
            file.write(("%d %d %d\n" * len(table)) % tuple(table.ravel().tolist()))
    return "made"


def make_search(folder: Path, given: argparse.Namespace) -> None:
    """A gallery of some people, probes of them, and twice as many of strangers, each a person of its own."""
    rng = np.random.default_rng(1)
    centres = unit(rng.normal(size=(given.watched, given.dim)).astype(np.float32))
    enrolled = np.sort(np.arange(given.gallery) % given.watched)
    people = np.where(
        np.arange(given.probes) % 3 == 0,
        rng.integers(given.watched, size=given.probes),
        given.watched + np.arange(given.probes),
    )
    for name, labels in (("gallery", enrolled), ("probes", people)):
        shape = (len(labels), given.dim)
        rows = np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=shape)
        for begin in range(0, len(labels), 20_000):
            part = labels[begin : begin + 20_000]
            own = rng.standard_normal((len(part), given.dim), dtype=np.float32)
            known = np.where(part < given.watched, part, 0)
            centre = np.where((part < given.watched)[:, None], centres[known], 0)
            rows[begin : begin + 20_000] = unit(centre + own * np.float32(0.3 * given.noise / given.dim**0.5))
        np.save(folder / f"{name}_people.npy", labels)


def unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def measured(step: str, way: str, folder: str, rounds: int) -> dict[str, Any]:
    """Medians over processes."""
    found = []
    for _ in range(rounds):
        command = [*AGAIN, "--arm", step, way, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"failed": (done.stderr.strip().splitlines() or ["killed"])[-1][:200]}
        found.append(json.loads(done.stdout))
    return {
        "seconds": round(statistics.median(row["seconds"] for row in found), 3),
        "cpu_seconds": round(statistics.median(row["cpu_seconds"] for row in found), 3),
        "peak_mb": round(statistics.median(row["peak_mb"] for row in found), 1),
        "answers": found[0]["answers"],
    }


def compare(ways: dict[str, Any]) -> None:
    """Beside each other way: how many times fewpix's time and memory it took, and how far its answers are."""
    own = ways["fewpix"]
    for way, row in ways.items():
        if way == "fewpix" or "seconds" not in row or "seconds" not in own:
            continue
        row["times_seconds"] = round(row["seconds"] / max(own["seconds"], 1e-3), 2)
        row["times_cpu_seconds"] = round(row["cpu_seconds"] / max(own["cpu_seconds"], 1e-3), 2)
        row["times_memory"] = round(row["peak_mb"] / max(own["peak_mb"], 0.1), 2)
        pairs = [
            (row["answers"][key], value) for key, value in own["answers"].items() if key in row["answers"]
        ]
        apart = [distance(theirs, ours) for theirs, ours in pairs if theirs is not None and ours is not None]
        row["largest_difference"] = max(apart, default=0.0)


def distance(theirs: float, ours: float | list[float]) -> float:
    """0 inside bounds."""
    low, high = ours if isinstance(ours, list) else (ours, ours)
    return max(low - theirs, theirs - high, 0.0)


def arm(step: str, way: str, folder: str) -> dict[str, Any]:
    """One step by one way."""
    data = {name: np.load(Path(folder) / f"{name}.npy") for name in NEEDS[step]}
    steps: dict[tuple[str, str], Callable[[dict[str, Any], Path], dict[str, Any]]] = {
        ("read", "fewpix"): lambda d, f: summary(d["ids"], read_template_pairs(f / "pairs.txt", d["ids"])[0]),
        ("read", "loadtxt"): read_text,
        ("fuse", "fewpix"): lambda d, f: checksum(
            fuse(d["embeddings"], d["pictures_template"], d["pictures_medium"])[1]
        ),
        ("fuse", "loop"): fuse_loop,
        ("verify", "fewpix"): verify,
        ("verify", "public"): verify_public,
        ("verify", "matrix"): verify_matrix,
        ("cross", "fewpix"): cross,
        ("cross", "matrix"): cross_matrix,
        ("search", "fewpix"): watch,
        ("search", "matrix"): watch_matrix,
    }
    if way in ("public", "matrix"):
        import sklearn.metrics  # noqa: F401  its import is not what is measured
    before = peak()
    began, spent = time.perf_counter(), time.process_time()
    answers = steps[step, way](data, Path(folder))
    seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak() - before, "answers": answers}


NEEDS = {
    "read": ("ids",),
    "fuse": ("embeddings", "pictures_template", "pictures_medium"),
    "verify": ("fused", "first", "second", "same"),
    "cross": ("fused", "people"),
    "search": ("gallery", "gallery_people", "probes", "probes_people"),
}
"""What lies in memory before the clock starts."""


def peak() -> float:
    """Highest resident size of this process so far, MB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def summary(ids: Any, pairs: Pairs) -> dict[str, Any]:
    total = int(ids[pairs.first].sum(dtype=np.int64) + 3 * ids[pairs.second].sum(dtype=np.int64))
    return {"pairs": len(pairs), "genuine": int(np.count_nonzero(pairs.same)), "sum": total}


def read_text(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    table = np.loadtxt(folder / "pairs.txt", dtype=str)
    first, second, label = (table[:, column].astype(int) for column in range(3))
    return {"pairs": len(first), "genuine": int(label.sum()), "sum": int(first.sum() + 3 * second.sum())}


def checksum(fused: Any) -> dict[str, Any]:
    weights = np.cos(np.arange(fused.shape[1]))
    values = fused.astype(np.float64) @ weights
    return {"first": float(values[0]), "last": float(values[-1]), "mean": float(values.mean())}


def fuse_loop(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Template by template, medium by medium, as public code goes about it."""
    templates, media, rows = data["pictures_template"], data["pictures_medium"], data["embeddings"]
    fused = []
    for template in np.unique(templates):
        (inside,) = np.where(templates == template)
        own = media[inside]
        fused.append(sum(rows[inside][own == medium].mean(axis=0) for medium in np.unique(own)))
    return checksum(unit(np.array(fused)))


def verify(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    scores = SortedScores.of_blocks(iter_scores(data["fused"], data["first"], data["second"]), data["same"])
    return {**{str(far): scores.tar(scores.threshold_at(far)) for far in FARS}, "eer": scores.eer()[0]}


def verify_public(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """float64 templates, a hundred thousand pairs at a time, then roc_curve."""
    fused, first, second = data["fused"].astype(np.float64), data["first"], data["second"]
    scores = np.zeros(len(first))
    for begin in range(0, len(first), 100_000):
        part = slice(begin, begin + 100_000)
        scores[part] = np.sum(fused[first[part]] * fused[second[part]], axis=-1)
    return by_sklearn(data["same"], scores)


def verify_matrix(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    matrix = data["fused"] @ data["fused"].T
    return by_sklearn(data["same"], matrix[data["first"], data["second"]])


def cross(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    histogram = cross_histogram(data["fused"], data["people"])
    bounds = {str(far): histogram.tar_at_far(far).tar for far in FARS}
    found: dict[str, Any] = {far: tar and tar.to_json() for far, tar in bounds.items()}
    return {**found, "eer": histogram.eer().to_json()}


def cross_matrix(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    matrix = data["fused"] @ data["fused"].T
    upper = np.triu_indices(len(matrix), 1)
    return by_sklearn((data["people"][:, None] == data["people"])[upper], matrix[upper])


def watch(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    found = search(data["probes"], data["probes_people"], data["gallery"], data["gallery_people"])
    return watched(found.own, found.ranks, found.best, found.mated)


def watch_matrix(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """All scores, the best row of every person, and a sort of every probe's row."""
    matrix = data["probes"] @ data["gallery"].T
    people, starts = np.unique(data["gallery_people"], return_index=True)
    matrix = np.maximum.reduceat(matrix, starts, axis=1)
    order = np.argsort(-matrix, axis=1)
    mated = np.isin(data["probes_people"], people)
    mate = np.searchsorted(people, data["probes_people"][mated])
    own = np.full(len(matrix), np.nan, dtype=np.float32)
    ranks = np.zeros(len(matrix), dtype=np.int64)
    own[mated] = matrix[mated, mate]
    ranks[mated] = 1 + (order[mated] == mate[:, None]).argmax(axis=1)
    return watched(own, ranks, matrix.max(axis=1), mated)


def watched(own: Any, ranks: Any, best: Any, mated: Any) -> dict[str, Any]:
    """CMC, and TPIR within the first 20 at the threshold that one in a hundred strangers passes."""
    alarms = np.sort(best[~mated])
    threshold = alarms[-1 - len(alarms) // 100]
    right = (ranks[mated] <= 20) & (own[mated] > threshold)
    cmc = {f"rank-{k}": float((ranks[mated] <= k).mean()) for k in (1, 5, 20)}
    return {**cmc, "tpir20": float(right.mean())}


def by_sklearn(same: Any, scores: Any) -> dict[str, Any]:
    """The largest TAR whose FAR is at most the target, as fewpix has it."""
    from sklearn.metrics import roc_curve

    far, tar, _ = roc_curve(same, scores)
    impostors = len(same) - int(np.count_nonzero(same))
    return {str(f): float(tar[far <= f].max()) if f * impostors >= 1 else None for f in FARS}


if __name__ == "__main__":
    sys.exit(main())
