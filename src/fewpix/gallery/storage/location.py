"""From what a user names as the gallery to its database: a file's path, or a server's address."""

from __future__ import annotations

from pathlib import Path

from fewpix.errors import InputError, UnavailableError
from fewpix.files import path_of
from fewpix.gallery.storage.database import Database
from fewpix.gallery.storage.sqlite import SqliteDatabase

SERVERS = ("postgresql", "postgres")


def is_absent(location: str | Path) -> bool:
    """Whether there is no gallery yet: no file, or nothing in it or in the database.

    Raises:
        InputError: something else is there.
        StorageError: it cannot be opened.
    """
    path_of(location)  # refuses what is neither text nor a path
    if "://" not in str(location) and not Path(location).expanduser().exists():
        return True
    database = open_database(location, write=False, make=False)
    try:
        return database.space() is None
    finally:
        database.close()


def open_database(location: str | Path, *, write: bool, make: bool) -> Database:
    """Open the database of a gallery.

    Args:
        location: a file path, or `postgresql://...`.
        write: whether it is going to be changed.
        make: make a missing file.

    Raises:
        InputError: missing and not to be made, or no gallery.
        StorageError: it cannot be opened, or cannot keep what it is given.
        UnavailableError: another kind of server, or the package for it is not installed.
    """
    path_of(location)  # refuses what is neither text nor a path
    scheme, separator, _ = str(location).partition("://")
    if separator and scheme in SERVERS:
        from fewpix.gallery.storage.postgres import PostgresDatabase

        return PostgresDatabase(str(location), write=write)
    if separator:  # the rest may hold a password
        raise UnavailableError(
            f"a gallery at {scheme}:// is not supported",
            fix="name a file, such as fewpix.db, or postgresql://",
        )
    path = Path(location).expanduser()
    if write and not make and not path.exists():
        raise InputError(f"no gallery at {path}", fix="enrol people first, or name another with --gallery")
    return SqliteDatabase(path, write=write)
