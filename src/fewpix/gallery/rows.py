"""What a gallery gives back about the people in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
        number: of the person in the tables; 0 where nobody said.
    """

    name: str
    faces: int
    rows: int
    created: str
    number: int = 0

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"name": self.name, "faces": self.faces, "rows": self.rows, "created": self.created}


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
        quality: how good the face is, 0 to 1; None when nobody said.
    """

    face: int
    name: str
    embedding: NDArray[np.float32]
    encoder_sha256: str
    pixels: float
    state_id: str
    source: str
    created: str
    quality: float | None = None


@dataclass(frozen=True, eq=False)
class Shrunk:
    """What a student makes of a photo shrunk to a small size; see `matched`.

    Args:
        pixels: side of the face that it was shrunk to, at least 1.
        embedding: (D,) float32.
        encoder_sha256: the card's digest of the student.
        created: UTC, ISO 8601; empty for now.
    """

    pixels: int
    embedding: NDArray[np.float32]
    encoder_sha256: str
    created: str = ""


@dataclass(frozen=True)
class Original:
    """What was kept of a photo, so that its face can be embedded again by another model.

    Args:
        png: the face's surroundings, or the aligned crop itself, as a PNG file.
        points: five landmarks (x, y) in its pixels; None for an aligned crop.
    """

    png: bytes
    points: tuple[tuple[float, float], ...] | None


@dataclass(frozen=True)
class Face:
    """A photo of somebody, as the gallery knows it.

    Args:
        face: its number.
        name: the person.
        source: where the photo came from.
        created: UTC, ISO 8601.
        quality: how good the face is, 0 to 1; None when nobody said.
        kept: whether its original is kept.
    """

    face: int
    name: str
    source: str
    created: str
    quality: float | None
    kept: bool


@dataclass(frozen=True)
class Added:
    """What `Gallery.add` did.

    Args:
        face: number of the face in the gallery.
        new: False when the person already had this very embedding, so that nothing was written.
    """

    face: int
    new: bool


@dataclass(frozen=True)
class Event:
    """Something that was done to a person's entry.

    Args:
        action: "renamed", "merged", "moved", "removed faces", "imported" or "embedded again".
        detail: what exactly, such as the former name.
        created: UTC, ISO 8601.
    """

    action: str
    detail: str
    created: str

    def to_json(self) -> dict[str, str]:
        """The fields as JSON values."""
        return {"action": self.action, "detail": self.detail, "created": self.created}

    def __str__(self) -> str:
        return f"{self.created}  {self.action}: {self.detail}"
