"""How far off are the points of found faces, and does the aligner put them right?

Faces of the training pool are aligned, so where a face lies in its picture is known. Faces that the aligner
never saw are made small, put between the pixels of a grey picture, compressed as JPEG or not at all, and
found. The error of a face is the mean distance of the template's five points from where the found points put
them, in pixels of the 112 px template; `right` and `down` are the medians of its two directions. Told are the
points of the closer looks as they are, those that `Detector` makes of them, and those of the aligner, as well
as what share of the faces is found.

    python benchmarks/detect_points.py FACES.tar ... --out results/detect_points.json
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from quality_run import options, run

from fewpix.data.faces import FaceSet, load_faces
from fewpix.degrade.ops import jpeg
from fewpix.detect import Face
from fewpix.detect.aligner import Aligner
from fewpix.detect.detector import BIAS, SEARCH_SCORE, Detector
from fewpix.detect.yunet import installed_yunet
from fewpix.files import sha256_file
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE, Similarity, similarity
from fewpix.image.codec import Image
from fewpix.models.aligner_file import ALIGNER
from fewpix.train.aligner import held_out_faces
from fewpix.train.aligner_recipe import load_aligner_recipe

SIZES = (8, 10, 12, 16, 20, 24, 32, 48, 64, 100)
FILES = (None, 75)
WAYS = ("looks", "detector", "aligner")
AROUND = 56
"""Template pixels around a face, which repeat its border."""

RECIPE = Path(__file__).resolve().parent.parent / "recipes" / "aligner.toml"

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


def unbiased(face: Face) -> Face:
    """The face with the points of the looks."""
    move = BIAS / similarity(face.points)[0]
    return Face(face.box, face.points - np.float32([move.real, move.imag]), face.score, face.pixels)


def figures(faces: FaceSet, rows: NDArray[np.int64], sizes: list[int], seed: int) -> list[dict[str, Any]]:
    """A row per size, file and way."""
    detector, aligner = Detector(installed_yunet(SEARCH_SCORE)), Aligner()
    out = []
    for size in sizes:
        for quality in FILES:
            rng = np.random.default_rng([seed, size])
            off: dict[str, list[NDArray[np.complex128]]] = {way: [] for way in WAYS}
            stated: list[float] = []
            for n in rows:
                picture, true = scene(faces, int(n), size, rng)
                if quality is not None:
                    picture = jpeg(picture, quality) if picture.shape[0] == picture.shape[1] else picture
                middle = (_POINTS.mean() - true[1]) / true[0]
                near = [
                    face
                    for face in detector.detect(picture)
                    if abs(complex(*face.points.mean(axis=0)) - middle) < 0.5 * size
                ]
                if not near:
                    continue
                better = aligner.refine(picture, near[:1])[0]
                stated.append(better.alignment.error if better.alignment else math.nan)
                for way, face in zip(WAYS, (unbiased(near[0]), near[0], better), strict=True):
                    off[way].append(displaced(face, true))
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
                        "stated": float(np.median(stated)) if way == "aligner" and stated else None,
                    }
                )
            print(*(line(row) for row in out[-len(WAYS) :]), sep="\n", file=sys.stderr, flush=True)
    return out


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
    parser = options(__doc__)
    parser.add_argument("faces", nargs="+", type=Path, help="the shards that the aligner was trained on")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    given = parser.parse_args()

    def measure() -> dict[str, Any]:
        faces, recipe = load_faces(given.faces), load_aligner_recipe(RECIPE)
        held = held_out_faces(recipe, len(faces))
        rows = np.random.default_rng(given.seed).permutation(held)[: given.count]
        return {
            "question": "how far off are the points of found faces, and does the aligner put them right?",
            "data": {"sha256": faces.sha256, "held_out": len(held), "faces": len(rows)},
            "models": {"aligner": sha256_file(ALIGNER)},
            "settings": {"seed": given.seed, "bias": [BIAS.real, BIAS.imag]},
            "figures": figures(faces, rows, given.sizes, given.seed),
        }

    return run(given.out, measure, line)


if __name__ == "__main__":
    sys.exit(main())
