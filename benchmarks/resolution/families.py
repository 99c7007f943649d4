"""Which degradation is worst? Every family of `fewpix.degrade` at every size, on held-out faces of the pool.

Each face that the students never saw is degraded by the family at the size, embedded, and looked for among
all sharp held-out faces, which the teacher embedded. Rank-1 is how often it is found; a model is compared
with the teacher fed directly face by face, with a 95 % interval from resampling connected components of
teacher similarity. All families but `area` and `grey` are stronger than what the students were trained on.

    python -m benchmarks.resolution.families FACES.tar ... --models fewpix-s,teacher \\
        --out results/resolution/families.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.pool import HeldOutFaces, held_out_from_all
from benchmarks.lib.run import options, run
from fewpix.degrade import FAMILIES
from fewpix.degrade.degradation import Degradation
from fewpix.degrade.presets import UNSEEN
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval

SIZES = (8, 12, 16, 24, 32)
BASELINE = "teacher"

Rows = list[dict[str, Any]]


def measure(
    encoders: Mapping[str, Encoder],
    found: HeldOutFaces,
    families: Sequence[str],
    sizes: Sequence[int],
    seed: int,
) -> Rows:
    """A row per family, size and model."""
    clusters = Clusters.of(found.component)
    crops = [found.faces.crop(int(n)) for n in found.scored]
    names = [found.faces.keys[int(n)] for n in found.scored]

    def interval(values: NDArray[np.float64]) -> list[float]:
        return mean_interval(values, clusters, seed=seed).to_json()

    rows: Rows = []
    for family in families:
        degradation = Degradation(family, seed)
        for size in sizes:
            small = [degradation.apply(crop, name, size) for crop, name in zip(crops, names, strict=True)]
            right = {}
            for name, encoder in encoders.items():
                similarity = encoder.embed(small).astype(np.float64) @ found.teacher.T
                right[name] = (similarity.argmax(axis=1) == np.arange(len(small))).astype(np.float64)
                rows.append(
                    {
                        "family": family,
                        "size": size,
                        "model": name,
                        "rank1": float(right[name].mean()),
                        "rank1_ci95": interval(right[name]),
                        "cosine": float(np.diagonal(similarity).mean()),
                    }
                )
            for row in rows[-len(encoders) :]:
                if BASELINE in right and row["model"] != BASELINE:
                    change = right[row["model"]] - right[BASELINE]
                    row["minus_baseline"] = {"rank1": float(change.mean()), "ci95": interval(change)}
            found_at = {name: round(float(values.mean()), 3) for name, values in right.items()}
            print(f"{family} {size} px: {found_at}", file=sys.stderr, flush=True)
    return rows


def summary(rows: Rows) -> Rows:
    """Per model and size: the mean over the families, and the worst one."""
    out: Rows = []
    for model, size in dict.fromkeys((row["model"], row["size"]) for row in rows):
        own = [row for row in rows if (row["model"], row["size"]) == (model, size)]
        worst = min(own, key=lambda row: row["rank1"])
        mean = float(np.mean([row["rank1"] for row in own]))
        out.append(
            {
                "model": model,
                "size": size,
                "mean": mean,
                "worst": {"family": worst["family"], "rank1": worst["rank1"], "ci95": worst["rank1_ci95"]},
            }
        )
    return out


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    names = dict.fromkeys(given.models.split(","))
    encoders = {Path(name).stem: open_encoder(name, runtime=given.runtime) for name in names}
    students = [encoder for encoder in encoders.values() if "recipe" in encoder.card.provenance]
    if not students:
        raise ConfigError("no student is named", fix="name one: its recipe says which faces it never saw")
    teacher = open_encoder(BASELINE, runtime=given.runtime)
    found = held_out_from_all([student.card for student in students], given.faces, teacher)
    rows = measure(encoders, found, given.families, given.sizes, given.seed)
    return {
        "question": "how often is a face found under each degradation, and which one is worst?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored)},
        "models": {name: encoder.card.sha256 for name, encoder in encoders.items()},
        "settings": {"seed": given.seed, "baseline": BASELINE, "unseen": list(UNSEEN)},
        "figures": rows,
        "summary": summary(rows),
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["summary"]:
        yield f"{row['model']} {row['size']} px: mean {100 * row['mean']:.1f} %, worst {row['worst']}"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "faces", "--sizes", "--runtime", "--seed", "--out", sizes=list(SIZES))
    parser.add_argument("--models", default=f"fewpix-s,{BASELINE}")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
