"""Makes the calibration in the package, of the shipped models and the router between them.

Strangers: whole faces of CelebA and of CelebA in the wild, made small. They are searched for among sharp
whole faces of other sources; and, to know how far other people may be from these, people of one source among
each other. Both is done with sharp galleries and with matched ones. Faces that the students were not trained
on are left for `pool.py`, which asks whether strangers that no student saw score like those that it did.

    python -m benchmarks.calibration.shipped whole112-0.tar ... --more faces112-0.tar ...
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.calibration.tracks import counted
from benchmarks.lib.pool import held_out_from_shipped
from benchmarks.lib.run import guarded, options
from fewpix.calibration.file import SHIPPED, write_calibration
from fewpix.calibration.impostors import Strangers, strangers
from fewpix.calibration.plan import plan
from fewpix.calibration.populations import beside
from fewpix.calibration.report import Made
from fewpix.data.faces import load_faces
from fewpix.embed.open import open_encoder
from fewpix.gallery.matched import shipped_matching

PROBES, GALLERY = ("celeba", "wild"), ("web", "sport", "congress")
OTHERS = (("celeba", "celeba"), ("celeba", "wild"), ("web", "web"), ("sport", "sport"), ("aaf", "aaf"))
"""In halves where the two are one source."""

FEW = 2000
"""Faces of each of the others at most: their scores are compared where 1 in 100 pairs score higher."""

SEED = 5  # of which faces are searched for, where not all of them are
NOTE = (
    "Both sides are of the pools that the students were distilled on: the probes were trained on, what was "
    "held out is not among them. Made small by area averaging, without blur or noise."
)


def make(given: argparse.Namespace) -> None:
    """Measure and write."""
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    _, held = held_out_from_shipped(given.faces, given.runtime, given.threads)
    apart = {held.faces.digests[n] for n in held.scored}
    faces = load_faces([*given.faces, *given.more])
    usable = np.array([digest not in apart for digest in faces.digests], dtype=np.bool_)
    rng = np.random.default_rng(SEED)

    def side(sources: Sequence[str], most: int | None = None) -> Strangers:
        own = rng.permutation(np.flatnonzero(usable & np.isin(faces.sources, sources)))
        return strangers(faces, ", ".join(sources), one_each=True, keep=own[:most].tolist())

    calibration, suspects = counted(
        plan(
            "auto",
            encoder,
            side(PROBES, given.most),
            side(GALLERY),
            note=NOTE,
            matching=shipped_matching(),
        )
    )
    others = [
        plan(
            "auto",
            encoder,
            side([probes], given.few),
            None if probes == gallery else side([gallery], given.few),
            galleries=(),
            matching=shipped_matching(),
        )
        for probes, gallery in OTHERS
    ]
    calibration = beside(calibration, [counted(each)[0] for each in others])
    write_calibration(given.out, calibration)
    print(Made(given.out.name, calibration, suspects))


def main() -> int:
    """Measure, and replace the file of the package or write another."""
    parser = options(__doc__, "faces", "--runtime", "--threads")
    parser.add_argument("--more", nargs="+", type=Path, default=[], help="shards with further faces")
    parser.add_argument("--few", type=int, default=FEW, help="faces of each other source")
    parser.add_argument("--most", type=int, help="search for so many faces only")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    return guarded(lambda: make(given))


if __name__ == "__main__":
    sys.exit(main())
