"""SQLite connections that are durable by assertion, and SQLite's failures in fewpix's own words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from fewpix.errors import FewpixError, InputError, StorageError
from fewpix.gallery.storage.database import closed
from fewpix.gallery.storage.sqlite_schema import APPLICATION_ID, SCHEMA_VERSION, version, view_as_current

BUSY_SECONDS = 30.0
"""How long a writer waits for another process's transaction before it gives up."""

_SYNCHRONOUS_FULL = 2


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """Open the file and check that it is a gallery, or empty, before anything is changed in it.

    Args:
        path: the gallery file.
        write: make the file when it is missing, and switch it to a write-ahead log flushed at every commit.

    Raises:
        InputError: no such file (when not writing), a file of another kind, or of a newer fewpix.
        StorageError: it cannot be opened, or the disk cannot give the durability that is asserted.
    """
    if path.is_dir():
        raise InputError(f"the gallery {path} is a folder", fix="name a file, such as fewpix.db")
    if not write and not path.is_file():
        raise InputError(f"no gallery at {path}", fix="enrol people first, or name another with --gallery")
    if write:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"cannot write {path}: {error.strerror or error}", fix="choose another path with --gallery"
            ) from error
    with translated(path):
        if not write:
            return _read_only(path)
        connection = _open(path, "mode=rwc")
        try:
            _assert_durable(connection, path)
            if not log_is_empty(path):
                empty_log(connection)  # what was removed while others were reading
        except BaseException:
            connection.close()
            raise
    return connection


def _open(path: Path, mode: str) -> sqlite3.Connection:
    # isolation_level None: a transaction begins where the code says so, not where the sqlite3 module guesses.
    uri = f"{path.absolute().as_uri()}?{mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # What is removed is a face: its bytes are overwritten, not only given up.
        connection.execute("PRAGMA secure_delete = ON")
        _check_kind(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file, also on a medium that nothing can be written to."""
    if not log_is_empty(path):
        with suppress(sqlite3.OperationalError), closing(_open(path, "mode=rw")) as writer:
            empty_log(writer)
    try:
        return _viewed(_open(path, "mode=ro"))
    except sqlite3.OperationalError as error:
        # SQLite needs a writable folder even to read a file with a write-ahead log. Where there is none,
        # nobody can be writing either, so that it may be read as immutable, unless its log holds changes.
        refused = _primary(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not refused or not log_is_empty(path):
            raise
    return _viewed(_open(path, "mode=ro&immutable=1"))


def _viewed(connection: sqlite3.Connection) -> sqlite3.Connection:
    view_as_current(connection)
    return connection


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no gallery.

    Raises:
        InputError: another application's database, or a newer schema.
    """
    # In one transaction: another process may be making the gallery between two of these.
    connection.execute("BEGIN")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    found = version(connection)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("COMMIT")
    if application != APPLICATION_ID and (application or found or tables):
        raise InputError(f"{path} is an SQLite file but no fewpix gallery", fix="name another with --gallery")
    if found > SCHEMA_VERSION:
        raise InputError(
            f"the gallery {path} has schema version {found}, this fewpix reads up to {SCHEMA_VERSION}",
            fix="update fewpix",
        )


def _assert_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Write-ahead log, flushed at every commit; read back, since SQLite passes over what it cannot do.

    Raises:
        StorageError: the file system cannot do it.
    """
    journal = _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "PRAGMA fullfsync = ON"
    )  # macOS: fsync alone stops at the disk's cache; elsewhere no effect
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if journal != "wal" or synchronous != _SYNCHRONOUS_FULL:
        raise StorageError(
            f"the file system of {path} cannot keep a gallery safely (journal: {journal})",
            fix="put the gallery on a local disk",
        )


def _write_ahead(connection: sqlite3.Connection) -> str:
    """Switch the file to a write-ahead log; the journal that it has then.

    SQLite does not wait for other processes here, as it does elsewhere, so this waits as long as it would.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def log_is_empty(path: Path) -> bool:
    """Whether all that was written is in the file itself, and pages that were overwritten are nowhere."""
    log = path.with_name(path.name + "-wal")
    return not log.is_file() or log.stat().st_size == 0


def empty_log(connection: sqlite3.Connection, *, wait: float = 0.0) -> bool:
    """Bring everything from the log into the file, over what was removed there, and empty the log.

    Args:
        connection: may write.
        wait: seconds to wait for others who are reading or writing.

    Returns:
        Whether it was done; not as long as somebody reads an older state of the file.
    """
    connection.execute(f"PRAGMA busy_timeout = {round(1000 * wait)}")
    try:
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    except sqlite3.OperationalError as error:
        if _primary(error) != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * BUSY_SECONDS)}")


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """One change: committed whole and flushed on leaving, rolled back on any exception, Ctrl-C included.

    Raises:
        StorageError: it could not be committed; the gallery is as it was.
    """
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's exceptions as fewpix's; a mistake in a statement (ProgrammingError) stays what it is.

    Raises:
        InputError: the file is not a database, or is damaged; or the gallery was closed, or opened in another
            thread.
        StorageError: any failure to read or write it.
    """
    try:
        yield
    except sqlite3.ProgrammingError as error:
        if "closed" in str(error):
            raise closed(str(path)) from error
        if "thread" in str(error):
            raise InputError(
                f"the gallery {path} was opened in another thread", fix="open one in each thread"
            ) from error
        raise
    except sqlite3.Error as error:
        raise _explained(error, path) from error


def _primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code: the low byte; the rest says which variant."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _explained(error: sqlite3.Error, path: Path) -> FewpixError:
    code = _primary(error)
    if code == sqlite3.SQLITE_NOTADB:
        return InputError(f"{path} is not a gallery", fix="name another with --gallery")
    if code == sqlite3.SQLITE_CORRUPT:
        return InputError(f"the gallery {path} is damaged: {error}", fix="restore it from a copy")
    fix = {
        sqlite3.SQLITE_FULL: "free space; the gallery is as it was",
        sqlite3.SQLITE_IOERR: "free space or check the disk; the gallery is as it was",
        sqlite3.SQLITE_READONLY: "make the file and its folder writable, or name another with --gallery",
        sqlite3.SQLITE_CANTOPEN: "check the path and its permissions",
        sqlite3.SQLITE_BUSY: "another process is writing to it; try again",
    }.get(code, "check the disk")
    return StorageError(f"cannot use the gallery {path}: {error}", fix=fix)
