"""Where the records of a RecordIO file begin: from its `.idx`, or by walking through it."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.record import BROKEN, HEAD, WHOLE, open_records, padded, read_head, read_record
from fewpix.errors import InputError


@dataclass(frozen=True, eq=False)
class RecordIndex:
    """R records, in the order of the file.

    Args:
        keys: (R,) int64, no two alike.
        positions: (R,) int64, where each begins, in bytes, ascending.
    """

    keys: NDArray[np.int64]
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)

    def position(self, key: int) -> int | None:
        """Where the record with this key begins; None if there is none."""
        found = np.flatnonzero(self.keys == key)
        return int(self.positions[found[0]]) if len(found) else None


def index_of(rec: Path) -> RecordIndex:
    """The index in the `.idx` beside a `.rec`; where there is none, the one that `scan` makes.

    Raises:
        InputError: see `read_index` and `scan`.
    """
    beside = rec.with_suffix(".idx")
    return read_index(beside) if beside.is_file() else scan(rec)


def read_index(path: Path) -> RecordIndex:
    """Read an `.idx`, all lines at once: a million of them takes about a second.

    Raises:
        InputError: the file cannot be read, or is not of two whole numbers on each line, or two records have
            one key or one position.
    """
    try:
        text = path.read_bytes().rstrip()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    _check_lines(text, path)
    numbers = np.fromstring(text.decode("ascii"), dtype=np.int64, sep=" ")
    keys, positions = numbers[0::2], numbers[1::2]
    for what, values in (("key", keys), ("position", positions)):
        distinct, count = np.unique(values, return_counts=True)
        if len(distinct) < len(values):
            raise InputError(f"{path}: two records have the {what} {distinct[count > 1][0]}", fix=BROKEN)
    order = np.argsort(positions)
    return RecordIndex(keys[order], positions[order])


def _check_lines(text: bytes, path: Path) -> None:
    """Refuse an index in which a line is not of two numbers; the first such line is named."""
    characters = np.frombuffer(b"\n" + text, np.uint8)  # so that every line has a line end before it
    digit = np.isin(characters, np.frombuffer(b"0123456789", np.uint8))
    ends = np.flatnonzero(characters == ord("\n"))
    edges = np.diff(np.concatenate(([False], digit, [False])).astype(np.int8))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    words = np.bincount(np.searchsorted(ends, starts) - 1, minlength=len(ends))
    odd = np.flatnonzero(~digit & ~np.isin(characters, np.frombuffer(b"\t \r\n", np.uint8)))
    huge = starts[stops - starts > 18]  # beyond int64
    bad = np.concatenate((np.flatnonzero(words != 2), np.searchsorted(ends, np.concatenate((odd, huge))) - 1))
    if len(bad):
        line = int(bad.min())
        shown = text.split(b"\n")[line][:60].decode("ascii", "replace")
        raise InputError(f"{path}, line {line + 1}: expected a key and a position, not {shown!r}", fix=BROKEN)


def scan(rec: Path) -> RecordIndex:
    """Walk through a `.rec` that lacks its `.idx`, from one record's head to the next.

    The keys are the ids in the records, which in insightface's sets are the keys of the index; if two are
    alike, the records are counted instead, from 0.

    Raises:
        InputError: the file is empty or cannot be read, or a record is damaged or cut off; its number in the
            file is named.
    """
    positions: list[int] = []
    numbers: list[int] = []
    with open_records(rec) as file:
        size = file.seek(0, 2)
        if not size:
            raise InputError(f"{rec} is empty", fix=BROKEN)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            at = 0
            while at < size:
                what = f"{rec}, record {len(positions)} counted from 0, at byte {at},"
                kind, length = read_head(view[at : at + 8], size - at, what)
                positions.append(at)
                if kind == WHOLE and length >= HEAD.size:
                    numbers.append(HEAD.unpack_from(view, at + 8)[2])
                    at += 8 + padded(length)
                else:
                    numbers.append(read_record(file, at, what).number)
                    at = file.tell()
    keys = np.array(numbers, dtype=np.uint64)
    if len(np.unique(keys)) < len(keys) or keys.max() > np.iinfo(np.int64).max:
        keys = np.arange(len(keys), dtype=np.uint64)
    return RecordIndex(keys.astype(np.int64), np.array(positions, dtype=np.int64))
