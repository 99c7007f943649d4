"""What does a step of training on a device spend its time on, with faces made small on the device?

A student learns from the batches of `DeviceBatches`, as `fewpix distil --degrade-on device` has it. Timed are
whole steps, with the draws ahead in processes, and then parts one by one: drawing (in one process), making
small, the student's forward and backward pass, and all of learning (with objective, clipping, optimiser and
averages). `not_matrix_work` is the share of whole steps that is not forward and backward pass. On CUDA it is
also counted how often a step makes the host wait for the device; that should be never.

    python -m benchmarks.training.gpu_step FACES.tar --recipe recipes/fewpix-s-gpu.toml \\
        --out results/training/gpu_step.json
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.lib.run import options, run
from fewpix.data.faces import load_faces
from fewpix.data.sampling import Sampler
from fewpix.data.views import make_views
from fewpix.degrade import PRESETS
from fewpix.degrade.plan import draw_plan
from fewpix.models.zoo import architecture, build
from fewpix.train.batches import DEGRADE, BatchMaker
from fewpix.train.device import use_device
from fewpix.train.device_batches import DeviceBatches, workers_for
from fewpix.train.recipe import load_recipe
from fewpix.train.step import Distiller

DIM, WARM = 128, 3


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    recipe = load_recipe(given.recipe)
    device = torch.device(use_device(given.device))
    workers = workers_for(device) if given.workers is None else given.workers

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    def seconds(work: Callable[[], object]) -> float:
        """The median over the steps."""
        taken = []
        for _ in range(WARM + given.steps):
            before = now()
            work()
            taken.append(now() - before)
        return statistics.median(taken[WARM:])

    faces, found = load_faces(given.faces), architecture(recipe.model.arch)
    views = make_views(faces, np.arange(len(faces)), {}, flip=recipe.data.flip, rng=np.random.default_rng(0))
    sampler = Sampler(views.weights, recipe.run.batch, recipe.run.seed)
    chain = PRESETS[recipe.degrade.chain]
    before = now()
    maker = BatchMaker(views, sampler, chain, found.preprocess, recipe.run.seed)
    batches = DeviceBatches(maker, device, workers)
    held = now() - before
    torch.manual_seed(recipe.run.seed)
    distiller = Distiller(build(recipe.model.arch, DIM), recipe, DIM, device)
    # Random unit vectors cost what a teacher's embeddings do.
    teacher = F.normalize(torch.randn(len(views), DIM), dim=1).to(device)
    keys = torch.arange(len(views), device=device)

    whole, before = 0.0, now()
    waits: list[str] = []
    for batch in batches.stream(0, WARM + given.steps):
        at = torch.from_numpy(batch.views).to(device, non_blocking=True)
        distiller.learn(batch.faces, teacher[at], keys[at])
        if batch.step == WARM - 1:
            before = now()
    whole = (now() - before) / given.steps
    if device.type == "cuda":
        waits = waiting(lambda: distiller.learn(batch.faces, teacher[at], keys[at]), lambda: batches.make(0))
        print(*sorted(set(waits)), sep="\n")

    side = int(faces.crop(0).shape[0])
    slots = [(DEGRADE, 0, n) for n in range(recipe.run.batch)]
    drawn = time.perf_counter()
    plan = draw_plan(chain, side, recipe.run.seed, slots)
    drawn = time.perf_counter() - drawn
    low = torch.autocast(device.type, torch.bfloat16, enabled=recipe.run.precision == "bf16")

    def passes() -> None:
        distiller.student.zero_grad(set_to_none=True)
        with low:
            out = distiller.student(batch.faces.to(memory_format=torch.channels_last))
        out.float().square().mean().backward()

    parts = {
        "draw_in_one_process": drawn,
        "make_small": seconds(lambda: batches.finish(0, batch.views, [plan])),
        "forward_and_backward": seconds(passes),
        "learn": seconds(lambda: distiller.learn(batch.faces, teacher[at], keys[at])),
    }
    figures = {
        "faces_per_second": round(recipe.run.batch / whole, 1),
        "milliseconds_per_step": round(1000 * whole, 3),
        "milliseconds": {name: round(1000 * value, 3) for name, value in parts.items()},
        "not_matrix_work": round(max(0.0, 1 - parts["forward_and_backward"] / whole), 3),
        "seconds_to_hold_the_faces": round(held, 2),
        "host_waits_per_step": len(waits) if device.type == "cuda" else None,
    }
    return {
        "question": "what does a step of training on a device spend its time on?",
        "settings": {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "recipe": recipe.name,
            "recipe_sha256": recipe.sha256,
            "batch": recipe.run.batch,
            "steps": given.steps,
            "workers": workers,
            "faces": len(faces),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    yield str(found["figures"])


def main() -> int:
    """Parse, measure, write."""
    parser = options(__doc__, "faces", "--out")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--workers", type=int, help="processes that draw; as `fewpix distil` has it by default"
    )
    parser.add_argument("--steps", type=int, default=50)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


def waiting(*work: Callable[[], object]) -> list[str]:
    """The places at which the host waited for CUDA, in one round of work."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for one in work:
                one()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return [
        f"{warning.filename}:{warning.lineno}" for warning in told if "synchroniz" in str(warning.message)
    ]


if __name__ == "__main__":
    sys.exit(main())
