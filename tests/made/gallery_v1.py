"""A gallery as the first fewpix wrote it (schema version 1), made by SQL of its own."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from gallery_stores import SPACE, unit

TABLES = """
CREATE TABLE gallery (only INTEGER PRIMARY KEY CHECK (only = 1), space TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created TEXT NOT NULL);
CREATE TABLE faces (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    source TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE embeddings (id INTEGER PRIMARY KEY,
    face INTEGER NOT NULL REFERENCES faces (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL CHECK (typeof(embedding) = 'blob'), encoder_sha256 TEXT NOT NULL,
    pixels REAL NOT NULL CHECK (pixels > 0), state_id TEXT NOT NULL, created TEXT NOT NULL);
CREATE INDEX faces_of_person ON faces (person);
CREATE INDEX embeddings_of_face ON embeddings (face);
PRAGMA application_id = 1719103608;
PRAGMA user_version = 1;
"""
CREATED = "2026-01-02T03:04:05+00:00"


def write_v1(path: Path) -> None:
    """Ana with two photos, the second with two rows, and Bo with one."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(TABLES)
    connection.execute("INSERT INTO gallery VALUES (1, ?, ?)", (json.dumps(SPACE.to_json()), CREATED))
    for number, name in ((1, "Ana"), (2, "Bo")):
        connection.execute("INSERT INTO people VALUES (?, ?, ?)", (number, name, CREATED))
    for face, person in ((1, 1), (2, 1), (3, 2)):
        connection.execute("INSERT INTO faces VALUES (?, ?, ?, ?)", (face, person, f"{face}.jpg", CREATED))
    for row, face in ((1, 1), (2, 2), (3, 2), (4, 3)):
        connection.execute(
            "INSERT INTO embeddings VALUES (?, ?, ?, ?, ?, '', ?)",
            (row, face, unit(row).astype("<f4").tobytes(), "e" * 64, 10.0 * row, CREATED),
        )
    connection.commit()
    connection.close()
