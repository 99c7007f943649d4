"""Makes the calibration of tracks in the package: of templates of several sights, by the shipped models.

Strangers: whole faces of `web`, ordinary people, one picture each, put in motion. They are searched for among
other people of that source; and, to know how far others may be from these, people of another source among
their like. A part of `web` is left for `tracks_observed.py`: those whom the students held out, where one was
trained on these faces.

    python -m benchmarks.calibration.tracks whole112-0.tar whole112-1.tar ...

It goes on where it was stopped: templates are kept in the cache.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.pool import held_out_here, student_cards
from benchmarks.lib.run import guarded, options
from fewpix.calibration.file import SHIPPED_TRACKS, Calibration, write_calibration
from fewpix.calibration.impostors import Strangers, strangers
from fewpix.calibration.lookup import LARGEST
from fewpix.calibration.measure import Suspects, measure
from fewpix.calibration.motion import Motion
from fewpix.calibration.plan import Plan, plan
from fewpix.calibration.populations import beside
from fewpix.calibration.report import Made
from fewpix.config import cache_dir
from fewpix.data.faces import FaceSet, load_faces
from fewpix.embed.open import open_encoder
from fewpix.embed.router import encoder_for

SOURCE = "web"
OTHERS = ("celeba",)
SIZES = (8, 12, 17, 31, 32, 112)
GALLERIES = (10, 100, 1000)
SEED = 7
PEOPLE, LARGE, FEWER, LEFT, ENROLLED = 300, 150, 0, 150, 2200
"""How many are searched for with small faces; with those that the first encoder does not see, which cost
more; of each other source; how many are left for observing; how many are searched among, at most."""

NOTE = (
    "Tracks are made of one sharp picture each: what a face shows when it turns is not in them. Trained on "
    "these people: "
)


def sides(faces: FaceSet, source: str, seed: int = SEED) -> NDArray[np.int64]:
    """The faces of a source, in the order in which they are dealt."""
    return np.random.default_rng(seed).permutation(
        np.flatnonzero(np.array([each == source for each in faces.sources]))
    )


def dealt(
    faces: FaceSet, people: int, held: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of `SOURCE`: who is searched for, who is left for observing, among whom is searched.

    Args:
        faces: of the pool.
        people: how many are searched for.
        held: those that students which were trained on these faces held out, who are left for observing.
    """
    order = sides(faces, SOURCE)
    apart = np.isin(order, held)
    left, others = order[apart], order[~apart]
    asked, kept = min(PEOPLE, len(order) // 3), min(LEFT, len(order) // 6)  # a small pool is dealt likewise
    if not len(left):
        left, others = others[asked : asked + kept], np.delete(others, slice(asked, asked + kept))
    return others[: min(people, asked)], left, others[asked:]


def taken(faces: FaceSet, name: str, members: Sequence[int] | NDArray[np.int64]) -> Strangers:
    """Some faces, each of somebody else."""
    return strangers(faces, name, one_each=True, keep=[int(n) for n in members])


def counted(of: Plan) -> tuple[Calibration, Suspects]:
    """Measure a plan, and say how far it is."""
    print(of, flush=True)
    return measure(of, cache_dir() / "teacher.db", _said)


def _said(done: float, total: float | None = None, note: str = "", stage: str = "") -> None:
    print(f"{stage}: {done:g} of {total or 0:g}", file=sys.stderr, flush=True)


def make(given: argparse.Namespace) -> None:
    """Measure and write."""
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    faces, motion = load_faces(given.faces), Motion()
    cards = student_cards()
    held = held_out_here(cards, faces, given.faces, encoder_for(encoder, LARGEST))
    seen = ", ".join(card.name for card in cards if card.provenance["faces_sha256"] == faces.sha256)
    seen = seen or "no student"

    def of_some(people: int) -> Plan:
        wanted, _, enrolled = dealt(faces, people, held)
        return plan(
            "auto",
            encoder,
            taken(faces, f"{SOURCE}, in motion", wanted),
            taken(faces, SOURCE, enrolled[:ENROLLED]),
            sizes=SIZES,
            galleries=GALLERIES,
            note=f"{NOTE}{seen}. With sizes that the first encoder does not see, {given.large} people.",
            motion=motion,
        )

    small, large = of_some(given.people), of_some(given.large)
    calibration, suspects = counted(replace(small, by_size=small.by_size[:1]))
    others_of, _ = counted(replace(large, by_size=large.by_size[1:]))
    calibration = calibration.model_copy(update={"encoders": (*calibration.encoders, *others_of.encoders)})
    others = []
    for source in OTHERS if given.fewer else ():
        order = sides(faces, source)
        few, many = order[: given.fewer], order[given.fewer : given.fewer + 1000]
        probes, gallery = taken(faces, f"{source}, in motion", few), taken(faces, source, many)
        of = plan("auto", encoder, probes, gallery, sizes=SIZES, galleries=(), motion=motion)
        others.append(counted(of)[0])
    calibration = beside(calibration, others)
    write_calibration(given.out, calibration)
    print(Made(given.out.name, calibration, suspects))


def main() -> int:
    """Measure, and replace the file of the package or write another."""
    parser = options(__doc__, "faces", "--runtime", "--threads")
    parser.add_argument("--people", type=int, default=PEOPLE, help="searched for")
    parser.add_argument("--large", type=int, default=LARGE, help="likewise, with larger faces")
    parser.add_argument("--fewer", type=int, default=FEWER, help="of each other source; 0 for none")
    parser.add_argument("--out", type=Path, default=SHIPPED_TRACKS)
    given = parser.parse_args()
    return guarded(lambda: make(given))


if __name__ == "__main__":
    sys.exit(main())
