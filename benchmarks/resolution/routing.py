"""Should the router go by a face's effective resolution?

Held-out faces of the training pool are made small and enlarged to pictures of 100 px, or left as they are,
and embedded by the encoder for the picture's size, as a router does that believes the picture, and by the one
for the smaller of that size and the estimate. Compared are the cosine with the teacher's embedding of the
sharp face and rank-1 among the sharp held-out faces.

    python -m benchmarks.resolution.routing FACES.tar ... --out results/resolution/routing.json
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.enlarged import Enlargement, cut
from benchmarks.lib.pool import HeldOutFaces, held_out_from_shipped
from benchmarks.lib.run import POOL, each, mean_change, options, run
from fewpix.embed.router import Router, read_bands
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.quality.resolution import TABLE, effective_pixels

PICTURE = 100
"""Side of the enlarged pictures that are embedded."""

ROUTED: dict[str, dict[str, Any]] = {
    "bicubic": {"kernel": "bicubic"},
    "bilinear, JPEG 75": {"kernel": "bilinear", "jpeg": 75},
    "own pixels": {},
    "own pixels, JPEG 50": {"jpeg": 50},
}
"""Those without a kernel are not enlarged: there the estimate can only do harm."""

ROUTED_SIZES = (8, 12, 16, 24, 32, 48)

ARMS: dict[str, float | None] = {"nominal": None, "effective": 1.0, "cautious": 1.25}
"""What the router goes by: the picture's size, or the smaller of it and so many times the estimate."""


def routed(rows: NDArray[np.int64], found: HeldOutFaces, router: Router, seed: int) -> list[dict[str, Any]]:
    """What is gained when the router goes by the estimate instead of the picture's size."""
    crops, clusters = found.crops(rows), Clusters.of(found.component[rows])
    figures: list[dict[str, Any]] = []
    for name, how in ROUTED.items():
        for size in ROUTED_SIZES:
            side = PICTURE if "kernel" in how else size
            way = Enlargement(size, side, **how)
            rng = np.random.default_rng([seed, size])
            pictures = [way.picture(crop, rng) for crop in crops]
            estimates = [min(side, effective_pixels(cut(picture, TEMPLATE_SIDE))) for picture in pictures]
            scores = []
            for encoder in router.encoders:
                side_seen = encoder.card.preprocess.side
                made = encoder.embed([cut(picture, side_seen) for picture in pictures])
                scores.append(np.stack(found.matched(made, rows)))
            row: dict[str, Any] = {"picture": name, "size": size, "estimate": float(np.median(estimates))}
            nominal: NDArray[np.float64] | None = None
            for arm, trusted in ARMS.items():
                pixels = [side if trusted is None else min(side, trusted * value) for value in estimates]
                chosen = [router.encoders.index(router.encoder(value)) for value in pixels]
                taken = np.array([scores[which][:, n] for n, which in enumerate(chosen)])
                row[arm] = {"cosine": float(taken[:, 0].mean()), "rank1": float(taken[:, 1].mean())}
                if nominal is None:
                    nominal = taken
                    continue
                for n, metric in enumerate(("cosine", "rank1")):
                    row[arm][f"{metric}_gain"] = mean_change(taken[:, n] - nominal[:, n], clusters, seed)
            figures.append(row)
            print(row, file=sys.stderr)
    return figures


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    encoders, found = held_out_from_shipped(given.faces, given.runtime)
    router = Router([(begin, encoders[name]) for begin, name in read_bands()])
    rows = found.some(given.count, given.seed)
    return {
        "question": "should the router go by the effective resolution of a face?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "routed": len(rows)},
        "models": {name: encoder.card.sha256 for name, encoder in encoders.items()},
        "estimator": hashlib.sha256(TABLE.read_bytes()).hexdigest(),
        "settings": {"seed": given.seed, "picture": PICTURE, "bands": list(router.starts), "arms": ARMS},
        "figures": routed(rows, found, router, given.seed),
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    text = ", ".join(f"{arm} {row[arm]['cosine']:.3f} {100 * row[arm]['rank1']:.1f} %" for arm in ARMS)
    return f"{row['picture']}, {row['size']} px: {text}"


def main() -> int:
    """Measure and write."""
    given = options(__doc__, *POOL, count=150).parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
