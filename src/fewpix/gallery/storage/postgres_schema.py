"""The tables of a gallery in PostgreSQL with pgvector; each collection has a schema of its own."""

from __future__ import annotations

SCHEMA_VERSION = 5
"""Kept in the table `gallery`; a database with a higher one was written by a newer fewpix."""

SEALED_FROM = 2
"""The version from which on rows have digests."""

# Version 1, as in SQLite (sqlite_schema.py). Names sort by their bytes, whatever the database's collation.
# `changes` moves with every change and is what writers lock, so that they come one after another, as in a
# file.
_VERSION_1 = """
CREATE TABLE gallery (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    version INTEGER NOT NULL,
    space TEXT NOT NULL,
    created TEXT NOT NULL,
    changes BIGINT NOT NULL
);
CREATE TABLE people (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    created TEXT NOT NULL
);
CREATE TABLE faces (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    created TEXT NOT NULL,
    quality DOUBLE PRECISION,
    crop BYTEA,
    points TEXT
);
CREATE TABLE embeddings (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    face BIGINT NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
    embedding vector NOT NULL,
    encoder_sha256 TEXT NOT NULL,
    pixels DOUBLE PRECISION NOT NULL CHECK (pixels > 0),
    state_id TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE TABLE history (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE cameras (
    name TEXT COLLATE "C" PRIMARY KEY,
    state_id TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    state BYTEA NOT NULL,
    created TEXT NOT NULL
);
CREATE INDEX faces_of_person ON faces (person);
CREATE INDEX embeddings_of_face ON embeddings (face);
CREATE INDEX history_of_person ON history (person);
"""

# Version 2: a digest of every row (see `digests`), since when there are any, and whether removed rows still
# have to be overwritten.
_VERSION_2 = "\n".join(
    [
        "ALTER TABLE gallery ADD COLUMN sealed TEXT NOT NULL DEFAULT '';",
        "ALTER TABLE gallery ADD COLUMN owes BOOLEAN NOT NULL DEFAULT false;",
        *(
            f"ALTER TABLE {table} ADD COLUMN digest BYTEA;"
            for table in ("people", "faces", "embeddings", "history")
        ),
    ]
)

# Version 3: photos shrunk to a few sizes, as in SQLite's version 4.
_VERSION_3 = """
CREATE TABLE matched (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    face BIGINT NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
    embedding vector NOT NULL,
    encoder_sha256 TEXT NOT NULL,
    pixels BIGINT NOT NULL CHECK (pixels > 0),
    created TEXT NOT NULL,
    digest BYTEA
);
CREATE UNIQUE INDEX matched_of_face ON matched (face, encoder_sha256, pixels);
CREATE INDEX matched_of_size ON matched (encoder_sha256, pixels);
"""

# Version 4: how often people were renamed, merged or removed, and by which process the last time, so that
# other services know when names that they keep may be other ones.
_VERSION_4 = """
ALTER TABLE gallery ADD COLUMN edits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE gallery ADD COLUMN editor TEXT NOT NULL DEFAULT '';
"""

# Version 5: how many of the last of these edits were by that process, one after another, so that a service
# that makes several between two looks knows that nobody else did.
_VERSION_5 = "ALTER TABLE gallery ADD COLUMN streak BIGINT NOT NULL DEFAULT 0;"

STEPS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
"""STEPS[n] leads from version n to version n + 1."""
