"""Connections to PostgreSQL that are durable by assertion, and its failures in fewpix's own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fewpix.errors import FewpixError, InputError, StorageError, UnavailableError
from fewpix.gallery.storage.database import closed
from fewpix.gallery.storage.postgres_address import Address
from fewpix.optional import require

CONNECT_SECONDS = 10

MAKING = 0x66777078
"""`fwpx` in ASCII: the advisory lock of whoever makes a gallery in a database."""

CHANNEL = "fewpix"
"""Where whoever has changed a gallery tells so, with the name of its schema."""

LOCK_SECONDS = 30
"""How long a change waits for another one before it gives up."""

_DURABLE = ("on", "remote_apply")

# A machine that lost its power closes no connection: by these, either side finds out within half a minute.
_ALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_SETTINGS = {
    "synchronous_commit": "on",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "lock_timeout": f"{LOCK_SECONDS}s",
}


def connect(place: Address, *, write: bool) -> Any:
    """Open a connection and check that the server is able to keep a gallery.

    Args:
        place: which database and collection.
        write: make the extension `vector` when it is missing; False may not change anything.

    Returns:
        A psycopg connection in autocommit: a transaction begins where the code says so.

    Raises:
        StorageError: no connection, or the server does not flush what it acknowledges.
        UnavailableError: psycopg or pgvector is not installed, here or on the server.
    """
    require("psycopg", "pgvector", use="a gallery on PostgreSQL")
    import psycopg
    from pgvector.psycopg import register_vector

    location = place.shown
    with translated(location):
        connection = psycopg.connect(place.server, autocommit=True, connect_timeout=CONNECT_SECONDS, **_ALIVE)
        try:
            for name, value in _SETTINGS.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            _assert_durable(connection, location)
            if _find_vectors(connection, place, write=write):
                register_vector(connection)
            if not write:
                connection.read_only = True
        except BaseException:
            connection.close()
            raise
    return connection


def _assert_durable(connection: Any, location: str) -> None:
    """Every commit is flushed before it is acknowledged; read back, not assumed.

    Raises:
        StorageError: the server's settings say otherwise.
    """
    for name, good in (("synchronous_commit", _DURABLE), ("fsync", ("on",)), ("full_page_writes", ("on",))):
        (value,) = connection.execute(f"SHOW {name}").fetchone()
        if value not in good:
            raise StorageError(
                f"the server of {location} does not keep what it acknowledges: {name} is {value}",
                fix=f"set {name} = on",
            )


def is_lost(connection: Any) -> bool:
    """Whether a connection will never work again: closed by the server, or gone with the network."""
    return bool(connection.closed)


def _find_vectors(connection: Any, place: Address, *, write: bool) -> bool:
    """Find pgvector on the server, or make it, and look names up in the collection's own schema first.

    Returns:
        Whether it is there.

    Raises:
        UnavailableError: the server does not have it, or it may not be made.
    """
    import psycopg

    found = _schema_of_vector(connection)
    if found is None and not write:
        return False  # then there is no gallery to read either
    if found is None:
        try:
            # IF NOT EXISTS does not wait for another process that is making it.
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
                connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.Error as error:
            raise UnavailableError(
                f"the server of {place.shown} has no pgvector: {_first_line(error)}",
                fix="install it there, and let its administrator run CREATE EXTENSION vector",
            ) from error
        found = _schema_of_vector(connection)
    path = f'"{place.schema}", {found}, pg_catalog'
    connection.execute("SELECT set_config('search_path', %s, false)", (path,))
    return True


def _schema_of_vector(connection: Any) -> str | None:
    row = connection.execute(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON e.extnamespace = n.oid"
        " WHERE e.extname = 'vector'"
    ).fetchone()
    return None if row is None else str(row[0])


@contextmanager
def translated(location: str) -> Iterator[None]:
    """Psycopg's exceptions as fewpix's.

    Raises:
        InputError: the tables are not those of a gallery, or it was closed.
        StorageError: any failure to reach, read or write it.
    """
    import psycopg

    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise InputError(
            f"the gallery {location} is damaged: {_first_line(error)}", fix="restore it from a copy"
        ) from error
    except psycopg.Error as error:
        if str(error) == "the connection is closed":
            raise closed(location) from error
        raise _explained(error, location) from error


def _explained(error: Any, location: str) -> FewpixError:
    import psycopg

    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        fix = "open it for writing"
    elif isinstance(error, psycopg.errors.InsufficientPrivilege):
        fix = "let its administrator grant it, or name another with --gallery"
    elif isinstance(error, psycopg.errors.LockNotAvailable):
        fix = f"another process has been changing it for {LOCK_SECONDS} s; try again, or end that one"
    elif isinstance(error, psycopg.errors.DiskFull):
        fix = "free space on the server; the gallery is as it was"
    else:
        fix = "check the address and that the server is running; the gallery is as it was"
    return StorageError(f"cannot use the gallery {location}: {_first_line(error)}", fix=fix)


def _first_line(error: Exception) -> str:
    """What the server says, without the address, which may hold a password."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
