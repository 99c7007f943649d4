"""Face sets: from shards and folders, named by content, decoded when looked at."""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.faces import FaceSet, load_faces
from fewpix.data.orl import load_orl
from fewpix.errors import ImageError, InputError
from fewpix.image.codec import encode_image

pytestmark = pytest.mark.needs("samples")


def encoded(n: int) -> bytes:
    return encode_image(load_orl().images[n][12:104], ".png")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two shards and a folder with a source folder in it."""
    tmp = tmp_path_factory.mktemp("faces")
    for shard, numbers in (("a.tar", (4, 1)), ("b.tar", (3, 0))):
        with tarfile.open(tmp / shard, "w") as archive:
            for n in numbers:
                data = encoded(n)
                member = tarfile.TarInfo(f"{n:06d}.wild.png")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    (tmp / "folder" / "cam").mkdir(parents=True)
    (tmp / "folder" / "cam" / "x.png").write_bytes(encoded(7))
    (tmp / "folder" / "y.png").write_bytes(encoded(8))
    return [tmp / "a.tar", tmp / "b.tar", tmp / "folder"]


def test_faces_are_sorted_by_key_whatever_the_order_of_the_paths(paths: list[Path]) -> None:
    faces = load_faces(paths)
    assert faces.keys == ("000000", "000001", "000003", "000004", "cam/x.png", "y.png")
    assert faces.sources == ("wild", "wild", "wild", "wild", "cam", "")
    np.testing.assert_array_equal(faces.crop(1), load_orl().images[1][12:104])
    np.testing.assert_array_equal(faces.crop(4), load_orl().images[7][12:104])
    again = load_faces(paths[::-1])
    assert again == faces
    assert again.sha256 == faces.sha256


def test_the_hash_tells_every_difference() -> None:
    faces = FaceSet(("a", "b"), ("x", "y"), (encoded(0), encoded(1)))
    others = [
        FaceSet(("a", "c"), ("x", "y"), (encoded(0), encoded(1))),
        FaceSet(("a", "b"), ("x", "x"), (encoded(0), encoded(1))),
        FaceSet(("a", "b"), ("x", "y"), (encoded(0), encoded(2))),
        FaceSet(("a",), ("x",), (encoded(0),)),
    ]
    assert len({faces.sha256, *(other.sha256 for other in others)}) == 5
    assert FaceSet(faces.keys, faces.sources, faces.data).sha256 == faces.sha256
    assert faces.digests[0] != faces.digests[1]
    assert "data" not in repr(faces)  # a picture is no text for a log


def test_two_faces_of_one_name() -> None:
    with pytest.raises(InputError, match="two faces are called 'b'"):
        FaceSet(("a", "b", "c", "b"), ("",) * 4, (b"",) * 4)


def test_a_shard_given_twice(paths: list[Path]) -> None:
    with pytest.raises(InputError, match=r"two faces are called '00000[14]'.*one of the shards"):
        load_faces([paths[0], paths[1], paths[0]])


def test_pictures_that_are_none_are_named_when_they_are_looked_at() -> None:
    wide = encode_image(load_orl().images[0], ".png")
    faces = FaceSet(("good", "wide", "text"), ("",) * 3, (encoded(0), wide, b"text"))
    assert faces.crop(0).shape == (92, 92, 3)
    with pytest.raises(InputError, match="wide is 92×112 px, not square"):
        faces.crop(1)
    with pytest.raises(ImageError, match="text"):
        faces.crop(2)


def test_no_faces(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    for given, says in (
        ([], "no faces in nothing"),
        ([tmp_path / "empty"], "empty"),
        ([tmp_path / "empty.tar"], r"no faces in .*empty\.tar"),
        ([tmp_path / "missing"], "missing"),
    ):
        with pytest.raises(InputError, match=says):
            load_faces(given)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_face_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(0))
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(InputError, match=r"cannot read .*b\.png: No such file"):
        load_faces([tmp_path])


def test_a_file_named_as_a_picture_that_is_none_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(0))
    (tmp_path / "notes.txt").write_text("text")
    assert str(load_faces([tmp_path]).left_out) == (
        f"1 file passed over: {tmp_path.as_posix()}/notes.txt (no picture)"
    )
    (tmp_path / "b.jpg").write_text("text")
    with pytest.raises(InputError, match=r"b\.jpg is not a JPEG"):
        load_faces([tmp_path])
