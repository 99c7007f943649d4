"""The inventory of a training set in RecordIO."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fewpix.data import recordio_inventory as recordio
from fewpix.data.inventory import Count
from fewpix.data.record import open_records, read_record
from fewpix.data.record_index import index_of
from fewpix.data.recordio import picture_records
from fewpix.errors import InputError
from recordio_layout import FACES, insightface_records, lay_out, packed, write_records

pytestmark = pytest.mark.needs("samples")


def test_what_is_there(tmp_path: Path) -> None:
    lay_out(tmp_path)
    found = recordio.inventory(tmp_path)
    assert found.counts == (
        Count("records", 8),
        Count("damaged records", 0, 0),
        Count("pictures", 4, 4),
        Count("people", 3, 3),
        Count("lines of train.lst", 4, 4),
    )
    assert (found.kind, found.folder, found.listed, found.complete) == ("recordio", tmp_path, 4, True)


def test_pictures_by_the_order_of_their_keys(tmp_path: Path) -> None:
    records = insightface_records()
    faces = picture_records(write_records(tmp_path, [records[n] for n in (3, 4, 1, 0, 2)]))
    assert faces.keys.tolist() == [1, 2, 3, 4]
    assert faces.labels.tolist() == [0, 0, 1, 7]
    assert len(faces) == 4
    with open_records(faces.rec) as file:
        for position, (_, _, data) in zip(faces.positions, FACES, strict=True):
            assert read_record(file, int(position), "x").data == data


def test_other_numbers_than_announced_are_told(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "property").write_text("10572,112,112")
    (tmp_path / "train.lst").write_text("1\ta.jpg\t0\n")
    found = recordio.inventory(tmp_path)
    assert found.counts[3:] == (Count("people", 3, 10572), Count("lines of train.lst", 1, 4))
    assert not found.complete


def test_damaged_records_are_missing_pictures(tmp_path: Path) -> None:
    rec = lay_out(tmp_path)
    content = bytearray(rec.read_bytes())
    content[int(index_of(rec).positions[1])] ^= 1
    rec.write_bytes(content)
    found = recordio.inventory(tmp_path)
    assert found.missing == ("record 2",)
    assert found.counts[1:4] == (
        Count("damaged records", 1, 0),
        Count("pictures", 3, 4),
        Count("people", 3, 3),
    )
    with pytest.raises(InputError, match=r"1 of 4 pictures are missing in .*, the first one record 2"):
        found.require_pictures(allow_missing=False)
    found.require_pictures(allow_missing=True)
    assert picture_records(rec).keys.tolist() == [1, 3, 4]


def test_empty_records_and_odd_labels_are_missing_pictures(tmp_path: Path) -> None:
    records = insightface_records()
    records[0] = (1, packed([0.0, 1.0], 1, b""))
    records[2] = (3, packed([np.nan, 1.0], 3, FACES[2][2]))
    records[3] = (4, packed(np.inf, 4, FACES[3][2]))
    rec = write_records(tmp_path, records)
    found = recordio.inventory(tmp_path)
    assert found.missing == ("record 1", "record 3", "record 4")
    assert picture_records(rec).labels.tolist() == [0]


def test_a_cut_file_keeps_its_beginning(tmp_path: Path) -> None:
    """Without record 0 every record counts as a picture, so that the loss shows in the records."""
    rec = lay_out(tmp_path)
    rec.write_bytes(rec.read_bytes()[: int(index_of(rec).positions[3]) + 10])
    with pytest.raises(InputError, match="record 0, is cut off"):
        recordio.inventory(tmp_path)
    records = [(key, packed(float(label), key, data)) for key, label, data in FACES]
    rec = write_records(tmp_path, records)
    rec.write_bytes(rec.read_bytes()[:-4])
    assert recordio.inventory(tmp_path).missing == ("record 4",)


def test_the_hash_is_the_same_without_an_index_and_another_for_other_labels(tmp_path: Path) -> None:
    lay_out(tmp_path / "a")
    lay_out(tmp_path / "b", index=False)
    one, two = recordio.inventory(tmp_path / "a"), recordio.inventory(tmp_path / "b")
    assert (one.sha256, one.counts) == (two.sha256, two.counts)
    records = insightface_records()
    records[0] = (1, packed([6.0, 1.0], 1, FACES[0][2]))
    write_records(tmp_path / "a", records)
    assert recordio.inventory(tmp_path / "a").sha256 != one.sha256


def test_an_unusable_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it lacks train\.rec"):
        recordio.inventory(tmp_path)
    with pytest.raises(InputError, match="there is no folder"):
        recordio.inventory(tmp_path / "nowhere")
    lay_out(tmp_path)
    with pytest.raises(InputError, match=r"it lacks val\.rec"):
        recordio.inventory(tmp_path, "val")
    (tmp_path / "property").write_text("three people")
    with pytest.raises(InputError, match="not of the form PEOPLE,HEIGHT,WIDTH"):
        recordio.inventory(tmp_path)
