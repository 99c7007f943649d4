"""From how many faces should a FaceBN state be estimated? The state of n faces, n growing, on LFW.

Faces of half of the folds are the place; n of them are drawn, several times, and the state of the default
mode is estimated from them. Scored are pictures of people of the other folds, made small in the same way:
the mean cosine to the teacher's embedding of the sharp picture, and rank-1 among all of them. `apart` is how
far embeddings under two states lie apart that were made of different draws (one minus the mean cosine).

    python -m benchmarks.facebn.faces LFW112 --out results/facebn/faces.json
"""

from __future__ import annotations

import argparse
import itertools
import sys
from typing import Any

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.facebn.arms import ARMS, state_of
from benchmarks.lib.lfw import LfwPairs
from benchmarks.lib.run import each, options, run
from fewpix.adapt.reference import reference_of
from fewpix.degrade.degradation import Degradation
from fewpix.embed.adaptation import student_weights
from fewpix.embed.open import open_encoder
from fewpix.image.resize import Crop
from fewpix.models.zoo import load_student

COUNTS = (32, 64, 128, 256, 512, 1024, 2048)


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    rng = np.random.default_rng(given.seed)
    data = LfwPairs.open(given.lfw)
    pairs = data.pairs
    place = data.folds < 5
    people = data.clusters()
    pictures = np.concatenate((pairs.first, pairs.second))
    person, there = np.concatenate((people.first, people.second)), np.tile(place, 2)
    target = np.unique(pictures[there])
    others = np.unique(pictures[~there & ~np.isin(person, person[there])])
    others = np.sort(rng.permutation(others)[: given.scored])
    crops = {int(n): data.crop(int(n))[0] for n in np.concatenate((target, others))}
    sharp = open_encoder("teacher").embed([crops[int(n)] for n in others]).astype(np.float64)
    weights = student_weights(given.model)
    model, card = load_student(weights)
    reference = reference_of(weights, card.sha256)
    rows: list[dict[str, Any]] = []
    for family in given.families:
        made = Degradation(family, given.seed)

        def small(numbers: NDArray[np.int64], made: Degradation = made) -> list[Crop]:
            return [made.apply(crops[int(n)], data.names[int(n)], given.size) for n in numbers]

        faces = torch.from_numpy(card.preprocess.apply(small(target)))
        probes = small(others)
        plain = open_encoder(given.model).embed(probes).astype(np.float64)
        rows.append({"family": family, "faces": 0, **_figures([plain], sharp)})
        for count in (count for count in given.counts if count <= len(target)):
            found = []
            for _ in range(given.draws):
                chosen = torch.from_numpy(np.sort(rng.choice(len(target), count, replace=False)))
                state = state_of(ARMS["excess"], model, card, faces[chosen], family, reference, given.size)
                found.append(open_encoder(given.model, state=state).embed(probes).astype(np.float64))
            rows.append({"family": family, "faces": count, **_figures(found, sharp)})
            print(rows[-1], file=sys.stderr, flush=True)
    return {
        "question": "from how many faces should a FaceBN state be estimated?",
        "model": {"name": given.model, "sha256": card.sha256},
        "settings": {"size": given.size, "draws": given.draws, "mode": "excess", "seed": given.seed},
        "data": {"place": len(target), "scored": len(others)},
        "figures": rows,
    }


def main() -> int:
    """Parse, measure, write."""
    parser = options(__doc__, "lfw", "--model", "--seed", "--out")
    parser.add_argument("--families", nargs="+", default=["cctv-night", "infrared"])
    parser.add_argument("--size", type=int, default=12)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--scored", type=int, default=1000)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(str))


def _figures(found: list[NDArray[np.float64]], sharp: NDArray[np.float64]) -> dict[str, float]:
    """Means over the draws, and how far two draws lie apart."""
    similar = [rows @ sharp.T for rows in found]
    right = [float((item.argmax(axis=1) == np.arange(len(sharp))).mean()) for item in similar]
    cosine = [float(np.diagonal(item).mean()) for item in similar]
    apart = [1 - float((a * b).sum(axis=1).mean()) for a, b in itertools.combinations(found, 2)]
    return {
        "rank1": round(float(np.mean(right)), 5),
        "rank1_spread": round(float(np.std(right)), 5),
        "cosine": round(float(np.mean(cosine)), 5),
        "cosine_spread": round(float(np.std(cosine)), 5),
        "apart": round(float(np.mean(apart)), 5) if apart else 0.0,
    }


if __name__ == "__main__":
    sys.exit(main())
