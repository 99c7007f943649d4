"""How much of the weights that training began with should be kept? Asked of faces held out.

A checkpoint of a run with `optim.start_share` holds both ends. For each share, the mixture is scored like a
student in training: mean cosine between the small face's embedding and the teacher's of the sharp one, and
how often the nearest of all sharp ones is the right one. A share of 1 is the teacher fed directly.

    python -m benchmarks.training.start_share CHECKPOINT RECIPE FACES.tar ... \\
        --out results/training/start_share.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fewpix.threads import prepare_torch

prepare_torch()

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.lib.pool import held_out, pool_of
from benchmarks.lib.run import OPTIONS, each, options, run
from fewpix.embed.open import open_encoder
from fewpix.errors import WeightsError
from fewpix.models.zoo import architecture, build, fill
from fewpix.train.checkpoint import checkpoint_weights, read_identity
from fewpix.train.heldout import MAX_FACES, Agreement, HeldOut
from fewpix.train.recipe import load_recipe

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)

Tensors = dict[str, np.ndarray]


def ends(checkpoint: Path) -> tuple[Tensors, Tensors]:
    """The averaged weights of the last step, and those before the first.

    Raises:
        WeightsError: the run kept no start.
    """
    found = [checkpoint_weights(checkpoint, part) for part in ("average", "start")]
    if not found[1]:
        raise WeightsError(f"{checkpoint} has no start", fix="train with optim.start_share above 0")
    return found[0], found[1]


def score(model: nn.Module, scorer: HeldOut) -> Agreement:
    """Agreement with the teacher."""
    with torch.inference_mode():
        return scorer.score(
            lambda faces: torch.cat([F.normalize(model(part), dim=1) for part in faces.split(32)])
        )


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    recipe, identity = load_recipe(given.recipe), read_identity(given.checkpoint)
    last, first = ends(given.checkpoint)
    found = held_out(pool_of(recipe, identity.faces, given.faces, open_encoder("teacher")))
    chosen = found.scored[:MAX_FACES]
    crops, sharp = [found.faces.crop(int(n)) for n in chosen], found.teacher[: len(chosen)]
    own = architecture(recipe.model.arch)
    scorer = HeldOut(crops, sharp, own.preprocess)
    model = build(recipe.model.arch, sharp.shape[1]).eval()
    figures: list[dict[str, Any]] = []
    for share in given.shares:
        fill(model, {n: last[n] + share * (first[n] - last[n]) for n in last}, "the mixture")
        agreement = score(model, scorer)
        figures.append({"share": share, **agreement.to_json()})
        print(f"{share:.2f}  {agreement}", file=sys.stderr, flush=True)
    return {
        "question": "how much of the weights that training began with should be kept?",
        "data": {"sha256": found.faces.sha256, "held_out": len(chosen)},
        "run": {"recipe": identity.recipe, "teacher": identity.teacher},
        "settings": {"shares": given.shares},
        "figures": figures,
    }


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--out")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("faces", **OPTIONS["faces"])
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(str))


if __name__ == "__main__":
    sys.exit(main())
