"""What is kept for review: templates of tracks, groups of unknown people, corrections of names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.identify.faces import EmbeddedFace
from fewpix.serve.moments import moment

Vector = NDArray[np.float32]

NEARER = 0.2
"""By how much two tracks have to be more alike than a track and a sharp photograph of one person.

Small faces are more alike among themselves, whoever they are. Of 120 tracks of ORL faces 36 to 81 join other
people's groups at 24 to 12 px by the plain threshold, 0 to 6 with this margin, and whoever comes back is
found (results/gallery/unknown_groups.json). Corrections with it stop every wrong name of a track there, and
cost no track its right one; a single picture is nearly as sure (results/gallery/corrections.json)."""

_STORED = np.dtype("<f4")


def nearer(score: float) -> float:
    """The cosine of two tracks that says as much as a score with sharp photographs; below 1 where that is."""
    return score + min(NEARER, (1 - score) / 2)


@dataclass(frozen=True, eq=False)
class Template:
    """A track's embedding; comparable with those of the same encoder under the same state only.

    Args:
        encoder: SHA-256 of the model that made it.
        state: id of the FaceBN state it was made under; empty for none.
        vector: (D,) float32 of unit length.
    """

    encoder: str
    state: str
    vector: Vector = field(repr=False)

    @classmethod
    def of(cls, face: EmbeddedFace) -> Template:
        """That of an embedded track."""
        return cls(face.encoder_sha256, face.state_id, face.embedding)


def packed(vector: Vector) -> bytes:
    """A vector as it is kept."""
    return vector.astype(_STORED).tobytes()


def unpacked(rows: list[bytes]) -> NDArray[np.float32]:
    """(N, D) vectors that were kept, of one encoder; (0, 0) for none."""
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    return np.frombuffer(b"".join(rows), dtype=_STORED).reshape(len(rows), -1)


@dataclass(frozen=True)
class Group:
    """Sightings of somebody unknown.

    Args:
        id: rises, and is never given again.
        collection: where they were looked for.
        ignored: nobody is to be told of them.
        created: UTC, ISO 8601.
        sightings: events that are kept.
        first: seconds since 1970 at which the first of them began; None where none is kept.
        last: at which the last one ended.
        cameras: that saw them, by name.
        films: in which they are, as ids of their jobs.
        crops: the best kept sights: event and number.
    """

    id: int
    collection: str
    ignored: bool
    created: str
    sightings: int
    first: float | None
    last: float | None
    cameras: tuple[str, ...] = ()
    films: tuple[str, ...] = ()
    crops: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "id": str(self.id),
            "collection": self.collection,
            "ignored": self.ignored,
            "created": self.created,
            "sightings": self.sightings,
            "first": None if self.first is None else moment(self.first),
            "last": None if self.last is None else moment(self.last),
            "cameras": list(self.cameras),
            "films": list(self.films),
            "crops": [{"event": str(event), "number": number} for event, number in self.crops],
        }


@dataclass(frozen=True)
class Correction:
    """Somebody said of a face that it is not whom the service named.

    Args:
        id: rises, and is never given again.
        event: whose track it was; it may be gone by now.
        camera: that saw it; empty for a film.
        collection: of the person.
        person: id of the person it is not.
        created: UTC, ISO 8601.
    """

    id: int
    event: int
    camera: str
    collection: str
    person: str
    created: str

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "id": str(self.id),
            "event": str(self.event),
            "camera": self.camera,
            "collection": self.collection,
            "person_id": self.person,
            "created": self.created,
        }
