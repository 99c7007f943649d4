"""Batches of degraded views, each a pure function of seed and step, made one step ahead in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.data.sampling import Sampler
from fewpix.data.views import Views
from fewpix.degrade import Chain, per_item_rng
from fewpix.image.preprocess import Preprocess

DEGRADE = 1
"""Names the random stream; others of the same seed must not meet it."""


@dataclass(frozen=True)
class Batch:
    """Low-resolution views of one step.

    Args:
        step: its number.
        views: (B,) indices of the views.
        pixels: (B, 3, side, side) uint8 in the student's colour order.
    """

    step: int
    views: NDArray[np.int64]
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class BatchMaker:
    """Draws views, degrades them, and brings them to the student's size.

    Args:
        views: to draw from.
        sampler: which ones when.
        chain: the degradation.
        preprocess: the student's.
        seed: of the run.
    """

    views: Views
    sampler: Sampler
    chain: Chain
    preprocess: Preprocess
    seed: int

    def make(self, step: int) -> Batch:
        """Batch number `step`."""
        drawn = self.sampler.batch(step)
        crops = [
            self.chain.apply(self.views.render(int(n)), per_item_rng(self.seed, DEGRADE, step, slot))
            for slot, n in enumerate(drawn)
        ]
        return Batch(step, drawn, self.preprocess.pixels(crops))

    def stream(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches `start` to `stop` − 1; the next one is made while the caller works on this one."""
        if start >= stop:
            return
        with ThreadPoolExecutor(1, "batches") as pool:
            following = pool.submit(self.make, start)
            for step in range(start, stop):
                batch = following.result()
                if step + 1 < stop:
                    following = pool.submit(self.make, step + 1)
                yield batch
