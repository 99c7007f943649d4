"""The faces that one student would be given, cut out for it, to learn a place's FaceBN state from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fewpix.adapt.stats import NormState
from fewpix.embed.adaptation import FACES, adapt_to
from fewpix.embed.protocol import Encoder
from fewpix.identify.faces import AlignedFace, Found, align_faces
from fewpix.image.codec import Image
from fewpix.image.resize import Crop

HELD = FACES
"""Faces that are held at most, 20 MB: a random choice of all that were seen."""


class Reservoir:
    """A random choice of faces, each as likely to be held as any other (Vitter's algorithm R, 1985).

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

    def see(self, image: Image, face: Found) -> bool:
        """Take a face in; whether it is one of the student's.

        Args:
            image: (H, W, 3) uint8 BGR.
            face: found in it.
        """
        return self.take(align_faces(image, [face], self._encoder)[0])

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
