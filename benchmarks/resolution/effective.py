"""How well is a face's effective resolution estimated?

Held-out faces of the training pool are made 8 to 64 px wide and enlarged again to 112 px, by four kernels, as
they are, with JPEG or with noise; or blurred, where there is no truth to compare with.

    python -m benchmarks.resolution.effective FACES.tar ... --out results/resolution/effective.json
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from benchmarks.lib.enlarged import KERNELS, Enlargement
from benchmarks.lib.pool import held_out_from_shipped
from benchmarks.lib.run import POOL, each, options, run
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop
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
        for condition, how in CONDITIONS.items():
            for size in SIZES:
                way = Enlargement(size, TEMPLATE_SIDE, kernel, **how)
                rng = np.random.default_rng([seed, size])
                found = [effective_pixels(way.picture(crop, rng)) for crop in crops]
                figures.append(
                    {"kernel": kernel, "condition": condition, "size": size, **spread(found, size)}
                )
    for condition, how in CONDITIONS.items():
        rng = np.random.default_rng(seed)
        way = Enlargement(TEMPLATE_SIDE, TEMPLATE_SIDE, **how)
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


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure; the models are asked for nothing but which faces they never saw."""
    _, found = held_out_from_shipped(given.faces, given.runtime)
    rows = found.some(given.count, given.seed)
    return {
        "question": "how well is the effective resolution of a face estimated?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "estimated": len(rows)},
        "estimator": hashlib.sha256(TABLE.read_bytes()).hexdigest(),
        "settings": {"seed": given.seed, "within": WITHIN},
        "figures": estimated(found.crops(rows), given.seed),
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    size = f"blur {row['sigma']}" if "sigma" in row else f"{row['size']} px"
    low, high = row["deciles"]
    return f"{row['kernel']}, {row['condition']}, {size}: {row['median']:.1f} ({low:.1f} to {high:.1f})"


def main() -> int:
    """Measure and write."""
    given = options(__doc__, *POOL, count=100).parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
