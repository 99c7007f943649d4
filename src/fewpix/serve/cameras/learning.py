"""A camera's FaceBN state: learned beside everything else, and used where its rates are known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from fewpix.adapt.stats import NormState, pack_state, unpack_state
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import FewpixError, GuardError
from fewpix.identify.learning import Held, Reservoir, StateLearner
from fewpix.optional import require
from fewpix.serve.cameras import table
from fewpix.serve.cameras.record import Camera
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.inference import Sight
from fewpix.serve.problems import ProblemError

log = logging.getLogger("fewpix.serve")

UNRATED = (
    "no calibration was measured under this state, so that faces are embedded without it: measure one on the "
    "camera's own films by `fewpix calibrate --footage` with the state of /v1/cameras/{}/state, and give it "
    "to `fewpix serve --track-calibration`; or name by a threshold"
)
KEPT = "it has a calibration, and so stays as it is; `reset` begins anew"


class Learning:
    """What one camera has learned, and learns.

    Args:
        camera: what it was told.
        office: where its state is kept.
        beside: the thread in which states are estimated, one at a time.
    """

    def __init__(self, camera: Camera, office: Office, beside: ThreadPoolExecutor) -> None:
        self._camera, self._office, self._beside = camera, office, beside
        self._trying: Future[None] | None = None
        self._fault = ""
        self.state: NormState | None = None
        self.learned: str | None = None
        self.in_use = False
        self.learner: StateLearner | None = None

    def read(self, database: ServiceDatabase) -> None:
        """Read the state that is kept; a damaged one is none."""
        kept = table.learned(database, self._camera.name)
        if kept is None:
            self.state, self.learned = None, None
            return
        try:
            self.state, self.learned = unpack_state(kept[0], f"the camera {self._camera.name}"), kept[1]
        except FewpixError as error:
            self._fault = error.what

    def begin(self, sight: Sight) -> Encoder:
        """Begin to learn, if that is asked for; the encoder for the camera's faces, in its thread.

        Raises:
            FewpixError: the state cannot be applied.
        """
        self._fault = ""
        self._office.do(self.read)
        encoder, options = sight.encoder, self._camera.options
        by_score = options.threshold is not None
        mine = self.state is not None and self._fits(sight, self.state)
        self.in_use = mine and self.state is not None and (by_score or sight.models.rated(self.state))
        if self.in_use and self.state is not None:
            encoder = sight.under(self.state)
        if options.adapt and (by_score or not self.in_use):
            self._learn(sight, encoder, by_score)
        return encoder

    def reservoir(self, sight: Sight) -> Reservoir:
        """What gathers faces of which a state is estimated; errors as `estimate`."""
        _weights(sight)
        return Reservoir(sight.encoder, encoder_for(sight.encoder, 0.0).card.sha256)

    async def estimate(self, sight: Sight, held: Held) -> NormState:
        """Estimate a state from faces that were gathered, when its turn comes.

        Raises:
            ProblemError: the guard refuses, or these models are not adapted.
            FewpixError: torch is not installed, or the weights are damaged.
        """
        weights = _weights(sight)
        future = self._beside.submit(held.state, weights, source=self._camera.name)
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except GuardError as error:
            fix = "send more faces, of more people, at other times"
            raise ProblemError("guard", error.what, fix=fix) from error

    def _learn(self, sight: Sight, encoder: Encoder, by_score: bool) -> None:
        try:
            weights = _weights(sight)
        except (FewpixError, ProblemError) as error:
            self._fault = str(error)
            return

        def reopen(state: NormState) -> Encoder:
            self.in_use = by_score
            assert self.learner is not None
            return sight.under(state) if by_score else self.learner.encoder

        student = encoder_for(sight.encoder, 0.0).card.sha256
        name = self._camera.name
        self.learner = StateLearner(
            self._keep, name, weights, student, encoder, reopen, elsewhere=self._elsewhere
        )

    async def try_now(self) -> None:
        """Estimate a state of the faces that were seen so far, and wait for it.

        Raises:
            ProblemError: the guard refuses, or nothing is learned here.
        """
        learner = self.learner
        if learner is None:
            raise ProblemError("not-learning", self._fault or KEPT if self.in_use else self._fault)
        before = len(learner.refusals)
        if not learner.busy:
            learner.try_now()
        if self._trying is not None:
            await asyncio.shield(asyncio.wrap_future(self._trying))
        if self._fault:
            raise ProblemError("error", self._fault)
        if len(learner.refusals) > before:
            raise ProblemError("guard", learner.refusals[-1], fix="let it see more people, at other times")

    def to_json(self) -> dict[str, Any]:
        """As the service tells it."""
        learner, state = self.learner, self.state
        why = self._fault
        if not why and state is not None and not self.in_use:
            why = UNRATED.format(self._camera.name)
        if not why and self.in_use and self._camera.options.adapt and learner is None:
            why = KEPT
        if not why and state is None and learner is not None and learner.refusals:
            why = learner.refusals[-1]
        return {
            "learning": learner is not None,
            "faces": 0 if learner is None else learner.seen,
            "due": None if learner is None else learner.due,
            "state": None if state is None else state.id,
            "learned": self.learned,
            "learned_from": None if state is None else state.count,
            "mode": None if state is None else state.mode,
            "source": None if state is None else state.source,
            "forced": [] if state is None else list(state.forced),
            "refused": None if learner is None or not learner.refusals else learner.refusals[-1],
            "drift": None if state is None or state.drift is None else round(state.drift, 4),
            "in_use": self.in_use,
            "why": why or None,
        }

    def _fits(self, sight: Sight, state: NormState) -> bool:
        if state.model_sha256 in {each.card.sha256 for each in sight.models.encoders}:
            return True
        self._fault = "the state is of another model than the service runs; `reset` begins anew"
        return False

    def _keep(self, state: NormState) -> None:
        packed = pack_state(state)
        self._office.do(partial(table.keep_learned, name=self._camera.name, state=packed))
        self._office.do(self.read)

    def _elsewhere(self, work: Callable[[], None]) -> None:
        def safely() -> None:
            try:
                work()
            except FewpixError as error:
                log.warning("no state of the camera %s: %s", self._camera.name, error)
                self._fault = error.what
            except Exception:
                log.exception("no state of the camera %s", self._camera.name)
                self._fault = "estimating a state failed; look at the service's log"

        self._trying = self._beside.submit(safely)


def _weights(sight: Sight) -> Path:
    """The weights of the model that is adapted.

    Raises:
        ProblemError: nothing is adapted here.
        UnavailableError: torch is not installed.
    """
    if sight.models.student is None:
        raise ProblemError("not-learning", "the model of this service cannot be adapted", fix="use a student")
    require("torch", use="learning a state")
    return sight.models.student
