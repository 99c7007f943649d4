"""Do faces that no student was trained on reach a score as often as the shipped calibration states?

The calibration is made of faces of the training pool, since faces of more people cannot be had, and most of
them were trained on. This asks whether that matters: of the faces kept out of training, each made small, how
many reach its thresholds among the same people of the gallery?

    python -m benchmarks.calibration.pool FACES.tar ... --out results/calibration/pool.json
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks.calibration.observed_rates import SIZES, conclude, embedded, facts, observed
from benchmarks.lib.pool import held_out_from_shipped
from numpy.typing import NDArray

from fewpix.calibration.file import SHIPPED, read_calibration
from fewpix.calibration.lookup import Calibrated
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
    parser.add_argument("faces", nargs="+", type=Path, help="all shards of the pool")
    parser.add_argument("--calibration", type=Path, default=SHIPPED)
    parser.add_argument("--galleries", default="100,1000")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    start = time.monotonic()
    try:
        check_target(given.out)
        known = Calibrated(read_calibration(given.calibration))
        encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
        encoders, held = held_out_from_shipped(given.faces, given.runtime, given.threads)
        faces = held.faces
        people = np.unique(held.component, return_inverse=True)[1].astype(np.int64)
        others = np.flatnonzero(np.array(faces.sources) == "utk")
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
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    payload = {
        "question": "do faces that no student saw reach a score as often as the shipped calibration states?",
        "calibration": facts(known),
        "data": {"sha256": faces.sha256, "held_out": len(held.scored), "people": int(people.max()) + 1},
        "degradation": "area",
        "figures": figures,
    }
    conclude(given.out, payload, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
