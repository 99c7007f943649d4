"""Does the length of a student's embedding, before it is normalised, say how far a small face can be trusted?

Held-out faces of the pool are made small and looked for among all sharp ones, as in `families.py`. A good
measure of quality ranks the faces that are found above those that are not: its AUC is how often it does so
for one of each, 0.5 by chance. Beside the length stands a measure that needs no model, the contrast (standard
deviation of the small face's luminance). Also told: rank-1 of the four fifths that each ranks highest.

    python -m benchmarks.gallery.norm_quality FACES.tar ... --out results/gallery/norm_quality.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.lib.pool import held_out_from_all
from benchmarks.lib.run import options, run
from fewpix.degrade.degradation import Degradation
from fewpix.embed.adaptation import student_weights
from fewpix.embed.open import open_encoder
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, mean_interval, percentiles
from fewpix.image.resize import Crop
from fewpix.models.zoo import load_student

SIZES = (8, 12, 16, 24)
FAMILIES = ("area", "noise", "cctv")
KEPT = 0.8
BATCH = 128
_LUMINANCE = np.array([0.114, 0.587, 0.299])  # of B, G, R; ITU-R BT.601


def raw(model: torch.nn.Module, pixels: torch.Tensor) -> NDArray[np.float64]:
    """Embeddings as the last layer gives them, (N, D)."""
    with torch.inference_mode():
        rows = [model(pixels[n : n + BATCH]).numpy() for n in range(0, len(pixels), BATCH)]
    return np.concatenate(rows).astype(np.float64)


def contrast(crop: Crop) -> float:
    """Standard deviation of the luminance, 0 to 127.5."""
    return float((crop @ _LUMINANCE).std())


def auc(
    quality: NDArray[np.float64], found: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How often a face that is found has the higher quality, a tie counting half.

    Args:
        quality: (N,).
        found: (N,).
        weights: (R, N) of the faces, in R replicates.

    Returns:
        (R,), NaN where a replicate lacks one of the two kinds.
    """
    above = quality[found][:, None] - quality[~found][None, :]
    wins = (above > 0) + 0.5 * (above == 0)
    ours, theirs = weights[:, found], weights[:, ~found]
    total = ours.sum(axis=1) * theirs.sum(axis=1)
    sums = np.asarray(((ours @ wins) * theirs).sum(axis=1), dtype=np.float64)
    return np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)


def judged(
    quality: NDArray[np.float64], found: NDArray[np.bool_], clusters: Clusters, seed: int
) -> dict[str, Any]:
    """AUC with its interval, and rank-1 among the faces of high quality."""
    kept = quality >= np.quantile(quality, 1 - KEPT)
    replicates = np.concatenate([auc(quality, found, block) for block in clusters.weights(REPLICATES, seed)])
    return {
        "auc": float(auc(quality, found, np.ones((1, len(found))))[0]),
        "auc_ci95": percentiles(replicates[np.isfinite(replicates)]).to_json(),
        "rank1_of_kept": float(found[kept].mean()),
    }


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    students = {Path(name).stem: load_student(student_weights(name)) for name in given.models.split(",")}
    teacher = open_encoder("teacher", runtime=given.runtime)
    found_faces = held_out_from_all([card for _, card in students.values()], given.faces, teacher)
    clusters = Clusters.of(found_faces.component)
    crops = [found_faces.faces.crop(int(n)) for n in found_faces.scored]
    names = [found_faces.faces.keys[int(n)] for n in found_faces.scored]
    figures: list[dict[str, Any]] = []
    for family in given.families:
        degradation = Degradation(family, given.seed)
        for size in given.sizes:
            small = [degradation.apply(crop, name, size) for crop, name in zip(crops, names, strict=True)]
            flat = np.array([contrast(crop) for crop in small])
            for model_name, (model, card) in students.items():
                rows = raw(model.eval(), torch.from_numpy(card.preprocess.apply(small)))
                length = np.linalg.norm(rows, axis=1)
                nearest = (rows / length[:, None] @ found_faces.teacher.T).argmax(axis=1)
                right = nearest == np.arange(len(rows))
                row = {
                    "family": family,
                    "size": size,
                    "model": model_name,
                    "rank1": float(right.mean()),
                    "rank1_ci95": mean_interval(right, clusters, seed=given.seed).to_json(),
                    "length": judged(length, right, clusters, given.seed),
                    "contrast": judged(flat, right, clusters, given.seed),
                }
                figures.append(row)
                print(f"{family} {size} px {model_name}: {row['length']} {row['contrast']}", file=sys.stderr)
    return {
        "question": "does the length of an embedding say how far a small face can be trusted?",
        "data": {"sha256": found_faces.faces.sha256, "held_out": len(crops)},
        "models": {name: card.sha256 for name, (_, card) in students.items()},
        "settings": {"seed": given.seed, "kept": KEPT},
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["figures"]:
        low, high = row["length"]["auc_ci95"]
        yield (
            f"{row['family']} {row['size']} px, {row['model']}: AUC of the length {row['length']['auc']:.2f} "
            f"({low:.2f} to {high:.2f}), of the contrast {row['contrast']['auc']:.2f}; rank-1 "
            f"{100 * row['rank1']:.0f} %, of the longest {100 * row['length']['rank1_of_kept']:.0f} %"
        )


def main() -> int:
    """Measure and write."""
    parser = options(
        __doc__, "faces", "--models", "--sizes", "--runtime", "--seed", "--out", sizes=list(SIZES)
    )
    parser.add_argument("--families", nargs="+", default=list(FAMILIES))
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
