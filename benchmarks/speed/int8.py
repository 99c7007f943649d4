"""What does a student lose in int8? Held-out faces of the pool at each size, before and after, face by face.

A student is calibrated on faces of the pool that are not measured, by `fewpix export --int8`. Each held-out
face is made small by area averaging, many times at small sizes, where faces are won or lost by a hair: once
as it is, and each further time aligned a little differently, as training faces are. It counts by its mean
over these views. Cosine is that with the face's own sharp embedding by the teacher, rank-1 how often this is
the nearest of all held-out faces, TAR how often it lies above the threshold that a share FAR of other faces
passes, each precision by its own threshold. Losses have a 95 % interval from resampling connected components
of teacher similarity.

    python -m benchmarks.speed.int8 FACES.tar ... --model fewpix-s --out results/speed/int8.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.int8 import in_int8, instructions
from benchmarks.lib.pool import HeldOutFaces, never_seen
from benchmarks.lib.run import mean_change, options, run
from fewpix.data.faces import FaceSet
from fewpix.degrade import PRESETS, Chain, family, per_item_rng
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.export.int8 import FACES
from fewpix.image.resize import Crop

SIZES = (8, 12, 16, 24, 32)
RUNTIMES = ("onnxruntime", "openvino")
FAR = 1e-3
LIMIT = 0.003
"""What a loss may be at most, the upper end of its interval, for weights in int8 to be shipped."""

MEASURES = ("cosine", "rank1", "tar")

Figures = Mapping[str, NDArray[np.float64]]


def views_at(size: int, most: int) -> int:
    """How often a face is seen at a size: fewer times where it is larger, and less a matter of chance."""
    return min(most, max(3, round(most * (8 / size) ** 2)))


def seen(found: HeldOutFaces, size: int, views: int, seed: int) -> Iterator[list[Crop]]:
    """The faces at a size, view by view."""
    plain = family("area", size)
    moved = Chain((PRESETS["train"].steps[0], *plain.steps), name="moved")
    for view in range(views):
        chain = moved if view else plain
        yield [
            chain.apply(found.faces.crop(int(n)), per_item_rng(seed, size, view, int(n)))
            for n in found.scored
        ]


def measure(
    encoders: Mapping[str, Encoder], found: HeldOutFaces, size: int, given: argparse.Namespace
) -> dict[str, Figures]:
    """By encoder and measure: (N,) each face's mean over its views."""
    rows = np.arange(len(found.scored))
    other = found.component[:, None] != found.component[None, :]
    own: dict[str, list[NDArray[np.float32]]] = {name: [] for name in encoders}
    best: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in encoders}
    impostor: dict[str, list[NDArray[np.float32]]] = {name: [] for name in encoders}
    views = views_at(size, given.views)
    for crops in seen(found, size, views, given.seed):
        for name, encoder in encoders.items():
            scores = encoder.embed(crops) @ found.teacher.T
            own[name].append(scores[rows, rows])
            best[name].append(scores.argmax(axis=1) == rows)
            impostor[name].append(_highest(scores[other]))
    figures = {}
    passing = round(FAR * views * int(other.sum()))
    for name in encoders:
        threshold = np.sort(np.concatenate(impostor[name]))[-max(passing, 1)]
        figures[name] = {
            "cosine": np.mean(own[name], axis=0, dtype=np.float64),
            "rank1": np.mean(best[name], axis=0, dtype=np.float64),
            "tar": np.mean([view >= threshold for view in own[name]], axis=0, dtype=np.float64),
        }
    return figures


def _highest(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those of one view among which the threshold of all views lies: ten times the share FAR of them."""
    kept = min(len(scores), 10 * round(FAR * len(scores)) + 10)
    return np.partition(scores, -kept)[-kept:]


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    student, teacher = (
        open_encoder(name, runtime=given.runtime, threads=given.threads) for name in (given.model, "teacher")
    )
    found = never_seen(student.card, given.faces, teacher)
    if given.count is not None:
        found = found.only(found.some(given.count, given.seed))
    clusters = Clusters.of(found.component)
    rest = _without(found)
    figures: list[dict[str, Any]] = []
    with TemporaryDirectory(prefix="fewpix-int8-") as folder:
        report = in_int8(given.model, rest, Path(folder), count=given.calibration, seed=given.seed)
        encoders = {"float32": student} | {
            runtime: open_encoder(report.path, runtime=runtime, threads=given.threads)
            for runtime in given.runtimes
        }
        for size in given.sizes:
            by = measure(encoders, found, size, given)
            for runtime in given.runtimes:
                row = _row(by["float32"], by[runtime], clusters, given.seed)
                figures.append({"size": size, "runtime": runtime, **row})
                print(_line(figures[-1]), file=sys.stderr, flush=True)
    return {
        "question": "what does a student lose in int8?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "calibration": rest.sha256},
        "models": {
            given.model: report.of,
            report.model: {"sha256": report.sha256, "bytes": report.bytes, "chain": report.chain},
        },
        "settings": {
            "seed": given.seed,
            "far": FAR,
            "calibration_faces": given.calibration,
            "views": {str(size): views_at(size, given.views) for size in given.sizes},
            "instructions": instructions(),
            "limit": LIMIT,
        },
        "figures": figures,
        "summary": summary(figures),
    }


def _without(found: HeldOutFaces) -> FaceSet:
    """The pool without the held-out faces."""
    held = set(found.scored.tolist())
    kept = [n for n in range(len(found.faces)) if n not in held]
    keys, sources = found.faces.keys, found.faces.sources
    return replace(
        found.faces,
        keys=tuple(keys[n] for n in kept),
        sources=tuple(sources[n] for n in kept),
        data=tuple(found.faces.data[n] for n in kept),
    )


def _row(before: Figures, after: Figures, clusters: Clusters, seed: int) -> dict[str, Any]:
    """Both precisions and the loss, in each measure."""
    return {
        measure: {
            "float32": float(before[measure].mean()),
            "int8": float(after[measure].mean()),
            "loss": mean_change(before[measure] - after[measure], clusters, seed),
        }
        for measure in MEASURES
    }


def summary(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By runtime: the largest upper end of a loss of rank-1 or TAR, and whether it is small enough."""
    out = []
    for runtime in dict.fromkeys(row["runtime"] for row in figures):
        most, size, measure = max(
            (row[measure]["loss"]["ci95"][1], row["size"], measure)
            for row in figures
            for measure in ("rank1", "tar")
            if row["runtime"] == runtime
        )
        worst = {"measure": measure, "size": size, "loss_at_most": most}
        out.append({"runtime": runtime, "worst": worst, "small_enough": most < LIMIT})
    return out


def _line(row: Mapping[str, Any]) -> str:
    """A row in words."""
    parts = [f"{row['size']} px {row['runtime']}:"]
    for measure in MEASURES:
        one = row[measure]
        low, high = one["loss"]["ci95"]
        parts.append(f"{measure} {100 * one['float32']:.2f} loss {100 * low:+.2f} to {100 * high:+.2f}")
    return " ".join(parts)


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["summary"]:
        yield f"{row['runtime']}: {row['worst']}, small enough: {row['small_enough']}"


def main() -> int:
    """Measure and write."""
    names = ("faces", "--count", "--model", "--sizes", "--runtime", "--threads", "--seed", "--out")
    parser = options(__doc__, *names, sizes=list(SIZES), runtime="openvino")
    parser.add_argument("--runtimes", nargs="+", default=list(RUNTIMES), help="of int8")
    parser.add_argument("--views", type=int, default=8, help="of a face at 8 px")
    parser.add_argument("--calibration", type=int, default=FACES, help="faces to calibrate on")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
