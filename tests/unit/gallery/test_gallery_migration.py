"""Galleries of the first version: read as they are, and brought up to date whole or not at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fewpix.check.gallery import check_gallery
from fewpix.errors import StorageError
from fewpix.gallery import Gallery
from fewpix.gallery.cameras import cameras
from fewpix.gallery.edit import rename
from fewpix.gallery.history import history
from fewpix.gallery.matched import Match
from fewpix.gallery.rows import Shrunk
from fewpix.gallery.storage import sqlite_schema as schema
from gallery_stores import PROVENANCE, SPACE, unit
from gallery_v1 import CREATED, write_v1
from gallery_v3 import write_v3


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(found)


def holds_what_was_written(gallery: Gallery) -> None:
    rows = list(gallery.rows())
    assert [(row.name, row.face, row.pixels) for row in rows] == [
        ("Ana", 1, 10.0),
        ("Ana", 2, 20.0),
        ("Ana", 2, 30.0),
        ("Bo", 3, 40.0),
    ]
    assert [row.embedding.tobytes() for row in rows] == [unit(n).tobytes() for n in (1, 2, 3, 4)]
    assert {row.created for row in rows} == {CREATED}
    assert all(row.quality is None for row in rows)
    assert [(face.source, face.kept) for face in gallery.faces()] == [(f"{n}.jpg", False) for n in (1, 2, 3)]
    assert gallery.original(1) is None
    assert cameras(gallery) == []
    assert gallery.search(unit(4)[None], 1)[0][0].name == "Bo"
    assert gallery.search(unit(4)[None], 1, templates=True)[0][0].name == "Bo"
    assert check_gallery(gallery).faults == ()


def test_reading_leaves_an_old_file_as_it_is(tmp_path: Path):
    path = tmp_path / "old.db"
    write_v1(path)
    before = path.read_bytes()
    with Gallery.open(path, SPACE, write=False) as gallery:
        holds_what_was_written(gallery)
        with pytest.raises(StorageError, match="readonly"):
            gallery.add("Cy", unit(9), **PROVENANCE)
    assert path.read_bytes() == before
    assert version(path) == 1


def test_writing_brings_it_up_to_date_and_loses_nothing(tmp_path: Path):
    path = tmp_path / "old.db"
    write_v1(path)
    with Gallery.open(path, SPACE) as gallery:
        holds_what_was_written(gallery)
        rename(gallery, "Bo", "Bob")
        assert [event.detail for event in history(gallery, "Bob")] == ["from Bo"]
    assert version(path) == schema.SCHEMA_VERSION == 4
    with Gallery.open(path, SPACE) as gallery:  # a second time there is nothing to do
        assert [person.name for person in gallery.people()] == ["Ana", "Bob"]


def test_a_migrated_file_has_the_tables_of_a_new_one(tmp_path: Path):
    def columns(path: Path) -> set[tuple[object, ...]]:
        connection = sqlite3.connect(path)
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        found = {
            (name, *row[1:]) for name in names for row in connection.execute(f"PRAGMA table_info({name})")
        }
        indexes = connection.execute(
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"
        ).fetchall()
        connection.close()
        return found | set(indexes)

    write_v1(tmp_path / "old.db")
    Gallery.open(tmp_path / "old.db", SPACE).close()
    Gallery.open(tmp_path / "new.db", SPACE).close()
    assert columns(tmp_path / "old.db") == columns(tmp_path / "new.db")


def test_a_migration_that_fails_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "old.db"
    write_v1(path)
    broken = (*schema._VERSION_2[:3], "CREATE TABLE people (a)")
    monkeypatch.setattr(schema, "STEPS", (schema._VERSION_1, broken, *schema.STEPS[2:]))
    with pytest.raises(StorageError, match="already exists"):
        Gallery.open(path, SPACE)
    monkeypatch.undo()
    assert version(path) == 1
    with Gallery.open(path, SPACE) as gallery:
        holds_what_was_written(gallery)


def test_a_reader_that_was_there_first_goes_on_after_the_migration(tmp_path: Path):
    path = tmp_path / "old.db"
    write_v1(path)
    with Gallery.open(path, SPACE, write=False) as reader:
        holds_what_was_written(reader)
        with Gallery.open(path, SPACE) as writer:
            writer.add("Cy", unit(9), **PROVENANCE)
        assert reader.search(unit(9)[None], 1)[0][0].name == "Cy"


def test_a_gallery_from_before_small_rows_is_read_and_brought_up_to_date(tmp_path: Path):
    path = tmp_path / "old.db"
    write_v3(path)
    match = Match("5" * 64, 12, 0.5)
    before = path.read_bytes()
    with Gallery.open(path, SPACE, write=False) as reader:
        holds_what_was_written(reader)
        assert (list(reader.shrunk()), reader.shrunk_sizes()) == ([], ())
        assert reader.search(unit(4)[None], 1, match=match) == reader.search(unit(4)[None], 1)
        assert path.read_bytes() == before
        assert version(path) == 3
        with Gallery.open(path, SPACE) as gallery:
            holds_what_was_written(gallery)
            with gallery.database.transaction():
                assert gallery.write_shrunk(3, [Shrunk(12, unit(9), "5" * 64)]) == 1
            assert check_gallery(gallery).faults == ()
        assert [row.pixels for _, row in reader.shrunk()] == [12]  # the reader sees the new table
        assert reader.search(unit(9)[None], 1, match=match)[0][0].name == "Bo"
    assert version(path) == schema.SCHEMA_VERSION


def test_bringing_up_to_date_does_not_seal_what_was_altered(tmp_path: Path):
    """Rows of version 3 have digests already: computing them anew would hide that a value was changed."""
    path = tmp_path / "old.db"
    write_v3(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE embeddings SET pixels = 99 WHERE id = 1")
    connection.commit()
    connection.close()
    with Gallery.open(path, SPACE) as gallery:
        (fault,) = check_gallery(gallery).faults
        assert fault == "the embedding of photo 1 of Ana is not as fewpix wrote it"
        assert gallery.database.sealed() == ""
