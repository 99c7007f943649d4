"""At which scales, and from which score on, should YuNet search, when the aligner judges what it finds?

Faces of the training pool that the aligner never saw, put on photographs
(`benchmarks.detection.pool_scenes`). Searched is at the scale of 1, at a finer one and at two coarser ones;
the aligner looks at every find, as in `fewpix.detect.Detector`. Told for each choice: the share of faces that
are found, by their size; what is taken for a face and is none; the finds that the aligner had to look at; and
the millions of scaled pixels that YuNet saw, for a picture.

    python -m benchmarks.detection.scales FACES.tar ... --out results/detection/scales.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.detection.points import RECIPE
from benchmarks.detection.pool_scenes import PoolScene, hits, pool_scenes
from benchmarks.detection.scenes import HEIGHT, WIDTH
from benchmarks.lib.run import each, options, run
from fewpix.data.faces import load_faces
from fewpix.detect import Detector, Face
from fewpix.detect.aligner import Aligner
from fewpix.detect.tiles import scaled_area
from fewpix.detect.yunet import installed_yunet
from fewpix.image.codec import Image
from fewpix.train.aligner import held_out_faces
from fewpix.train.aligner_recipe import load_aligner_recipe

SIZES = (8, 10, 12, 16, 24)
FINEST = (3.0, 2.5, 2.0)
SCORES = (0.15, 0.06)
MIN_SCORE = 0.6


class CountingAligner(Aligner):
    """Counts what it is asked to look at."""

    seen = 0

    def refine(self, image: Image, faces: Sequence[Face]) -> list[Face]:
        self.seen += len(faces)
        return super().refine(image, faces)


def measure(scenes: Sequence[PoolScene], finest: float, score: float) -> dict[str, float]:
    """Of one choice, at one size."""
    aligner = CountingAligner()
    detector = Detector(installed_yunet(score), MIN_SCORE, (1.0, finest), aligner=aligner)
    found = alarms = 0
    for scene in scenes:
        seen = hits([face.points for face in detector.detect(scene.image)], scene.points)
        found += sum(hit is not None for hit in seen)
        alarms += sum(hit is None for hit in seen)
    area = sum(scaled_area(WIDTH, HEIGHT, scale) for scale in detector.levels(WIDTH, HEIGHT))
    return {
        "found": found / sum(len(scene.points) for scene in scenes),
        "false_alarms": alarms / len(scenes),
        "finds": aligner.seen / len(scenes),
        "megapixels": area / 1e6,
    }


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure all choices."""
    faces, recipe = load_faces(given.faces), load_aligner_recipe(RECIPE)
    held = np.random.default_rng(given.seed).permutation(held_out_faces(recipe, len(faces)))
    figures = []
    for size in given.sizes:
        scenes = list(pool_scenes(faces, held.tolist(), size, given.scenes, seed=given.seed))
        for finest in FINEST:
            for score in SCORES:
                row = {"size": size, "finest": finest, "score": score, **measure(scenes, finest, score)}
                print(line(row), file=sys.stderr, flush=True)
                figures.append(row)
    return {
        "question": "at which scales, and from which score on, should YuNet search?",
        "data": {"sha256": faces.sha256, "held_out": len(held)},
        "settings": {"scenes": given.scenes, "min_score": MIN_SCORE, "seed": given.seed},
        "figures": figures,
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    return (
        f"{row['size']} px, scale {row['finest']:g}, score {row['score']:g}: "
        f"found {100 * row['found']:.1f} %, {row['false_alarms']:.2f} false alarms, "
        f"{row['finds']:.0f} finds, {row['megapixels']:.1f} MP a picture"
    )


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "faces", "--sizes", "--seed", "--out", sizes=list(SIZES))
    parser.add_argument("--scenes", type=int, default=4, help="pictures per size")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
