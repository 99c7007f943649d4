"""A gallery into a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.counted import counted
from fewpix.errors import SpaceError
from fewpix.files import PathLike, path_of
from fewpix.gallery.cameras import cameras
from fewpix.gallery.exchange.document import Document, Known
from fewpix.gallery.exchange.formats import WRITERS, check_ending
from fewpix.gallery.history import history
from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Exported:
    """What went into a file.

    Args:
        path: the file.
        people: how many.
        faces: how many photos.
        rows: how many embeddings.
        originals: of how many photos the pixels.
        cameras: how many.
        shrunk: how many rows of small sizes.
    """

    path: str
    people: int
    faces: int
    rows: int
    originals: int
    cameras: int
    shrunk: int = 0

    def __str__(self) -> str:
        kept = f", {self.originals} of them with their pixels" if self.originals else ""
        return (
            f"{self.path}: {counted(self.people, 'person', 'people')}, {counted(self.faces, 'photo')}{kept}, "
            f"{counted(self.cameras, 'camera')}"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


def export_gallery(gallery: Gallery, path: PathLike, *, originals: bool = True) -> Exported:
    """Write everything into one file, atomically: the gallery as it is at one moment, whoever writes to it.

    Args:
        gallery: what to write.
        path: ends in .npz, .json or .parquet.
        originals: with the pixels that were kept of photos.

    Raises:
        ConfigError: the ending is none of these.
        SpaceError: the gallery was moved to another space after it had been opened.
        StorageError: the file cannot be written; what was there before is still there.
        UnavailableError: Parquet without pyarrow.
    """
    path = path_of(path)
    write = WRITERS[check_ending(path)]
    with gallery.database.snapshot():
        document = _document(gallery, originals=originals)
    write(path, document)
    faces = len({row.face for row in document.rows})
    return Exported(
        *(str(path), len(document.people), faces, len(document.rows)),
        *(len(document.originals), len(document.cameras), len(document.shrunk)),
    )


def _document(gallery: Gallery, *, originals: bool) -> Document:
    """All that a gallery holds, by several queries, which the caller makes one moment."""
    space = gallery.database.space()
    if space != gallery.space:
        raise SpaceError(
            f"the gallery {gallery.location} was moved to {space} by another process", fix="run it again"
        )
    kept = {}
    if originals:
        for face in gallery.faces():
            original = gallery.original(face.face) if face.kept else None
            if original is not None:
                kept[face.face] = original
    rows = tuple(gallery.rows())
    photos = {row.face for row in rows}
    return Document(
        space=space,
        people=tuple(
            Known(person.name, person.created, tuple(history(gallery, person.name)))
            for person in gallery.people()
            if person.faces
        ),
        rows=rows,
        originals=kept,
        cameras=tuple(cameras(gallery)),
        shrunk=tuple((face, small) for face, small in gallery.shrunk() if face in photos),
    )
