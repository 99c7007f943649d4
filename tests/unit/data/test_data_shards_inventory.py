"""Tar shards of training faces: counts by source, the hash of a training run, and what is wrong."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from fewpix.data.faces import load_faces
from fewpix.data.shards_inventory import inventory
from fewpix.errors import InputError
from orl_files import face_file

pytestmark = pytest.mark.needs("samples")


def write(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three shards, numbered without gaps, of five pictures of two sources."""
    write(tmp_path / "faces-000.tar", {f"{n}.orl.jpg": face_file(n, 0) for n in (0, 3)})
    write(tmp_path / "faces-001.tar", {f"{n}.wild.jpg": face_file(n, 0) for n in (1, 4)} | {"1.json": b"{}"})
    write(tmp_path / "faces-002.tar", {"5.jpg": face_file(5, 0)})
    return tmp_path


def counts(path: Path) -> dict[str, int]:
    return {count.what: count.found for count in inventory(path).counts}


def test_what_is_there_by_source_and_the_hash_of_a_run(folder: Path) -> None:
    found = inventory(folder)
    assert counts(folder) == {
        "shards": 3,
        "damaged or cut shards": 0,
        "pictures": 5,
        "pictures without a source": 1,
        "pictures of the source 'orl'": 2,
        "pictures of the source 'wild'": 2,
        "damaged or cut pictures": 0,
        "pictures that are not square": 0,
        "pictures whose key stands twice": 0,
        "pictures whose content stands twice": 0,
    }
    assert found.complete
    assert found.sha256 == load_faces(sorted(folder.glob("*.tar"))).sha256
    one = folder / "faces-001.tar"
    assert inventory(one).sha256 == load_faces([one]).sha256
    assert (inventory(one).listed, inventory(one).complete) == (2, True)


def test_shards_left_out_in_the_count_are_missing(folder: Path) -> None:
    (folder / "faces-001.tar").unlink()
    write(folder / "faces-005.tar", {"9.jpg": face_file(9, 0)})
    write(folder / "other-7.tgz", {"10.jpg": face_file(9, 1)})
    found = inventory(folder)
    assert found.missing == ("faces-001.tar", "faces-003.tar", "faces-004.tar")
    assert (found.counts[0].found, found.counts[0].published) == (4, 7)
    assert not found.complete


def test_damage_is_counted_and_does_not_end_the_count(folder: Path) -> None:
    whole = (folder / "faces-002.tar").read_bytes()
    (folder / "faces-002.tar").write_bytes(whole[:700])
    write(
        folder / "faces-003.tar",
        {"20.jpg": face_file(6, 0)[:-40], "21.png": b"no picture", "0.jpg": face_file(0, 0)},
    )
    found = inventory(folder)
    assert found.missing == ("faces-002.tar", "faces-003.tar: 20", "faces-003.tar: 21")
    numbers = counts(folder)
    assert (numbers["damaged or cut shards"], numbers["damaged or cut pictures"]) == (1, 2)
    assert (numbers["pictures whose key stands twice"], numbers["pictures whose content stands twice"]) == (
        1,
        1,
    )
    assert "damaged or cut shards, published: 0" in str(found)


def test_what_is_no_set_of_shards(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no shard or folder"):
        inventory(tmp_path / "nowhere")
    with pytest.raises(InputError, match="there is no shard in"):
        inventory(tmp_path)
    (tmp_path / "a.tar").write_bytes(b"garbage" * 200)
    with pytest.raises(InputError, match=r"cannot read the shard .*a\.tar"):
        inventory(tmp_path)
    write(tmp_path / "a.tar", {"readme.txt": b"x"})
    with pytest.raises(InputError, match="there is no picture in"):
        inventory(tmp_path)


def test_what_is_no_picture_and_no_shard_is_named(folder: Path) -> None:
    (folder / "notes.txt").write_text("text")
    (folder / ".hidden").touch()
    found = inventory(folder)
    assert [(item.path, item.why) for item in found.left_out.items] == [
        ("notes.txt", "no shard"),
        ("faces-001.tar/*.json", "no picture"),
    ]
    assert found.left_out.hidden == 1
    assert found.complete
