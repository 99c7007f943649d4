"""Do strangers of LFW reach a score as often as the shipped calibration states?

Nothing of LFW was used for the calibration. One sharp picture of each person, the first, is enrolled; the
people are dealt into galleries of each size, by a seed; every picture, made small, is searched for in every
gallery that its person is not in. Intervals are clustered by the people of the probes and by galleries.

    python -m benchmarks.calibration.lfw LFW112 --out results/calibration/lfw.json
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks.calibration.observed_rates import SIZES, conclude, embedded, facts, observed

from fewpix.calibration.file import SHIPPED, read_calibration
from fewpix.calibration.impostors import strangers
from fewpix.calibration.lookup import Calibrated
from fewpix.data.faces import load_faces
from fewpix.embed.open import open_encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import FewpixError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.result.file import check_target


def main() -> int:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lfw", type=Path, help="a folder of people with their aligned pictures")
    parser.add_argument("--calibration", type=Path, default=SHIPPED)
    parser.add_argument("--galleries", default="100,1000")
    parser.add_argument("--sizes", default=",".join(str(size) for size in SIZES))
    parser.add_argument("--seed", type=int, default=0, help="of who is in which gallery")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    start = time.monotonic()
    try:
        check_target(given.out)
        known = Calibrated(read_calibration(given.calibration))
        encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
        why = known.misfit(encoder)
        if why:
            parser.error(why)
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
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    payload = {
        "question": "do strangers of LFW reach a score as often as the shipped calibration states?",
        "calibration": facts(known),
        "data": {"faces": len(everybody), "people": everybody.count, "sha256": everybody.sha256},
        "degradation": "area",
        "seed": given.seed,
        "figures": figures,
    }
    conclude(given.out, payload, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
