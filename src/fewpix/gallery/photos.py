"""Every photo of a gallery in memory with one embedding, to compare names with looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.fusion import by_quality

if TYPE_CHECKING:
    from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Seen:
    """How a photo was embedded.

    Args:
        encoder_sha256: by which encoder.
        state_id: under which FaceBN state; empty for none.
        pixels: side of the face in source pixels.
    """

    encoder_sha256: str
    state_id: str
    pixels: float


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos by person, each by the embedding of the most pixels: a face may have rows at smaller sizes, too.

    Args:
        names: (P,) of the people, ascending.
        people: (F,) int64, the photo's person as an index into `names`; ascending.
        faces: (F,) int64, the photo's number.
        embeddings: (F, D) float32.
        weights: (F,) of the photos in their person's template.
        seen: (F,) how each was embedded.
    """

    names: tuple[str, ...]
    people: NDArray[np.int64]
    faces: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    weights: NDArray[np.float64]
    seen: tuple[Seen, ...]

    @classmethod
    def read(cls, gallery: Gallery) -> Photos:
        """Read the photos of one moment.

        Raises:
            InputError: the gallery is damaged.
        """
        database, dim = gallery.database, gallery.space.dim
        with database.snapshot():
            ((count,),) = database.select("SELECT count(DISTINCT face) FROM embeddings")
            embeddings = np.empty((count, dim), dtype=np.float32)
            people, faces = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
            weights = np.empty(count, dtype=np.float64)
            names: list[str] = []
            seen: list[Seen] = []
            last = None
            for name, face, quality, value, *how in database.select(
                "SELECT p.name, f.id, f.quality, e.embedding, e.encoder_sha256, e.state_id, e.pixels"
                " FROM embeddings e JOIN faces f ON e.face = f.id JOIN people p ON f.person = p.id"
                " ORDER BY p.name, f.id, e.pixels DESC, e.id"
            ):
                if face == last:
                    continue
                last, n = face, len(seen)
                if not names or names[-1] != name:
                    names.append(name)
                people[n], faces[n], weights[n] = len(names) - 1, face, by_quality(quality)
                embeddings[n] = database.embedding(value, dim)
                seen.append(Seen(*how))
        return cls(tuple(names), people, faces, embeddings, weights, tuple(seen))
