"""From which similarity on are faces of one person? Sets `fewpix.adapt.people.SAME`; says how often it errs.

The pairs of pictures of one person of ORL are compared, aligned and made small, person by person; and the
pairs of random sets of held-out faces of the training pool, one of each connected component of teacher
similarity, so that hardly two are of one person. A set is called one person when `SHARE` of its pairs have a
cosine of `SAME` or more under the student's own statistics. Reported at several cosines.

    python -m benchmarks.facebn.guard FACES.tar ... --model fewpix-s --out results/facebn/guard.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.lib.pool import held_out_from_all
from benchmarks.lib.run import options, run
from fewpix.adapt.estimate.judge import embed
from fewpix.adapt.people import SAME, SHARE
from fewpix.data.orl import load_orl
from fewpix.degrade import FAMILIES
from fewpix.degrade.degradation import Degradation
from fewpix.detect import default_detector
from fewpix.embed.adaptation import student_weights
from fewpix.embed.open import open_encoder
from fewpix.image.align import align
from fewpix.image.resize import Crop
from fewpix.models.zoo import load_student

SIZES = (8, 12, 16, 24)
COSINES = (0.1, 0.15, 0.2, 0.25, 0.3)
FACES, SETS = 32, 50


def quartile(rows: NDArray[np.float32]) -> float:
    """The cosine that `SHARE` of the pairs reach."""
    pairs = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    return float(np.quantile(pairs, 1 - SHARE))


def people_of_orl(limit: int) -> tuple[list[Crop], NDArray[np.int64]]:
    """Aligned faces of the first people and who they are; those in which no face is found are left out."""
    orl, detector = load_orl(), default_detector()
    crops, people = [], []
    for image, person in zip(orl.images, orl.people, strict=True):
        if person < limit and (faces := detector.detect(image)):
            crops.append(align(image, faces[0].points, 112))
            people.append(int(person))
    return crops, np.array(people, dtype=np.int64)


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    model, card = load_student(student_weights(given.model))
    model.to(given.device)
    pool = held_out_from_all([card], given.faces, open_encoder("teacher"))
    own, person = people_of_orl(given.people)
    _, first = np.unique(pool.component, return_index=True)
    strangers = [pool.faces.crop(int(pool.scored[n])) for n in first]
    names = [f"orl/{n}" for n in range(len(own))] + [f"pool/{n}" for n in first]
    rng = np.random.default_rng(0)
    sets = [len(own) + rng.choice(len(first), min(FACES, len(first)), replace=False) for _ in range(SETS)]

    figures = []
    for family in given.families:
        for size in given.sizes:
            make = Degradation(family)
            small = [
                make.apply(crop, name, size) for crop, name in zip([*own, *strangers], names, strict=True)
            ]
            rows = embed(model, torch.from_numpy(card.preprocess.apply(small)))
            one = np.array([quartile(rows[: len(own)][person == n]) for n in np.unique(person)])
            many = np.array([quartile(rows[chosen]) for chosen in sets])
            figures.append(
                {
                    "family": family,
                    "size": size,
                    "one_person": {str(cosine): float((one >= cosine).mean()) for cosine in COSINES},
                    "many_people": {str(cosine): float((many >= cosine).mean()) for cosine in COSINES},
                }
            )
            print(figures[-1], file=sys.stderr, flush=True)
    rate = {
        kind: {str(c): float(np.mean([row[kind][str(c)] for row in figures])) for c in COSINES}  # type: ignore[index]
        for kind in ("one_person", "many_people")
    }
    return {
        "question": "from which cosine on do faces look like one person?",
        "model": {"name": card.name, "sha256": card.sha256},
        "settings": {"share": SHARE, "same": SAME, "sets": SETS, "faces_per_set": FACES},
        "data": {"people": len(np.unique(person)), "held_out": len(first), "sha256": pool.faces.sha256},
        "called_one_person": rate,
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    yield f"called one person, by cosine: {found['called_one_person']}"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "faces", "--model", "--sizes", "--device", "--out", sizes=list(SIZES))
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--people", type=int, default=40, help="of ORL")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
