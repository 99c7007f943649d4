"""A gallery file: the enrolled people and their embeddings, all of one space, in SQLite."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError, SpaceError, UnavailableError
from fewpix.gallery.create import create, stored_space
from fewpix.gallery.database import connect, transaction, translated
from fewpix.gallery.names import person_name
from fewpix.gallery.rows import Added, Person, Row
from fewpix.gallery.search import Candidate, ExactIndex
from fewpix.models.space import Space

_UNIT_TOLERANCE = 1e-3


class Gallery:
    """An open gallery; use it as a context manager. Made by `Gallery.open`.

    Every change is one transaction, flushed to the disk before the method returns. The embeddings are read
    into memory at the first search and again only after this or another process has changed the file.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, space: Space) -> None:
        self._connection = connection
        self._index: tuple[tuple[int, int], ExactIndex] | None = None
        self.path = path
        self.space = space

    @classmethod
    def open(cls, location: str | Path, space: Space, *, write: bool = True) -> Gallery:
        """Open a gallery whose embeddings are comparable with those of `space`.

        Args:
            location: a file path.
            space: the space of the encoder that is going to add or to search.
            write: False opens for searching only, and does not make a missing gallery.

        Raises:
            InputError: missing and not to be made, or the file is no gallery.
            SpaceError: the gallery holds embeddings of another space.
            StorageError: it cannot be opened or made.
            UnavailableError: the location is a database server's address.
        """
        if "://" in str(location):
            scheme = str(location).split("://")[0]  # the rest may hold a password
            raise UnavailableError(
                f"a gallery at {scheme}:// is not supported", fix="name a file, such as fewpix.db"
            )
        path = Path(location).expanduser()
        connection = connect(path, write=write)
        try:
            stored = stored_space(connection, path)
            if stored is None and write:
                stored = create(connection, path, space)
            if stored is None:
                raise InputError(f"the gallery {path} is empty", fix="enrol people first")
            if stored != space:
                raise SpaceError(
                    f"the gallery {path} holds {stored}, the encoder writes {space}",
                    fix="use a model of the gallery's teacher, or another gallery with --gallery",
                )
        except BaseException:
            connection.close()
            raise
        return cls(connection, path, space)

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._index = None
        self._connection.close()

    def add(
        self,
        name: str,
        embedding: NDArray[np.float32],
        *,
        pixels: float,
        encoder_sha256: str,
        state_id: str,
        source: str,
        face: int | None = None,
    ) -> Added:
        """Enrol one embedding; on return it is on the disk.

        Args:
            name: the person, made when new.
            embedding: (D,) float32 of this gallery's space.
            pixels: side of the face in source pixels, above 0.
            encoder_sha256: the encoder's card digest.
            state_id: the NormState it was embedded under; empty for none.
            source: where the photo came from, for people to read.
            face: add a row (another encoder or size) to this face of the same person; None makes a face.

        Raises:
            ConfigError: the name cannot be stored, pixels are out of range, or the face is somebody else's.
            InputError: the embedding is not one of this space.
            StorageError: it cannot be written; the gallery is as it was.
        """
        name = person_name(name)
        if not (math.isfinite(pixels) and pixels > 0):
            raise ConfigError(f"pixels must be above 0, not {pixels}")
        checked = self._checked(np.asarray(embedding)[None])[0]
        blob = checked.astype("<f4").tobytes()
        source = source.encode("utf-8", "backslashreplace").decode()  # file names need not be valid Unicode
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with transaction(self._connection, self.path):
            person = self._person(name, now)
            same = self._connection.execute(
                "SELECT f.id FROM faces f JOIN embeddings e ON e.face = f.id WHERE f.person = ?"
                " AND e.embedding = ? AND e.encoder_sha256 = ? AND e.state_id = ?",
                (person, blob, encoder_sha256, state_id),
            ).fetchone()
            if same is not None:
                return Added(int(same[0]), new=False)
            if face is None:
                face = self._insert(
                    "INSERT INTO faces (person, source, created) VALUES (?, ?, ?)", person, source, now
                )
            elif not self._connection.execute(
                "SELECT 1 FROM faces WHERE id = ? AND person = ?", (face, person)
            ).fetchone():
                raise ConfigError(f"face {face} of the gallery {self.path} is not one of {name}'s")
            self._insert(
                "INSERT INTO embeddings (face, embedding, encoder_sha256, pixels, state_id, created)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                *(face, blob, encoder_sha256, float(pixels), state_id, now),
            )
        return Added(face, new=True)

    def people(self) -> list[Person]:
        """Everybody enrolled, by name."""
        with translated(self.path):
            rows = self._connection.execute(
                "SELECT p.name, count(DISTINCT f.id), count(e.id), p.created FROM people p"
                " LEFT JOIN faces f ON f.person = p.id LEFT JOIN embeddings e ON e.face = f.id"
                " GROUP BY p.id ORDER BY p.name"
            ).fetchall()
        return [Person(*row) for row in rows]

    def rows(self) -> Iterator[Row]:
        """Every embedding with its provenance, by name and then in the order of enrolment."""
        with translated(self.path):
            for face, name, blob, *rest in self._connection.execute(
                "SELECT f.id, p.name, e.embedding, e.encoder_sha256, e.pixels, e.state_id, f.source,"
                " e.created FROM embeddings e JOIN faces f ON e.face = f.id JOIN people p ON f.person = p.id"
                " ORDER BY p.name, e.id"
            ):
                yield Row(face, name, self._vector(blob), *rest)

    def search(self, embeddings: NDArray[np.float32], k: int) -> list[list[Candidate]]:
        """The k best people for each embedding by exact cosine; see `ExactIndex.search`.

        Args:
            embeddings: (N, D) float32 of this gallery's space.
            k: at most how many candidates, at least 1.

        Raises:
            ConfigError: k is below 1.
            InputError: the embeddings are not of this space, or the gallery is damaged.
        """
        return self._current_index().search(self._checked(embeddings), k)

    def _person(self, name: str, now: str) -> int:
        found = self._connection.execute("SELECT id FROM people WHERE name = ?", (name,)).fetchone()
        if found is not None:
            return int(found[0])
        return self._insert("INSERT INTO people (name, created) VALUES (?, ?)", name, now)

    def _insert(self, statement: str, *values: str | float | bytes) -> int:
        number = self._connection.execute(statement, values).lastrowid
        assert number is not None  # sqlite3 sets it after every INSERT
        return number

    def _checked(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, D) of this space, or an error: a long vector would win every search, NaN spoil it."""
        if embeddings.ndim != 2 or embeddings.shape[1] != self.space.dim or embeddings.dtype != np.float32:
            raise InputError(
                f"embeddings must be (N, {self.space.dim}) float32, not {embeddings.shape} {embeddings.dtype}"
            )
        if not np.isfinite(embeddings).all():
            raise InputError("an embedding holds values that are not finite")
        if self.space.normalised and embeddings.size:
            norms = np.sqrt(np.square(embeddings, dtype=np.float64).sum(axis=1))
            if np.abs(norms - 1).max() > _UNIT_TOLERANCE:
                raise InputError("an embedding does not have unit length", fix="embed with an Encoder")
        return np.ascontiguousarray(embeddings)

    def _vector(self, blob: bytes) -> NDArray[np.float32]:
        if len(blob) != 4 * self.space.dim:
            raise InputError(f"the gallery {self.path} is damaged: an embedding of {len(blob)} bytes")
        return np.frombuffer(blob, dtype="<f4").astype(np.float32)

    def _current_index(self) -> ExactIndex:
        with translated(self.path):
            # data_version moves when another connection commits, total_changes when this one does. Both are
            # read before the rows, so that a change in between is at worst read twice.
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            key = (int(version), self._connection.total_changes)
            if self._index is None or self._index[0] != key:
                self._index = (key, self._read_index())
        return self._index[1]

    def _read_index(self) -> ExactIndex:
        self._connection.execute("BEGIN")  # the count and the rows of one moment
        try:
            (count,) = self._connection.execute("SELECT count(*) FROM embeddings").fetchone()
            matrix = np.empty((count, self.space.dim), dtype=np.float32)
            starts: list[int] = []
            names: list[str] = []
            for n, (name, blob) in enumerate(
                self._connection.execute(
                    "SELECT p.name, e.embedding FROM people p JOIN faces f ON f.person = p.id"
                    " JOIN embeddings e ON e.face = f.id ORDER BY p.name, e.id"
                )
            ):
                matrix[n] = self._vector(blob)
                if not names or names[-1] != name:
                    names.append(name)
                    starts.append(n)
        finally:
            self._connection.execute("COMMIT")
        return ExactIndex(matrix, np.asarray(starts, dtype=np.int64), names)
