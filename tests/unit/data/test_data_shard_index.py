"""Pictures of shards one by one: what an index finds, what it leaves out, and that parts of it agree."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.shard_index import index_shards, list_shards
from fewpix.errors import InputError
from fewpix.image.codec import decode_image
from shards_made import number_of, picture, write_rec, write_shards, write_tar

needs_samples = pytest.mark.needs("samples")  # the maker of records takes faces from there


def test_every_picture_is_read_alone_and_what_is_beside_it_is_counted(tmp_path: Path) -> None:
    write_shards(tmp_path / "tars", (5, 3))
    index = index_shards(tmp_path / "tars")
    assert (len(index), index.names) == (8, ("faces-000000.tar", "faces-000001.tar"))
    found = list(index.read([6, 0, 5, 7]))
    assert [number for number, _ in found] == [6, 0, 5, 7]
    assert [number_of(decode_image(each.data, "x")) for _, each in found] == [6, 0, 5, 7]
    assert found[0][1].name == "faces-000001.tar/in/000006.jpg"
    assert [(item.path, item.count) for item in index.left_out.items] == [
        ("faces-000000.tar/*.cls", 5),
        ("faces-000001.tar/*.cls", 3),
    ]


def test_a_long_name_has_a_header_of_its_own(tmp_path: Path) -> None:
    names = [f"{'deep/' * 40}{n}.png" for n in range(3)]
    write_tar(tmp_path / "x.tar", [(name, picture(n)) for n, name in enumerate(names)])
    found = [each for _, each in index_shards(tmp_path / "x.tar").read(range(3))]
    assert [each.name for each in found] == [f"x.tar/{name}" for name in names]
    assert [each.data for each in found] == [picture(n) for n in range(3)]


@needs_samples
@pytest.mark.parametrize("with_index", [True, False])
def test_records_lie_beside_members(tmp_path: Path, with_index: bool) -> None:
    write_shards(tmp_path / "all", (4,))
    write_rec(tmp_path / "all", 6, first=4, index=with_index)
    index = index_shards([tmp_path / "all" / "train.rec", tmp_path / "all" / "faces-000000.tar"])
    found = [each for _, each in index.read(range(10))]
    assert [number_of(decode_image(each.data, "x")) for each in found] == list(range(10))
    assert found[8].name == "train.rec/0000001/00000004"


def test_a_part_is_numbered_from_0_and_holds_only_its_own(tmp_path: Path) -> None:
    write_shards(tmp_path / "tars", (5, 3, 4))
    index = index_shards(tmp_path / "tars")
    for start, stop in ((0, 5), (3, 6), (5, 8), (6, 12), (0, 12), (11, 12)):
        part = index.part(start, stop)
        assert len(part) == stop - start
        assert [each for _, each in part.read(range(len(part)))] == [
            each for _, each in index.read(range(start, stop))
        ]
    assert index.part(5, 8).names == ("faces-000001.tar",)


def test_damage_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    good, torn, header = write_shards(tmp_path / "tars", (3, 4, 4))
    (tmp_path / "tars" / "none.tar").write_bytes(b"this is no archive" * 100)
    (tmp_path / "tars" / "packed.tar").write_bytes(gzip.compress(good.read_bytes()))
    torn.write_bytes(torn.read_bytes()[: 2 * 2048 + 512 + 20])  # in the middle of the third picture
    body = bytearray(header.read_bytes())
    body[2048 : 2048 + 100] = b"\xff" * 100  # the name of the second picture: its checksum fails
    header.write_bytes(body)
    index = index_shards(tmp_path / "tars")
    found = [each for _, each in index.read(range(len(index)))]
    readable = [number_of(decode_image(each.data, "x")) for each in found if not each.why]
    assert readable == [0, 1, 2, 3, 4, 7]
    assert [each.name for each in found if each.why] == ["faces-000001.tar/in/000005.jpg"]
    why = {item.path: item.why for item in index.left_out.items if "damaged" in item.why}
    assert set(why) == {"faces-000001.tar", "faces-000002.tar", "none.tar", "packed.tar"}
    assert "unpack it" in why["packed.tar"]


@needs_samples
def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    rec = write_rec(tmp_path, 4)
    body = bytearray(rec.read_bytes())
    second = int(rec.with_suffix(".idx").read_text().splitlines()[1].split()[1])
    body[second] ^= 0xFF
    rec.write_bytes(body)
    index = index_shards(rec)
    assert [number_of(decode_image(each.data, "x")) for _, each in index.read(range(len(index)))] == [0, 2, 3]
    assert [item.path for item in index.left_out.items] == ["train.rec/00000001"]


def test_a_shard_that_goes_away_is_no_end(tmp_path: Path) -> None:
    first, second = write_shards(tmp_path, (2, 2))
    index = index_shards([first, second])
    first.unlink()
    found = [each for _, each in index.read(range(4))]
    assert [bool(each.why) for each in found] == [True, True, False, False]
    assert "faces-000000.tar" in found[0].name
    assert len({each.name for each in found}) == 4


def test_the_hash_names_what_is_there(tmp_path: Path) -> None:
    first, second = write_shards(tmp_path, (2, 2))
    index = index_shards([first, second])
    assert index_shards([second, first]).sha256 == index.sha256
    assert index_shards([first]).sha256 != index.sha256


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no shard or folder"):
        index_shards(tmp_path / "missing.tar")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no picture in .* can be read"):
        index_shards(tmp_path / "empty")
    for name in ("a", "b"):
        write_shards(tmp_path / name, (1,))
    with pytest.raises(InputError, match=r"two shards are called faces-000000.tar"):
        index_shards([tmp_path / "a", tmp_path / "b"])
    assert [name for name, _ in list_shards(tmp_path)] == ["a/faces-000000.tar", "b/faces-000000.tar"]


def test_looking_through_a_shard_holds_no_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tarfile` keeps what it has seen, a kilobyte each; of a shard of a million that is a gigabyte."""
    (shard,) = write_shards(tmp_path, (200,))
    most = 0
    following = tarfile.TarFile.next

    def watched(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
        nonlocal most
        most = max(most, len(archive.members))
        return following(archive)

    monkeypatch.setattr(tarfile.TarFile, "next", watched)
    index = index_shards(shard)
    assert (len(index), index.places.nbytes + index.keys.nbytes) == (200, 16 * 200)
    assert most <= 1
    assert np.all(np.diff(index.places) > 0)
