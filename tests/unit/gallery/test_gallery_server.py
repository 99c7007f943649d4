"""What only a gallery on PostgreSQL has: HNSW with its recall, addresses, and a server's settings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.check.gallery import check_gallery
from fewpix.cli import main
from fewpix.errors import ConfigError, InputError, StorageError
from fewpix.gallery import Gallery, edit
from fewpix.gallery.exchange import export_gallery, read_document, try_import
from fewpix.gallery.storage.postgres import PROCESS
from fewpix.gallery.storage.postgres_address import Address, collection_of
from fewpix.gallery.storage.postgres_watch import Watch, drop
from fewpix.models.space import Space
from gallery_stores import PROVENANCE, SPACE, new_database, unit


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("postgresql://ana:secret@host:5433/faces?sslmode=require", "postgresql://host:5433/faces"),
        ("postgres://ana:secret@host", "postgresql://host"),
        ("postgresql:///faces?host=/tmp&password=secret", "postgresql:///faces"),
        ("postgresql:///faces?password=secret#staff", "postgresql:///faces#staff"),
        ("postgresql://ana:secret@host/faces#default", "postgresql://host/faces"),
    ],
)
def test_an_address_is_shown_without_a_password(address: str, text: str):
    assert Address.of(address).shown == text


def test_an_address_that_is_none():
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        Address.of("postgresql://ana:secret@host:port/faces").shown  # noqa: B018
    assert "secret" not in str(caught.value)


def test_an_address_names_a_collection():
    place = Address.of("postgresql://ana@host/faces#staff-2")
    assert (place.server, place.schema) == ("postgresql://ana@host/faces", "fewpix_staff-2")
    assert Address.of(place.server).schema == Address.of(f"{place.server}#default").schema == "fewpix"
    for schema in ("fewpix", "fewpix_staff-2", f"fewpix_{56 * 'a'}"):
        name = collection_of(schema)
        assert name is not None
        assert place.with_collection(name).schema == schema
    for schema in ("public", "fewpix_", "fewpix_default", "fewpix_A", f"fewpix_{57 * 'a'}"):
        assert collection_of(schema) is None
    for name in ("", "A", 'a"b', "-a", 57 * "a"):
        with pytest.raises(ConfigError, match="cannot be called"):
            Address.of(f"postgresql://host/faces#{name}")


@pytest.mark.needs("postgres")
@pytest.mark.parametrize(
    "address", ["postgresql://ana:secret@localhost:1/faces", "postgresql://localhost:x/y"]
)
def test_no_server_is_one_line(capsys: pytest.CaptureFixture[str], address: str):
    code = main(["gallery", "list", "--gallery", address])
    done = capsys.readouterr()
    assert code in (5, 10)
    assert done.err.count("\n") == 1
    assert "secret" not in done.err + done.out


@pytest.mark.slow
@pytest.mark.needs("postgres")
class TestServer:
    def test_hnsw_is_an_option_and_its_recall_is_reported(self, server: str):
        space, rng = Space("c" * 64, 32), np.random.default_rng(0)
        rows = rng.standard_normal((1500, 32))
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        with Gallery.open(new_database(server), space) as gallery:
            with gallery.database.transaction():
                for n, row in enumerate(rows):
                    gallery.write(f"p{n % 700:03d}", row, **PROVENANCE)
            exact = gallery.search(rows[:50], 5)
            assert check_gallery(gallery).recall is None
            gallery.database.set_index(True)
            found = gallery.search(rows[:50], 5)
            assert [c[0] for c in found] == [c[0] for c in exact]  # each finds itself, at the same score
            report = check_gallery(gallery)
            assert report.recall is not None
            assert 0.5 < report.recall <= 1
            assert f"HNSW finds {100 * report.recall:.1f} %" in str(report)
            assert gallery.search(rows[:50], 5, exact=True) == exact
            assert len(gallery.search(rows[:3], 5, templates=True)[0]) == 5
            gallery.add("new", rows[0], **PROVENANCE)  # the index sees what comes later
            assert gallery.search(rows[:1], 2)[0][1].name == "p000"
            gallery.database.set_index(False)
            assert gallery.database.neighbours(rows[:1], 1) is None

    def test_collections_of_one_database_are_apart(self, server: str):
        address = new_database(server)
        places = [f"{address}{name}" for name in ("", "#staff", "#guests-2")]
        for n, place in enumerate(places):
            with Gallery.open(place, SPACE) as gallery:
                gallery.add(f"p{n}", unit(n), **PROVENANCE)
        with Gallery.open(places[1]) as staff, Gallery.open(places[2]) as guests:
            staff.database.set_index(True)
            assert staff.database.neighbours(unit(0)[None], 1) is not None
            assert guests.database.neighbours(unit(0)[None], 1) is None
            assert [c.name for c in staff.search(unit(0)[None], 5)[0]] == ["p1"]
            with staff.database.transaction():  # a change of one waits for nobody in another
                guests.add("more", unit(7), **PROVENANCE)
            assert edit.remove(staff, ["p1"], wait=5).remains == ""
            before = guests.database.version()
            watch = Watch(address)
            was = watch.editions()
            assert sorted(was) == ["default", "guests-2", "staff"]
            assert [was[name].edits for name in sorted(was)] == [0, 0, 1]
            drop(places[2])
            assert watch.wait(10)
            assert sorted(watch.editions()) == ["default", "staff"]
            with pytest.raises(InputError, match="is damaged"):
                guests.people()
            with Gallery.open(places[2], SPACE) as anew:
                anew.add("p2", unit(2), **PROVENANCE)
                assert anew.database.version() != before
            assert guests.search(unit(2)[None], 1)[0][0].name == "p2"  # not from memory
            assert watch.editions()["guests-2"].table != was["guests-2"].table
            watch.close()
        with Gallery.open(places[0], write=False) as plain:
            assert [person.name for person in plain.people()] == ["p0"]

    def test_a_change_is_told_after_it_was_made(self, server: str):
        address = new_database(server)
        with Gallery.open(f"{address}#staff", SPACE) as gallery:
            watch = Watch(address)
            gallery.add("Ana", unit(0), **PROVENANCE)
            assert watch.wait(10)
            assert watch.editions()["staff"].edits == 0  # nobody else is affected
            edit.rename(gallery, "Ana", "Eve", dry_run=True)
            assert not watch.wait(0.2)
            edit.rename(gallery, "Ana", "Eve")
            assert watch.wait(10)
            first = watch.editions()["staff"]
            assert (first.edits, first.editor, first.streak) == (1, PROCESS, 1)
            edit.rename(gallery, "Eve", "Ida")
            assert (watch.editions()["staff"].edits, watch.editions()["staff"].streak) == (2, 2)
            gallery.database.execute("UPDATE gallery SET editor = 'other', edits = edits + 1")
            edit.rename(gallery, "Ida", "Ana")
            last = watch.editions()["staff"]
            assert (last.edits, last.editor, last.streak) == (4, PROCESS, 1)
            watch.close()

    def test_the_verbs_take_an_address(
        self, server: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ):
        address = new_database(server)
        with Gallery.open(address, SPACE) as gallery:
            gallery.add("Ana", unit(0), **PROVENANCE)
        monkeypatch.setenv("FEWPIX_GALLERY", address)
        assert main(["gallery", "rename", "Ana", "Eve", "--json"]) == 0
        assert main(["gallery", "index", "hnsw", "--json"]) == 0
        capsys.readouterr()
        assert main(["gallery", "check", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["people"], report["recall"], report["faults"]) == (1, 1.0, [])
        assert report["gallery"].startswith("postgresql:///gallery_")

    def test_an_empty_database_is_not_made_a_gallery_by_looking(self, server: str, tmp_path: Path):
        address = new_database(server)
        for write in (False, True):
            with pytest.raises(InputError, match="is empty"):
                Gallery.open(address, write=write)
        with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
            gallery.add("Ana", unit(0), **PROVENANCE)
            export_gallery(gallery, tmp_path / "g.npz")
        assert try_import(address, read_document(tmp_path / "g.npz"), "g").faces == 1
        with pytest.raises(InputError, match="is empty"):
            Gallery.open(address)
        with Gallery.open(address, SPACE):
            assert try_import(address, read_document(tmp_path / "g.npz"), "g").faces == 1
        with Gallery.open(address) as gallery:
            assert gallery.people() == []

    def test_a_newer_gallery_and_one_without_tables_are_refused(self, server: str):
        address = new_database(server)
        with Gallery.open(address, SPACE) as gallery:
            gallery.database.execute("UPDATE gallery SET version = 9")
        with pytest.raises(InputError, match=r"schema version 9.*update fewpix"):
            Gallery.open(address, SPACE)
        other = new_database(server)
        with Gallery.open(other, SPACE) as gallery:
            gallery.database.execute("DROP TABLE embeddings")
            with pytest.raises(InputError, match="is damaged"):
                list(gallery.rows())

    def test_a_server_that_does_not_flush_is_refused(self, server: str):
        import psycopg

        address = new_database(server)
        with Gallery.open(address, SPACE) as gallery:
            for name in ("synchronous_commit", "fsync", "full_page_writes"):
                assert list(gallery.database.select(f"SHOW {name}")) == [("on",)]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
            try:
                setting = ""
                while setting != "off":  # the reload takes a moment
                    connection.execute("SELECT pg_sleep(0.05)")
                    ((setting,),) = connection.execute("SHOW full_page_writes").fetchall()
                with pytest.raises(StorageError, match="full_page_writes is off"):
                    Gallery.open(address, SPACE)
            finally:
                connection.execute("ALTER SYSTEM RESET full_page_writes")
                connection.execute("SELECT pg_reload_conf()")
                connection.execute("SELECT pg_sleep(0.3)")
