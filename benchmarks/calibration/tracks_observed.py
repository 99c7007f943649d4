"""Do strangers' tracks reach a score as often as the shipped calibration of tracks states?

Asked of people of `web` whom `tracks.py` left, in motion, among others of that source whom it did not search
among; by number of sights. And is the rate kept where a track is looked at several times: `early` has how
often any of the looks names a stranger, where each spends its share.

    python -m benchmarks.calibration.tracks_observed whole112-0.tar ... --out results/calibration/tracks.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration.observed_rates import FPIRS, agreeing, facts, observed
from benchmarks.calibration.tracks import ENROLLED, PEOPLE, SOURCE, dealt, taken
from benchmarks.lib.pool import held_out_here, student_cards
from benchmarks.lib.run import options, run
from fewpix.calibration.file import SHIPPED_TRACKS, read_calibration
from fewpix.calibration.lookup import LARGEST, Calibrated
from fewpix.calibration.measure import templates_of
from fewpix.calibration.motion import Motion
from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import load_faces
from fewpix.embed.open import open_encoder
from fewpix.embed.router import encoder_for
from fewpix.evaluate.statistics.bootstrap import Clusters, exact, mean_interval
from fewpix.video.early import LOOKS, SHARE

SIZES = (12, 20)
GALLERIES = (100, 1000)


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    known = Calibrated(read_calibration(given.calibration))
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    teacher, faces, motion = encoder_for(encoder, LARGEST), load_faces(given.faces), Motion()
    held = held_out_here(student_cards(), faces, given.faces, teacher)
    _, left, enrolled = dealt(faces, PEOPLE, held)
    probes, among = taken(faces, SOURCE, left), taken(faces, SOURCE, enrolled[ENROLLED:])
    store = TeacherCache(cache_dir() / "teacher.db", teacher.card.sha256, teacher.card.space.dim)

    def sharp(side: Any) -> NDArray[np.float32]:
        keys = [f"{digest}:" for digest in side.digests]
        return store.embeddings(keys, lambda n: side.faces.crop(int(side.members[n])), teacher.embed)

    gallery = sharp(among)[np.random.default_rng(0).permutation(len(among))]
    alike = sharp(probes) @ gallery.T >= known.calibration.same
    figures: list[dict[str, Any]] = []
    early: list[dict[str, Any]] = []
    for pixels in given.sizes or SIZES:
        seer = encoder_for(encoder, pixels)
        rows = np.arange(len(probes))
        made = templates_of(probes, rows, seer, pixels, motion, cache_dir() / "teacher.db")
        for level, count in enumerate(motion.counts):
            there = np.flatnonzero(made[:, level, -1] > 0)
            sights = float(made[there, level, -1].mean()) if count > 1 else 1.0
            found = observed(
                known,
                seer,
                pixels,
                np.ascontiguousarray(made[there, level, :-1]),
                np.arange(len(there)),
                gallery,
                lambda part, there=there: alike[there[part]],
                GALLERIES,
                sights,
            )
            figures += [{"sights": count, **row} for row in found]
        whole = np.flatnonzero(made[:, -1, -1] > 0)
        for people in GALLERIES:
            early += looked(
                known, seer.card.sha256, pixels, made[whole], gallery, alike[whole], people, motion
            )
    return {
        "question": "do strangers' tracks reach a score as often as the calibration of tracks states?",
        "calibration": facts(known),
        "models": {each.card.name: each.card.sha256 for each in (teacher, encoder)},
        "data": {"sha256": faces.sha256, "people": len(probes), "enrolled": len(among)},
        "settings": {"motion": str(motion), "sizes": list(given.sizes or SIZES)},
        "figures": figures,
        "early": early,
    }


def looked(
    known: Calibrated,
    sha256: str,
    pixels: int,
    made: NDArray[np.float32],
    gallery: NDArray[np.float32],
    alike: NDArray[np.bool_],
    people: int,
    motion: Motion,
) -> Iterator[dict[str, Any]]:
    """How often a stranger is named at any of the looks, and at the last one if it spent all of the rate.

    Args:
        known: the calibration.
        sha256: digest of the encoder.
        pixels: of the faces.
        made: (N, L, D + 1) templates of each number of sights, and how many independent ones these are.
        gallery: (M, D).
        alike: (N, M) who is not to be compared.
        people: in each gallery.
        motion: with the numbers of sights.
    """
    count = len(gallery) // people
    best = {}
    for level, sights in enumerate(motion.counts):
        scores = np.where(alike, -1, made[:, level, :-1] @ gallery.T)[:, : count * people]
        best[sights] = scores.reshape(len(made), count, people).max(axis=2)
    last = motion.counts[-1]
    for rate in FPIRS:
        reached = np.zeros((len(made), count), dtype=np.bool_)
        ends = np.zeros_like(reached)
        for n in range(len(made)):
            spent = 0.0
            for sights, share in (*((looked, SHARE) for looked in LOOKS), (last, None)):
                number = float(made[n, motion.counts.index(sights), -1])
                curve = known.curve(sha256, "", pixels, people, sights=number)
                threshold = curve.threshold(rate * (1 - spent if share is None else share))
                if threshold is not None:
                    spent += share or 0.0
                    reached[n] |= best[sights][n] >= threshold
                whole = curve.threshold(rate)
                if share is None and whole is not None:
                    ends[n] = best[last][n] >= whole
        yield {
            "pixels": pixels,
            "people": people,
            "stated": rate,
            "looks": [*LOOKS, last],
            **_share("any_look", reached),
            **_share("last_look_alone", ends),
        }


def _share(name: str, reached: NDArray[np.bool_]) -> Mapping[str, Any]:
    """A share of searches, with its interval by people."""
    values = reached.mean(axis=1)
    if values.min() == values.max():
        interval = exact(bool(values[0]), len(values))
    else:
        interval = mean_interval(values, Clusters.of(np.arange(len(values))))
    return {name: float(values.mean()), f"{name}_ci95": interval.to_json()}


def main() -> int:
    """Measure and write the result."""
    parser = options(__doc__, "faces", "--sizes", "--runtime", "--threads", "--out")
    parser.add_argument("--calibration", type=Path, default=SHIPPED_TRACKS)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), agreeing)


if __name__ == "__main__":
    sys.exit(main())
