"""What was removed is gone from the files, or fewpix says that it is not and finishes it later."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fewpix.adapt.stats import LayerStats, NormState
from fewpix.check.gallery import check_gallery
from fewpix.cli import main
from fewpix.gallery import Gallery, Original
from fewpix.gallery.cameras import add_camera, remove_camera
from fewpix.gallery.edit import merge, remove, remove_faces
from fewpix.gallery.rows import Shrunk
from gallery_stores import PROVENANCE, SPACE, new_database, unit
from stored import stored

SECRET = "Ana Secret"
PIXELS = b"facefaceface" * 400


def filled(location: str | Path, people: int = 20) -> Gallery:
    gallery = Gallery.open(location, SPACE)
    for n in range(people):
        gallery.add(f"p{n}", unit(n), **PROVENANCE)
    original = Original(b"\x89PNG\r\n\x1a\n" + PIXELS, None)
    small = Shrunk(12, unit(98), "5" * 64)
    about = {**PROVENANCE, "source": "secret.jpg"}
    gallery.add(SECRET, unit(99), **about, original=original, shrunk=[small])
    return gallery


def holds(
    folder: Path,
    *,
    of: tuple[bytes, ...] = (unit(98).tobytes(), unit(99).tobytes(), PIXELS[:12], SECRET.encode()),
) -> bool:
    """Whether any file of the gallery (itself, its log, the log's index) has any of these bytes."""
    data = stored(folder)
    return any(part in data for part in of)


def reader_of(path: Path) -> sqlite3.Connection:
    """Somebody who reads the file, and does not come to an end."""
    reader = sqlite3.connect(path, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM people").fetchone()
    return reader


def test_with_a_reader_the_command_says_what_is_left_and_the_next_one_finishes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "g.db"
    filled(path).close()
    reader = reader_of(path)
    words = ["gallery", "remove", SECRET, "--yes", "--wait", "0.1", "--gallery", str(path)]
    assert main([*words, "--json"]) == 10
    done = capsys.readouterr()
    assert "another process is using it" in json.loads(done.out)["remains"]
    assert done.err.startswith(f"error: {path} may still hold bytes of what was removed")
    assert "--wait" in done.err
    assert holds(tmp_path)
    assert main(["gallery", "check", "--gallery", str(path)]) == 0
    assert "may still hold bytes of what was removed" in capsys.readouterr().out
    reader.close()
    assert main(["gallery", "list", "--gallery", str(path)]) == 0  # only looks, and finishes it all the same
    assert not holds(tmp_path)
    assert main(["gallery", "check", "--gallery", str(path)]) == 0
    assert "may still hold" not in capsys.readouterr().out.splitlines()[-1]


def test_waiting_until_the_reader_has_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "g.db"
    filled(path).close()
    reader = reader_of(path)
    ended = threading.Timer(0.3, reader.close)
    ended.start()
    words = ["gallery", "remove", SECRET, "--yes", "--wait", "30", "--gallery", str(path), "--json"]
    assert main(words) == 0
    ended.join()
    assert json.loads(capsys.readouterr().out)["remains"] is None
    assert not holds(tmp_path)


@pytest.mark.parametrize("finish", ["close", "next write", "next opening"])
def test_what_is_owed_is_finished(tmp_path: Path, finish: str):
    path = tmp_path / "g.db"
    gallery = filled(path)
    reader, idle = reader_of(path), sqlite3.connect(path)
    idle.execute("SELECT count(*) FROM people").fetchone()  # another connection, so that no close is the last
    assert "another process" in remove(gallery, [SECRET]).remains
    assert holds(tmp_path)
    if finish == "next opening":
        gallery.close()
        reader.close()
        assert holds(tmp_path)
        Gallery.open(path).close()
    else:
        reader.close()
        if finish == "close":
            gallery.close()
        else:
            gallery.add("p0", unit(200), **PROVENANCE)
    assert not holds(tmp_path)
    gallery.close()
    idle.close()


DELETIONS: list[Callable[[Gallery], str]] = [
    lambda gallery: remove(gallery, [SECRET]).remains,
    lambda gallery: remove_faces(gallery, SECRET, [21]).remains,
    lambda gallery: merge(gallery, ["double"], "p1").remains,
    lambda gallery: remove_camera(gallery, "secret gate"),
]


@pytest.mark.parametrize("deletion", range(len(DELETIONS)))
def test_every_deletion_tells(tmp_path: Path, deletion: int):
    path = tmp_path / "g.db"
    layers = {"bn": LayerStats(np.ones(2), np.ones(2), 9)}
    with filled(path) as gallery:
        gallery.add(SECRET, unit(50), **PROVENANCE)
        gallery.add("double", unit(1), **{**PROVENANCE, "source": "secret double.jpg"})
        add_camera(gallery, "secret gate", NormState("d" * 64, "prior", 0.5, 40, "2026-01-02", "x", layers))
        reader = reader_of(path)
        assert "may still hold bytes" in DELETIONS[deletion](gallery)
        reader.close()
        assert gallery.database.forget() == ""
    secrets = ((SECRET.encode(), PIXELS[:12]), (PIXELS[:12],), (b"secret double",), (b"secret gate",))
    assert not holds(tmp_path, of=secrets[deletion])


def test_no_bytes_of_many_removed_people_are_left(tmp_path: Path):
    """Also where pages were split and joined in between: names come in no order, and go in no order."""
    rng = np.random.default_rng(0)
    names = [f"name-{rng.integers(1 << 60):x}" for _ in range(400)]
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        with gallery.database.transaction():
            for n, name in enumerate(names):
                gallery.write(
                    name, unit(n), **{**PROVENANCE, "source": f"of {name} " + "x" * int(rng.integers(300))}
                )
        gone = rng.permutation(400)[:300].tolist()
        for start in range(0, 300, 50):
            assert remove(gallery, [names[n] for n in gone[start : start + 50]]).remains == ""
            data = stored(tmp_path)
            for n in gone[: start + 50]:
                assert names[n].encode() not in data
                assert unit(n).tobytes() not in data
        assert check_gallery(gallery).faults == ()


@pytest.mark.slow
@pytest.mark.needs("postgres")
class TestServer:
    def test_with_an_open_transaction_the_command_says_what_is_left(
        self, server: str, capsys: pytest.CaptureFixture[str]
    ):
        import psycopg

        address = new_database(server)
        filled(address).close()
        with psycopg.connect(address) as reader:
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT count(*) FROM fewpix.people").fetchone()
            words = ["gallery", "remove", SECRET, "--yes", "--wait", "0.5", "--gallery", address, "--json"]
            assert main(words) == 10
            done = capsys.readouterr()
            assert "removed rows, which an open transaction may still see" in json.loads(done.out)["remains"]
            with Gallery.open(address, write=False) as looking:
                assert "may still hold bytes" in check_gallery(looking).remains
        with Gallery.open(address) as gallery:  # the next command that writes
            assert gallery.database.left() == ""
        assert main(["gallery", "check", "--gallery", address]) == 0

    def test_bytes_are_gone_from_the_tables_of_the_server(self, server: str):
        import psycopg

        address = new_database(server)
        with filled(address, 60) as gallery, psycopg.connect(address, autocommit=True) as admin:
            ((folder,),) = admin.execute("SHOW data_directory").fetchall()
            ((number,),) = admin.execute(
                "SELECT oid FROM pg_database WHERE datname = current_database()"
            ).fetchall()

            def held(part: bytes) -> bool:
                admin.execute("CHECKPOINT")
                return part in stored(Path(folder) / "base" / str(number))

            for text in (SECRET, "p7"):
                assert held(text.encode())
                assert remove(gallery, [text], wait=10).remains == ""
            assert not held(SECRET.encode())
            assert not held(unit(99).tobytes())
            assert not held(PIXELS[:12])
            assert held(unit(8).tobytes())
