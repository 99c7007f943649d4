"""A gallery in one SQLite file, the store that needs no server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError
from fewpix.gallery.sqlite_connection import connect, transaction, translated
from fewpix.gallery.sqlite_schema import make, version
from fewpix.models.space import Space


class SqliteDatabase:
    """See `Database`.

    Args:
        path: the file.
        write: make it when missing; False opens it for reading only.

    Raises:
        InputError: no such file (when not writing), a file of another kind, or of a newer fewpix.
        StorageError: it cannot be opened, or the disk cannot give the durability that is asserted.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.connection = connect(path, write=write)
        self.path = path
        self.location = str(path)

    def space(self) -> Space | None:
        """See `Database.space`."""
        with translated(self.path):
            if version(self.connection) == 0:
                return None
            found = self.connection.execute("SELECT space FROM gallery").fetchone()
        try:
            return Space.from_json(json.loads(found[0]))
        except (TypeError, ValueError, AttributeError, ConfigError) as error:
            raise InputError(
                f"the gallery {self.path} is damaged: it names no space", fix="restore it"
            ) from error

    def create(self, space: Space) -> Space:
        """See `Database.create`."""
        with self.transaction():
            stored = self.space()
            if stored is not None:
                return stored
            make(self.connection, space)
        return space

    def set_space(self, space: Space) -> None:
        """See `Database.set_space`."""
        self.execute("UPDATE gallery SET space = ?", json.dumps(space.to_json(), sort_keys=True))

    def transaction(self) -> AbstractContextManager[None]:
        """See `Database.transaction`."""
        return transaction(self.connection, self.path)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Database.snapshot`."""
        with translated(self.path):
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    def version(self) -> tuple[int, int]:
        """See `Database.version`: data_version moves when another connection commits, total_changes here."""
        with translated(self.path):
            (others,) = self.connection.execute("PRAGMA data_version").fetchone()
        return int(others), self.connection.total_changes

    def select(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """See `Database.select`."""
        with translated(self.path):
            yield from self.connection.execute(statement, values)

    def execute(self, statement: str, *values: Any) -> int:
        """See `Database.execute`."""
        with translated(self.path):
            return self.connection.execute(statement, values).rowcount

    def insert(self, statement: str, *values: Any) -> int:
        """See `Database.insert`."""
        with translated(self.path):
            number = self.connection.execute(statement, values).lastrowid
        assert number is not None  # sqlite3 sets it after every INSERT
        return number

    def vector(self, embedding: NDArray[np.float32]) -> bytes:
        """See `Database.vector`: little-endian float32."""
        return embedding.astype("<f4").tobytes()

    def embedding(self, value: bytes, dim: int) -> NDArray[np.float32]:
        """See `Database.embedding`."""
        if len(value) != 4 * dim:
            raise InputError(f"the gallery {self.path} is damaged: an embedding of {len(value)} bytes")
        return np.frombuffer(value, dtype="<f4").astype(np.float32)

    def neighbours(self, queries: NDArray[np.float32], k: int) -> None:
        """See `Database.neighbours`: there is no such index."""

    def set_index(self, wanted: bool) -> None:
        """See `Database.set_index`."""
        if wanted:
            raise ConfigError(
                "a gallery in a file has no approximate index", fix="put it on PostgreSQL, or search exactly"
            )

    def faults(self) -> list[str]:
        """See `Database.faults`."""
        with translated(self.path):
            pages = [str(text) for (text,) in self.connection.execute("PRAGMA integrity_check(20)")]
            broken = list(self.connection.execute("PRAGMA foreign_key_check"))
        return [text for text in pages if text != "ok"] + [
            f"row {row} of {table} belongs to nothing in {parent}" for table, row, parent, _ in broken
        ]

    def forget(self) -> None:
        """See `Database.forget`: removal overwrites bytes; here the log with older pages is emptied."""
        with suppress(sqlite3.OperationalError):  # others are reading it; theirs or the next close does it
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """See `Database.close`."""
        self.connection.close()
