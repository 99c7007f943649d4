"""Training faces in RecordIO: loaded beside shards and folders, left in their file, named by their people."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from fewpix.data.encoded import Encoded
from fewpix.data.faces import FaceSet, load_faces
from fewpix.data.people import by_folder
from fewpix.data.recordio_inventory import inventory
from fewpix.errors import InputError
from orl_files import face_file
from recordio_layout import FACES, insightface_records, lay_out, packed, write_records

pytestmark = pytest.mark.needs("samples")


def test_faces_are_named_by_their_people_and_read_when_looked_at(tmp_path: Path) -> None:
    rec = lay_out(tmp_path / "casia").rename(tmp_path / "casia" / "casia.rec")
    (tmp_path / "casia" / "train.idx").rename(rec.with_suffix(".idx"))
    faces = load_faces([rec])
    assert faces.keys == (
        "casia/0000000/00000001",
        "casia/0000000/00000002",
        "casia/0000001/00000003",
        "casia/0000007/00000004",
    )
    assert set(faces.sources) == {"casia"}
    assert list(faces.data) == [data for _, _, data in FACES]
    assert faces.crop(2).shape == (24, 24, 3)
    assert by_folder(faces).tolist() == [0, 0, 1, 2]
    held = FaceSet(faces.keys, faces.sources, tuple(faces.data))
    assert (held.sha256, held.digests) == (faces.sha256, faces.digests)
    part = faces.data[1:3]
    assert isinstance(part, Encoded)
    assert list(part) == [FACES[1][2], FACES[2][2]]


def test_records_beside_a_folder(tmp_path: Path) -> None:
    rec = lay_out(tmp_path / "set")
    (tmp_path / "folder" / "ann").mkdir(parents=True)
    (tmp_path / "folder" / "zoe").mkdir()
    for name, person in (("ann", 5), ("zoe", 6)):
        (tmp_path / "folder" / name / "1.jpg").write_bytes(face_file(person, 0))
    faces = load_faces([tmp_path / "folder", rec])
    assert faces.keys[0] == "ann/1.jpg"
    assert faces.keys[-1] == "zoe/1.jpg"
    assert faces.data[0] == face_file(5, 0)
    assert faces.data[1] == FACES[0][2]
    assert faces.data[5] == face_file(6, 0)
    assert faces.sources == ("ann", *["train"] * 4, "zoe")
    assert load_faces([rec, tmp_path / "folder"]).sha256 == faces.sha256
    with pytest.raises(InputError, match="two faces are called 'train/0000000/00000001'"):
        load_faces([rec, rec])


def test_pictures_stay_in_their_file(tmp_path: Path) -> None:
    """Two hundred pictures of 100 kB each: memory holds their names."""
    records = [(key, packed(float(key % 9), key, bytes(100_000))) for key in range(200)]
    rec = write_records(tmp_path, records)
    del records
    tracemalloc.start()
    faces = load_faces([rec])
    assert len(faces.sha256) == 64  # reads all of them
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(faces) == 200
    assert peak < 5_000_000


def test_damaged_records_are_refused_and_counted(tmp_path: Path) -> None:
    records = insightface_records()
    records[1] = (2, packed([0.5, 1.0], 2, FACES[1][2]))
    rec = write_records(tmp_path, records)
    with pytest.raises(InputError, match=r"1 of 4 pictures have no sound record .*the first one record 2"):
        load_faces([rec])
    assert inventory(rec).missing == ("record 2",)  # the file itself will do
    with pytest.raises(InputError, match=r"cannot read .*nowhere\.rec"):
        load_faces([tmp_path / "nowhere.rec"])
