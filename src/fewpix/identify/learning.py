"""A place's FaceBN state, learned from the faces that are seen there: gathered first, or as they pass."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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

Elsewhere = Callable[[Callable[[], None]], object]
"""Does what takes seconds, at once or in another thread."""


def at_once(work: Callable[[], None]) -> None:
    """Do it here and now."""
    work()


@dataclass(frozen=True)
class Held:
    """Faces of a place, to learn from.

    Args:
        crops: each (s, s, 3) uint8 BGR.
        pixels: how large each was in its picture.
        seen: of how many they are a choice.
    """

    crops: tuple[Crop, ...]
    pixels: tuple[float, ...]
    seen: int

    def state(self, weights: Path, *, source: str, **options: Any) -> NormState:
        """The state of these faces; arguments and errors as `adapt_to`."""
        # The crops were cut at the encoder's side; what counts is how large the faces were in the pictures.
        return adapt_to(weights, self.crops, pixels=self.pixels, source=source, **options)


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

    def held(self) -> Held:
        """The faces that are held now."""
        return Held(tuple(self.crops), tuple(self.pixels), self.seen)

    def state(self, weights: Path, *, source: str, **options: Any) -> NormState:
        """The state of the faces held; arguments and errors as `adapt_to`."""
        return self.held().state(weights, source=source, **options)


class StateLearner:
    """Gathers the faces of a video and tries a state of them now and then, under the guard.

    The state is estimated anew from all faces held, by the default way of `fewpix adapt`, not moved on from
    the last one, so that a refused one leaves nothing behind. One that was accepted is kept and used for
    every track that ends later.

    Args:
        keep: keeps a state that was accepted.
        place: the camera, in words.
        weights: the student's .safetensors file.
        student_sha256: the student's digest; faces that go to another encoder are not learned from.
        encoder: the one in use, or a router.
        reopen: opens it under a state.
        seed: of the random choice.
        elsewhere: does the estimating, which takes seconds.
    """

    def __init__(
        self,
        keep: Callable[[NormState], object],
        place: str,
        weights: Path,
        student_sha256: str,
        encoder: Encoder,
        reopen: Reopen,
        *,
        seed: int = 0,
        elsewhere: Elsewhere = at_once,
    ) -> None:
        self.encoder = encoder
        self.state: NormState | None = None
        self.refusals: list[str] = []
        self.busy = False
        self._keep, self._place, self._weights, self._reopen = keep, place, weights, reopen
        self._elsewhere = elsewhere
        self._reservoir = Reservoir(encoder, student_sha256, seed=seed)
        self._due = FIRST

    @property
    def seen(self) -> int:
        """How many faces were taken in."""
        return self._reservoir.seen

    @property
    def due(self) -> int:
        """How many are taken in when the next state is tried."""
        return self._due

    def see(self, image: Image, face: Found, track: int, time: float) -> None:
        """Take in a face of a track, unless one of it was just taken; learn when it is time.

        Raises:
            StorageError: the state cannot be written.
        """
        taken = self._reservoir.see(image, face, track=track, time=time)
        if taken and self.seen >= self._due and not self.busy:
            self._due *= 2
            self.try_now()

    def try_now(self) -> None:
        """Try a state of the faces that were taken in so far; errors as `see`."""
        held, self.busy = self._reservoir.held(), True
        self._elsewhere(lambda: self._learn(held))

    def forget(self, track: int) -> None:
        """A track has ended."""
        self._reservoir.forget(track)

    def _learn(self, held: Held) -> None:
        try:
            state = held.state(self._weights, source=self._place)
        except GuardError as error:
            self.refusals.append(error.what)
            log.warning("no state from %d faces of %s: %s", held.seen, self._place, error.what)
            return
        finally:
            self.busy = False
        self._keep(state)
        self.state, self.encoder = state, self._reopen(state)
        log.info("%s", state)
