"""Should the router go by a face's effective resolution?

Held-out faces of the training pool are made small and enlarged to pictures of 100 px, or left as they are,
and embedded by the encoder for the picture's size, as a router does that believes the picture, and by the one
for the smaller of that size and the estimate. Compared are the cosine with the teacher's embedding of the
sharp face and rank-1 among the sharp held-out faces.

    python benchmarks/effective_routing.py FACES.tar ... --out results/effective_routing.json
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
from enlarged import Enlargement, cut
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
    parser.add_argument("--count", type=int, default=150, help="of the held-out faces")
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
    rows = np.sort(np.random.default_rng(given.seed).permutation(len(found.scored))[: given.count])
    crops = [found.faces.crop(int(found.scored[n])) for n in rows]
    figures = routed(crops, rows, found, router, given.seed)
    payload = {
        "question": "should the router go by the effective resolution of a face?",
        "data": {"sha256": found.faces.sha256, "held_out": len(found.scored), "routed": len(rows)},
        "models": {name: encoder.card.sha256 for name, encoder in encoders.items()},
        "estimator": hashlib.sha256(TABLE.read_bytes()).hexdigest(),
        "settings": {"seed": given.seed, "picture": PICTURE, "bands": list(router.starts), "arms": ARMS},
        "figures": figures,
    }
    write_result(given.out, payload, Run.since(start))
    for row in figures:
        text = ", ".join(f"{arm} {row[arm]['cosine']:.3f} {100 * row[arm]['rank1']:.1f} %" for arm in ARMS)
        print(f"{row['picture']}, {row['size']} px: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
