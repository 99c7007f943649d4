"""A file into a gallery."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.counted import counted
from fewpix.errors import SpaceError
from fewpix.gallery.cameras import put_camera
from fewpix.gallery.edit import change
from fewpix.gallery.exchange.document import Document, Known
from fewpix.gallery.history import history, note
from fewpix.gallery.storage.location import is_absent
from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Imported:
    """What came out of a file.

    Args:
        path: the file.
        people: how many people it holds.
        new: how many of them are new in the gallery.
        faces: how many photos were added.
        same: how many photos were there already.
        cameras: how many cameras were added.
        kept: cameras whose state in the gallery is another, and stayed.
        dry_run: nothing was written.
    """

    path: str
    people: int
    new: int
    faces: int
    same: int
    cameras: int
    kept: tuple[str, ...]
    dry_run: bool

    def __str__(self) -> str:
        would = "would be " if self.dry_run else ""
        lines = [
            f"{counted(self.faces, 'photo')} {would}added from {self.path}, {self.same:,} there already; "
            f"{counted(self.people, 'person', 'people')}, {self.new:,} of them new; "
            f"{counted(self.cameras, 'camera')}"
        ]
        lines += [f"  camera {name} has another state here, which stays" for name in self.kept]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return vars(self) | {"kept": list(self.kept)}


def import_document(gallery: Gallery, document: Document, source: str, *, dry_run: bool = False) -> Imported:
    """Add a document to a gallery in one transaction; what is there already is not doubled.

    Args:
        gallery: open for writing, of the document's space.
        document: from `read_document`.
        source: the file, for messages and the history.
        dry_run: write nothing, say what would happen.

    Raises:
        InputError: an embedding is not one of the space; nothing was written.
        SpaceError: the document is of another space.
        StorageError: it cannot be written; the gallery is as it was.
    """
    if document.space != gallery.space:
        raise SpaceError(
            f"{source} holds {document.space}, the gallery {gallery.location} {gallery.space}",
            fix="import it into another gallery with --gallery",
        )
    known = {person.name for person in gallery.people()}
    placed: dict[int, int] = {}
    fresh: dict[int, bool] = {}
    kept = []
    added = 0
    with change(gallery, dry_run=dry_run):
        for person in document.people:
            gallery.person(person.name, created=person.created)
        for row in document.rows:
            result = gallery.write(
                row.name,
                row.embedding,
                pixels=row.pixels,
                encoder_sha256=row.encoder_sha256,
                state_id=row.state_id,
                source=row.source,
                quality=row.quality,
                original=document.originals.get(row.face),
                face=placed.get(row.face),
                created=row.created,
            )
            placed.setdefault(row.face, result.face)
            fresh.setdefault(row.face, result.new)
        for face, small in document.shrunk:
            gallery.write_shrunk(placed[face], [small])
        owner = {row.face: row.name for row in document.rows}
        news = Counter(owner[face] for face, new in fresh.items() if new)
        for person in document.people:
            _tell(gallery, person, news[person.name], source)
        for camera in document.cameras:
            here = list(gallery.database.select("SELECT state_id FROM cameras WHERE name = ?", camera.name))
            if not here:
                put_camera(gallery, camera.name, camera.state, created=camera.created)
                added += 1
            elif here[0][0] != camera.state.id:
                kept.append(camera.name)
    new = sum(fresh.values())
    names = {person.name for person in document.people}
    return Imported(
        source, len(names), len(names - known), new, len(fresh) - new, added, tuple(kept), dry_run
    )


def try_import(location: str | Path, document: Document, source: str) -> Imported:
    """What `import_document` would do at a place, where there may be no gallery; none is made there.

    Raises:
        InputError: what is there is no gallery, or an embedding is not one of the space.
        SpaceError: the gallery there is of another space.
        StorageError: it cannot be opened.
    """
    if is_absent(location):
        with (
            tempfile.TemporaryDirectory() as folder,
            Gallery.open(Path(folder) / "trial.db", document.space) as gallery,
        ):
            return import_document(gallery, document, source, dry_run=True)
    with Gallery.open(location, document.space) as gallery:
        return import_document(gallery, document, source, dry_run=True)


def _tell(gallery: Gallery, person: Known, faces: int, source: str) -> None:
    """Take a person's history over, as far as it is not there, and add where their photos came from."""
    number = gallery.person(person.name)
    here = set(history(gallery, person.name))
    for event in person.history:
        if event not in here:
            note(gallery, number, event.action, event.detail, created=event.created)
    if faces:
        note(gallery, number, "imported", f"{counted(faces, 'photo')} from {source}")
