"""A gallery's first transaction: its tables and the space that it is bound to from then on."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from fewpix.errors import ConfigError, InputError
from fewpix.gallery.database import transaction, translated
from fewpix.gallery.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES
from fewpix.models.space import Space


def stored_space(connection: sqlite3.Connection, path: Path) -> Space | None:
    """The gallery's space; None in a file without tables, as a process killed at its start leaves one."""
    with translated(path):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            return None
        found = connection.execute("SELECT space FROM gallery").fetchone()
    try:
        return Space.from_json(json.loads(found[0]))
    except (TypeError, ValueError, AttributeError, ConfigError) as error:
        raise InputError(f"the gallery {path} is damaged: it names no space", fix="restore it") from error


def create(connection: sqlite3.Connection, path: Path, space: Space) -> Space:
    """Make the tables, unless another process was faster; the space that the gallery now has."""
    with transaction(connection, path):
        stored = stored_space(connection, path)
        if stored is not None:
            return stored
        for statement in TABLES:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO gallery (only, space, created) VALUES (1, ?, ?)",
            (json.dumps(space.to_json(), sort_keys=True), datetime.now(UTC).isoformat(timespec="seconds")),
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return space
