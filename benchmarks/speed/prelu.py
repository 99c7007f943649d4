"""How much faster is an encoder in onnxruntime with its PReLUs spread (`fewpix.embed.prelu`) than without?

Both forms take turns on the same faces, of ORL at 24 px, so that a busy machine is busy for both; how fast a
PReLU is depends on what it is given. A ratio is the median over the rounds of their times' ratio, with the
quartiles beside it.

    python -m benchmarks.speed.prelu --threads 2 --out results/speed/prelu.json
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.lib.run import each, options, run
from fewpix.data.orl import load_orl
from fewpix.embed.graph import graph_bytes
from fewpix.embed.prelu import spread_prelu
from fewpix.embed.protocol import FACES_PER_CALL
from fewpix.image.resize import resize_square
from fewpix.models.shipped import STUDENTS, shipped
from fewpix.models.teacher import foreign, sface


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    models = {**{name: foreign(shipped(f"{name}.onnx")) for name in STUDENTS}, "teacher": sface()}
    crops = [resize_square(image[12:104], 24) for image in load_orl().images[:FACES_PER_CALL]]
    figures = {}
    for name, model in models.items():
        plain = graph_bytes(model)
        sessions = [open_session(data, given.threads) for data in (plain, spread_prelu(plain))]
        block = model.card.preprocess.apply(crops)
        taken = np.array(
            [[_time(session, block, given.calls) for session in sessions] for _ in range(given.rounds + 1)]
        )[1:]  # the first round allocates
        ratios = taken[:, 0] / taken[:, 1]
        low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        figures[name] = {
            "faces_per_second": {
                form: round(float(FACES_PER_CALL * given.calls / np.median(taken[:, n])), 1)
                for n, form in enumerate(("as it is", "spread"))
            },
            "times": round(float(middle), 2),
            "times_quartiles": [round(float(low), 2), round(float(high), 2)],
        }
    return {
        "question": "how much faster is an encoder in onnxruntime with its PReLUs spread?",
        "models": {name: model.card.sha256 for name, model in models.items()},
        "settings": {
            "threads": given.threads,
            "calls": given.calls,
            "rounds": given.rounds,
            "batch": FACES_PER_CALL,
        },
        "figures": figures,
    }


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--threads", "--out", threads=2)
    parser.add_argument("--calls", type=int, default=60, help="per round")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(str))


def open_session(data: bytes, threads: int) -> onnxruntime.InferenceSession:
    """A model on the CPU as it is."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _time(session: onnxruntime.InferenceSession, block: NDArray[np.float32], calls: int) -> float:
    """Seconds of some calls, one after another."""
    name = session.get_inputs()[0].name
    start = time.perf_counter()
    for _ in range(calls):
        session.run(None, {name: block})
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
