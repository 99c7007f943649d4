"""Do faces that no student was trained on reach a score as often as the shipped calibration states?

The calibration is made of faces of the training pool, since faces of more people cannot be had, and most of
them were trained on. This asks whether that matters: of the faces kept out of training, each made small, how
many reach its thresholds among others of the people of its gallery?

    python -m benchmarks.calibration.pool FACES.tar ... --out results/calibration/pool.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration.observed_rates import SIZES, agreeing, embedded, facts, observed
from benchmarks.calibration.shipped import GALLERY
from benchmarks.lib.pool import held_out_from_shipped
from benchmarks.lib.run import options, run
from fewpix.calibration.file import SHIPPED, read_calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.degrade.degradation import Degradation
from fewpix.embed.open import open_encoder
from fewpix.embed.router import encoder_for


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    known = Calibrated(read_calibration(given.calibration))
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    encoders, held = held_out_from_shipped(given.faces, given.runtime, given.threads)
    faces = held.faces
    people = np.unique(held.component, return_inverse=True)[1].astype(np.int64)
    others = np.setdiff1d(np.flatnonzero(np.isin(faces.sources, GALLERY)), held.scored)
    others = np.random.default_rng(0).permutation(others)
    gallery = embedded(encoders["teacher"], faces, others, None, Degradation())
    same = known.calibration.same

    def alike(part: slice) -> NDArray[np.bool_]:
        return np.asarray(held.teacher[part] @ gallery.T >= same)

    figures = []
    for pixels in SIZES:
        probes = embedded(encoder, faces, held.scored, pixels, Degradation())
        seer = encoder_for(encoder, pixels)
        sizes = [int(size) for size in given.galleries.split(",")]
        figures += observed(known, seer, pixels, probes, people, gallery, alike, sizes)
        print(f"{pixels} px done", file=sys.stderr, flush=True)
    return {
        "question": "do faces that no student saw reach a score as often as the shipped calibration states?",
        "calibration": facts(known),
        "data": {"sha256": faces.sha256, "held_out": len(held.scored), "people": int(people.max()) + 1},
        "degradation": "area",
        "figures": figures,
    }


def main() -> int:
    """Measure and write the result."""
    parser = options(__doc__, "faces", "--runtime", "--threads", "--out")
    parser.add_argument("--calibration", type=Path, default=SHIPPED)
    parser.add_argument("--galleries", default="100,1000")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), agreeing)


if __name__ == "__main__":
    sys.exit(main())
