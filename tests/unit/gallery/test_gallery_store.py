"""A gallery file: what is kept in it, what is refused, and what a disk can do to it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError, SpaceError, StorageError, UnavailableError
from fewpix.gallery import Added, Gallery, Original
from fewpix.gallery.edit import remove
from fewpix.models.space import Space
from gallery_stores import PROVENANCE, SPACE, unit
from stored import stored


def snapshot(path: Path) -> list[tuple[object, ...]]:
    with Gallery.open(path, SPACE, write=False) as gallery:
        return [(row.face, row.name, row.embedding.tobytes(), row.source) for row in gallery.rows()]


def test_what_was_added_comes_back_with_its_provenance(tmp_path: Path):
    path = tmp_path / "new folder" / "fewpix.db"
    with Gallery.open(path, SPACE) as gallery:
        assert gallery.people() == []
        added = gallery.add(
            "Ana", unit(0), pixels=31.5, encoder_sha256="e1", state_id="s1", source="a/ana.jpg"
        )
        assert added == Added(face=1, new=True)
    with Gallery.open(str(path), SPACE) as gallery:
        (row,) = gallery.rows()
        assert (row.face, row.name, row.pixels, row.encoder_sha256) == (1, "Ana", 31.5, "e1")
        assert (row.state_id, row.source) == ("s1", "a/ana.jpg")
        assert row.embedding.dtype == np.float32
        np.testing.assert_array_equal(row.embedding, unit(0))
        assert row.created.endswith("+00:00")
        (person,) = gallery.people()
        assert (person.name, person.faces, person.rows) == ("Ana", 1, 1)


def test_the_embedding_is_little_endian_float32_in_the_file(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
    connection = sqlite3.connect(path)
    (blob,) = connection.execute("SELECT embedding FROM embeddings").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    connection.close()
    assert blob == unit(0).astype("<f4").tobytes()
    assert application.to_bytes(4, "big") == b"fwpx"


def test_the_file_is_a_flushed_write_ahead_log(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        assert gallery.database.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert gallery.database.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_face_may_have_several_rows_and_the_best_counts(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        first = gallery.add("Ana", unit(0), **PROVENANCE)
        second = gallery.add("Ana", unit(1), **{**PROVENANCE, "pixels": 16.0}, face=first.face)
        gallery.add("Bo", unit(2), **PROVENANCE)
        assert second == Added(first.face, new=True)
        assert [(p.name, p.faces, p.rows) for p in gallery.people()] == [("Ana", 1, 2), ("Bo", 1, 1)]
        best = gallery.search(unit(1)[None], 1)[0][0]
        assert (best.name, best.score) == ("Ana", pytest.approx(1.0, abs=1e-6))
        with pytest.raises(ConfigError, match=r"face 1 of the gallery .* is not one of Bo's"):
            gallery.add("Bo", unit(3), **PROVENANCE, face=first.face)


def test_enrolling_the_same_photo_twice_writes_nothing(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        assert gallery.add("Ana", unit(0), **PROVENANCE) == Added(1, new=True)
        assert gallery.add("Ana", unit(0), **PROVENANCE) == Added(1, new=False)
        assert gallery.add("Bo", unit(0), **PROVENANCE) == Added(2, new=True)
        assert [(p.name, p.rows) for p in gallery.people()] == [("Ana", 1), ("Bo", 1)]
        assert [c.name for c in gallery.search(unit(0)[None], 2)[0]] == ["Ana", "Bo"]


def test_another_connection_and_another_process_are_noticed(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as writer, Gallery.open(path, SPACE, write=False) as reader:
        assert reader.search(unit(0)[None], 1) == [[]]
        writer.add("Ana", unit(0), **PROVENANCE)
        assert [c.name for c in reader.search(unit(0)[None], 1)[0]] == ["Ana"]
        assert [c.name for c in writer.search(unit(0)[None], 1)[0]] == ["Ana"]
        before = reader._memory
        reader.search(unit(1)[None], 1)
        assert reader._memory is before  # nothing changed, nothing read again
        code = (
            "import sys, numpy as np\n"
            "from fewpix.gallery import Gallery\n"
            "from fewpix.models.space import Space\n"
            "with Gallery.open(sys.argv[1], Space('a' * 64, 8)) as gallery:\n"
            " row = np.eye(8, dtype=np.float32)[0]\n"
            " gallery.add('Bo', row, pixels=9, encoder_sha256='', state_id='', source='')"
        )
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
        assert [c.name for c in reader.search(np.eye(8, dtype=np.float32)[:1], 1)[0]] == ["Bo"]


@pytest.mark.parametrize("other", [Space("b" * 64, 8), Space("a" * 64, 16), Space("a" * 64, 8, False)])
def test_another_space_is_refused_with_both_fingerprints(tmp_path: Path, other: Space):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
    before = snapshot(path)
    for write in (True, False):
        with pytest.raises(SpaceError) as caught:
            Gallery.open(path, other, write=write)
        assert SPACE.fingerprint in str(caught.value)
        assert other.fingerprint in str(caught.value)
        assert "--gallery" in caught.value.fix
    assert snapshot(path) == before


@pytest.mark.parametrize("content", [b"hello", b"not a database " * 500, b"SQLite format 3\0" + b"x" * 4096])
@pytest.mark.parametrize("write", [True, False])
def test_a_file_that_is_no_gallery_is_refused_and_kept(tmp_path: Path, content: bytes, write: bool):
    path = tmp_path / "g.db"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"g\.db is not a gallery"):
        Gallery.open(path, SPACE, write=write)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["g.db"]


def test_another_applications_database_is_refused_and_kept(tmp_path: Path):
    path = tmp_path / "g.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="no fewpix gallery"):
        Gallery.open(path, SPACE)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(tmp_path: Path):
    path = tmp_path / "g.db"
    Gallery.open(path, SPACE).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match=r"schema version 99.*update fewpix"):
        Gallery.open(path, SPACE)


def test_a_damaged_gallery_says_so(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery:
        for n in range(300):
            gallery.add(f"p{n}", unit(n), **PROVENANCE)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        Gallery.open(path, SPACE)


def test_missing_folder_and_server(tmp_path: Path):
    with pytest.raises(InputError, match=r"no gallery at .*enrol"):
        Gallery.open(tmp_path / "none.db", SPACE, write=False)
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(InputError, match="is a folder"):
        Gallery.open(tmp_path, SPACE)
    with pytest.raises(UnavailableError) as caught:
        Gallery.open("mysql://ana:secret@host/faces", SPACE)
    assert "secret" not in str(caught.value)
    (tmp_path / "empty.db").touch()
    with pytest.raises(InputError, match="is empty"):
        Gallery.open(tmp_path / "empty.db", SPACE, write=False)
    Gallery.open(tmp_path / "empty.db", SPACE).close()  # what a process killed at its start leaves is usable
    assert snapshot(tmp_path / "empty.db") == []
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        Gallery.open(tmp_path / "file" / "g.db", SPACE)


def test_awkward_paths_are_ordinary_files(tmp_path: Path):
    path = tmp_path / "100% ?mode=memory#x ä.db"
    with Gallery.open(path, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
    assert path.is_file()
    assert len(snapshot(path)) == 1


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        (unit(0, 16), r"must be \(N, 8\) float32"),
        (unit(0).astype(np.float64), "float64"),
        (np.full(8, np.nan, dtype=np.float32), "not finite"),
        (np.zeros(8, dtype=np.float32), "unit length"),
        (unit(0) * np.float32(2), "unit length"),
    ],
)
def test_embeddings_that_would_spoil_a_search_are_refused(
    tmp_path: Path, embedding: NDArray[np.float32], message: str
):
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        with pytest.raises(InputError, match=message):
            gallery.add("Ana", embedding, **PROVENANCE)
        with pytest.raises(InputError, match=message):
            gallery.search(embedding[None], 1)
        assert gallery.people() == []


@pytest.mark.parametrize("pixels", [0.0, -1.0, float("nan"), float("inf")])
def test_pixels_out_of_range_are_refused(tmp_path: Path, pixels: float):
    with (
        Gallery.open(tmp_path / "g.db", SPACE) as gallery,
        pytest.raises(ConfigError, match="pixels must be above 0"),
    ):
        gallery.add("Ana", unit(0), **{**PROVENANCE, "pixels": pixels})


def test_names_are_one_person_however_they_are_encoded(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        gallery.add(unicodedata.normalize("NFD", " José "), unit(0), **PROVENANCE)
        gallery.add(unicodedata.normalize("NFC", "José"), unit(1), **PROVENANCE)
        gallery.add("李小龍", unit(2), **{**PROVENANCE, "source": "bad\udcff.jpg"})
        assert [(p.name, p.faces) for p in gallery.people()] == [("José", 2), ("李小龍", 1)]
        assert [row.source for row in gallery.rows()][-1] == r"bad\udcff.jpg"
        for name in ("", "  ", "a\nb", "a\0b", "\udcff", "x" * 201):
            with pytest.raises(ConfigError, match="name"):
                gallery.add(name, unit(3), **PROVENANCE)


def test_a_failed_change_leaves_nothing(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
        with pytest.raises(ConfigError):
            gallery.add("Bo", unit(1), **PROVENANCE, face=1)  # Bo was inserted before the face was checked
        assert [p.name for p in gallery.people()] == ["Ana"]
        gallery.add("Cy", unit(2), **PROVENANCE)
    assert [row[1] for row in snapshot(path)] == ["Ana", "Cy"]


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
        (pages,) = gallery.database.connection.execute("PRAGMA page_count").fetchone()
        gallery.database.connection.execute(f"PRAGMA max_page_count = {pages}")
        full = {**PROVENANCE, "source": "x" * 100_000}
        with pytest.raises(StorageError, match=r"full \(free space; the gallery is as it was\)"):
            gallery.add("Bo", unit(1), **full)
        assert [p.name for p in gallery.people()] == ["Ana"]
        gallery.database.connection.execute(f"PRAGMA max_page_count = {10 * pages}")
        gallery.add("Bo", unit(1), **PROVENANCE)  # with space again, it goes on
    assert [row[1] for row in snapshot(path)] == ["Ana", "Bo"]


def test_a_read_only_gallery_can_be_searched_but_not_changed(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
    before = path.read_bytes()
    with Gallery.open(path, SPACE, write=False) as gallery:
        assert gallery.search(unit(0)[None], 1)[0][0].name == "Ana"
        with pytest.raises(StorageError, match=r"readonly.*make the file and its folder writable"):
            gallery.add("Bo", unit(1), **PROVENANCE)
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_gallery_on_a_read_only_medium_can_be_searched():
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to the other user below
        folder = Path(name)
        path = folder / "g.db"
        with Gallery.open(path, SPACE) as gallery:
            gallery.add("Ana", unit(0), **PROVENANCE)
        path.chmod(0o444)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # permissions do not bind root
        try:
            with Gallery.open(path, SPACE, write=False) as gallery:
                assert gallery.search(unit(0)[None], 1)[0][0].name == "Ana"
            with pytest.raises(StorageError, match=r"readonly.*make the file and its folder writable"):
                Gallery.open(path, SPACE)
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
        assert [entry.name for entry in folder.iterdir()] == ["g.db"]


def test_bytes_of_a_removed_person_are_gone_from_the_files(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery:
        for n in range(20):
            gallery.add(f"p{n}", unit(n), **PROVENANCE)
        gallery.add(
            "Ana Secret",
            unit(99),
            **PROVENANCE,
            original=Original(b"\x89PNG\r\n\x1a\n" + b"face" * 3000, None),
        )
        remove(gallery, ["Ana Secret"])
        data = stored(tmp_path)
        assert unit(99).tobytes() not in data
        assert b"facefaceface" not in data
        assert b"Ana Secret" not in data
        assert unit(7).tobytes() in data
