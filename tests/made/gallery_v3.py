"""A gallery as fewpix wrote it before photos had rows of small sizes (version 3), by SQL of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from fewpix.gallery.storage.digests import digest
from gallery_v1 import write_v1

SINCE = """
ALTER TABLE faces ADD COLUMN quality REAL;
ALTER TABLE faces ADD COLUMN crop BLOB;
ALTER TABLE faces ADD COLUMN points TEXT;
CREATE TABLE history (id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX history_of_person ON history (person);
CREATE TABLE cameras (name TEXT PRIMARY KEY, state_id TEXT NOT NULL, model_sha256 TEXT NOT NULL,
    state BLOB NOT NULL CHECK (typeof(state) = 'blob'), created TEXT NOT NULL);
ALTER TABLE gallery ADD COLUMN sealed TEXT;
ALTER TABLE people ADD COLUMN digest BLOB;
ALTER TABLE faces ADD COLUMN digest BLOB;
ALTER TABLE embeddings ADD COLUMN digest BLOB;
ALTER TABLE history ADD COLUMN digest BLOB;
UPDATE gallery SET sealed = '';
PRAGMA user_version = 3;
"""

COLUMNS = {
    "people": "name, created",
    "faces": "person, source, created, quality, crop, points",
    "embeddings": "face, embedding, encoder_sha256, pixels, state_id, created",
}


def write_v3(path: Path) -> None:
    """The people of `write_v1`, with digests."""
    write_v1(path)
    connection = sqlite3.connect(path)
    connection.executescript(SINCE)
    for table, columns in COLUMNS.items():
        for number, *values in connection.execute(f"SELECT id, {columns} FROM {table}").fetchall():
            connection.execute(f"UPDATE {table} SET digest = ? WHERE id = ?", (digest(*values), number))
    connection.commit()
    connection.close()
