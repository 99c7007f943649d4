"""What does it cost to enrol a poor photograph?

Held-out faces of the training pool are the people. One of them at a time is enrolled with a photograph that
was made small and enlarged again, or blurred; all others with their sharp ones, by the teacher. The poor one
is embedded by the teacher, as a picture of 112 px is, or by the encoder for the detail that it has. Probes
are the same faces made small, by the encoder that the router takes. Told are, by the poor photograph's
effective resolution as it is estimated: rank-1 of the person's own probes, and how often the poor entry is as
similar to another person's probe as one comparison in a thousand is when all are sharp.

    python benchmarks/poor_enrolment.py FACES.tar ... --out results/poor_enrolment.json
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from enlarged import Enlargement, cut
from numpy.typing import NDArray
from training_pool import HeldOutFaces, held_out_from_all

from fewpix.degrade import ops
from fewpix.embed.open import open_encoder
from fewpix.embed.router import Router, read_bands
from fewpix.errors import FewpixError
from fewpix.evaluate.bootstrap import Clusters, mean_interval
from fewpix.evaluate.results import Run, check_target, write_result
from fewpix.identify.faces import routed_pixels
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop
from fewpix.models.shipped import STUDENTS
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
        "rank1_change": {
            "mean": float(lost.mean()),
            "ci95": mean_interval(lost, clusters, seed=seed).to_json(),
        },
        "false_match_rate": float(rates[1].mean()),
        "false_match_change": {
            "mean": float((rates[1] - rates[0]).mean()),
            "ci95": mean_interval(rates[1] - rates[0], clusters, seed=seed).to_json(),
        },
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
    crops = [found.faces.crop(int(found.scored[n])) for n in rows]
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


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=300, help="people, of the held-out faces")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    start = time.monotonic()
    cv2.setNumThreads(1)
    try:
        check_target(given.out)
        encoders = {name: open_encoder(name, runtime=given.runtime) for name in (*STUDENTS, "teacher")}
        cards = [encoders[name].card for name in STUDENTS]
        found = held_out_from_all(cards, given.faces, encoders["teacher"])
        router = Router([(begin, encoders[name]) for begin, name in read_bands()])
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    rows = np.sort(np.random.default_rng(given.seed).permutation(len(found.scored))[: given.count])
    figures = measured(found, rows, router, given.seed)
    payload = {
        "question": "what does it cost to enrol a poor photograph?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "people": len(rows)},
        "models": {name: encoder.card.sha256 for name, encoder in encoders.items()},
        "settings": {"seed": given.seed, "fmr": FMR},
        "figures": figures,
    }
    write_result(given.out, payload, Run.since(start))
    for row in figures:
        print(
            f"{row['photograph']} (about {row['effective']:.0f} px) by {row['routed_by']}, "
            f"probes of {row['probe']} px: rank-1 {100 * row['rank1']:.1f} % "
            f"({100 * row['rank1_change']['mean']:+.1f}), false matches {100 * row['false_match_rate']:.2f} %"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
