"""Which views make up batch number n: a pure function of seed and n, so that resuming needs no state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.data.people import UNKNOWN
from fewpix.errors import ConfigError


class Sampler:
    """Epochs by weighted systematic sampling, shuffled.

    An epoch has round(sum of weights) draws; where the sum is a whole number, a view of weight w is drawn
    floor(w) or ceil(w) times, w on average; otherwise the weights are first scaled to that length. Batches
    run across the ends of epochs, so each has the full size.

    With `per_person` above 1, each draw brings that many views less one of the same person along, other ones
    as long as there are any, at random. Who has no other view, or no label, comes again: the student sees the
    same picture degraded in several ways.

    Args:
        weights: (M,) expected draws per epoch, 0 or more.
        batch: views per batch.
        seed: of the run.
        per_person: views of one person that come together; divides `batch`.
        labels: (M,) int64, the person in each view, below 0 where unknown; needed for `per_person` above 1.

    Raises:
        ConfigError: fewer draws in an epoch than in a batch, or `per_person` does not divide `batch`.
    """

    def __init__(
        self,
        weights: NDArray[np.float64],
        batch: int,
        seed: int,
        per_person: int = 1,
        labels: NDArray[np.int64] | None = None,
    ) -> None:
        self.length = round(float(weights.sum()))
        if batch % per_person:
            raise ConfigError(f"data.per_person is {per_person}, which does not divide run.batch ({batch})")
        self._drawn = batch // per_person
        if self.length < self._drawn:
            raise ConfigError(
                f"run.batch is {batch}, but an epoch has only {self.length * per_person} faces",
                fix="lower run.batch or add faces",
            )
        self._ends = np.cumsum(weights) * (self.length / weights.sum())
        self._seed, self._per_person = seed, per_person
        self._epochs: dict[int, NDArray[np.int64]] = {}
        self._labels = np.full(len(weights), UNKNOWN, dtype=np.int64) if labels is None else labels
        # Views of one person stand together in `_order`, from `_first` on.
        drawable = np.flatnonzero((self._labels >= 0) & (weights > 0))
        self._order = drawable[np.argsort(self._labels[drawable], kind="stable")]
        self._first = np.searchsorted(self._labels[self._order], np.arange(self._labels.max(initial=-1) + 2))

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
        """The (batch,) view indices of batch number `step`, from 0; those of one draw stand together."""
        positions = step * self._drawn + np.arange(self._drawn)
        epochs, places = positions // self.length, positions % self.length
        drawn = [self.epoch(int(e))[p] for e, p in zip(epochs, places, strict=True)]
        if self._per_person > 1:
            rng = np.random.default_rng([self._seed, step, self._per_person])
            drawn = [view for one in drawn for view in (one, *self._others(int(one), rng))]
        return np.array(drawn, dtype=np.int64)

    def _others(self, view: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Views of the same person that come along."""
        label, wanted = int(self._labels[view]), self._per_person - 1
        if label < 0:
            return np.full(wanted, view)
        mates = self._order[self._first[label] : self._first[label + 1]]
        mates = mates[mates != view]
        if not len(mates):
            return np.full(wanted, view)
        return np.asarray(rng.choice(mates, wanted, replace=len(mates) < wanted))
