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
import time
from pathlib import Path

from fewpix.cli.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from benchmarks.lib.pool import held_out, training_pool
from numpy.typing import NDArray

from fewpix.adapt.estimate.judge import embed
from fewpix.adapt.people import SAME, SHARE
from fewpix.data.orl import load_orl
from fewpix.degrade import FAMILIES
from fewpix.detect import default_detector
from fewpix.embed.adaptation import student_weights
from fewpix.embed.open import open_encoder
from fewpix.errors import FewpixError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.result.file import Run, check_target, write_result
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


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--model", default="fewpix-s")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--people", type=int, default=40, help="of ORL")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    start = time.monotonic()
    try:
        check_target(given.out)
        model, card = load_student(student_weights(given.model))
        model.to(given.device)
        pool = held_out(training_pool(card, given.faces, open_encoder("teacher")))
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
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
    payload = {
        "question": "from which cosine on do faces look like one person?",
        "model": {"name": card.name, "sha256": card.sha256},
        "settings": {"share": SHARE, "same": SAME, "sets": SETS, "faces_per_set": FACES},
        "data": {"people": len(np.unique(person)), "held_out": len(first), "sha256": pool.faces.sha256},
        "called_one_person": rate,
        "figures": figures,
    }
    write_result(given.out, payload, Run.since(start))
    print(f"called one person, by cosine: {rate}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
