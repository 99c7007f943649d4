"""What do landmarks that are a little off cost at few pixels, and does averaging several alignments help?

Held-out faces of the training pool are made small; the five points of each are moved by Gaussian noise, and
it is aligned by them straight to the encoder's input, as a detected face is. Compared are the cosine with the
teacher's embedding of the sharp face and rank-1 among the sharp held-out faces: of that one crop, of it and
its mirror image, and of the mean over five alignments, the other four by points that are moved once more.

    python -m benchmarks.detection.landmark_noise FACES.tar ... --out results/detection/landmark_noise.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.enlarged import cut, exact_points
from benchmarks.lib.pool import HeldOutFaces, held_out_from_all
from benchmarks.lib.run import POOL, each, mean_change, options, run
from fewpix.degrade import ops
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder, normalised
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop

SIZES = (8, 12, 16, 24)
NOISES = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0)
"""Standard deviation of each coordinate, in pixels of the 112 px template; 1 is 0.9 % of the face."""

AVERAGED = (0.0, 3.0)
"""Noises at which averaging is tried."""

VIEWS, JITTER = 5, 2.0
"""Alignments that are averaged, and how far the points of the others are moved, in pixels of 112."""


def moved(
    points: NDArray[np.float64], noise: float, side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Points in a picture of this side, each moved by `noise` pixels of 112."""
    return points + rng.normal(0, 1, (5, 2)) * noise * side / TEMPLATE_SIDE


def views(
    small: Sequence[Crop], noise: float, side: int, averaged: bool, seed: Sequence[int]
) -> list[list[Crop]]:
    """For each alignment the crops of all faces."""
    rng = np.random.default_rng(seed)
    made: list[list[Crop]] = [[] for _ in range(VIEWS if averaged else 1)]
    for picture in small:
        size = picture.shape[0]
        points = moved(exact_points(size), noise, size, rng)
        made[0].append(cut(picture, side, points))
        for crops in made[1:]:
            crops.append(cut(picture, side, moved(points, JITTER, size, rng)))
    return made


def measure(
    encoder: Encoder, crops: Sequence[Crop], rows: NDArray[np.int64], found: HeldOutFaces, seed: int
) -> list[dict[str, Any]]:
    """Every size, noise and way, the ways compared with a single alignment."""
    clusters = Clusters.of(found.component[rows])
    figures: list[dict[str, Any]] = []
    for size in SIZES:
        small = [ops.downscale(crop, size) for crop in crops]
        for n, noise in enumerate(NOISES):
            averaged = noise in AVERAGED
            aligned = views(small, noise, encoder.card.preprocess.side, averaged, [seed, size, n])
            single, *others = (encoder.embed(crops) for crops in aligned)
            ways = {"single": single}
            if averaged:
                mirrored = encoder.embed([np.ascontiguousarray(crop[:, ::-1]) for crop in aligned[0]])
                ways["mirrored"] = normalised(single + mirrored)
                ways["jittered"] = normalised(np.sum([single, *others], axis=0))
            scores = {name: found.matched(made, rows) for name, made in ways.items()}
            for name, (cosine, right) in scores.items():
                row: dict[str, Any] = {
                    "model": encoder.card.name,
                    "size": size,
                    "noise": noise,
                    "way": name,
                    "cosine": float(cosine.mean()),
                    "rank1": float(right.mean()),
                }
                if name != "single":
                    for metric, values in enumerate((cosine, right)):
                        gain = values - scores["single"][metric]
                        row[("cosine_gain", "rank1_gain")[metric]] = mean_change(gain, clusters, seed)
                figures.append(row)
            print(figures[-len(ways) :], file=sys.stderr)
    return figures


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    students = [open_encoder(name, runtime=given.runtime) for name in given.models.split(",")]
    teacher = open_encoder("teacher", runtime=given.runtime)
    found = held_out_from_all([student.card for student in students], given.faces, teacher)
    rows = found.some(given.count, given.seed)
    crops = found.crops(rows)
    return {
        "question": "what do landmarks that are off cost, and does averaging alignments help?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "probes": len(rows)},
        "models": {student.card.name: student.card.sha256 for student in students},
        "settings": {"seed": given.seed, "views": VIEWS, "jitter": JITTER},
        "figures": [row for student in students for row in measure(student, crops, rows, found, given.seed)],
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    return (
        f"{row['model']}, {row['size']} px, noise {row['noise']:g}, {row['way']}: cosine "
        f"{row['cosine']:.3f}, rank-1 {100 * row['rank1']:.1f} %"
    )


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, *POOL, count=200)
    parser.add_argument("--models", default="fewpix-s,fewpix-l")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
