"""What `fewpix gallery list` and `show` print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.counted import counted
from fewpix.gallery.rows import Event, Face, Person, Row
from fewpix.models.space import Space


@dataclass(frozen=True)
class People:
    """Everybody in a gallery.

    Args:
        gallery: its location.
        space: of the embeddings.
        people: by name.
        shrunk: encoder, side in pixels and number of photos of the rows of small sizes.
    """

    gallery: str
    space: Space
    people: tuple[Person, ...]
    shrunk: tuple[tuple[str, int, int], ...] = ()

    def __str__(self) -> str:
        sizes = sorted({pixels for _, pixels, _ in self.shrunk})
        small = f"; photos kept shrunk to {', '.join(map(str, sizes))} px, too" if sizes else ""
        lines = [f"{self.gallery}: {counted(len(self.people), 'person', 'people')}, {self.space}{small}"]
        width = max((len(person.name) for person in self.people), default=0)
        for person in self.people:
            photos = counted(person.faces, "photo")
            lines.append(f"  {person.name:<{width}}  {photos}, since {person.created[:10]}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "gallery": self.gallery,
            "space": self.space.to_json(),
            "people": [person.to_json() for person in self.people],
            "shrunk": _shrunk_json(self.shrunk),
        }


@dataclass(frozen=True)
class Shown:
    """One person with photos and history.

    Args:
        name: the person.
        faces: photos in the order of enrolment.
        rows: their embeddings.
        history: what was done to the entry.
        shrunk: encoder, side in pixels and number of photos of the rows of small sizes.
    """

    name: str
    faces: tuple[Face, ...]
    rows: tuple[Row, ...]
    history: tuple[Event, ...]
    shrunk: tuple[tuple[str, int, int], ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.name}: {counted(len(self.faces), 'photo')}"]
        for face in self.faces:
            kept = ", original kept" if face.kept else ""
            quality = "" if face.quality is None else f", quality {face.quality:.2f}"
            lines.append(f"  photo {face.face}: {face.source}, {face.created}{quality}{kept}")
            for row in self.rows:
                if row.face == face.face:
                    state = f" under the state {row.state_id}" if row.state_id else ""
                    lines.append(f"    {row.pixels:.0f} px by the encoder {row.encoder_sha256[:12]}{state}")
        alike: dict[tuple[str, int], list[int]] = {}
        for digest, pixels, count in self.shrunk:
            alike.setdefault((digest, count), []).append(pixels)
        for (digest, count), sizes in alike.items():
            kept = f"{counted(count, 'photo')} kept shrunk to {', '.join(map(str, sizes))} px, too"
            lines.append(f"  {kept}, by the encoder {digest[:12]}")
        return "\n".join([*lines, *(f"  {event}" for event in self.history)])

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values, each photo with its embeddings' provenance; no embeddings."""
        return {
            "name": self.name,
            "faces": [
                {
                    "face": face.face,
                    "source": face.source,
                    "created": face.created,
                    "quality": None if face.quality is None else round(face.quality, 4),
                    "original": face.kept,
                    "rows": [
                        {
                            "encoder_sha256": row.encoder_sha256,
                            "pixels": round(row.pixels, 2),
                            "state_id": row.state_id,
                            "created": row.created,
                        }
                        for row in self.rows
                        if row.face == face.face
                    ],
                }
                for face in self.faces
            ],
            "shrunk": _shrunk_json(self.shrunk),
            "history": [event.to_json() for event in self.history],
        }


def _shrunk_json(shrunk: tuple[tuple[str, int, int], ...]) -> list[dict[str, Any]]:
    return [{"encoder_sha256": digest, "pixels": pixels, "photos": count} for digest, pixels, count in shrunk]


@dataclass(frozen=True)
class Cameras:
    """Every camera of a gallery; each has `to_json` and `__str__`."""

    gallery: str
    cameras: tuple[Any, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.cameras)) or f"the gallery {self.gallery} knows no cameras"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"gallery": self.gallery, "cameras": [camera.to_json() for camera in self.cameras]}
