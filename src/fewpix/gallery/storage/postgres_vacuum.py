"""Getting rid of removed rows in PostgreSQL, which keeps them in its pages until it needs the space."""

from __future__ import annotations

import time
from typing import Any

from fewpix.gallery.storage.digests import COLUMNS

_TABLES = ", ".join((*COLUMNS, "cameras"))

_PAUSE = 0.2

_LEAST_LOCK_MS = 200

_FLUSHED_AT_WILL = 150000
"""The first version of the server that counts dead rows at once when told to; older ones take a moment."""


def vacuum(connection: Any, *, wait: float) -> str:
    """Write the tables anew without removed rows.

    Args:
        connection: a psycopg connection in autocommit, whose role owns the tables.
        wait: seconds to wait for sessions that still see the removed rows, or use the tables.

    Returns:
        What is left, and why; empty for nothing.
    """
    until = time.monotonic() + wait
    while True:
        left = _try(connection, max(0.0, until - time.monotonic()))
        if not left or time.monotonic() + _PAUSE > until:
            return left
        time.sleep(_PAUSE)


def _try(connection: Any, wait: float) -> str:
    import psycopg

    (before,) = connection.execute("SHOW lock_timeout").fetchone()
    connection.execute(f"SET lock_timeout = {max(_LEAST_LOCK_MS, round(1000 * wait))}")
    try:
        # VACUUM alone would leave the bytes in the free space of their pages. But it alone tells whether
        # there are rows that an open snapshot still sees, which FULL would copy.
        flushed = connection.info.server_version >= _FLUSHED_AT_WILL
        connection.execute("SELECT pg_stat_force_next_flush()" if flushed else "SELECT pg_sleep(1)")
        connection.execute(f"VACUUM {_TABLES}")
        (dead,) = connection.execute(
            "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE schemaname = current_schema()"
            " AND relname <> 'gallery'"
        ).fetchone()
        if dead:
            return f"{dead} removed rows, which an open transaction may still see"
        connection.execute(f"VACUUM (FULL) {_TABLES}")
    except psycopg.errors.LockNotAvailable:
        return "bytes of removed rows, since another session is using the tables"
    finally:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (before,))
    return ""
