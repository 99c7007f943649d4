"""What a gallery gives back about the people in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Person:
    """Somebody enrolled.

    Args:
        name: unique within the gallery.
        faces: how many photos.
        rows: how many embeddings of them.
        created: when first enrolled, UTC, ISO 8601.
    """

    name: str
    faces: int
    rows: int
    created: str


@dataclass(frozen=True)
class Row:
    """One embedding with where it came from.

    Args:
        face: number of the face; rows of one face share it.
        name: the person.
        embedding: (D,) float32.
        encoder_sha256: the card's digest of the encoder that made it.
        pixels: side of the face in source pixels.
        state_id: the NormState it was embedded under; empty for none.
        source: where the photo came from.
        created: UTC, ISO 8601.
    """

    face: int
    name: str
    embedding: NDArray[np.float32]
    encoder_sha256: str
    pixels: float
    state_id: str
    source: str
    created: str


@dataclass(frozen=True)
class Added:
    """What `Gallery.add` did.

    Args:
        face: number of the face in the gallery.
        new: False when the person already had this very embedding, so that nothing was written.
    """

    face: int
    new: bool
