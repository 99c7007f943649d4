"""Do strangers of LFW reach a score as often as the shipped calibration states?

Nothing of LFW was used for the calibration. One sharp picture of each person, the first, is enrolled; the
people are dealt into galleries of each size, by a seed; every picture, made small, is searched for in every
gallery that its person is not in. Intervals are clustered by the people of the probes and by galleries.

    python -m benchmarks.calibration.lfw LFW112 --out results/calibration/lfw.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration.observed_rates import SIZES, agreeing, embedded, facts, observed
from benchmarks.lib.run import options, run
from fewpix.calibration.file import SHIPPED, read_calibration
from fewpix.calibration.impostors import strangers
from fewpix.calibration.lookup import Calibrated
from fewpix.data.faces import load_faces
from fewpix.degrade.degradation import Degradation
from fewpix.embed.open import open_encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ConfigError


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    known = Calibrated(read_calibration(given.calibration))
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    if why := known.misfit(encoder):
        raise ConfigError(why, fix="make one with `fewpix calibrate`")
    everybody = strangers(load_faces([given.lfw]), "LFW", one_each=False)
    faces, people = everybody.faces, everybody.people
    first = np.unique(people, return_index=True)[1]  # keys are sorted
    order = np.random.default_rng(given.seed).permutation(everybody.count)
    gallery = embedded(encoder, faces, everybody.members[first[order]], None, Degradation())
    figures = []
    for pixels in (int(size) for size in given.sizes.split(",")):
        probes = embedded(encoder, faces, everybody.members, pixels, Degradation())
        figures += observed(
            known,
            encoder_for(encoder, pixels),
            pixels,
            probes,
            people,
            gallery,
            lambda part: people[part, None] == order[None, :],
            [int(size) for size in given.galleries.split(",")],
        )
        print(f"{pixels} px done", file=sys.stderr, flush=True)
    return {
        "question": "do strangers of LFW reach a score as often as the shipped calibration states?",
        "calibration": facts(known),
        "data": {"faces": len(everybody), "people": everybody.count, "sha256": everybody.sha256},
        "degradation": "area",
        "seed": given.seed,
        "figures": figures,
    }


def main() -> int:
    """Measure and write the result."""
    parser = options(__doc__, "lfw", "--runtime", "--threads", "--seed", "--out")
    parser.add_argument("--calibration", type=Path, default=SHIPPED)
    parser.add_argument("--galleries", default="100,1000")
    parser.add_argument("--sizes", default=",".join(str(size) for size in SIZES))
    given = parser.parse_args()
    return run(given.out, lambda: result(given), agreeing)


if __name__ == "__main__":
    sys.exit(main())
