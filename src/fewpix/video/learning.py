"""A camera's FaceBN state, learned from the faces that pass before it, under the guard."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from fewpix.adapt.folder import keep
from fewpix.adapt.stats import NormState
from fewpix.embed.protocol import Encoder
from fewpix.errors import GuardError
from fewpix.identify.faces import Found
from fewpix.identify.reservoir import Reservoir
from fewpix.image.codec import Image
from fewpix.video.spacing import SpacedFaces

log = logging.getLogger("fewpix")

FIRST = 64
"""Faces that are seen before the first state is tried; the next ones when there are twice as many each."""

Reopen = Callable[[NormState], Encoder]
"""Opens the encoder that was used so far under a state."""


class StateLearner:
    """Collects faces and tries a state of them now and then; what the guard refuses is not used.

    The state is estimated anew from all faces held, by the default way of `fewpix adapt`, not moved on from
    the last one, so that a refused one leaves nothing behind. One that was accepted is written and used for
    every track that ends later.

    Args:
        path: where the state is kept; what lies there of the same place and model is replaced.
        place: the camera, in words.
        weights: the student's .safetensors file.
        student_sha256: the student's digest; faces that go to another encoder are not learned from.
        encoder: the one in use, or a router.
        reopen: opens it under a state.
        seed: of the random choice.
    """

    def __init__(
        self,
        path: Path,
        place: str,
        weights: Path,
        student_sha256: str,
        encoder: Encoder,
        reopen: Reopen,
        *,
        seed: int = 0,
    ) -> None:
        self.encoder = encoder
        self.state: NormState | None = None
        self.refusals: list[str] = []
        self._path, self._place, self._weights, self._reopen = path, place, weights, reopen
        self._reservoir = Reservoir(encoder, student_sha256, seed=seed)
        self._faces = SpacedFaces(self._reservoir)
        self._due = FIRST

    @property
    def seen(self) -> int:
        """How many faces were taken in."""
        return self._reservoir.seen

    def see(self, image: Image, face: Found, track: int, time: float) -> None:
        """Take in a face of a track, unless one of it was just taken; learn when it is time.

        Raises:
            StorageError: the state cannot be written.
        """
        if self._faces.see(image, face, track, time) and self.seen >= self._due:
            self._due *= 2
            self._learn()

    def forget(self, track: int) -> None:
        """A track has ended."""
        self._faces.forget(track)

    def _learn(self) -> None:
        try:
            state = self._reservoir.state(self._weights, source=self._place)
        except GuardError as error:
            self.refusals.append(error.what)
            log.warning("no state from %d faces of %s: %s", self.seen, self._place, error.what)
            return
        keep(self._path, state)
        self.state, self.encoder = state, self._reopen(state)
        log.info("%s", state)
