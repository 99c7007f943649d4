"""What do landmarks that are a little off cost at few pixels, and does averaging several alignments help?

Held-out faces of the training pool are made small; the five points of each are moved by Gaussian noise, and
it is aligned by them straight to the encoder's input, as a detected face is. Compared are the cosine with the
teacher's embedding of the sharp face and rank-1 among the sharp held-out faces: of that one crop, of it and
its mirror image, and of the mean over five alignments, the other four by points that are moved once more.

    python benchmarks/landmark_noise.py FACES.tar ... --out results/landmark_noise.json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from enlarged import cut, exact_points
from numpy.typing import NDArray
from training_pool import HeldOutFaces, held_out_from_all

from fewpix.degrade import ops
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder, normalised
from fewpix.errors import FewpixError
from fewpix.evaluate.bootstrap import Clusters, mean_interval
from fewpix.evaluate.results import Run, check_target, write_result
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop
from fewpix.models.shipped import STUDENTS

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


def judged(
    made: NDArray[np.float32], rows: NDArray[np.int64], gallery: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) cosine with the face's own sharp embedding, and whether it is the most similar one."""
    similar = (made @ gallery.T).astype(np.float64)
    return similar[np.arange(len(rows)), rows], (similar.argmax(axis=1) == rows).astype(np.float64)


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
            scores = {name: judged(made, rows, found.teacher) for name, made in ways.items()}
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
                        row[("cosine_gain", "rank1_gain")[metric]] = {
                            "mean": float(gain.mean()),
                            "ci95": mean_interval(gain, clusters, seed=seed).to_json(),
                        }
                figures.append(row)
            print(figures[-len(ways) :], file=sys.stderr)
    return figures


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--models", default=",".join(STUDENTS))
    parser.add_argument("--count", type=int, default=200, help="of the held-out faces")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    start = time.monotonic()
    cv2.setNumThreads(1)
    try:
        check_target(given.out)
        students = [open_encoder(name, runtime=given.runtime) for name in given.models.split(",")]
        teacher = open_encoder("teacher", runtime=given.runtime)
        found = held_out_from_all([student.card for student in students], given.faces, teacher)
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    rows = np.sort(np.random.default_rng(given.seed).permutation(len(found.scored))[: given.count])
    crops = [found.faces.crop(int(found.scored[n])) for n in rows]
    figures = [row for student in students for row in measure(student, crops, rows, found, given.seed)]
    payload = {
        "question": "what do landmarks that are off cost, and does averaging alignments help?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "probes": len(rows)},
        "models": {student.card.name: student.card.sha256 for student in students},
        "settings": {"seed": given.seed, "views": VIEWS, "jitter": JITTER},
        "figures": figures,
    }
    write_result(given.out, payload, Run.since(start))
    for row in figures:
        print(
            f"{row['model']}, {row['size']} px, noise {row['noise']:g}, {row['way']}: cosine "
            f"{row['cosine']:.3f}, rank-1 {100 * row['rank1']:.1f} %"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
