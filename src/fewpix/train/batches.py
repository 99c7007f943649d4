"""Batches of degraded views, each a pure function of seed and step, made one step ahead in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fewpix.data.sampling import Sampler
from fewpix.data.views import Views
from fewpix.degrade import Chain, per_item_rng
from fewpix.image.preprocess import Preprocess

DEGRADE = 1
"""Names the random stream; others of the same seed must not meet it."""


Made = TypeVar("Made")


class Pixels(Protocol):
    """A batch with its faces as the student's pixels."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """(P, 3, side, side) in the student's colour order."""
        ...


class PixelMaker(Protocol):
    """Makes batches, whatever the faces come from."""

    def stream(self, start: int, stop: int) -> Iterator[Pixels]:
        """Batches `start` to `stop` − 1."""
        ...


@dataclass(frozen=True)
class Batch:
    """Low-resolution views of one step.

    Args:
        step: its number.
        views: (B,) indices of the views.
        pixels: (P, 3, side, side) uint8 in the student's colour order, of the maker's part of the views.
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
        part: the slots that are made; all others are only named.
    """

    views: Views
    sampler: Sampler
    chain: Chain
    preprocess: Preprocess
    seed: int
    part: slice = field(default_factory=lambda: slice(None))

    def slots(self, drawn: NDArray[np.int64]) -> NDArray[np.int64]:
        """(P,) numbers of the slots that are made."""
        return np.arange(len(drawn))[self.part]

    def make(self, step: int) -> Batch:
        """Batch number `step`."""
        drawn = self.sampler.batch(step)
        crops = [
            self.chain.apply(self.views.render(int(drawn[n])), per_item_rng(self.seed, DEGRADE, step, int(n)))
            for n in self.slots(drawn)
        ]
        return Batch(step, drawn, self.preprocess.pixels(crops))

    def stream(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches `start` to `stop` − 1; the next one is made while the caller works on this one."""
        return ahead(self.make, start, stop)


def ahead(make: Callable[[int], Made], start: int, stop: int) -> Iterator[Made]:
    """What is made of `start` to `stop` − 1, each by a thread while the caller works on the one before."""
    if start >= stop:
        return
    with ThreadPoolExecutor(1, "batches") as pool:
        following = pool.submit(make, start)
        for step in range(start, stop):
            batch = following.result()
            if step + 1 < stop:
                following = pool.submit(make, step + 1)
            yield batch
