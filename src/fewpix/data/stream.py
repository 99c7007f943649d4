"""An endless, shuffled stream of the faces of shards, of which only a buffer is held.

A stream has lanes, side by side, as many as a batch has slots. The epoch is a sequence of runs of neighbours
in a shard, shuffled anew each time; it is cut into one stretch for each lane, all equally long to a picture.
A lane goes along its stretch and shuffles what it meets within its share of the buffer. So

* a batch takes one face of each lane, from as many places of the data;
* processes that train together take lanes of their own: no face is in two of them, and none is forgotten;
* whoever reads a lane reads a stretch of files, not here and there;
* the face at a position of a lane follows from the seed alone. A run that goes on from its step goes on with
  the faces that it would have had, and neither the buffer nor the number of processes is part of its state.

A face that cannot be read or decoded is counted and named; another one of the buffer stands in for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import decode_square
from fewpix.data.passed_over import LeftOut, PassedOver
from fewpix.data.shard_index import Found, ShardIndex
from fewpix.errors import ConfigError, InputError
from fewpix.image.resize import Crop

RUN = 64
"""Neighbours in a shard that stay together when runs are shuffled: 250 kB of faces of 112 px."""

_RUNS, _BUFFER = 0, 1  # name the random streams


@dataclass(frozen=True)
class StreamedFace:
    """A face of a stream.

    Args:
        name: its shard's, and its own in it.
        digest: SHA-256 of the encoded picture.
        crop: (s, s, 3) uint8 BGR.
    """

    name: str
    digest: str
    crop: Crop


class _Block(NamedTuple):
    """What a lane holds: encoded pictures in the order of their turns, from a place of an epoch on."""

    epoch: int
    start: int
    pictures: list[tuple[int, Found]]


class Stream:
    """The faces of shards in lanes.

    Args:
        index: of the shards.
        lanes: how many, at least 1.
        buffer: encoded faces that all lanes together hold; each lane holds two at least.
        seed: of the order.

    Raises:
        ConfigError: there are fewer faces than lanes.
    """

    def __init__(self, index: ShardIndex, *, lanes: int, buffer: int, seed: int) -> None:
        if len(index) < lanes:
            raise ConfigError(
                f"run.batch is {lanes}, but an epoch has only {len(index)} faces",
                fix="lower run.batch or add faces",
            )
        self.index, self.lanes, self.seed = index, lanes, seed
        self.share = max(2, buffer // lanes)
        self._held: dict[int, _Block] = {}
        self._orders: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._bad: dict[int, tuple[str, str]] = {}

    def length(self, lane: int) -> int:
        """How many faces of an epoch are a lane's; two lanes differ by one at most."""
        start, stop = self._stretch(lane)
        return stop - start

    def take(self, lane: int, position: int) -> StreamedFace:
        """The face at a position of a lane; a pure function of seed, lane and position.

        Args:
            lane: 0 to `lanes` - 1.
            position: from 0, on and on; after `length(lane)` faces the next epoch begins.

        Raises:
            InputError: none of the faces of a whole epoch of this lane can be read.
        """
        length = self.length(lane)
        epoch, place = divmod(position, length)
        tried = 0
        while tried <= length:
            block = self._block(lane, epoch, place)
            turn = place - block.start
            for n in range(len(block.pictures)):
                number, found = block.pictures[(turn + n) % len(block.pictures)]
                if number in self._bad:
                    continue
                name, data = found.name, found.data
                try:
                    return StreamedFace(name, hashlib.sha256(data).hexdigest(), decode_square(data, name))
                except InputError as error:
                    self._bad[number] = (name, error.what.replace(name, "it", 1))
            # Nothing in it: the beginning of the next one stands in.
            tried += len(block.pictures)
            epoch, place = divmod(epoch * length + block.start + len(block.pictures), length)
        name, why = next(iter(self._bad.values()))
        raise InputError(
            f"none of {length} faces in a row can be read, the first: {name}: {why}",
            fix="`fewpix data check` looks through a shard",
        )

    @property
    def left_out(self) -> LeftOut:
        """What the index left out, and every face that could not be read since."""
        bad = (PassedOver(name, f"a damaged picture: {why}") for _, (name, why) in sorted(self._bad.items()))
        return self.index.left_out + LeftOut(tuple(bad))

    def _stretch(self, lane: int) -> tuple[int, int]:
        """From where to where in an epoch's sequence a lane goes."""
        count = len(self.index)
        return lane * count // self.lanes, (lane + 1) * count // self.lanes

    def _block(self, lane: int, epoch: int, place: int) -> _Block:
        """What the lane holds when it is at a place of an epoch."""
        # Lanes begin their blocks one after the other, so that they are not all read at once.
        shift = lane * self.share // self.lanes
        number = (place + shift) // self.share
        start = max(0, number * self.share - shift)
        held = self._held.get(lane)
        if held is None or (held.epoch, held.start) != (epoch, start):
            stop = min(self.length(lane), (number + 1) * self.share - shift)
            first = self._stretch(lane)[0]
            numbers = self._sequence(epoch, first + start, first + stop)
            rng = np.random.default_rng([self.seed, _BUFFER, epoch, lane, number])
            held = _Block(epoch, start, self._read(numbers, rng.permutation(stop - start)))
            self._held[lane] = held
        return held

    def _read(self, numbers: NDArray[np.int64], turns: NDArray[np.int64]) -> list[tuple[int, Found]]:
        """Pictures, read in the order of their numbers and given in that of their turns."""
        found = dict(self.index.read(np.sort(numbers).tolist()))
        for number, each in found.items():
            if each.why:
                self._bad[number] = (each.name, each.why)
        return [(number, found[number]) for number in numbers[turns].tolist()]

    def _sequence(self, epoch: int, start: int, stop: int) -> NDArray[np.int64]:
        """Numbers of the pictures that stand at `start` to `stop` - 1 in an epoch."""
        if epoch not in self._orders:
            count = len(self.index)
            order = np.random.default_rng([self.seed, _RUNS, epoch]).permutation(-(-count // RUN))
            ends = np.cumsum(np.minimum(RUN, count - order * RUN))
            if len(self._orders) > 1:  # some lanes are in the epoch before
                self._orders.pop(next(iter(self._orders)))
            self._orders[epoch] = (order, ends)
        order, ends = self._orders[epoch]
        at = np.arange(start, stop)
        run = np.searchsorted(ends, at, side="right")
        begins = ends[run] - np.minimum(RUN, len(self.index) - order[run] * RUN)
        return order[run] * RUN + at - begins
