"""Does a student know its training pictures by heart? Why the recipes have so many mixed faces.

Four kinds of pictures are made small, and the student's mean cosine to the teacher is taken at each size:
faces trained on, mixed faces trained on, mixed faces of the same parents that were never made before, and
faces held out. Where the second is far above the third, more mixed faces help; where they are equal, not.

    python -m benchmarks.training.memorised FACES.tar ... --weights STUDENT.safetensors --out results/X.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.lib.pool import training_pool
from benchmarks.lib.run import options, run
from fewpix.embed.open import open_encoder
from fewpix.models.zoo import load_student
from fewpix.train.heldout import HeldOut
from fewpix.train.material import prepare

COUNT, FRESH = 400, 2000


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    if given.threads:
        torch.set_num_threads(given.threads)

    model, card = load_student(given.weights)
    teacher = open_encoder("teacher", threads=given.threads)
    pool = training_pool(card, given.faces, teacher)
    recipe, faces = pool.recipe, pool.faces
    # More mixes from the same random stream begin with the recipe's own.
    known = recipe.data.mixes
    more = recipe.model_copy(update={"data": recipe.data.model_copy(update={"mixes": known + FRESH})})
    made = prepare(more, faces, pool.cache, teacher.embed, lambda done, total: None)
    plain = len(made.views) - known - FRESH
    rng = np.random.default_rng(recipe.run.seed)
    kinds = {
        "faces trained on": rng.choice(plain // 2, COUNT, replace=False),
        "mixes trained on": plain + rng.choice(known, COUNT, replace=False),
        "new mixes of the same faces": plain + known + rng.choice(FRESH, COUNT, replace=False),
    }

    def embed(pixels: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return torch.nn.functional.normalize(model(pixels), dim=1)

    def score(crops: list[NDArray[np.uint8]], goal: NDArray[np.float32]) -> dict[str, float]:
        agreement = HeldOut(crops, goal, card.preprocess).score(embed)
        return {str(size): value for size, value in agreement.cosine.items()}

    cosine = {
        kind: score([made.views.render(int(n)) for n in chosen], made.teacher[chosen])
        for kind, chosen in kinds.items()
    }
    cosine["faces held out"] = score([faces.crop(int(n)) for n in made.held_out], made.held_teacher)
    return {
        "question": "does the student know its training pictures by heart?",
        "data": {"sha256": faces.sha256},
        "models": {"student": card.sha256, "teacher": teacher.card.sha256},
        "settings": {"recipe": recipe.name, "mixes": known, "pictures": COUNT, "seed": recipe.run.seed},
        "figures": cosine,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for kind, values in found["figures"].items():
        yield f"{kind:28} " + "  ".join(f"{size} px {value:.3f}" for size, value in values.items())


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "faces", "--threads", "--out")
    parser.add_argument("--weights", type=Path, required=True)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
