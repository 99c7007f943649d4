"""Fits the estimator of a face's effective resolution. Writes `weights/resolution.json`.

Whole, sharp faces of the training pool, none of them held out, are made small, 6 to 112 px, and enlarged
again in a way drawn for each: by four kernels or not at all, to pictures of 40 to 224 px, with or without
noise and JPEG. A regression with one hidden layer learns the size from the spectrum.
`effective_resolution.py` measures it on faces that are held out.

    python -m benchmarks.resolution.fit FACES.tar ... --write
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.lib.enlarged import KERNELS, WHOLE, Enlargement, cut, exact_points
from benchmarks.lib.pool import HeldOutFaces, held_out_from_shipped
from benchmarks.lib.run import guarded, options
from fewpix.files import write_text
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.quality.resolution import SMALLEST, TABLE, Estimator
from fewpix.quality.spectrum import spectrum

HIDDEN, ROUNDS, BATCH, RATE, DECAY = 32, 60, 128, 1e-2, 1e-2
LANDMARKS = 0.01
"""Standard deviation of the landmarks, as a share of the face: pictures are never cut out exactly."""


def draw(rng: np.random.Generator) -> Enlargement:
    """A way of making a face small and enlarging it."""
    size = TEMPLATE_SIDE
    if rng.random() > 0.1:  # the others stay as sharp as they are
        size = round(2 ** rng.uniform(math.log2(SMALLEST), math.log2(TEMPLATE_SIDE)))
    side = size
    if rng.random() > 0.15:
        side = max(size, round(2 ** rng.uniform(math.log2(max(size, 40)), math.log2(224))))
    kind = rng.random()
    return Enlargement(
        size,
        side,
        kernel=str(rng.choice(list(KERNELS), p=[0.25, 0.25, 0.25, 0.25])),
        jpeg=round(rng.uniform(40, 95)) if 0.4 <= kind < 0.7 else None,
        noise=rng.uniform(1, 12) if kind >= 0.7 else 0.0,
        first=round(rng.uniform(60, 95)) if rng.random() < 0.2 else None,
    )


def examples(found: HeldOutFaces, count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, F) spectra and (N,) log2 of the sizes, of faces that are not held out."""
    held = set(found.scored.tolist())
    usable = [n for n, source in enumerate(found.faces.sources) if source in WHOLE and n not in held]
    rng = np.random.default_rng(seed)
    order = rng.permutation(usable)
    spectra, sizes = [], []
    for n in range(count):
        way = draw(rng)
        picture = way.picture(found.faces.crop(int(order[n % len(order)])), rng)
        points = exact_points(way.side) + rng.normal(0, LANDMARKS * way.side, (5, 2))
        spectra.append(spectrum(cut(picture, TEMPLATE_SIDE, points)))
        sizes.append(math.log2(way.size))
    return np.array(spectra, dtype=np.float64), np.array(sizes)


def fit(spectra: NDArray[np.float64], sizes: NDArray[np.float64], seed: int) -> Estimator:
    """Least absolute error (near 0: squared) of log2, by AdamW."""
    mean, spread = spectra.mean(axis=0), spectra.std(axis=0)
    inputs = torch.tensor((spectra - mean) / spread, dtype=torch.float32)
    offset = float(sizes.mean())
    targets = torch.tensor(sizes - offset, dtype=torch.float32)
    torch.manual_seed(seed)
    inner, outer = torch.nn.Linear(inputs.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    parameters = [*inner.parameters(), *outer.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    steps = len(inputs) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, ROUNDS * steps)
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        for batch in np.array_split(rng.permutation(len(inputs)), steps):
            found = outer(torch.tanh(inner(inputs[batch])))[:, 0]
            loss = torch.nn.functional.smooth_l1_loss(found, targets[batch], beta=0.3)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    numbers = {name: part.detach().numpy().astype(np.float64) for name, part in inner.named_parameters()}
    made = Estimator(
        mean=mean,
        spread=spread,
        hidden=numbers["weight"],
        bias=numbers["bias"],
        out=outer.weight.detach().numpy().astype(np.float64)[0],
        offset=offset + float(outer.bias.detach()),
    )
    return Estimator.from_json(made.to_json())  # as it will be read back


def make(given: argparse.Namespace) -> None:
    """Fit, say how well, and with --write keep it."""
    torch.set_num_threads(1)
    _, found = held_out_from_shipped(given.faces, given.runtime)
    spectra, sizes = examples(found, given.count, given.seed)
    estimator = fit(spectra, sizes, given.seed)
    off = np.abs(np.log2(estimator.pixels(spectra)) - sizes)
    print(f"fitted on {len(sizes)} pictures: off by a factor of {2 ** np.median(off):.2f} in the median")
    if given.write:
        table = {
            **estimator.to_json(),
            "fit": {"count": given.count, "seed": given.seed, "faces_sha256": found.faces.sha256},
            "source": "benchmarks/resolution/fit.py",
        }
        write_text(TABLE, json.dumps(table) + "\n")


def main(words: Sequence[str] | None = None) -> int:
    """Fit, say how well on the faces it was fitted on, and with --write keep it."""
    parser = options(__doc__, "faces", "--count", "--runtime", "--seed", count=14_000)
    parser.add_argument("--write", action="store_true", help="write the package's resolution.json")
    given = parser.parse_args(words)
    return guarded(lambda: make(given))


if __name__ == "__main__":
    sys.exit(main())
