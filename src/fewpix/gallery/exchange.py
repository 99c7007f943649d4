"""A gallery out into a file, and a file into a gallery: NPZ, JSON or Parquet by the file's ending."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.counted import counted
from fewpix.errors import ConfigError, InputError, SpaceError
from fewpix.files import PathLike, path_of
from fewpix.gallery.cameras import cameras, put_camera
from fewpix.gallery.document import Document, Known
from fewpix.gallery.edit import change
from fewpix.gallery.history import history, note
from fewpix.gallery.json_file import read_json, write_json
from fewpix.gallery.location import is_absent
from fewpix.gallery.npz_file import read_npz, write_npz
from fewpix.gallery.parquet_file import read_parquet, write_parquet
from fewpix.gallery.store import Gallery

WRITERS: dict[str, Callable[[Path, Document], None]] = {
    ".npz": write_npz,
    ".json": write_json,
    ".parquet": write_parquet,
}
READERS: dict[str, Callable[[Path], Document]] = {
    ".npz": read_npz,
    ".json": read_json,
    ".parquet": read_parquet,
}


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


def check_ending(path: Path) -> str:
    """The file's ending, in small letters.

    Raises:
        ConfigError: it is none of the formats.
    """
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise ConfigError(f"{path} ends in no known format", fix=f"end it in one of {', '.join(WRITERS)}")
    return ending


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


def read_document(path: PathLike) -> Document:
    """Read and check an exported gallery.

    Raises:
        ConfigError: the ending is none of the formats.
        InputError: no such file, or it is not an exported gallery.
        UnavailableError: Parquet without pyarrow.
    """
    path = path_of(path)
    read = READERS[check_ending(path)]
    if not path.is_file():
        raise InputError(f"there is no file {path}", fix="check the path")
    return read(path)


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
