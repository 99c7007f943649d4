"""LFW's folder and list, and what is said of it when it is not as published."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark_sides import named_pairs, pairs_of
from fewpix.data.inventory import Count, Inventory
from fewpix.errors import InputError
from fewpix.evaluate.readers import lfw
from fewpix.image.codec import decode_image
from lfw_layout import LIST, lay_out

pytestmark = pytest.mark.needs("samples")


def counted(inventory: Inventory) -> dict[str, int]:
    return {count.what: count.found for count in inventory.counts}


def test_what_is_there_beside_what_was_published(tmp_path: Path) -> None:
    found = lfw.inventory(lay_out(tmp_path / "lfw"))
    assert found.counts == (
        Count("pairs", 8, 6000),
        Count("folds", 2, 10),
        Count("pictures in the list", 6, 7701),
        Count("people in the list", 3),
        Count("pairs with both pictures", 8),
        Count("pairs listed a second time", 2),
        Count("pairs of a picture with itself", 0),
    )
    assert (found.kind, found.listed, found.missing, found.complete) == ("lfw", 6, (), False)
    assert "8 pairs, published: 6,000" in str(found)


def test_pairs_and_pictures_are_those_of_the_list(tmp_path: Path) -> None:
    read = lfw.read(lay_out(tmp_path / "lfw"))
    names, pictures = read.items.called, read.items.pictures
    assert names == pictures.names
    assert read.items.people.tolist() == ["Ann", "Ann", "Bob_B", "Bob_B", "Cid", "Cid"]
    assert names[:2] == ("Ann/Ann_0001.jpg", "Ann/Ann_0002.jpg")
    assert named_pairs(read)[3] == ("Ann/Ann_0002.jpg", "Cid/Cid_0001.jpg")
    pairs = pairs_of(read)
    assert pairs.same.tolist() == [True, True, False, False] * 2
    assert pairs.folds.tolist() == [0] * 4 + [1] * 4
    assert decode_image(pictures.read(0), pictures.origin(0)).shape == (24, 24, 3)
    assert read.items.single


def test_a_list_elsewhere(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "lfw", pairs=None)
    with pytest.raises(InputError, match=r"cannot read .*pairs\.txt"):
        lfw.read(folder)
    (tmp_path / "other.txt").write_text(LIST, encoding="utf-8")
    assert len(lfw.read(folder, tmp_path / "other.txt").comparisons) == 8


def test_a_missing_picture_is_refused_or_left_out_and_stays_reported(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "lfw")
    (folder / "Cid" / "Cid_0003.jpg").unlink()
    with pytest.raises(
        InputError, match=r"1 of 6 pictures are missing in .*, the first one Cid/Cid_0003\.jpg"
    ):
        lfw.read(folder)
    read = lfw.read(folder, allow_missing=True)
    assert read.inventory.missing == ("Cid/Cid_0003.jpg",)
    assert counted(read.inventory)["pairs with both pictures"] == 6
    assert len(read.comparisons) == 6
    assert not [pair for pair in named_pairs(read) if "Cid/Cid_0003.jpg" in pair]
    assert (read.missing, read.coverage) == (2, 0.75)
    assert read.inventory.coverage == pytest.approx(5 / 6)


def test_the_hash_is_of_the_list_not_of_what_is_there(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "lfw")
    whole = lfw.inventory(folder).sha256
    (folder / "Ann" / "Ann_0001.jpg").unlink()
    assert lfw.inventory(folder).sha256 == whole
    (folder / "pairs.txt").write_text(LIST.replace("Cid\t1\t3", "Cid\t3\t1"))
    assert lfw.inventory(folder).sha256 != whole


@pytest.mark.parametrize("allow_missing", [False, True])
def test_a_wrong_folder_is_refused_even_where_pictures_may_be_missing(
    tmp_path: Path, allow_missing: bool
) -> None:
    folder = lay_out(tmp_path / "lfw")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds none of the 6 pictures"):
        lfw.read(tmp_path / "empty", folder / "pairs.txt", allow_missing=allow_missing)
    with pytest.raises(InputError, match="there is no folder"):
        lfw.read(tmp_path / "nowhere", allow_missing=allow_missing)


def test_a_folder_called_as_a_picture_is_none(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "lfw")
    (folder / "Ann" / "Ann_0001.jpg").unlink()
    (folder / "Ann" / "Ann_0001.jpg").mkdir()
    assert lfw.inventory(folder).missing == ("Ann/Ann_0001.jpg",)


def test_each_folder_is_looked_into_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lay_out(tmp_path / "lfw")
    looked: list[str] = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(Path(path).name) or real(path))
    lfw.inventory(folder)
    assert sorted(looked) == ["Ann", "Bob_B", "Cid"]


def test_a_picture_compared_with_itself_is_counted(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "lfw", text="1\t1\nAnn\t1\t1\nAnn\t1\tBob_B\t1\n")
    assert counted(lfw.inventory(folder))["pairs of a picture with itself"] == 1


@pytest.mark.needs("data")
def test_the_real_list_is_as_published(data_folder: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(data_folder / "lfw112.tar") as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # not before Python 3.11.4
        tar.extractall(tmp_path, [m for m in tar if m.name.endswith("pairs.txt")])
    found = lfw.inventory(tmp_path / "lfw112")
    assert not [count for count in found.counts if count.differs]
    assert counted(found)["pairs listed a second time"] == 0
    assert len(found.missing) == found.listed == 7701
