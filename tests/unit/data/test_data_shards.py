"""Tar shards: what a member's name means, and what a damaged archive is."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.faces import load_faces
from fewpix.data.orl import load_orl
from fewpix.data.passed_over import PassedOver
from fewpix.data.shards import ShardFace, read_shard
from fewpix.errors import InputError
from fewpix.image.codec import encode_image

BLOCK = tarfile.BLOCKSIZE


def write_shard(path: Path, members: Iterable[tuple[str, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("name", "key", "source"),
    [
        ("000001.utk.jpg", "000001", "utk"),
        ("000001.jpg", "000001", ""),
        ("folder/000001.celeba.JPEG", "000001", "celeba"),
        ("./a/b.c/000001.wild.2.png", "000001", "wild.2"),
        ("ä b.glint.webp", "ä b", "glint"),
    ],
)
def test_the_key_ends_at_the_first_dot_and_the_suffix_starts_at_the_last(
    name: str, key: str, source: str, tmp_path: Path
) -> None:
    path = write_shard(tmp_path / "a.tar", [(name, b"data")])
    assert list(read_shard(path)) == [ShardFace(key, source, b"data")]


def test_other_members_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("folder.jpg", tarfile.DIRTYPE), ("link.jpg", tarfile.SYMTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "000001.utk.jpg"
            archive.addfile(member)
        for name in ("000001.utk.json", "README", "000001.utk.jpg", "000001.cls", "000000.utk.jpg"):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
    assert [face.key for face in read_shard(path)] == ["000001", "000000"]  # as they lie in the archive


@pytest.mark.needs("samples")
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_torn_shard_is_noticed_wherever_it_is_cut(mode: str, tmp_path: Path) -> None:
    """Also between two members, which `tarfile` takes for the end."""
    images = load_orl().images[::80]
    faces = [(f"{n:06d}.orl.jpg", encode_image(image, ".jpg")) for n, image in enumerate(images)]
    path = write_shard(tmp_path / "a.tar", faces, mode)
    assert [face.data for face in read_shard(path)] == [data for _, data in faces]
    whole = path.read_bytes()
    second = BLOCK + -(-len(faces[0][1]) // BLOCK) * BLOCK
    cuts = [second // 2, second, second + 100, second + BLOCK, len(whole) * 2 // 3]
    for cut in [*cuts, len(whole) // 2] if mode == "w" else [len(whole) // 3, len(whole) * 2 // 3]:
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"cannot read the shard .*a\.tar.*copy it again"):
            list(read_shard(path))


def test_a_damaged_header_is_noticed(tmp_path: Path) -> None:
    path = write_shard(
        tmp_path / "a.tar", [("0.utk.jpg", b"abc"), ("1.utk.jpg", b"abc"), ("2.utk.jpg", b"abc")]
    )
    data = bytearray(path.read_bytes())
    data[2 * BLOCK : 2 * BLOCK + 200] = b"\x07" * 200
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged or cut at byte 1024"):
        list(read_shard(path))


@pytest.mark.parametrize("data", [b"", b"not a tar archive" * 100, b"\x1f\x8b" + b"\x00" * 600])
def test_what_is_no_archive(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.tar"):
        list(read_shard(tmp_path / "a.tar"))
    with pytest.raises(InputError, match="nowhere"):
        list(read_shard(tmp_path / "nowhere.tar"))


def test_an_archive_of_nothing(tmp_path: Path) -> None:
    assert list(read_shard(write_shard(tmp_path / "a.tar", []))) == []


def test_members_passed_over_are_counted_by_their_endings(tmp_path: Path) -> None:
    picture = encode_image(np.full((8, 8, 3), 90, np.uint8), ".png")
    members = [(f"{n:03d}.cls", b"7") for n in range(3)]
    members += [("000.a.jfif", picture), ("001", picture), ("001.mp4", b"\0\0\0\x18ftypisom" + bytes(40))]
    path = write_shard(tmp_path / "a.tar", members)
    others: list[PassedOver] = []
    assert [(face.key, face.source) for face in read_shard(path, others)] == [("000", "a"), ("001", "")]
    assert others == [PassedOver("*.cls", "no picture", 3), PassedOver("*.mp4", "an MP4 video")]
    (tmp_path / "b.txt").write_text("text")
    faces = load_faces([path])
    assert str(faces.left_out) == (
        f"4 files passed over: 3 {path.as_posix()}/*.cls (no picture); {path.as_posix()}/*.mp4 (an MP4 video)"
    )
