"""A camera's FaceBN state, learned from the faces that pass before it, under the guard."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fewpix.adapt.folder import keep
from fewpix.adapt.stats import NormState
from fewpix.embed.adaptation import adapt_to
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import GuardError
from fewpix.identify.faces import Found, align_faces
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

log = logging.getLogger("fewpix")

FIRST = 64
"""Faces that are seen before the first state is tried; the next ones when there are twice as many each."""

HELD = 512
"""Faces that are held at most, 20 MB: a random choice of all that were seen."""

APART = 0.5
"""Seconds between two faces of one track: the statistics are to be the place's, not one person's."""

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
        self.seen = 0
        self.state: NormState | None = None
        self.refusals: list[str] = []
        self._path, self._place, self._weights = path, place, weights
        self._student, self._reopen = student_sha256, reopen
        self._due = FIRST
        self._crops: list[Crop] = []
        self._pixels: list[float] = []
        self._rng = np.random.default_rng(seed)
        self._last: dict[int, float] = {}

    def see(self, image: Image, face: Found, track: int, time: float) -> None:
        """Take in a face of a track, unless one of it was just taken; learn when it is time.

        Raises:
            StorageError: the state cannot be written.
        """
        if time - self._last.get(track, -APART) < APART:
            return
        if encoder_for(self.encoder, face.pixels).card.sha256 != self._student:
            return
        self._last[track] = time
        (aligned,) = align_faces(image, [face], self.encoder)
        self.seen += 1
        if len(self._crops) < HELD:
            self._crops.append(aligned.crop)
            self._pixels.append(aligned.pixels)
        elif (place := int(self._rng.integers(self.seen))) < HELD:
            self._crops[place], self._pixels[place] = aligned.crop, aligned.pixels
        if self.seen >= self._due:
            self._due *= 2
            self._learn()

    def forget(self, track: int) -> None:
        """A track has ended."""
        self._last.pop(track, None)

    def _learn(self) -> None:
        try:
            state = adapt_to(self._weights, self._crops, source=self._place)
        except GuardError as error:
            self.refusals.append(error.what)
            log.warning("no state from %d faces of %s: %s", self.seen, self._place, error.what)
            return
        # The crops were cut at the encoder's side; what counts is how large the faces were in the frames.
        state = replace(state, pixels=(math.floor(min(self._pixels)), math.ceil(max(self._pixels))))
        keep(self._path, state)
        self.state, self.encoder = state, self._reopen(state)
        log.info("%s", state)


def learnable(encoder: Encoder) -> Encoder:
    """The student whose state is learned: the encoder itself, or a router's for the smallest faces."""
    return encoder_for(encoder, 0.0)
