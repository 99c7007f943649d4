"""The service's own file: keys, audit log, answers to be repeated, the last change of each collection."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from fewpix.errors import InputError, StorageError
from fewpix.serve.schema import STEPS

Value = TypeVar("Value")

VERSION = len(STEPS)
FILE = "service.db"
_APPLICATION = 0x66777376  # `fwsv` in ASCII
_BUSY_SECONDS = 10.0


class ServiceDatabase:
    """The open file; of one thread.

    Args:
        folder: the data of the service; made when it is missing.

    Attributes:
        at_work: whose writes with which idempotency keys are at work now; of a service only.

    Raises:
        InputError: the file is another program's, or of a newer fewpix.
        StorageError: it cannot be opened or made.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.at_work: set[tuple[str, str]] = set()
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.connection = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_SECONDS)
            try:
                self._prepare()
            except BaseException:
                self.connection.close()
                raise

    def _prepare(self) -> None:
        # What is removed may be a person's name: its bytes are overwritten. The rollback journal, which holds
        # former pages, is emptied at every commit, so that there is no log to outlive it.
        self.connection.execute("PRAGMA secure_delete = ON")
        self.connection.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            (version,) = self.connection.execute("PRAGMA user_version").fetchone()
            (application,) = self.connection.execute("PRAGMA application_id").fetchone()
            (tables,) = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if application != _APPLICATION and (application or version or tables):
                raise InputError(f"{self.path} is another program's file", fix="name another folder")
            if version > VERSION:
                raise InputError(f"{self.path} is of a newer fewpix", fix="update fewpix")
            for step in STEPS[version:]:
                for statement in step:
                    self.connection.execute(statement)
            if version == 0:
                self.connection.execute("INSERT INTO secret VALUES (1, ?)", (secrets.token_bytes(32),))
                self.connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            if version < VERSION:
                self.connection.execute(f"PRAGMA user_version = {VERSION}")
        self.path.chmod(0o600)

    @property
    def secret(self) -> bytes:
        """32 random bytes of this service."""
        ((value,),) = self.select("SELECT value FROM secret")
        return bytes(value)

    def select(self, statement: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        """The rows that a query gives."""
        with self._translated():
            return self.connection.execute(statement, values).fetchall()

    def execute(self, statement: str, *values: object) -> int:
        """Change rows, inside a transaction or as one; how many were."""
        with self._translated():
            return self.connection.execute(statement, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One change: on leaving it is on the disk whole, after any exception nothing of it is there."""
        with self._translated():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close it."""
        self.connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
                raise InputError(
                    f"{self.path} is no file of the service", fix="name another folder"
                ) from error
            raise StorageError(
                f"cannot use {self.path}: {error}", fix="check the disk and its rights"
            ) from error
        except OSError as error:
            raise StorageError(
                f"cannot use {self.path}: {error.strerror or error}", fix="choose another folder with --data"
            ) from error


class Office:
    """The file in a thread of its own, for a service.

    Args:
        folder: as in `ServiceDatabase`.

    Raises:
        FewpixError: as `ServiceDatabase`.
    """

    def __init__(self, folder: Path) -> None:
        self._thread = ThreadPoolExecutor(1, "fewpix-service")
        try:
            self._database = self._thread.submit(ServiceDatabase, folder).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def run(self, work: Callable[[ServiceDatabase], Value]) -> Value:
        """Do something with the file; what was begun is done even if nobody waits for it any more."""
        future = self._thread.submit(work, self._database)
        return await asyncio.shield(asyncio.wrap_future(future))

    def do(self, work: Callable[[ServiceDatabase], Value]) -> Value:
        """As `run`, for other threads than that of the requests."""
        return self._thread.submit(work, self._database).result()

    def close(self) -> None:
        """Do what waits, then close the file."""
        self._thread.submit(self._database.close)
        self._thread.shutdown(wait=True)
