"""How well is a face's effective resolution estimated?

Held-out faces of the training pool are made 8 to 64 px wide and enlarged again to 112 px, by four kernels, as
they are, with JPEG or with noise; or blurred, where there is no truth to compare with.

    python benchmarks/effective_resolution.py FACES.tar ... --out results/effective_resolution.json
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from enlarged import KERNELS, Enlargement
from training_pool import held_out_from_all

from fewpix.embed.open import open_encoder
from fewpix.errors import FewpixError
from fewpix.evaluate.results import Run, check_target, write_result
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop
from fewpix.models.shipped import STUDENTS
from fewpix.quality.resolution import TABLE, effective_pixels

SIZES = (8, 12, 16, 24, 32, 48, 64)
CONDITIONS: dict[str, dict[str, Any]] = {
    "clean": {},
    "jpeg75": {"jpeg": 75},
    "jpeg50": {"jpeg": 50},
    "noise5": {"noise": 5.0},
}
BLURS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Standard deviations in pixels of 112."""

WITHIN = 1.5
"""A factor; an estimate is called near the truth when it is off by less."""


def spread(estimates: list[float], truth: int | None) -> dict[str, Any]:
    """Median and deciles of the estimates, and how many are near the truth."""
    values = np.array(estimates)
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    row = {"median": middle, "deciles": [low, high]}
    if truth is not None:
        row["near"] = float((np.abs(np.log2(values / truth)) < np.log2(WITHIN)).mean())
    return row


def estimated(crops: list[Crop], seed: int) -> list[dict[str, Any]]:
    """The estimates for every kernel, condition and size, for untouched faces, and for blurred ones."""
    figures: list[dict[str, Any]] = []
    for kernel in KERNELS:
        for condition, options in CONDITIONS.items():
            for size in SIZES:
                way = Enlargement(size, TEMPLATE_SIDE, kernel, **options)
                rng = np.random.default_rng([seed, size])
                found = [effective_pixels(way.picture(crop, rng)) for crop in crops]
                figures.append(
                    {"kernel": kernel, "condition": condition, "size": size, **spread(found, size)}
                )
    for condition, options in CONDITIONS.items():
        rng = np.random.default_rng(seed)
        way = Enlargement(TEMPLATE_SIDE, TEMPLATE_SIDE, **options)
        found = [effective_pixels(way.picture(crop, rng)) for crop in crops]
        figures.append(
            {"kernel": "none", "condition": condition, "size": TEMPLATE_SIDE, **spread(found, None)}
        )
    for size in SIZES:  # its own pixels, not enlarged
        found = [effective_pixels(Enlargement(size, size).picture(crop, rng)) for crop in crops]
        figures.append({"kernel": "none", "condition": "clean", "size": size, **spread(found, size)})
    for sigma in BLURS:
        found = [
            effective_pixels(np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), dtype=np.uint8))
            for crop in crops
        ]
        figures.append({"kernel": "blur", "condition": "clean", "sigma": sigma, **spread(found, None)})
    return figures


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=100, help="of the held-out faces")
    parser.add_argument("--runtime", default="auto", help="of the models, whose training made the split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    start = time.monotonic()
    cv2.setNumThreads(1)
    try:
        check_target(given.out)
        cards = [open_encoder(name, runtime=given.runtime).card for name in STUDENTS]
        found = held_out_from_all(cards, given.faces, open_encoder("teacher", runtime=given.runtime))
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    rows = np.sort(np.random.default_rng(given.seed).permutation(len(found.scored))[: given.count])
    figures = estimated([found.faces.crop(int(found.scored[n])) for n in rows], given.seed)
    payload = {
        "question": "how well is the effective resolution of a face estimated?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "estimated": len(rows)},
        "estimator": hashlib.sha256(TABLE.read_bytes()).hexdigest(),
        "settings": {"seed": given.seed, "within": WITHIN},
        "figures": figures,
    }
    write_result(given.out, payload, Run.since(start))
    for row in figures:
        size = f"blur {row['sigma']}" if "sigma" in row else f"{row['size']} px"
        low, high = row["deciles"]
        print(f"{row['kernel']}, {row['condition']}, {size}: {row['median']:.1f} ({low:.1f} to {high:.1f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
