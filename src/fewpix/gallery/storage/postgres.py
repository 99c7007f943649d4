"""A gallery in PostgreSQL with pgvector, for more than one machine; needs the extra `postgres`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError
from fewpix.foreign import MALFORMED, json_of
from fewpix.gallery.storage.digests import seal_everything
from fewpix.gallery.storage.postgres_address import Address
from fewpix.gallery.storage.postgres_connection import CHANNEL, MAKING, connect, is_lost, translated
from fewpix.gallery.storage.postgres_hnsw import HNSW_INDEX, drop, make, near
from fewpix.gallery.storage.postgres_schema import SCHEMA_VERSION, SEALED_FROM, STEPS
from fewpix.gallery.storage.postgres_vacuum import vacuum
from fewpix.models.space import Space

PROCESS = secrets.token_hex(8)
"""Whose edits are this process's."""

_EDITED = (
    "UPDATE gallery SET edits = edits + 1, editor = %s,"
    " streak = CASE editor WHEN %s THEN streak + 1 ELSE 1 END"
)

_EDITS = ("DELETE", "UPDATE people SET name", "UPDATE faces SET person")
"""Statements after which names that were read before may be other ones."""


class PostgresDatabase:
    """See `Database`.

    Args:
        address: `postgresql://user:password@host/database#collection`; what it leaves open, PostgreSQL's own
            environment variables (PGPASSWORD and the like) fill in. Without a collection it is the plain one.
        write: False opens it for reading only.

    Raises:
        ConfigError: the address cannot be read.
        StorageError: the server cannot be reached, or does not flush what it acknowledges.
        UnavailableError: psycopg or pgvector is not installed, here or on the server.
    """

    def __init__(self, address: str, *, write: bool) -> None:
        place = Address.of(address)
        self.location, self._schema = place.shown, place.schema
        self.connection = connect(place, write=write)
        self._in_snapshot = False
        self._deleted = self._edited = False
        try:
            if write:
                self._migrate()
                if self.left():
                    self.forget()
        except BaseException:
            self.connection.close()
            raise

    def _version(self) -> int:
        """Of the tables that are there; 0 for none."""
        if not self._has("gallery"):
            return 0
        found = self.connection.execute("SELECT version FROM gallery").fetchone()
        return int(found[0]) if found else 0

    def _migrate(self) -> None:
        with translated(self.location):
            if not 0 < self._version() < SCHEMA_VERSION:
                return
            with self.transaction():
                found = self._version()  # another process may have been faster
                for step in STEPS[found:]:
                    self.connection.execute(step)
                if found < SEALED_FROM:
                    seal_everything(self)
                if found < SCHEMA_VERSION:
                    self.connection.execute("UPDATE gallery SET version = %s", (SCHEMA_VERSION,))

    def space(self) -> Space | None:
        """See `Database.space`."""
        with translated(self.location):
            found = (
                self._has("gallery")
                and self.connection.execute("SELECT space, version FROM gallery").fetchone()
            )
        if not found:
            return None
        if found[1] > SCHEMA_VERSION:
            raise InputError(
                f"the gallery {self.location} has schema version {found[1]}, this fewpix reads up to "
                f"{SCHEMA_VERSION}",
                fix="update fewpix",
            )
        try:
            return Space.from_json(json_of(found[0]))
        except (*MALFORMED, ConfigError) as error:
            raise InputError(
                f"the gallery {self.location} is damaged: it names no space", fix="restore it"
            ) from error

    def create(self, space: Space) -> Space:
        """See `Database.create`."""
        with translated(self.location), self.connection.transaction():
            # Whoever makes a schema waits here for others who do.
            self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
            stored = self.space()
            if stored is not None:
                return stored
            self.connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            self.connection.execute("\n".join(STEPS))
            self.connection.execute(
                "INSERT INTO gallery (only_one, version, space, created, changes) VALUES (1, %s, %s, %s, 0)",
                (
                    SCHEMA_VERSION,
                    json.dumps(space.to_json(), sort_keys=True),
                    datetime.now(UTC).isoformat(timespec="seconds"),
                ),
            )
        self._tell()
        return space

    def set_space(self, space: Space) -> None:
        """See `Database.set_space`."""
        self.execute("UPDATE gallery SET space = ?", json.dumps(space.to_json(), sort_keys=True))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Database.transaction`. Writers wait for one another at the first statement."""
        with translated(self.location):
            with self.connection.transaction():
                self.connection.execute("UPDATE gallery SET changes = changes + 1")
                self._deleted = self._edited = False
                yield
                if self._deleted:
                    self.connection.execute("UPDATE gallery SET owes = true")
                if self._edited:
                    self.connection.execute(_EDITED, (PROCESS, PROCESS))
            self._tell()

    def _tell(self) -> None:
        """Tell other processes that listen. The version row is what counts: a lost telling only delays.

        After the commit, since commits that tell wait for one another on the whole server.
        """
        import psycopg

        with suppress(psycopg.Error):
            self.connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, self._schema))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Database.snapshot`."""
        with translated(self.location), self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._in_snapshot = True
            try:
                yield
            finally:
                self._in_snapshot = False

    def version(self) -> tuple[int, int]:
        """See `Database.version`: of which table, since one of the same name may be made anew."""
        ((table, changes),) = self.select("SELECT tableoid::bigint, changes FROM gallery")
        return int(table), int(changes)

    def is_own(self, before: Hashable, after: Hashable) -> bool:
        """See `Database.is_own`."""
        return isinstance(before, tuple) and after == (before[0], before[1] + 1)

    def is_lost(self) -> bool:
        """See `Database.is_lost`."""
        return is_lost(self.connection)

    def select(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """See `Database.select`; inside a snapshot the rows come from the server in portions."""
        with translated(self.location):
            if not self._in_snapshot:
                yield from self.connection.execute(_own(statement), values, binary=True).fetchall()
                return
            with self.connection.cursor(name="fewpix_rows", binary=True) as cursor:
                cursor.itersize = 5000
                cursor.execute(_own(statement), values)
                yield from cursor

    def execute(self, statement: str, *values: Any) -> int:
        """See `Database.execute`."""
        with translated(self.location):
            count = int(self.connection.execute(_own(statement), values).rowcount)
        self._deleted |= count > 0 and statement.startswith("DELETE")
        self._edited |= count > 0 and statement.startswith(_EDITS)
        return count

    def insert(self, statement: str, *values: Any) -> int:
        """See `Database.insert`."""
        with translated(self.location):
            row = self.connection.execute(f"{_own(statement)} RETURNING id", values).fetchone()
        return int(row[0])

    def vector(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Database.vector`: pgvector keeps float32 as it is."""
        return embedding

    def embedding(self, value: Any, dim: int) -> NDArray[np.float32]:
        """See `Database.embedding`."""
        row = np.asarray(value if isinstance(value, np.ndarray) else value.to_numpy(), dtype=np.float32)
        if row.shape != (dim,):
            raise InputError(
                f"the gallery {self.location} is damaged: an embedding of {row.size} numbers, not {dim}"
            )
        return row

    def neighbours(self, queries: NDArray[np.float32], k: int) -> list[list[int]] | None:
        """See `Database.neighbours`: by HNSW over cosines, where that index was made."""
        with translated(self.location), self.connection.transaction():
            return near(self.connection, queries, k) if self._has(HNSW_INDEX) else None

    def set_index(self, wanted: bool) -> None:
        """See `Database.set_index`.

        Raises:
            ConfigError: the embeddings have more dimensions than pgvector's index takes.
        """
        space = self.space()
        with self.transaction():
            drop(self.connection, self._schema)
            if wanted:
                make(self.connection, 0 if space is None else space.dim)

    def faults(self) -> list[str]:
        """See `Database.faults`: PostgreSQL keeps references itself; its files are its administrator's."""
        ((sizes,),) = self.select("SELECT count(DISTINCT vector_dims(embedding)) FROM embeddings")
        return [f"embeddings have {sizes} different sizes"] if sizes > 1 else []

    def sealed(self) -> str | None:
        """See `Database.sealed`."""
        with translated(self.location):
            if self._version() < SEALED_FROM:
                return None
            return str(self.connection.execute("SELECT sealed FROM gallery").fetchone()[0])

    def keeps_matched(self) -> bool:
        """See `Database.keeps_matched`."""
        with translated(self.location):
            return self._has("matched")

    def forget(self, wait: float = 0.0) -> str:
        """See `Database.forget`: the tables are written anew, without removed rows that stay in pages."""
        with translated(self.location):
            (changes,) = self.connection.execute("SELECT changes FROM gallery").fetchone()
            left = vacuum(self.connection, wait=wait)
            if left:
                return f"{self.location} still holds {left}"
            self.connection.execute("UPDATE gallery SET owes = false WHERE changes = %s", (changes,))
        return ""

    def left(self) -> str:
        """See `Database.left`."""
        with translated(self.location):
            if (
                self._version() < SEALED_FROM
                or not self.connection.execute("SELECT owes FROM gallery").fetchone()[0]
            ):
                return ""
        return f"{self.location} may still hold bytes of what was removed"

    def close(self) -> None:
        """See `Database.close`."""
        self.connection.close()

    def _has(self, name: str) -> bool:
        """Whether a table or index is there, read from the catalogue: to_regclass may answer from a cache."""
        found = self.connection.execute(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON c.relnamespace = n.oid"
            " WHERE n.nspname = %s AND c.relname = %s",
            (self._schema, name),
        )
        return found.fetchone() is not None


def _own(statement: str) -> str:
    """Psycopg's placeholders; no statement has a question or percent mark of its own."""
    return statement.replace("?", "%s")
