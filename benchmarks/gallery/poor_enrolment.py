"""What does it cost to enrol a poor photograph?

Held-out faces of the training pool are the people. One of them at a time is enrolled with a photograph that
was made small and enlarged again, or blurred; all others with their sharp ones, by the teacher. The poor one
is embedded by the teacher, as a picture of 112 px is, or by the encoder for the detail that it has. Probes
are the same faces made small, by the encoder that the router takes. Told are, by the poor photograph's
effective resolution as it is estimated: rank-1 of the person's own probes, and how often the poor entry is as
similar to another person's probe as one comparison in a thousand is when all are sharp.

    python -m benchmarks.gallery.poor_enrolment FACES.tar ... --out results/gallery/poor_enrolment.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.enlarged import Enlargement, cut
from benchmarks.lib.pool import HeldOutFaces, held_out_from_shipped
from benchmarks.lib.run import POOL, each, mean_change, options, run
from fewpix.degrade import ops
from fewpix.embed.router import Router, read_bands
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.identify.faces import routed_pixels
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop
from fewpix.quality.assess import assess_crop

SIZES = (8, 12, 16, 20, 24, 32, 48)
BLURS = (2.0, 3.0, 4.0, 6.0)
"""Standard deviations in pixels of 112."""

PROBES = (12, 16, 32)
FMR = 1e-3


def poor_photographs(crops: list[Crop]) -> dict[str, list[Crop]]:
    """The same faces, poorer in each way."""
    rng = np.random.default_rng(0)
    made = {
        f"{size} px": [Enlargement(size, TEMPLATE_SIDE, "bicubic", jpeg=90).picture(c, rng) for c in crops]
        for size in SIZES
    }
    for sigma in BLURS:
        made[f"blur {sigma:g}"] = [
            ops.jpeg(np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), dtype=np.uint8), 90) for crop in crops
        ]
    return made


def costs(
    sharp: NDArray[np.float32],
    poor: NDArray[np.float32],
    strangers: NDArray[np.bool_],
    clusters: Clusters,
    seed: int,
) -> dict[str, Any]:
    """What becomes of rank-1 and of false matches.

    Args:
        sharp: (N, N) similarity of probe i with the sharp photograph of person j.
        poor: (N, N) the same with the poor photographs.
        strangers: (N, N) whether i and j are surely two people.
        clusters: of the N people.
        seed: of the intervals.
    """
    others = sharp.copy()
    np.fill_diagonal(others, -2.0)
    best = others.max(axis=1)
    right = np.diag(poor) > best
    lost = right.astype(np.float64) - (np.diag(sharp) > best)
    threshold = float(np.quantile(sharp[strangers], 1 - FMR, method="higher"))
    rates = [((table > threshold) & strangers).sum(axis=0) / strangers.sum(axis=0) for table in (sharp, poor)]
    return {
        "rank1": float(right.mean()),
        "rank1_change": mean_change(lost, clusters, seed),
        "false_match_rate": float(rates[1].mean()),
        "false_match_change": mean_change(rates[1] - rates[0], clusters, seed),
        "worst_twentieth": float(np.quantile(rates[1], 0.95)),
    }


def embed(router: Router, pictures: list[Crop], pixels: list[float]) -> NDArray[np.float32]:
    """Embeddings of pictures of 112 px, each by the encoder for so many pixels."""
    made = np.empty((len(pictures), router.card.space.dim), dtype=np.float32)
    chosen = [router.encoder(value) for value in pixels]
    for encoder in router.encoders:
        mine = [n for n, taken in enumerate(chosen) if taken is encoder]
        if mine:
            made[mine] = encoder.embed([cut(pictures[n], encoder.card.preprocess.side) for n in mine])
    return made


def measured(found: HeldOutFaces, rows: NDArray[np.int64], router: Router, seed: int) -> list[dict[str, Any]]:
    """The cost of every kind of poor photograph, for probes of every size."""
    crops = found.crops(rows)
    sharp, component = found.teacher[rows], found.component[rows]
    strangers, clusters = component[:, None] != component[None, :], Clusters.of(component)
    probes = {
        size: router.encoder(size).embed([ops.downscale(crop, size) for crop in crops]) for size in PROBES
    }
    figures: list[dict[str, Any]] = []
    for kind, pictures in poor_photographs(crops).items():
        qualities = [assess_crop(picture) for picture in pictures]
        found_at = [quality.effective_pixels for quality in qualities]
        low, middle, high = (float(value) for value in np.quantile(found_at, [0.1, 0.5, 0.9]))
        believed = [routed_pixels(TEMPLATE_SIDE, quality) for quality in qualities]
        ways = {
            "size": router.encoder(TEMPLATE_SIDE).embed(pictures),
            "detail": embed(router, pictures, believed),
        }
        for (way, poor), (size, made) in product(ways.items(), probes.items()):
            figures.append(
                {
                    "photograph": kind,
                    "effective": middle,
                    "deciles": [low, high],
                    "routed_by": way,
                    "probe": size,
                    **costs(made @ sharp.T, made @ poor.T, strangers, clusters, seed),
                }
            )
            print(figures[-1], file=sys.stderr)
    return figures


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    encoders, found = held_out_from_shipped(given.faces, given.runtime)
    router = Router([(begin, encoders[name]) for begin, name in read_bands()])
    rows = found.some(given.count, given.seed)
    return {
        "question": "what does it cost to enrol a poor photograph?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "people": len(rows)},
        "models": {name: encoder.card.sha256 for name, encoder in encoders.items()},
        "settings": {"seed": given.seed, "fmr": FMR},
        "figures": measured(found, rows, router, given.seed),
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    return (
        f"{row['photograph']} (about {row['effective']:.0f} px) by {row['routed_by']}, "
        f"probes of {row['probe']} px: rank-1 {100 * row['rank1']:.1f} % "
        f"({100 * row['rank1_change']['mean']:+.1f}), false matches {100 * row['false_match_rate']:.2f} %"
    )


def main() -> int:
    """Measure and write."""
    given = options(__doc__, *POOL, count=300).parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
