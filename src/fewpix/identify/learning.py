"""A place's FaceBN state, learned from the faces that are seen there: gathered first, or as they pass."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fewpix.adapt.folder import keep
from fewpix.adapt.stats import NormState
from fewpix.embed.adaptation import FACES, adapt_to
from fewpix.embed.protocol import Encoder
from fewpix.errors import GuardError
from fewpix.identify.faces import AlignedFace, Finder, Found, align_faces, whole_crop
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

log = logging.getLogger("fewpix")

HELD = FACES
"""Faces that are held at most, 20 MB: a random choice of all that were seen."""

APART = 0.5
"""Seconds between two faces of one track: a place's statistics are not to be one person's."""

FIRST = 64
"""Faces that are seen before the first state is tried; the next ones when there are twice as many each."""

Reopen = Callable[[NormState], Encoder]
"""Opens the encoder that was used so far under a state."""


class Reservoir:
    """A random choice of the faces that one student would be given, cut out for it.

    Each is as likely to be held as any other (Vitter's algorithm R, 1985).

    Args:
        encoder: the one in use, or a router.
        student_sha256: the student's digest; faces that go to another encoder are counted and left out.
        most: how many are held.
        seed: of the choice.
    """

    def __init__(self, encoder: Encoder, student_sha256: str, *, most: int = HELD, seed: int = 0) -> None:
        self.seen = 0
        self.elsewhere = 0
        self.crops: list[Crop] = []
        self.pixels: list[float] = []
        self._encoder, self._student, self._most = encoder, student_sha256, most
        self._rng = np.random.default_rng(seed)
        self._last: dict[int, float] = {}

    def look(self, image: Image, detector: Finder | None, origin: str) -> int:
        """Take in all faces of a picture; how many it shows.

        Args:
            image: (H, W, 3) uint8 BGR.
            detector: finds faces; None when the picture is an aligned crop itself.
            origin: the picture's name, for messages.

        Raises:
            InputError: the crop is not square or too small.
        """
        if detector is None:
            self.take(whole_crop(image, self._encoder, origin))
            return 1
        faces = detector.detect(image)
        for face in faces:
            self.see(image, face)
        return len(faces)

    def see(self, image: Image, face: Found, *, track: int | None = None, time: float = 0.0) -> bool:
        """Take a face in; whether it is a new one of the student's.

        Args:
            image: (H, W, 3) uint8 BGR.
            face: found in it.
            track: that it belongs to, in a video; one within `APART` of the last one of its track is passed
                over. None for no track.
            time: in seconds, of the frame.
        """
        if track is not None and time - self._last.get(track, -APART) < APART:
            return False
        if not self.take(align_faces(image, [face], self._encoder)[0]):
            return False
        if track is not None:
            self._last[track] = time
        return True

    def forget(self, track: int) -> None:
        """A track has ended."""
        self._last.pop(track, None)

    def take(self, aligned: AlignedFace) -> bool:
        """As `see`, of a face that is cut out already."""
        if aligned.encoder.card.sha256 != self._student:
            self.elsewhere += 1
            return False
        self.seen += 1
        place = len(self.crops) if len(self.crops) < self._most else int(self._rng.integers(self.seen))
        if place < self._most:
            self.crops[place : place + 1] = [aligned.crop]
            self.pixels[place : place + 1] = [aligned.routed_pixels]
        return True

    def state(self, weights: Path, *, source: str, **options: Any) -> NormState:
        """The state of the faces held; arguments and errors as `adapt_to`."""
        # The crops were cut at the encoder's side; what counts is how large the faces were in the pictures.
        return adapt_to(weights, self.crops, pixels=self.pixels, source=source, **options)


class StateLearner:
    """Gathers the faces of a video and tries a state of them now and then, under the guard.

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
        if self._reservoir.see(image, face, track=track, time=time) and self.seen >= self._due:
            self._due *= 2
            self._learn()

    def forget(self, track: int) -> None:
        """A track has ended."""
        self._reservoir.forget(track)

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
