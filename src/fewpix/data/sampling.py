"""Which views make up batch number n: a pure function of seed and n, so that resuming needs no state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError


class Sampler:
    """Epochs by weighted systematic sampling, shuffled.

    An epoch has round(sum of weights) draws; where the sum is a whole number, a view of weight w is drawn
    floor(w) or ceil(w) times, w on average; otherwise the weights are first scaled to that length. Batches
    run across the ends of epochs, so each has the full size.

    Args:
        weights: (M,) expected draws per epoch, 0 or more.
        batch: views per batch.
        seed: of the run.

    Raises:
        ConfigError: fewer draws in an epoch than views in a batch.
    """

    def __init__(self, weights: NDArray[np.float64], batch: int, seed: int) -> None:
        self.length = round(float(weights.sum()))
        if self.length < batch:
            raise ConfigError(
                f"run.batch is {batch}, but an epoch has only {self.length} faces",
                fix="lower run.batch or add faces",
            )
        self._ends = np.cumsum(weights) * (self.length / weights.sum())
        self._batch, self._seed = batch, seed
        self._epochs: dict[int, NDArray[np.int64]] = {}

    def epoch(self, number: int) -> NDArray[np.int64]:
        """The (length,) view indices of one epoch, in the order in which they are used."""
        if number not in self._epochs:
            rng = np.random.default_rng([self._seed, number])
            ticks = np.arange(self.length) + rng.random()
            drawn = np.searchsorted(self._ends, ticks, side="right").clip(max=len(self._ends) - 1)
            self._epochs = {k: v for k, v in self._epochs.items() if k >= number - 1}
            self._epochs[number] = rng.permutation(drawn)
        return self._epochs[number]

    def batch(self, step: int) -> NDArray[np.int64]:
        """The (batch,) view indices of batch number `step`, from 0."""
        positions = step * self._batch + np.arange(self._batch)
        epochs, places = positions // self.length, positions % self.length
        return np.array([self.epoch(int(e))[p] for e, p in zip(epochs, places, strict=True)], dtype=np.int64)
