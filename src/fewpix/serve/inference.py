"""The one budget for all that is looked at: who comes in, how long it may take, and the models behind it."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import anyio
import anyio.to_thread

from fewpix.adapt.stats import NormState
from fewpix.calibration.lookup import Calibrated
from fewpix.embed.protocol import Encoder
from fewpix.errors import FewpixError, UnavailableError
from fewpix.identify.faces import Searcher
from fewpix.serve.batching import DEADLINE, Batcher, batched, time_left
from fewpix.serve.metrics import Metrics
from fewpix.serve.models import Models, Opening
from fewpix.serve.problems import ProblemError, problem_of
from fewpix.serve.settings import Limits, Settings
from fewpix.serve.turns import OneAtATime, Turns, watching

log = logging.getLogger("fewpix.serve")

Value = TypeVar("Value")

State = Literal["loading", "ready", "failed", "ended"]

MEMORY = 0.9
"""Share that the mean time of a request keeps with every further one."""

LONGEST_RETRY = 60.0


@dataclass(frozen=True)
class Sight:
    """The models as requests use them, from any thread.

    Args:
        models: as they were opened.
        detector: one picture at a time.
        encoder: batched over requests.
        most_faces: in a picture.
        turns: whose turn it is to search a picture.
        batcher: owns the encoders.
    """

    models: Models
    detector: Searcher
    encoder: Encoder
    most_faces: int
    turns: Turns
    batcher: Batcher

    @property
    def calibrated(self) -> Calibrated | None:
        """What scores are worth."""
        return self.models.calibrated

    def watching(self) -> Searcher:
        """A detector for a film or a camera, which lets every request go first; it may take seconds.

        Raises:
            FewpixError: it cannot be opened.
        """
        return watching(self.models.faint(), self.most_faces, self.turns)

    def under(self, state: NormState) -> Encoder:
        """The encoder under a FaceBN state, batched; errors as `open_encoder`.

        Raises:
            UnavailableError: nothing is adapted here.
        """
        if self.models.reopen is None:
            raise UnavailableError("these models are not adapted", fix="serve with a student, or auto")
        return batched(self.models.reopen(state), self.batcher)


class Inference:
    """Loads the models beside everything else, lets requests in, and runs their work.

    Args:
        settings: what to open.
        opening: how.
        metrics: are told what happens.
    """

    def __init__(self, settings: Settings, opening: Opening, metrics: Metrics) -> None:
        self._settings, self._opening, self._metrics = settings, opening, metrics
        self.limits: Limits = settings.limits
        self.state: State = "loading"
        self.fault: ProblemError | None = None
        self._sight: Sight | None = None
        self._batcher = Batcher(metrics.batch)
        self._limiter: anyio.CapacityLimiter | None = None
        self._inside, self._bytes = 0, 0
        self._by_client: Counter[str] = Counter()
        self._mean = 0.5
        self._loader = threading.Thread(target=self._load, name="fewpix-load", daemon=True)

    def start(self) -> None:
        """Begin to load the models, in a thread of their own."""
        self._limiter = anyio.CapacityLimiter(self.limits.at_once)
        self._loader.start()

    def close(self) -> None:
        """End; what waits is refused."""
        self.state = "ended"
        self._batcher.close()

    def _load(self) -> None:
        try:
            models = self._opening(self._settings)
        except FewpixError as error:
            log.error("the models cannot be loaded: %s", error)
            self.fault = problem_of(error)
            self.state = "failed"
            return
        except Exception:
            log.exception("the models cannot be loaded")
            self.state = "failed"
            return
        turns, most = Turns(), self.limits.faces
        detector = OneAtATime(models.detector, most, turns)
        encoder = batched(models.encoder, self._batcher)
        self._sight = Sight(models, detector, encoder, most, turns, self._batcher)
        if self.state == "loading":
            self.state = "ready"

    @property
    def sight(self) -> Sight:
        """The models.

        Raises:
            ProblemError: they are not there yet, or cannot be loaded.
        """
        if self._sight is not None and self.state == "ready":
            return self._sight
        if self.state == "loading":
            raise ProblemError("not-ready", "the models are being loaded", retry=2)
        if self.state == "ended":
            raise ProblemError("not-ready", "the service ends", retry=10)
        why = "" if self.fault is None else f": {self.fault.kind.title[0].lower()}{self.fault.kind.title[1:]}"
        raise ProblemError("not-ready", f"the models cannot be loaded{why}", fix="look at the service's log")

    @asynccontextmanager
    async def place(self, client: str, size: int) -> AsyncIterator[None]:
        """A place among those who are inside, with a deadline.

        Args:
            client: who asks.
            size: bytes that its body may take.

        Raises:
            ProblemError: there is none.
        """
        most = self.limits.at_once + self.limits.waiting
        if self._inside >= most or (self._bytes and self._bytes + size > self.limits.memory_bytes):
            raise ProblemError("busy", retry=self._wait())
        if self._by_client[client] >= self.limits.per_client:
            raise ProblemError("too-many-requests", retry=self._wait())
        start = time.monotonic()
        self._inside, self._bytes = self._inside + 1, self._bytes + size
        self._by_client[client] += 1
        self._metrics.inside.set(self._inside)
        token = DEADLINE.set(start + self.limits.seconds)
        try:
            yield
        finally:
            DEADLINE.reset(token)
            self._inside, self._bytes = self._inside - 1, self._bytes - size
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]
            self._metrics.inside.set(self._inside)
            self._mean = MEMORY * self._mean + (1 - MEMORY) * (time.monotonic() - start)

    async def run(self, work: Callable[..., Value], *args: object, **kwargs: object) -> Value:
        """Work of a request that is inside, in a thread, when its turn comes.

        Raises:
            ProblemError: its turn came too late.
        """

        def timed() -> Value:
            time_left()
            return work(*args, **kwargs)

        return await anyio.to_thread.run_sync(partial(timed), limiter=self._limiter)

    def _wait(self) -> float:
        """Seconds after which there is likely to be room."""
        return min(LONGEST_RETRY, max(1.0, self._mean * (self._inside + 1) / self.limits.at_once))
