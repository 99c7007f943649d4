"""One thread that owns the encoders: what several requests want embedded goes through them together.

To everything else a batched encoder is an encoder like any other, so that the service enrols, identifies and
verifies by the functions that the command line uses.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router
from fewpix.image.resize import Crop
from fewpix.serve.problems import ProblemError

MOST_FACES = 64
"""Faces that are embedded in one go; a larger request is one by itself."""

DEADLINE: ContextVar[float] = ContextVar("deadline", default=float("inf"))
"""Until when, by `time.monotonic`, the answer to the present request is of use."""


def time_left() -> float:
    """Seconds until the deadline.

    Raises:
        ProblemError: it is over.
    """
    left = DEADLINE.get() - time.monotonic()
    if left <= 0:
        raise ProblemError("too-late", retry=5)
    return left


@dataclass(eq=False)
class _Wanted:
    """Crops of one request for one encoder."""

    encoder: Encoder
    crops: Sequence[Crop]
    deadline: float
    rows: Future[NDArray[np.float32]] = field(default_factory=Future)


class Batcher:
    """The thread and what waits for it.

    Args:
        seen: is told how many faces went through an encoder together.
    """

    def __init__(self, seen: Callable[[int], None] = lambda faces: None) -> None:
        self._seen = seen
        self._waiting: deque[_Wanted] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="fewpix-embed", daemon=True)
        self._thread.start()

    def embed(self, encoder: Encoder, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """As `Encoder.embed`, in the thread of this object.

        Raises:
            ProblemError: the request's time is over, or the service ends.
        """
        time_left()
        wanted = _Wanted(encoder, crops, DEADLINE.get())
        with self._changed:
            if self._closed:
                raise ProblemError("not-ready", "the service ends", retry=5)
            self._waiting.append(wanted)
            self._changed.notify()
        return wanted.rows.result()

    def close(self) -> None:
        """End the thread; what still waits is refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    for wanted in self._waiting:
                        wanted.rows.set_exception(ProblemError("not-ready", "the service ends", retry=5))
                    return
                together = self._next()
            _embed(together)
            self._seen(sum(len(wanted.crops) for wanted in together))

    def _next(self) -> list[_Wanted]:
        """The first that waits, and others for the same encoder that fit beside it."""
        first = self._waiting.popleft()
        together, faces, others = [first], len(first.crops), deque[_Wanted]()
        for wanted in self._waiting:
            if wanted.encoder is first.encoder and faces + len(wanted.crops) <= MOST_FACES:
                together.append(wanted)
                faces += len(wanted.crops)
            else:
                others.append(wanted)
        self._waiting = others
        return together


def _embed(together: Sequence[_Wanted]) -> None:
    """Embed what is wanted of one encoder; a crop that fails is the fault of its own request only."""
    now = time.monotonic()
    due = [wanted for wanted in together if wanted.deadline > now]
    for wanted in together:
        if wanted.deadline <= now:
            wanted.rows.set_exception(ProblemError("too-late", retry=5))
    if not due:
        return
    try:
        rows = due[0].encoder.embed([crop for wanted in due for crop in wanted.crops])
    except Exception as error:
        if len(due) == 1:
            due[0].rows.set_exception(error)
            return
        for wanted in due:
            _embed([wanted])
        return
    start = 0
    for wanted in due:
        wanted.rows.set_result(rows[start : start + len(wanted.crops)])
        start += len(wanted.crops)


class BatchedEncoder:
    """An encoder whose work is done by a `Batcher`.

    Args:
        encoder: the one that embeds.
        batcher: who owns it.
    """

    def __init__(self, encoder: Encoder, batcher: Batcher) -> None:
        self.card, self.runtime = encoder.card, encoder.runtime
        self.device, self.state_id = encoder.device, encoder.state_id
        self._encoder, self._batcher = encoder, batcher

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See `Encoder.embed`."""
        if not crops:
            return np.empty((0, self.card.space.dim), dtype=np.float32)
        return self._batcher.embed(self._encoder, crops)


def batched(encoder: Encoder, batcher: Batcher) -> Encoder:
    """An encoder, or every encoder of a router, behind a batcher."""
    if not isinstance(encoder, Router):
        return BatchedEncoder(encoder, batcher)
    pairs = zip(encoder.starts, encoder.encoders, strict=True)
    return Router([(start, BatchedEncoder(each, batcher)) for start, each in pairs])
