"""The tables of a gallery file and how a file is recognised as one."""

from __future__ import annotations

APPLICATION_ID = 0x66777078
"""`fwpx` in ASCII, in the header of every gallery (SQLite's PRAGMA application_id)."""

SCHEMA_VERSION = 1
"""Kept in PRAGMA user_version; a file with a higher one was written by a newer fewpix."""

# A person has faces (one per photo); a face has rows: one per encoder, NormState and size that embedded it.
# The space is stored once, since a gallery never holds two.
TABLES = (
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
