"""A gallery in one SQLite file, the store that needs no server."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError, StorageError
from fewpix.foreign import MALFORMED, json_of
from fewpix.gallery.storage.digests import seal_everything
from fewpix.gallery.storage.sqlite_connection import connect, empty_log, log_is_empty, transaction, translated
from fewpix.gallery.storage.sqlite_schema import (
    MATCHED_FROM,
    SCHEMA_VERSION,
    SEALED_FROM,
    make,
    migrate,
    version,
)
from fewpix.models.space import Space


class SqliteDatabase:
    """See `Database`.

    Args:
        path: the file.
        write: make it when missing, and bring an older version's tables to this one's; False opens it for
            reading only, an older file as it is.

    Raises:
        InputError: no such file (when not writing), a file of another kind, or of a newer fewpix.
        StorageError: it cannot be opened, or the disk cannot give the durability that is asserted.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.connection = connect(path, write=write)
        self.path = path
        self.location = str(path)
        self._write, self._owes = write, False
        try:
            if write:
                self._migrate()
        except BaseException:
            self.connection.close()
            raise

    def _migrate(self) -> None:
        with translated(self.path):
            if not 0 < version(self.connection) < SCHEMA_VERSION:
                return
            with self.transaction():
                found = version(self.connection)
                if found < SCHEMA_VERSION:  # else another process was faster
                    migrate(self.connection)
                    if found < SEALED_FROM:
                        seal_everything(self)

    def space(self) -> Space | None:
        """See `Database.space`."""
        with translated(self.path):
            if version(self.connection) == 0:
                return None
            found = self.connection.execute("SELECT space FROM gallery").fetchone()
        try:
            return Space.from_json(json_of(found[0]))
        except (*MALFORMED, ConfigError) as error:
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

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Database.transaction`."""
        if not self._write:
            raise StorageError(
                f"cannot use the gallery {self.path}: it was opened readonly",
                fix="make the file and its folder writable, or name another with --gallery",
            )
        with transaction(self.connection, self.path):
            yield
        if self._owes:
            self.forget()

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

    def is_own(self, before: Hashable, after: Hashable) -> bool:
        """See `Database.is_own`."""
        return isinstance(before, tuple) and isinstance(after, tuple) and before[0] == after[0]

    def is_lost(self) -> bool:
        """See `Database.is_lost`."""
        return False

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

    def sealed(self) -> str | None:
        """See `Database.sealed`."""
        with translated(self.path):
            if version(self.connection) < SEALED_FROM:
                return None
            return str(self.connection.execute("SELECT sealed FROM gallery").fetchone()[0] or "")

    def keeps_matched(self) -> bool:
        """See `Database.keeps_matched`."""
        with translated(self.path):
            return version(self.connection) >= MATCHED_FROM

    def forget(self, wait: float = 0.0) -> str:
        """See `Database.forget`: removing overwrites bytes, once the log with newer pages is in the file."""
        with translated(self.path):
            self._owes = not empty_log(self.connection, wait=wait)
        return self._remains if self._owes else ""

    def left(self) -> str:
        """See `Database.left`."""
        if self._write:
            return self.forget()
        return "" if log_is_empty(self.path) else self._remains

    @property
    def _remains(self) -> str:
        return f"{self.path} may still hold bytes of what was removed, since another process is using it"

    def close(self) -> None:
        """See `Database.close`."""
        if self._owes:
            self.forget()
            self._owes = False  # the next opening goes on
        self.connection.close()
