"""A value that was changed without fewpix is noticed, in whichever table and store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from fewpix.adapt.stats import LayerStats, NormState
from fewpix.check.gallery import check_gallery
from fewpix.gallery import Gallery, Original
from fewpix.gallery.cameras import add_camera
from fewpix.gallery.edit import merge, remove_faces, rename
from fewpix.gallery.exchange import export_gallery, import_document, read_document
from fewpix.gallery.storage.digests import digest
from fewpix.image.codec import encode_image
from gallery_stores import PROVENANCE, SPACE, new_database, unit
from gallery_v1 import write_v1

PNG = encode_image(np.full((8, 8, 3), 90, dtype=np.uint8), ".png")
OTHER_PNG = encode_image(np.full((8, 8, 3), 91, dtype=np.uint8), ".png")


def filled(location: str | Path) -> Gallery:
    gallery = Gallery.open(location, SPACE)
    gallery.add("Ana", unit(0), **PROVENANCE, quality=0.5, original=Original(PNG, None))
    gallery.add("Ana", unit(1), **{**PROVENANCE, "pixels": 16.0}, face=1)  # a face may have several rows
    gallery.add("Bo", unit(2), **PROVENANCE)
    state = NormState(
        "d" * 64, "prior", 0.5, 40, "2026-01-02", "x", {"bn": LayerStats(np.ones(2), np.ones(2), 9)}
    )
    add_camera(gallery, "gate", state)
    rename(gallery, "Bo", "Bob")
    return gallery


def faults(gallery: Gallery) -> tuple[str, ...]:
    return check_gallery(gallery).faults


@pytest.mark.parametrize(
    ("change", "value", "fault"),
    [
        ("UPDATE embeddings SET embedding = ? WHERE id = 1", -unit(0), "the embedding of photo 1 of Ana"),
        ("UPDATE embeddings SET embedding = ? WHERE id = 2", unit(2), "the embedding of photo 1 of Ana"),
        ("UPDATE embeddings SET pixels = ? WHERE id = 2", 17.0, "the embedding of photo 1 of Ana"),
        ("UPDATE embeddings SET face = ? WHERE id = 2", 2, "the embedding of photo 2 of Bob"),
        (
            "UPDATE embeddings SET encoder_sha256 = ? WHERE id = 3",
            "f" * 64,
            "the embedding of photo 2 of Bob",
        ),
        ("UPDATE faces SET quality = ? WHERE id = 1", 0.25, "photo 1 of Ana"),
        ("UPDATE faces SET crop = ? WHERE id = 1", OTHER_PNG, "photo 1 of Ana"),
        ("UPDATE faces SET person = ? WHERE id = 2", 1, "photo 2 of Ana"),
        ("UPDATE people SET name = ? WHERE id = 1", "Eve", "the entry of Eve"),
        ("UPDATE history SET detail = ?", "from nobody", "the history of Bob"),
        ("UPDATE embeddings SET digest = NULL WHERE id = ?", 1, "the embedding of photo 1 of Ana"),
    ],
)
def test_a_changed_value_is_noticed(location: str, change: str, value: object, fault: str):
    with filled(location) as gallery:
        assert faults(gallery) == ()
        given = gallery.database.vector(value) if isinstance(value, np.ndarray) else value
        with gallery.database.transaction():
            gallery.database.execute(change, given)
        assert f"{fault} is not as fewpix wrote it" in faults(gallery)


def test_what_belongs_to_nothing_any_more_is_noticed(location: str):
    with filled(location) as gallery:
        gallery.add("Ana", unit(5), **PROVENANCE)
        with gallery.database.transaction():
            gallery.database.execute("DELETE FROM embeddings WHERE face = ?", 3)
            gallery.database.execute("UPDATE cameras SET state_id = ?", "0" * 16)
            gallery.database.execute("UPDATE people SET name = ? WHERE id = 2", "B\x1b[31mo")
        found = faults(gallery)
        assert "photo 3 of Ana has no embedding" in found
        assert "the state of camera gate is not the one that its entry names" in found
        assert r"the name 'B\x1b[31mo' has a control or undecodable character" in found


def test_every_change_by_fewpix_leaves_digests_that_fit(location: str, tmp_path: Path):
    with filled(location) as gallery:
        gallery.add("Cy", unit(3), **PROVENANCE)
        gallery.add("Cy", unit(4), **PROVENANCE)
        rename(gallery, "Cy", "Cyd")
        merge(gallery, ["Cyd"], "Ana")
        remove_faces(gallery, "Ana", [gallery.faces("Ana")[-1].face])
        assert faults(gallery) == ()
        export_gallery(gallery, tmp_path / "g.npz")
    with Gallery.open(tmp_path / "copy.db", SPACE) as copy:
        import_document(copy, read_document(tmp_path / "g.npz"), "g.npz")
        assert check_gallery(copy).faults == ()
        assert check_gallery(copy).sealed == ""


def test_a_digest_tells_kinds_and_borders_apart():
    values: list[tuple[object, ...]] = [
        (None,),
        ("",),
        (b"",),
        (0,),
        (0.0,),
        ("ab", "c"),
        ("a", "bc"),
        (1,),
        (1.0,),
        ("1",),
        (unit(0),),
        (-unit(0),),
    ]
    assert len({digest(*each) for each in values}) == len(values)
    assert digest(unit(0)) == digest(unit(0).astype("<f4").tobytes())


def test_an_old_file_gets_digests_when_it_is_written_and_says_since_when(tmp_path: Path):
    path = tmp_path / "old.db"
    write_v1(path)
    with Gallery.open(path, SPACE, write=False) as gallery:
        found = check_gallery(gallery)
        assert (found.faults, found.sealed) == ((), None)
        assert "no digests yet" in str(found)
    with Gallery.open(path, SPACE) as gallery:
        found = check_gallery(gallery)
        assert (found.faults, bool(found.sealed)) == ((), True)
        assert f"digests since {found.sealed}: what was changed before is not noticed" in str(found)
        gallery.database.execute("UPDATE embeddings SET embedding = ? WHERE id = 4", (-unit(4)).tobytes())
        assert faults(gallery) == ("the embedding of photo 3 of Bo is not as fewpix wrote it",)


def test_a_file_of_the_second_version_goes_on(tmp_path: Path):
    path = tmp_path / "g.db"
    filled(path).close()
    connection = sqlite3.connect(path)
    for table in ("people", "faces", "embeddings", "history"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN digest")
    connection.execute("ALTER TABLE gallery DROP COLUMN sealed")
    connection.execute("DROP TABLE matched")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    with Gallery.open(path, write=False) as gallery:
        assert [(p.name, p.rows) for p in gallery.people()] == [("Ana", 2), ("Bob", 1)]
        assert check_gallery(gallery).sealed is None
    with Gallery.open(path) as gallery:
        assert check_gallery(gallery).sealed
        assert faults(gallery) == ()
        rename(gallery, "Bob", "Bo")
        assert faults(gallery) == ()


@pytest.mark.slow
@pytest.mark.needs("postgres")
def test_a_database_of_the_first_version_is_brought_up_to_date(server: str):
    address = new_database(server)
    with filled(address) as gallery:
        for table in ("people", "faces", "embeddings", "history"):
            gallery.database.execute(f"ALTER TABLE {table} DROP COLUMN digest")
        gallery.database.execute("ALTER TABLE gallery DROP COLUMN sealed, DROP COLUMN owes")
        gallery.database.execute(
            "ALTER TABLE gallery DROP COLUMN edits, DROP COLUMN editor, DROP COLUMN streak"
        )
        gallery.database.execute("DROP TABLE matched")
        gallery.database.execute("UPDATE gallery SET version = 1")
    with Gallery.open(address, write=False) as gallery:
        assert check_gallery(gallery).sealed is None
        assert [p.name for p in gallery.people()] == ["Ana", "Bob"]
    with Gallery.open(address) as gallery:
        assert check_gallery(gallery).sealed
        assert faults(gallery) == ()
        gallery.add("Cy", unit(7), **PROVENANCE)
        assert faults(gallery) == ()
        assert list(gallery.database.select("SELECT version FROM gallery")) == [(5,)]
