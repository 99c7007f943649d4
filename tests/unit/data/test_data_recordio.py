"""Training sets in RecordIO: every record as it was written, with an index and without, or refused."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewpix.data.record import read_record
from fewpix.data.record_index import index_of, read_index, scan
from fewpix.data.recordio import picture_keys, picture_records, read_heads
from fewpix.errors import InputError
from fewpix.image.codec import decode_image
from recordio_layout import FACES, MAGIC, framed, insightface_records, lay_out, packed, write_records

pytestmark = pytest.mark.needs("samples")


def pictures(rec: Path) -> list[tuple[int, int, bytes]]:
    """Key, label and file of every picture, each read from where `picture_records` says that it lies."""
    found = picture_records(rec)
    with rec.open("rb") as file:
        contents = [read_record(file, place, "x").data for place in found.positions.tolist()]
    return list(zip(found.keys.tolist(), found.labels.tolist(), contents, strict=True))


def reading(rec: Path, key: int) -> bytes:
    """One record by the index."""
    place = index_of(rec).position(key)
    assert place is not None
    with rec.open("rb") as file:
        return read_record(file, place, f"{rec}, record {key},").data


@pytest.mark.parametrize("index", [True, False])
def test_faces_of_insightface(tmp_path: Path, index: bool) -> None:
    faces = pictures(lay_out(tmp_path, index=index))
    assert faces == FACES
    key, label, data = faces[2]
    assert (key, label, decode_image(data, "x").shape) == (3, 1, (24, 24, 3))


def test_an_index_and_a_walk_give_the_same(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    read, walked = read_index(tmp_path / "train.idx"), scan(rec)
    assert read.keys.tolist() == walked.keys.tolist() == [1, 2, 3, 4, 0, 5, 6, 7]
    assert read.positions.tolist() == walked.positions.tolist()
    assert picture_keys(rec, read).tolist() == [1, 2, 3, 4]
    assert (read.position(0), read.position(9)) == (int(read.positions[4]), None)


def test_any_record_by_its_place(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    index = index_of(rec)
    with rec.open("rb") as file:
        for key in (6, 0, 2):
            place = index.position(key)
            assert place is not None
            record = read_record(file, place, "x")
            assert record.number == key
        assert record.labels.tolist() == [0.0, 1.0]
        assert record.data == FACES[1][2]


@pytest.mark.parametrize("index", [True, False])
def test_without_a_record_0_of_two_labels_every_record_is_a_picture(tmp_path: Path, index: bool) -> None:
    """As mxnet's own im2rec writes, from 0 on; and its pictures may have several labels."""
    records = [(key - 1, packed(float(label), key - 1, data)) for key, label, data in FACES]
    assert [face[:2] for face in pictures(write_records(tmp_path / "a", records, index=index))] == [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 7),
    ]
    records[0] = (0, packed([5.0, 2.0, 3.0], 0, FACES[0][2]))
    found = picture_records(write_records(tmp_path / "b", records, index=index))
    assert found.labels.tolist() == [5, 0, 1, 7]


def test_keys_are_counted_where_the_ids_in_the_records_repeat(tmp_path: Path) -> None:
    records = [(10 * key, packed(float(label), 0, data)) for key, label, data in FACES]
    rec = write_records(tmp_path, records)
    assert picture_records(rec).keys.tolist() == [10, 20, 30, 40]
    (tmp_path / "train.idx").unlink()
    assert picture_records(rec).keys.tolist() == [0, 1, 2, 3]


def test_a_picture_that_holds_the_magic_number(tmp_path: Path) -> None:
    """It lies in a comment of the JPEG file; mxnet splits records where it lies at a multiple of 4."""
    jpeg = FACES[0][2]
    for gap in range(5):
        text = b"x" * gap + MAGIC * 2 + b"y" + MAGIC
        commented = jpeg[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(text)) + text + jpeg[2:]
        rec = write_records(tmp_path / str(gap), [(1, packed(3.0, 1, commented)), (2, packed(4.0, 2, jpeg))])
        assert rec.read_bytes().count(MAGIC) >= 5
        assert pictures(rec) == [(1, 3, commented), (2, 4, jpeg)]
        assert scan(rec).positions.tolist() == index_of(rec).positions.tolist()
        heads = read_heads(rec, index_of(rec))
        assert (heads.labels.tolist(), heads.sound.tolist(), heads.empty.tolist()) == (
            [3.0, 4.0],
            [True] * 2,
            [False] * 2,
        )
        assert np.array_equal(decode_image(commented, "x"), cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1))


@given(st.lists(st.sampled_from([b"", b"a", b"bc", b"def", MAGIC, MAGIC[:3]]), max_size=8), st.integers(0, 3))
@settings(max_examples=50)
def test_every_content_comes_back(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], labels: int
) -> None:
    data = b"".join(parts)
    wanted = packed([struct.unpack("<f", MAGIC)[0]] * labels if labels else 1.0, 7, data)
    path = tmp_path_factory.getbasetemp() / "one.rec"
    path.write_bytes(framed(wanted) + b"after")
    with path.open("rb") as file:
        record = read_record(file, 0, "x")
        assert file.read() == b"after"
    assert (record.number, record.data, len(record.labels)) == (7, data, labels or 1)


def test_heads(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    heads = read_heads(rec, index_of(rec))
    assert heads.labels.tolist() == [0.0, 0.0, 1.0, 7.0, 5.0, 1.0, 3.0, 4.0]
    assert heads.sound.all()
    assert heads.empty.tolist() == [False] * 4 + [True] * 4


def damage(rec: Path, at: int, to: bytes) -> None:
    content = bytearray(rec.read_bytes())
    content[at : at + len(to)] = to
    rec.write_bytes(content)


def test_a_damaged_record_is_named_by_its_key(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    place = index_of(rec).position(3)
    assert place is not None
    damage(rec, place, b"\0")
    found = picture_records(rec)
    assert (found.keys.tolist(), found.missing.tolist(), found.damaged) == ([1, 2, 4], [3], 1)
    assert pictures(rec) == [FACES[0], FACES[1], FACES[3]]
    with pytest.raises(
        InputError, match=r"train\.rec, record 3, is damaged: it does not begin as a record does"
    ):
        reading(rec, 3)
    assert read_heads(rec, index_of(rec)).sound.tolist() == [True, True, False] + [True] * 5
    (tmp_path / "train.idx").unlink()
    with pytest.raises(InputError, match=rf"record 2 counted from 0, at byte {place}, is damaged"):
        picture_records(rec)


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (MAGIC + struct.pack("<I", 4 << 29 | 40), "is damaged: it does not begin"),
        (MAGIC + struct.pack("<I", 2 << 29 | 40), "is damaged: another part of it should be here"),
        (MAGIC + struct.pack("<I", 1 << 29 | 40), "is damaged: (it does not|another part)"),
        (MAGIC + struct.pack("<I", (1 << 29) - 1), "is cut off: the file ends in it"),
        (MAGIC + struct.pack("<I", 20), "has 20 bytes, fewer than its head needs"),
        (MAGIC + struct.pack("<II", 40, 5), "announces 5 labels in 40 bytes"),
        (MAGIC + struct.pack("<II", 40, 2**32 - 1), "announces 4294967295 labels in 40 bytes"),
    ],
)
def test_heads_that_lie(tmp_path: Path, head: bytes, match: str) -> None:
    rec = lay_out(tmp_path)
    place = index_of(rec).position(2)
    assert place is not None
    damage(rec, place, head)
    with pytest.raises(InputError, match=f"record 2, {match}"):
        reading(rec, 2)
    assert not read_heads(rec, index_of(rec)).sound[1]
    assert picture_records(rec).missing.tolist() == [2]


def test_a_file_cut_anywhere_names_the_record(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    content, index = rec.read_bytes(), index_of(rec)
    (tmp_path / "train.idx").rename(tmp_path / "kept")
    for end in range(int(index.positions[3]), len(content) - 1, 37):
        rec.write_bytes(content[:end])
        whole = int(np.searchsorted(index.positions, end, side="right")) - 1
        sound = read_heads(rec, index).sound.tolist()
        assert sound == [n < whole for n in range(8)]
        if end not in index.positions:
            with pytest.raises(InputError, match=f"record {whole} counted from 0, at byte .* is cut off"):
                scan(rec)
    rec.write_bytes(content[: int(index.positions[4]) - 4])
    (tmp_path / "kept").rename(tmp_path / "train.idx")
    with pytest.raises(InputError, match="record 0, is cut off"):
        picture_records(rec)


def test_pictures_that_are_not_in_the_index(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    lines = (tmp_path / "train.idx").read_text().splitlines()
    (tmp_path / "train.idx").write_text("\n".join(lines[:1] + lines[3:]))
    found = picture_records(rec)
    assert (found.keys.tolist(), found.missing.tolist(), found.damaged) == ([1, 4], [2, 3], 0)


def test_the_index_of_another_file(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    lines = [f"{n}\t{4 * n}" for n in range(1, 9)]
    (tmp_path / "train.idx").write_text("\n".join(lines))
    with pytest.raises(InputError, match="record 1, is damaged: it does not begin"):
        reading(rec, 1)
    assert not read_heads(rec, index_of(rec)).sound.any()
    assert picture_records(rec).missing.tolist() == list(range(1, 9))
    (tmp_path / "train.idx").write_text("1\t0\n2\t999999999\n")
    with pytest.raises(InputError, match="record 2, is cut off"):
        reading(rec, 2)
    assert read_heads(rec, index_of(rec)).sound.tolist() == [True, False]
    assert picture_records(rec).missing.tolist() == [2]


@pytest.mark.parametrize("label", [0.5, np.nan, np.inf])
def test_a_label_that_is_no_number_of_a_person(tmp_path: Path, label: float) -> None:
    rec = write_records(tmp_path, [(1, packed(float(label), 1, FACES[0][2]))])
    found = picture_records(rec)
    assert (len(found), found.missing.tolist(), found.damaged) == (0, [1], 0)


@pytest.mark.parametrize(
    "labels", [(1e30, 1e30), (np.nan, 3), (0, 8), (5, 4), (5.5, 8), (5, 1e9), (-3, 8), (1, 4)]
)
def test_a_record_0_that_tells_of_something_impossible(tmp_path: Path, labels: tuple[float, float]) -> None:
    records = insightface_records()
    records[4] = (0, packed(labels, 0, b""))
    rec = write_records(tmp_path, records)
    with pytest.raises(InputError, match="record 0, tells of pictures 1 to"):
        picture_keys(rec, index_of(rec))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (b"1\t0\n2\t40\n", [1, 2]),
        (b"2\t40\r\n1\t0\r\n\r\n", [1, 2]),
        (b"1 0\n02  0040", [1, 2]),
    ],
)
def test_forms_of_an_index(tmp_path: Path, text: bytes, keys: list[int]) -> None:
    (tmp_path / "x.idx").write_bytes(text)
    index = read_index(tmp_path / "x.idx")
    assert index.keys.tolist() == keys
    assert index.positions.tolist() == [0, 40]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"", "line 1: expected a key and a position, not ''"),
        (b"\n\n", "line 1: expected a key"),
        (b"1\t0\n2\n", "line 2: expected a key and a position, not '2'"),
        (b"1\t0\n2\t40\t7\n3\n", "line 2: expected"),
        (b"1\t0\n\n2\t40\n", "line 2: expected"),
        (b"1\t0\n2\t-40\n", "line 2: expected"),
        (b"1\t0\n2\t4.0\n", "line 2: expected"),
        (b"a\t0\n", "line 1: expected"),
        (b"1\t0\n2\t99999999999999999999\n", "line 2: expected"),
        (b"1\t0\n\xff\t2\n", "line 2: expected"),
        (b"1\t0\n1\t40\n", "two records have the key 1"),
        (b"1\t0\n2\t0\n", "two records have the position 0"),
    ],
)
def test_a_malformed_index_is_refused_by_its_line(tmp_path: Path, text: bytes, match: str) -> None:
    (tmp_path / "x.idx").write_bytes(text)
    with pytest.raises(InputError, match=match):
        read_index(tmp_path / "x.idx")


def test_files_that_are_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        picture_records(tmp_path / "train.rec")
    (tmp_path / "train.rec").touch()
    with pytest.raises(InputError, match="is empty"):
        picture_records(tmp_path / "train.rec")
    with pytest.raises(InputError, match="cannot read"):
        read_index(tmp_path / "train.idx")


def test_the_tests_write_what_mxnet_writes() -> None:
    """The hash is that of the file which mxnet 1.9.1 made of the same pictures and labels."""
    pictures = [b"\xff\xd8" + b"a" * n + MAGIC * (n % 3) + b"b" * (n % 5) + MAGIC for n in range(9)]
    records = [
        packed([float(key // 3), 1.0] if key % 2 else float(key // 3), key, data)
        for key, data in enumerate(pictures, start=1)
    ]
    records += [packed([10.0, 12.0], 0, b""), packed([1.0, 3.0], 10, b""), packed([3.0, 10.0], 11, b"")]
    sha256 = hashlib.sha256(b"".join(framed(record) for record in records)).hexdigest()
    assert sha256 == "dd3cc0699ac21f38d902c64ee5805e2acd214a4db307213df7365bdee13b4469"


def test_a_record_in_thousands_of_parts(tmp_path: Path) -> None:
    rec = tmp_path / "x.rec"
    rec.write_bytes(framed(packed(1.0, 1, MAGIC * 20_000)))
    assert pictures(rec) == [(1, 1, MAGIC * 20_000)]
