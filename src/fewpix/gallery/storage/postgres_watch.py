"""The collections of a PostgreSQL database, and what others do to them while one looks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fewpix.gallery.storage.postgres_address import Address, collection_of
from fewpix.gallery.storage.postgres_connection import CHANNEL, connect, translated

_GALLERIES = (
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON c.relnamespace = n.oid"
    " WHERE c.relname = 'gallery' AND c.relkind = 'r'"
    " AND (n.nspname = 'fewpix' OR starts_with(n.nspname, 'fewpix_'))"
    " AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
)


@dataclass(frozen=True)
class Edition:
    """What the version row of a collection says.

    Args:
        table: number of its table: another one when it was deleted and made anew.
        edits: how often people were renamed, merged or removed.
        editor: the process that did it the last time.
        streak: how often in a row it did.
    """

    table: int
    edits: int
    editor: str
    streak: int


class Watch:
    """A connection that listens for changes of all collections of a database.

    Args:
        address: of any of its collections, as `PostgresDatabase` takes it.

    Raises:
        ConfigError: the address cannot be read.
        StorageError: the server cannot be reached.
        UnavailableError: psycopg or pgvector is not installed.
    """

    def __init__(self, address: str) -> None:
        place = Address.of(address)
        self._location = place.shown
        self._connection = connect(place, write=False)
        with translated(self._location):
            self._connection.execute(f"LISTEN {CHANNEL}")

    def editions(self, names: Collection[str] | None = None) -> dict[str, Edition]:
        """Collections that are there with what their version rows say; this counts, whatever was told.

        Args:
            names: of those that are looked at; all if None.

        Raises:
            StorageError: they cannot be read.
        """
        import psycopg

        with translated(self._location):
            found = {}
            for (schema,) in self._connection.execute(_GALLERIES).fetchall():
                name = collection_of(schema)
                if name is None or (names is not None and name not in names):
                    continue
                try:
                    # A gallery of an older fewpix has no such columns.
                    row = self._connection.execute(
                        "SELECT tableoid::bigint, coalesce((to_jsonb(g) ->> 'edits')::bigint, 0),"
                        " coalesce(to_jsonb(g) ->> 'editor', ''),"
                        " coalesce((to_jsonb(g) ->> 'streak')::bigint, 0)"
                        f' FROM "{schema}".gallery g'
                    ).fetchone()
                except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                    continue  # it was deleted between the two
                if row is not None:
                    found[name] = Edition(*row)
        return found

    def wait(self, seconds: float) -> set[str]:
        """Wait until something is told, or for so long; the collections that it was told of.

        Raises:
            StorageError: the connection is lost.
        """
        with translated(self._location):
            told = self._connection.notifies(timeout=seconds, stop_after=1)
            return {name for each in told if (name := collection_of(each.payload)) is not None}

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._connection.close()


def drop(address: str) -> None:
    """Delete a collection: its tables and files go as a whole, beside all others.

    Raises:
        ConfigError: the address cannot be read.
        StorageError: it cannot be deleted; it is as it was.
        UnavailableError: psycopg or pgvector is not installed.
    """
    place = Address.of(address)
    connection = connect(place, write=True)
    try:
        with translated(place.shown):
            connection.execute(f'DROP SCHEMA IF EXISTS "{place.schema}" CASCADE')
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, place.schema))
    finally:
        connection.close()
