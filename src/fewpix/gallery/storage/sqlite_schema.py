"""The tables of a gallery file, how a file is recognised as one, and the way from older versions."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

from fewpix.models.space import Space

APPLICATION_ID = 0x66777078
"""`fwpx` in ASCII, in the header of every gallery (SQLite's PRAGMA application_id)."""

SCHEMA_VERSION = 4
"""Kept in PRAGMA user_version; a file with a higher one was written by a newer fewpix."""

SEALED_FROM = 3
"""The version from which on rows have digests."""

MATCHED_FROM = 4
"""The version from which on photos have rows of small sizes."""

# Version 1, as the first galleries have it. A person has faces (one per photo); a face has rows: one per
# encoder, NormState and size that embedded it. The space is stored once: a gallery never holds two.
_VERSION_1 = (
    """CREATE TABLE gallery (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        space TEXT NOT NULL,
        created TEXT NOT NULL
    )""",
    """CREATE TABLE people (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL
    )""",
    """CREATE TABLE faces (
        id INTEGER PRIMARY KEY,
        person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
        source TEXT NOT NULL,
        created TEXT NOT NULL
    )""",
    """CREATE TABLE embeddings (
        id INTEGER PRIMARY KEY,
        face INTEGER NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
        embedding BLOB NOT NULL CHECK (typeof(embedding) = 'blob'),
        encoder_sha256 TEXT NOT NULL,
        pixels REAL NOT NULL CHECK (pixels > 0),
        state_id TEXT NOT NULL,
        created TEXT NOT NULL
    )""",
    "CREATE INDEX faces_of_person ON faces (person)",
    "CREATE INDEX embeddings_of_face ON embeddings (face)",
)

# Version 2: how good a face is, its pixels if they may be kept, what was done to a person, states of cameras.
_VERSION_2 = (
    "ALTER TABLE faces ADD COLUMN quality REAL",
    "ALTER TABLE faces ADD COLUMN crop BLOB",
    "ALTER TABLE faces ADD COLUMN points TEXT",
    """CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
        created TEXT NOT NULL,
        action TEXT NOT NULL,
        detail TEXT NOT NULL
    )""",
    "CREATE INDEX history_of_person ON history (person)",
    """CREATE TABLE cameras (
        name TEXT PRIMARY KEY,
        state_id TEXT NOT NULL,
        model_sha256 TEXT NOT NULL,
        state BLOB NOT NULL CHECK (typeof(state) = 'blob'),
        created TEXT NOT NULL
    )""",
)

# Version 3: a digest of every row (see `digests`), and since when there are any.
_VERSION_3 = (
    "ALTER TABLE gallery ADD COLUMN sealed TEXT",
    *(
        f"ALTER TABLE {table} ADD COLUMN digest BLOB"
        for table in ("people", "faces", "embeddings", "history")
    ),
)

# Version 4: what a student makes of a photo shrunk to a few sizes (see `matched`), one row a size.
_VERSION_4 = (
    """CREATE TABLE matched (
        id INTEGER PRIMARY KEY,
        face INTEGER NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
        embedding BLOB NOT NULL CHECK (typeof(embedding) = 'blob'),
        encoder_sha256 TEXT NOT NULL,
        pixels INTEGER NOT NULL CHECK (pixels > 0),
        created TEXT NOT NULL,
        digest BLOB
    )""",
    # By face first, for removing; a search reads one encoder's rows of one size.
    "CREATE UNIQUE INDEX matched_of_face ON matched (face, encoder_sha256, pixels)",
    "CREATE INDEX matched_of_size ON matched (encoder_sha256, pixels)",
)

STEPS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""STEPS[n] leads from version n to version n + 1."""

# Version 1 seen with the tables of version 2 through a connection that may not change the file: a temporary
# name hides the table behind it. Digests are asked for only where `sealed` says that there are any, rows of
# small sizes only where `keeps_matched` does.
_AS_VERSION_2 = (
    "PRAGMA temp_store = MEMORY",
    "CREATE TEMP VIEW faces AS SELECT id, person, source, created, NULL AS quality, NULL AS crop,"
    " NULL AS points FROM main.faces",
    "CREATE TEMP TABLE history (id INTEGER, person INTEGER, created TEXT, action TEXT, detail TEXT)",
    "CREATE TEMP TABLE cameras (name TEXT, state_id TEXT, model_sha256 TEXT, state BLOB, created TEXT)",
)


def version(connection: sqlite3.Connection) -> int:
    """The version of the tables that are there; 0 for none, as a process killed at its start leaves it."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def make(connection: sqlite3.Connection, space: Space) -> None:
    """Make the tables of a new gallery; the caller has begun a transaction."""
    _run(connection, 0, SCHEMA_VERSION)
    connection.execute(
        "INSERT INTO gallery (only, space, created, sealed) VALUES (1, ?, ?, '')",
        (json.dumps(space.to_json(), sort_keys=True), datetime.now(UTC).isoformat(timespec="seconds")),
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version; the caller has begun a transaction, and computes the digests."""
    _run(connection, version(connection), SCHEMA_VERSION)


def view_as_current(connection: sqlite3.Connection) -> None:
    """Let a connection that cannot change an older gallery read it as one of this version."""
    if version(connection) == 1:
        for statement in _AS_VERSION_2:
            connection.execute(statement)


def _run(connection: sqlite3.Connection, first: int, last: int) -> None:
    for step in STEPS[first:last]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {last}")
