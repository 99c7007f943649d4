"""How much faster are the gradients of `fewpix.train.fast` than PyTorch's own, in a whole training step?

One student, two copies, forward and backward pass in bfloat16 and channels last, in turn on one batch; a
timing is the median of the rounds. Beside it stands the forward pass alone: a backward pass of twice its
cost is what the arithmetic asks for.

    python -m benchmarks.training.step --out results/training/step.json
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from typing import Any

from fewpix.threads import prepare_torch

prepare_torch()

import torch
from torch import nn

from benchmarks.lib.run import each, options, run
from fewpix.models.zoo import ARCHITECTURES, architecture, build
from fewpix.train.fast import quicken

SEED = 0


def seconds(model: nn.Module, faces: torch.Tensor, *, backward: bool) -> float:
    """One pass."""
    model.zero_grad(set_to_none=True)
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16), torch.set_grad_enabled(backward):
        out = model(faces)
    if backward:
        out.float().square().mean().backward()
    return time.perf_counter() - start


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    torch.set_num_threads(given.threads)

    figures = {}
    for name in ARCHITECTURES:
        if name.endswith("tiny"):
            continue
        torch.manual_seed(SEED)
        side = architecture(name).side
        faces = torch.randn(given.batch, 3, side, side).to(memory_format=torch.channels_last)
        plain = build(name, 128).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        fast = quicken(copy.deepcopy(plain))
        runs = {"plain": (plain, True), "fast": (fast, True), "forward": (plain, False)}
        taken: dict[str, list[float]] = {key: [] for key in runs}
        for number in range(given.rounds + 2):
            for key, (model, backward) in runs.items():
                spent = seconds(model, faces, backward=backward)
                if number >= 2:  # the first rounds choose kernels and fill the allocator
                    taken[key].append(spent)
        median = {key: statistics.median(values) for key, values in taken.items()}
        figures[name] = {
            "faces_per_second": {key: round(given.batch / value, 1) for key, value in median.items()},
            "plain_over_fast": round(median["plain"] / median["fast"], 3),
            "fast_over_forward": round(median["fast"] / median["forward"], 3),
        }
    return {
        "question": "how much faster is a training step with the gradients of fewpix.train.fast?",
        "settings": {
            "batch": given.batch,
            "rounds": given.rounds,
            "threads": given.threads,
            "precision": "bf16",
            "seed": SEED,
        },
        "figures": figures,
    }


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--threads", "--out", threads=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(str))


if __name__ == "__main__":
    sys.exit(main())
