"""Frames that are decoded ahead: all, in their order, with the error at the end, and few in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from fewpix.errors import InputError
from fewpix.video.ahead import AHEAD, AheadReader
from fewpix.video.counts import Counts
from fewpix.video.frame import Frame


class Numbers:
    """Frames whose time is their number."""

    live, ready, duration, name = False, True, 4.0, "numbers"

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.counts, self.made, self.closed = Counts(), 0, 0
        self._count, self._error = count, error

    def frames(self) -> Iterator[Frame | None]:
        for n in range(self._count):
            self.made += 1
            self.counts.looked += 1
            yield Frame(np.zeros((2, 2, 3), np.uint8), float(n))
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed += 1


def test_all_frames_come_in_their_order() -> None:
    numbers = Numbers(50)
    reader = AheadReader(numbers)
    assert [frame.time for frame in reader.frames()] == list(range(50))
    reader.close()
    assert (reader.counts.looked, numbers.closed) == (50, 1)
    assert (reader.name, reader.duration, reader.live) == ("numbers", 4.0, False)


def test_an_error_comes_after_the_frames_before_it() -> None:
    reader, seen = AheadReader(Numbers(7, InputError("broken"))), []
    with pytest.raises(InputError, match="broken"):
        seen.extend(frame.time for frame in reader.frames())
    assert len(seen) == 7
    reader.close()


def test_the_decoder_waits_and_what_nobody_took_was_not_looked_at() -> None:
    numbers = Numbers(1000)
    reader = AheadReader(numbers)
    frames = reader.frames()
    assert [next(frames).time for _ in range(3)] == [0, 1, 2]
    time.sleep(0.3)
    assert 3 < numbers.made <= 3 + AHEAD + 1
    reader.close()
    reader.close()
    assert reader.counts.looked == 3
    assert not any(thread.name == "decoding numbers" for thread in threading.enumerate())


def test_a_reader_that_was_never_read_is_closed() -> None:
    numbers = Numbers(3)
    AheadReader(numbers).close()
    assert (numbers.made, numbers.closed) == (0, 1)
