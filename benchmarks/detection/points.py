"""How far off are the points of found faces, does the aligner put them right, and does it know a face?

Faces of the training pool are aligned, so where a face lies in its picture is known. Faces that the aligner
never saw are made small, put between the pixels of a grey picture, compressed as JPEG or not at all, and
found. The error of a face is the mean distance of the template's five points from where the found points put
them, in pixels of the 112 px template; `right` and `down` are the medians of its two directions. `search` are
YuNet's points as the search finds them, whatever their score, `detector` those that `Detector` gives, of
faces that it is sure of. `found` is the share of faces.

Told besides: how many false alarms there are in pictures without a face (`scenes.py`), by the least score.

    python -m benchmarks.detection.points FACES.tar ... --out results/detection/points.json
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.scenes import backgrounds
from benchmarks.lib.run import each, options, run
from fewpix.data.faces import FaceSet, load_faces
from fewpix.degrade.ops import jpeg
from fewpix.detect import Face, default_detector
from fewpix.detect.aligner import PASSES
from fewpix.detect.detector import BIAS
from fewpix.files import sha256_file
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE, Similarity, similarity
from fewpix.image.codec import Image
from fewpix.models.aligner_file import ALIGNER
from fewpix.train.aligner import held_out_faces
from fewpix.train.aligner_recipe import load_aligner_recipe

SIZES = (8, 10, 12, 16, 20, 24, 32, 48, 64, 100)
FILES = (None, 75)
WAYS = ("search", "detector")
SCORES = (0.45, 0.6, 0.8)
MIN_SCORE = 0.6
AROUND = 56
"""Template pixels around a face, which repeat its border."""

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "aligner.toml"

_POINTS = TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1]


def scene(faces: FaceSet, n: int, size: int, rng: np.random.Generator) -> tuple[Image, Similarity]:
    """A grey picture with one face of `size` px somewhere, and the similarity from its pixels to the
    template.
    """
    crop = cv2.copyMakeBorder(faces.crop(n), *(AROUND,) * 4, cv2.BORDER_REPLICATE)
    side, around = TEMPLATE_SIDE + 2 * AROUND, max(size, 32)
    ratio, phase = size / TEMPLATE_SIDE, rng.uniform(0, 1, 2)
    wide = math.ceil(side * ratio) + 2
    dense = max(1, math.ceil(1 / ratio))
    # Sampled at least as densely as the crop, then averaged; the crop's edge lies `phase` pixels inside.
    matrix = np.array([[ratio, 0, 0.5 * ratio - 0.5 + phase[0]], [0, ratio, 0.5 * ratio - 0.5 + phase[1]]])
    matrix[:, :2] *= dense
    matrix[:, 2] = (matrix[:, 2] + 0.5) * dense - 0.5
    fine = cv2.warpAffine(
        crop, matrix, (wide * dense,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    small = cv2.resize(fine, (wide, wide), interpolation=cv2.INTER_AREA)
    picture = cv2.copyMakeBorder(small, *(around,) * 4, cv2.BORDER_CONSTANT, value=(118, 118, 118))
    moved = complex(*phase) + complex(around, around) + complex(0.5, 0.5) * (ratio - 1)
    return np.asarray(picture, np.uint8), (1 / ratio, -moved / ratio - complex(AROUND, AROUND))


def displaced(face: Face, true: Similarity) -> NDArray[np.complex128]:
    """(5,) where the found points put the template's, minus where these are, in template pixels."""
    turn, move = similarity(face.points)
    return np.asarray(turn * ((_POINTS - true[1]) / true[0]) + move - _POINTS)


def near(faces: Sequence[Face], true: Similarity, size: int) -> Face | None:
    """The surest of these faces that lies where the true one does."""
    middle = (_POINTS.mean() - true[1]) / true[0]
    there = [face for face in faces if abs(complex(*face.points.mean(axis=0)) - middle) < 0.5 * size]
    return max(there, key=lambda face: face.score, default=None)


def figures(faces: FaceSet, rows: NDArray[np.int64], sizes: list[int], seed: int) -> list[dict[str, Any]]:
    """A row per size, file and way."""
    detector = default_detector(0.0)
    out = []
    for size in sizes:
        for quality in FILES:
            rng = np.random.default_rng([seed, size])
            off: dict[str, list[NDArray[np.complex128]]] = {way: [] for way in WAYS}
            stated, scores = [], []
            for n in rows:
                picture, true = scene(faces, int(n), size, rng)
                picture = picture if quality is None else jpeg(picture, quality)
                plain = near(detector.finds(picture), true, size)
                better = near(detector.detect(picture), true, size)
                if plain is not None:
                    off["search"].append(displaced(plain, true))
                scores.append(0.0 if better is None else better.score)
                if better is not None and better.score >= MIN_SCORE:
                    off["detector"].append(displaced(better, true))
                    assert better.alignment is not None
                    stated.append(better.alignment.error)
            for way in WAYS:
                each = np.array(off[way]).reshape(-1, 5)
                error = np.abs(each).mean(axis=1)
                out.append(
                    {
                        "size": size,
                        "jpeg": quality,
                        "points": way,
                        "found": len(each) / len(rows),
                        "error": float(np.median(error)) if len(each) else None,
                        "error_90": float(np.quantile(error, 0.9)) if len(each) else None,
                        "right": float(np.median(each.real.mean(axis=1))) if len(each) else None,
                        "down": float(np.median(each.imag.mean(axis=1))) if len(each) else None,
                        "stated": float(np.median(stated)) if way == "detector" and stated else None,
                        "found_at": by_score(scores, len(rows)) if way == "detector" else None,
                    }
                )
            print(*(line(row) for row in out[-len(WAYS) :]), sep="\n", file=sys.stderr, flush=True)
    return out


def by_score(scores: Sequence[float], of: int) -> dict[str, float]:
    """Share of faces, or number of false alarms where `of` is 1, by the least score."""
    return {f"{least:g}": sum(score >= least for score in scores) / of for least in SCORES}


def alarms() -> dict[str, dict[str, float]]:
    """False alarms in pictures without a face, by kind and least score."""
    detector = default_detector(min(SCORES))
    return {
        kind: by_score([face.score for image in images for face in detector.detect(image)], 1)
        for kind, images in backgrounds().items()
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    if row["error"] is None:
        return f"{row['size']} px, JPEG {row['jpeg']}, {row['points']}: none found"
    return (
        f"{row['size']} px, JPEG {row['jpeg']}, {row['points']}: off by {row['error']:.2f} (90 %: "
        f"{row['error_90']:.2f}), right {row['right']:+.2f}, down {row['down']:+.2f}, found "
        f"{100 * row['found']:.0f} %"
    )


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--runtime", "--seed", "--out")
    parser.add_argument("faces", nargs="+", type=Path, help="the shards that the aligner was trained on")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    given = parser.parse_args()

    def measure() -> dict[str, Any]:
        faces, recipe = load_faces(given.faces), load_aligner_recipe(RECIPE)
        held = held_out_faces(recipe, len(faces))
        rows = np.random.default_rng(given.seed).permutation(held)[: given.count]
        return {
            "question": "how far off are the points of found faces, and does the aligner know a face?",
            "data": {"sha256": faces.sha256, "held_out": len(held), "faces": len(rows)},
            "models": {"aligner": sha256_file(ALIGNER)},
            "settings": {
                "seed": given.seed,
                "bias": [BIAS.real, BIAS.imag],
                "passes": PASSES,
                "min_score": MIN_SCORE,
            },
            "figures": figures(faces, rows, given.sizes, given.seed),
            "false_alarms": alarms(),
        }

    return run(given.out, measure, each(line))


if __name__ == "__main__":
    sys.exit(main())
