"""Faces in MXNet's RecordIO, as training sets are given out: `train.rec` with `train.idx`, without mxnet.

`train.idx` has a line `KEY<tab>POSITION` for each record. In the sets of `deepinsight/insightface`
(`src/data/face2rec2.py`) record 0 holds no picture but two labels, a and b: pictures are 1 to a - 1, and
records a to b - 1 hold, for each person, the range of their pictures. Without such a record 0 every record is
a picture. A picture's first label is the number of the person; there may be others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.record import BEGINS, BROKEN, HEAD, LENGTH, MAGIC, WHOLE, open_records, read_record
from fewpix.data.record_index import RecordIndex, index_of
from fewpix.errors import InputError

_BLOCK = 65536  # heads held at once, 20 MB with the places that they are read from


@dataclass(frozen=True, eq=False)
class Heads:
    """What the heads of R records say, in the order of an index.

    Args:
        labels: (R,) float32, the first label of each; NaN where the record is not sound.
        sound: (R,) bool, whether a whole record with a head begins there and ends before the next.
        empty: (R,) bool, whether nothing follows the labels.
    """

    labels: NDArray[np.float32]
    sound: NDArray[np.bool_]
    empty: NDArray[np.bool_]


def picture_keys(rec: Path, index: RecordIndex) -> NDArray[np.int64]:
    """The keys of the pictures, ascending: those that record 0 tells of, or all.

    A record 0 that holds a picture is a picture, however many labels it has.

    Raises:
        InputError: record 0 is damaged, or tells of something impossible.
    """
    position = index.position(0)
    if position is None:
        return np.sort(index.keys)
    with open_records(rec) as file:
        first = read_record(file, position, f"{rec}, record 0,")
    if len(first.labels) < 2 or first.data:
        return np.sort(index.keys)
    after, end = (float(label) for label in first.labels[:2])
    # the end is the number of all records; an index that lacks most of them is not worth telling which
    if not 1 < after <= end <= 2 * len(index) or not after.is_integer():
        raise InputError(
            f"{rec}, record 0, tells of pictures 1 to {after - 1:g} in {end:g} records; "
            f"there are {len(index):,}",
            fix=BROKEN,
        )
    return np.arange(1, int(after), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class PictureRecords:
    """Where the pictures of a `.rec` lie, without the pictures.

    Args:
        rec: the file.
        keys: (N,) int64, ascending; of pictures with a sound record and a whole label.
        labels: (N,) int64, the number of the person on each.
        positions: (N,) int64, where their records begin, in bytes.
        missing: (M,) int64, keys of the other pictures.
        records: of the file, those that hold no picture included.
        damaged: how many of them are not sound.
    """

    rec: Path
    keys: NDArray[np.int64]
    labels: NDArray[np.int64]
    positions: NDArray[np.int64]
    missing: NDArray[np.int64]
    records: int
    damaged: int

    def __len__(self) -> int:
        return len(self.keys)


def picture_records(rec: Path) -> PictureRecords:
    """Look at the head of every record; no picture is read.

    Raises:
        InputError: see `index_of` and `picture_keys`.
    """
    index = index_of(rec)
    wanted = picture_keys(rec, index)
    heads = read_heads(rec, index)
    with np.errstate(invalid="ignore"):  # of infinite labels
        whole = np.isfinite(heads.labels) & (heads.labels == np.floor(heads.labels))
    good = heads.sound & ~heads.empty & whole & np.isin(index.keys, wanted)
    order = np.flatnonzero(good)[np.argsort(index.keys[good])]
    keys = index.keys[order]
    return PictureRecords(
        rec,
        keys,
        heads.labels[order].astype(np.int64),
        index.positions[order],
        np.setdiff1d(wanted, keys),
        len(index),
        int((~heads.sound).sum()),
    )


def read_heads(rec: Path, index: RecordIndex) -> Heads:
    """The heads of many records, read in blocks by NumPy; those in several parts, which are rare, one by one.

    Raises:
        InputError: the file is empty or cannot be read.
    """
    total = len(index)
    labels = np.full(total, np.nan, dtype=np.float32)
    sound, empty = np.zeros(total, dtype=np.bool_), np.zeros(total, dtype=np.bool_)
    with open_records(rec) as file:
        size = file.seek(0, 2)
        if not size:
            raise InputError(f"{rec} is empty", fix=BROKEN)
        content = np.memmap(rec, np.uint8, "r")
        nexts = np.append(index.positions[1:], size)
        for start in range(0, total, _BLOCK):
            block = slice(start, start + _BLOCK)
            at = index.positions[block]
            # two words of the part, the head of 24 bytes, one further label; garbage past the end of the file
            # does no harm, since the record is not sound then
            places = np.minimum(at[:, None] + np.arange(8 + HEAD.size + 4), size - 1)
            words = content[places].view("<u4")
            length, kind = (words[:, 1] & LENGTH).astype(np.int64), words[:, 1] >> 29
            count = words[:, 2].astype(np.int64)
            begins = words[:, 0] == MAGIC
            content_end = at + 8 + length
            inside = content_end + (-length % 4) <= np.minimum(nexts[block], size)
            good = begins & (kind == WHOLE) & (length >= HEAD.size + 4 * count) & inside
            first = np.where(count > 0, words[:, 8], words[:, 3]).astype("<u4").view("<f4")
            sound[block], empty[block] = good, good & (length == HEAD.size + 4 * count)
            labels[block] = np.where(good, first, np.nan)
            for row in start + np.flatnonzero(begins & (kind == BEGINS)):
                try:
                    record = read_record(file, int(index.positions[row]), f"{rec}, record {index.keys[row]},")
                except InputError:
                    continue
                labels[row], sound[row], empty[row] = record.labels[0], True, not record.data
    return Heads(labels, sound, empty)
