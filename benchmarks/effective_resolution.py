"""How well is a face's effective resolution estimated, and should the router go by it?

Held-out faces of the training pool are made 8 to 64 px wide and enlarged again to 112 px, by four kernels, as
they are, with JPEG or with noise; or blurred, where there is no truth to compare with. Then small faces are
enlarged to pictures of 100 px, or left as they are, and embedded by the encoder for the picture's size, as a
router does that believes the picture, and by the one for the smaller of that size and the estimate. Compared
are the cosine with the teacher's embedding of the sharp face and rank-1 among the sharp held-out faces.

    python benchmarks/effective_resolution.py FACES.tar ... --out results/effective_resolution.json
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from enlarged import KERNELS, Enlargement, cut
from numpy.typing import NDArray
from training_pool import HeldOutFaces, held_out_from_all

from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router, read_bands
from fewpix.errors import FewpixError
from fewpix.evaluate.bootstrap import Clusters, mean_interval
from fewpix.evaluate.results import Run, check_target, write_result
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop
from fewpix.models.shipped import STUDENTS
from fewpix.quality.resolution import effective_pixels

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


def routed(
    crops: list[Crop], rows: NDArray[np.int64], found: HeldOutFaces, router: Router, seed: int
) -> list[dict[str, Any]]:
    """What is gained when the router goes by the estimate instead of the picture's size."""
    clusters = Clusters.of(found.component[rows])
    figures: list[dict[str, Any]] = []
    for name, options in ROUTED.items():
        for size in ROUTED_SIZES:
            side = PICTURE if "kernel" in options else size
            way = Enlargement(size, side, **options)
            rng = np.random.default_rng([seed, size])
            pictures = [way.picture(crop, rng) for crop in crops]
            estimates = [min(side, effective_pixels(cut(picture, TEMPLATE_SIDE))) for picture in pictures]
            scores = [judged(encoder, pictures, rows, found.teacher) for encoder in router.encoders]
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
                    gain = taken[:, n] - nominal[:, n]
                    row[arm][f"{metric}_gain"] = {
                        "mean": float(gain.mean()),
                        "ci95": mean_interval(gain, clusters, seed=seed).to_json(),
                    }
            figures.append(row)
            print(row, file=sys.stderr)
    return figures


def judged(
    encoder: Encoder, pictures: list[Crop], rows: NDArray[np.int64], gallery: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(2, N) cosine with the face's own sharp embedding, and whether that is the most similar one."""
    side = encoder.card.preprocess.side
    similar = encoder.embed([cut(picture, side) for picture in pictures]) @ gallery.T
    return np.stack([similar[np.arange(len(rows)), rows], similar.argmax(axis=1) == rows]).astype(np.float64)


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--estimated", type=int, default=100, help="faces whose resolution is estimated")
    parser.add_argument("--routed", type=int, default=150, help="faces that are embedded")
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
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    router = Router([(begin, encoders[name]) for begin, name in read_bands()])
    drawn = np.random.default_rng(given.seed).permutation(len(found.scored))
    rows = np.sort(drawn[: given.routed])
    crops = [found.faces.crop(int(found.scored[n])) for n in rows]
    some = np.sort(drawn[: given.estimated])
    figures = estimated([found.faces.crop(int(found.scored[n])) for n in some], given.seed)
    gains = routed(crops, rows, found, router, given.seed)
    payload = {
        "question": "how well is the effective resolution of a face estimated, and should a router go by it?",
        "data": {
            "sha256": found.faces.sha256,
            "held_out": len(found.scored),
            "estimated": len(some),
            "routed": len(rows),
        },
        "models": {name: encoder.card.sha256 for name, encoder in encoders.items()},
        "settings": {"seed": given.seed, "picture": PICTURE, "within": WITHIN, "bands": list(router.starts)},
        "figures": figures,
        "routing": gains,
    }
    write_result(given.out, payload, Run.since(start))
    for row in figures:
        size = f"blur {row['sigma']}" if "sigma" in row else f"{row['size']} px"
        low, high = row["deciles"]
        print(f"{row['kernel']}, {row['condition']}, {size}: {row['median']:.1f} ({low:.1f} to {high:.1f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
