"""Does the bound on FPIR in larger galleries hold for strangers that it was not measured on?

A calibration ends at the largest gallery that its people sufficed for. Beyond it `Calibrated` gives a
bound: in a gallery k times as large FPIR is at most 1 - (1 - FPIR)^k, since a stranger who finds nobody in
k galleries one by one finds nobody in all of them, and strangers differ in how easily they find somebody
(Jensen's inequality).

Here thresholds come from half of the strangers, searched for in galleries of 150 to 600 people dealt from
half of the pool. At these the other half is searched for in larger galleries: of the other half of the pool
where it has people enough, and else of all of it. For comparison the same with thresholds that go on in a
straight line over the logarithm of the number of people. Pairs of sharp faces from a cosine of 0.55 on are
not compared, as in a calibration, and only rates are asked for that so many strangers can show. The bound
holds where no more is seen, or where the difference lies within its 95 % interval.

    python -m benchmarks.calibration.larger LFW112 WHOLE112.tar ... --out results/calibration/larger.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration.observed_rates import ROWS, agree, embedded
from benchmarks.lib.run import options, run
from fewpix.calibration.counting import Block, shares, tail
from fewpix.calibration.plan import SAME
from fewpix.calibration.rate import at_most_in
from fewpix.data.faces import FaceSet, load_faces
from fewpix.degrade.degradation import Degradation
from fewpix.embed.open import open_encoder
from fewpix.embed.router import encoder_for

SIZES = (8, 16, 32)
MEASURED = (150, 300, 600)
LARGER = (3000, 6000)
RATES = (3e-1, 1e-1, 3e-2, 1e-2)
_MOST = 50  # galleries of one size

Floats = NDArray[np.float32]


class Search:
    """Strangers and the people among whom they are searched.

    Args:
        probes: (N, D) small faces.
        people: (N,) who they are, from 0, each taken.
        sharp: (N, D) the same faces, sharp.
        gallery: (M, D) sharp faces; galleries are neighbours.
    """

    def __init__(self, probes: Floats, people: NDArray[np.int64], sharp: Floats, gallery: Floats) -> None:
        self.probes, self.sharp, self.gallery = probes, sharp, gallery
        self.people = np.unique(people, return_inverse=True)[1].astype(np.int64)

    def galleries(self, size: int) -> int:
        """How many of this size there are that share nobody."""
        return min(_MOST, len(self.gallery) // size)

    def best(self, size: int) -> Callable[[], Iterator[Block]]:
        """The best score of each probe in each gallery of this size."""
        count = self.galleries(size)
        used, starts = self.gallery[: count * size], np.arange(0, count * size, size)

        def blocks() -> Iterator[Block]:
            for first in range(0, len(self.probes), ROWS):
                part = slice(first, first + ROWS)
                scores = np.where(
                    self.sharp[part] @ used.T >= SAME, np.float32(-1), self.probes[part] @ used.T
                )
                best = np.maximum.reduceat(scores, starts, axis=1)
                yield Block(first, best, np.zeros(best.shape, dtype=np.bool_))

        return blocks


def measured(known: Search, new: Callable[[int], Search], sizes: Sequence[int]) -> list[dict[str, Any]]:
    """What the bound and the straight line foretell from each measured size, and what was seen.

    Args:
        known: the strangers whose rates are measured.
        new: by size of gallery, the others and their people.
        sizes: of galleries that are measured, rising.
    """
    figures: list[dict[str, Any]] = []
    fewest = 1 / (
        int(known.people.max()) + 1
    )  # as in a calibration, nothing rarer is known of so many people
    for start in sizes:
        for people in LARGER:
            times = people / start
            rates = [rate for rate in RATES if at_most_in(rate, 1 / times) >= fewest]
            points = tail(
                known.best(start),
                known.people,
                known.galleries(start),
                [at_most_in(rate, 1 / times) for rate in rates],
            )
            ends = [
                tail(known.best(n), known.people, known.galleries(n), rates) for n in (start // 10, start)
            ]
            held = new(people)
            ways = {
                "bound": [
                    (point.threshold, at_most_in(point.ci95.low, times), at_most_in(point.ci95.high, times))
                    for point in points
                ],
                "line": [
                    (
                        last.threshold + (last.threshold - first.threshold) * float(np.log10(times)),
                        last.ci95.low,
                        last.ci95.high,
                    )
                    for first, last in zip(*ends, strict=True)
                ],
            }
            for way, stated in ways.items():
                thresholds = [threshold for threshold, _, _ in stated]
                seen = shares(held.best(people), held.people, held.galleries(people), thresholds)
                for rate, (threshold, low, high), (share, ci95) in zip(rates, stated, seen, strict=True):
                    agrees = agree(rate, (low, high), share, (ci95.low, ci95.high))
                    figures.append(
                        {
                            "way": way,
                            "measured": start,
                            "people": people,
                            "galleries": held.galleries(people),
                            "stated": rate,
                            "stated_ci95": [low, high],
                            "threshold": threshold,
                            "observed": share,
                            "observed_ci95": ci95.to_json(),
                            "holds": bool(share <= rate or agrees),
                        }
                    )
    return figures


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    pool, lfw = load_faces(given.faces), load_faces([given.lfw])
    rng = np.random.default_rng(given.seed)
    first = np.unique([key.rpartition("/")[0] for key in lfw.keys], return_index=True)[1]
    own = np.flatnonzero(np.array(pool.sources) == given.source)
    everybody = rng.permutation(len(pool))
    others = everybody[~np.isin(everybody, own)][: given.people]
    strangers: list[tuple[str, FaceSet, NDArray[np.int64]]] = [
        ("LFW", lfw, np.sort(rng.permutation(first)[: given.most])),
        (given.source, pool, np.sort(rng.permutation(own)[: given.most // 2])),
    ]
    among = embedded(encoder, pool, others, None, Degradation())
    figures, data = [], []
    for name, faces, members in strangers:
        asked = embedded(encoder, faces, members, None, Degradation())
        side = np.random.default_rng(given.seed).permutation(len(members)) % 2 == 0
        half = len(among) // 2
        data.append({"name": name, "probes": len(members), "gallery": len(among)})
        for pixels in SIZES:
            probes = embedded(encoder, faces, members, pixels, Degradation())
            rows = np.arange(len(members))
            known = Search(probes[side], rows[side], asked[side], among[:half])

            def new(people: int, probes: Floats = probes, asked: Floats = asked) -> Search:
                apart = among[half:] if people <= half else among  # noqa: B023
                return Search(probes[~side], rows[~side], asked[~side], apart)  # noqa: B023

            for figure in measured(known, new, MEASURED):
                by = encoder_for(encoder, pixels).card.name
                figures.append({"strangers": name, "encoder": by, "pixels": pixels, **figure})
            print(f"{name}, {pixels} px done", file=sys.stderr, flush=True)
    return {
        "question": "does the bound on FPIR in larger galleries hold for strangers it was not measured on?",
        "model": {"encoders": {each.card.name: each.card.sha256 for each in encoder.encoders}},
        "data": {"strangers": data, "pool_sha256": pool.sha256, "lfw_sha256": lfw.sha256},
        "same": SAME,
        "seed": given.seed,
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for way in ("bound", "line"):
        mine = [figure for figure in found["figures"] if figure["way"] == way]
        shares_ = [figure["observed"] / figure["stated"] for figure in mine]
        yield (
            f"{way}: holds in {sum(figure['holds'] for figure in mine)} of {len(mine)}; "
            f"seen are {min(shares_):.2f} to {max(shares_):.2f} of what is stated"
        )


def main() -> int:
    """Measure and write the result."""
    parser = options(__doc__, "lfw", "--runtime", "--threads", "--seed", "--out")
    parser.add_argument("faces", nargs="+", type=Path, help="shards of a pool of other people")
    parser.add_argument("--source", default="sport", help="of the pool, also searched for among the others")
    parser.add_argument("--most", type=int, default=1000, help="strangers of LFW; of the source half as many")
    parser.add_argument("--people", type=int, default=6000, help="faces of the pool to search among")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
