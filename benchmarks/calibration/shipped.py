"""Makes the calibration in the package, of the shipped models and the router between them.

Strangers: faces of CelebA and of CelebA in the wild from the training pool, made small. They are searched for
among the sharp faces of UTKFace; and, to know how far other people may be from these, among each other. The
faces that the students were not trained on are left for `calibration_pool.py`, which asks whether strangers
that no student saw score like those that it did.

    python -m benchmarks.calibration.shipped FACES.tar ...
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from benchmarks.lib.pool import held_out_from_shipped

from fewpix.calibration.file import SHIPPED, Calibration, write_calibration
from fewpix.calibration.impostors import Strangers, strangers
from fewpix.calibration.measure import Suspects, measure
from fewpix.calibration.plan import Plan, plan
from fewpix.calibration.populations import beside
from fewpix.calibration.report import Made
from fewpix.config import cache_dir
from fewpix.embed.open import open_encoder
from fewpix.errors import FewpixError

PROBES, GALLERY = ("celeba", "wild"), "utk"
OTHERS = (("celeba", "celeba"), ("wild", "wild"), ("celeba", "wild"))
"""Whole faces on both sides, in halves where the two are one source."""

SEED = 5  # of which faces are searched for, where not all of them are
NOTE = (
    "Both sides are of the pool that the students were distilled on: the probes were trained on, what was "
    "held out is not among them. Faces of utk are tight chips. Made small by area averaging, without blur or "
    "noise."
)


def main() -> int:
    """Measure, and replace the file of the package or write another."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="+", type=Path, help="all shards of the pool")
    parser.add_argument("--most", type=int, help="search for so many faces only")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    try:
        encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
        _, held = held_out_from_shipped(given.faces, given.runtime, given.threads)
        faces = held.faces
        wanted = np.flatnonzero(np.isin(faces.sources, PROBES))
        apart = set(held.scored.tolist())
        order = np.random.default_rng(SEED).permutation(wanted[~np.isin(wanted, held.scored)])
        chosen = order[: given.most] if given.most else order

        def side(source: str) -> Strangers:
            own = [int(n) for n in wanted if faces.sources[n] == source and n not in apart]
            return strangers(faces, source, one_each=True, keep=own)

        def counted(of: Plan) -> tuple[Calibration, Suspects]:
            print(of, flush=True)
            return measure(
                of,
                cache_dir() / "teacher.db",
                lambda done, total: print(f"{done} of {total}", file=sys.stderr, flush=True),
            )

        calibration, suspects = counted(
            plan(
                "auto",
                encoder,
                strangers(faces, ", ".join(PROBES), one_each=True, keep=chosen.tolist()),
                strangers(faces, GALLERY, one_each=True, sources=[GALLERY]),
                note=NOTE,
            )
        )
        others = [
            plan("auto", encoder, side(probes), None if probes == gallery else side(gallery), galleries=())
            for probes, gallery in OTHERS
        ]
        calibration = beside(calibration, [counted(each)[0] for each in others])
        write_calibration(given.out, calibration)
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(Made(given.out.name, calibration, suspects))
    return 0


if __name__ == "__main__":
    sys.exit(main())
