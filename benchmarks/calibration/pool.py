"""Do faces that no student was trained on reach a score as often as the shipped calibration states?

The calibration is made of faces of the training pool, since faces of more people cannot be had, and most of
them were trained on. This asks whether that matters: of the faces kept out of training, each made small, how
many reach its thresholds among others of the people of its gallery? `figures` is of people of sources that
are not in the gallery, as the calibration's strangers are; `among_their_like` of people of sources that are.

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
    listed = np.isin(faces.sources, GALLERY)
    others = np.setdiff1d(np.flatnonzero(listed), held.scored)
    others = np.random.default_rng(0).permutation(others)
    gallery = embedded(encoders["teacher"], faces, others, None, Degradation())
    same = known.calibration.same
    galleries = [int(size) for size in given.galleries.split(",")]

    def seen(chosen: NDArray[np.bool_]) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """How many faces and people of those held out, and how often they reach what is stated."""
        members, teacher = held.scored[chosen], held.teacher[chosen]
        people = np.unique(held.component[chosen], return_inverse=True)[1].astype(np.int64)
        figures = []
        for pixels in SIZES if len(members) else ():
            figures += observed(
                known,
                encoder_for(encoder, pixels),
                pixels,
                embedded(encoder, faces, members, pixels, Degradation()),
                people,
                gallery,
                lambda part: np.asarray(teacher[part] @ gallery.T >= same),
                galleries,
            )
            print(f"{pixels} px done", file=sys.stderr, flush=True)
        return {"held_out": len(members), "people": len(np.unique(people))}, figures

    counts, figures = seen(~listed[held.scored])
    like_counts, like = seen(listed[held.scored])
    return {
        "question": "do faces that no student saw reach a score as often as the shipped calibration states?",
        "calibration": facts(known),
        "data": {"sha256": faces.sha256, **counts, "among_their_like": like_counts},
        "degradation": "area",
        "figures": figures,
        "among_their_like": like,
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
