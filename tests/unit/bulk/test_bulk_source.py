"""The pictures of bulk work: of folders and of shards, in parts that can be sent elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fewpix.bulk.source import FolderPictures, ShardPictures, open_source, pictures_of
from fewpix.errors import InputError
from shards_made import picture, write_shards


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n in range(5):
        path = tmp_path / "in" / f"p{n % 2}" / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(n))
    (tmp_path / "in" / "notes.txt").write_text("hello")
    return tmp_path / "in"


def test_a_folder_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    pictures, left_out = open_source("in")
    assert [item.path for item in left_out.items] == ["notes.txt"]
    parts = [pictures.part(0, 3), pictures.part(3, 5)]
    monkeypatch.chdir("/")  # a worker runs elsewhere
    sent = [pictures_of(json.loads(json.dumps(part.to_json()))) for part in parts]
    found = [each for part in sent for each in part.read()]
    assert [each.name for each in found] == ["p0/0.png", "p0/2.png", "p0/4.png", "p1/1.png", "p1/3.png"]
    assert [each.data for each in found] == [picture(n) for n in (0, 2, 4, 1, 3)]
    assert len({part.sha256 for part in (pictures, *parts)}) == 3
    assert parts[0].sha256 == sent[0].sha256


def test_shards_in_parts(tmp_path: Path) -> None:
    write_shards(tmp_path, (4, 3))
    pictures, left_out = open_source(tmp_path)
    assert (len(pictures), [item.count for item in left_out.items]) == (7, [4, 3])
    sent = [
        pictures_of(json.loads(json.dumps(pictures.part(a, b).to_json())))
        for a, b in ((0, 3), (3, 6), (6, 7))
    ]
    assert [each.data for part in sent for each in part.read()] == [picture(n) for n in range(7)]
    alone, _ = open_source(tmp_path / "faces-000001.tar")
    assert [each.data for each in alone.read()] == [picture(n) for n in range(4, 7)]


def test_pictures_are_taken_before_shards_beside_them(folder: Path) -> None:
    write_shards(folder / "tars", (2,))
    pictures, left_out = open_source(folder)
    assert isinstance(pictures, FolderPictures)
    assert "tars/faces-000000.tar" in {item.path for item in left_out.items}
    assert isinstance(open_source(folder / "tars")[0], ShardPictures)


def test_one_picture_and_none(folder: Path) -> None:
    pictures, _ = open_source(folder / "p0" / "0.png")
    assert [each.name for each in pictures.read()] == ["0.png"]
    for missing in (folder / "none", folder / "none.tar", folder / "none.png"):
        with pytest.raises(InputError, match="none"):
            open_source(missing)


def test_a_file_that_goes_away_is_named(folder: Path) -> None:
    pictures, _ = open_source(folder)
    (folder / "p0" / "2.png").unlink()
    found = list(pictures.read())
    assert [(each.name, each.why) for each in found if each.why] == [
        ("p0/2.png", "there is no file p0/2.png")
    ]
