"""One record of MXNet's RecordIO; `recordio` describes the files that are made of them.

A record (`dmlc/dmlc-core`, `src/recordio.cc`) is a magic number, a word whose upper 3 bits tell whether it is
whole or a part and whose lower 29 give its length, its bytes, and zeros up to a multiple of 4. Where the
bytes hold the magic number at a multiple of 4, it is left out and a new part begins.

The bytes (`apache/mxnet`, `python/mxnet/recordio.py`) are a count of labels, one label, two ids, then that
count of further labels, which replace the one, then the picture file. All numbers are little-endian, labels
are 32-bit floats.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

MAGIC = 0xCED7230A
WHOLE, BEGINS, GOES_ON, ENDS = range(4)
"""Kinds of parts."""

LENGTH = (1 << 29) - 1
"""The bits of a part's length in its second word."""

HEAD = struct.Struct("<IfQQ")
"""What the bytes of a record begin with: count of labels, label, id, upper half of the id."""

BROKEN = "copy or download it again"
_WORDS = struct.Struct("<II")


@dataclass(frozen=True, eq=False)
class Record:
    """The content of a record.

    Args:
        labels: (L,) float32, at least one.
        number: the id that was written into it.
        data: a picture file; empty in records that describe others.
    """

    labels: NDArray[np.float32]
    number: int
    data: bytes


def read_record(file: BinaryIO, position: int, what: str) -> Record:
    """Read one record; afterwards `file` stands at the next.

    Args:
        file: a `.rec`, opened from the disk.
        position: where the record begins, in bytes.
        what: names it in messages.

    Raises:
        InputError: no record begins there, or it is damaged or cut off.
    """
    size = os.fstat(file.fileno()).st_size
    at = min(position, size)
    file.seek(at)
    parts: list[bytes] = []
    kinds = {WHOLE, BEGINS}
    while True:
        kind, length = read_head(file.read(_WORDS.size), size - at, what)
        if kind not in kinds:
            raise InputError(f"{what} is damaged: another part of it should be here", fix=BROKEN)
        parts.append(file.read(padded(length))[:length])
        at += _WORDS.size + padded(length)
        if kind in (WHOLE, ENDS):
            break
        kinds = {GOES_ON, ENDS}
    body = MAGIC.to_bytes(4, "little").join(parts)
    if len(body) < HEAD.size:
        raise InputError(f"{what} has {len(body)} bytes, fewer than its head needs", fix=BROKEN)
    count, label, number, _ = HEAD.unpack_from(body)
    start = HEAD.size + 4 * count
    if start > len(body):
        raise InputError(f"{what} announces {count} labels in {len(body)} bytes", fix=BROKEN)
    labels = np.frombuffer(body, "<f4", count, HEAD.size) if count else np.array([label])
    return Record(labels.astype(np.float32), number, body[start:])


def read_head(words: bytes, left: int, what: str) -> tuple[int, int]:
    """Kind and length of a part.

    Args:
        words: its first 8 bytes, or fewer at the end of a file.
        left: how far its beginning is from the end of the file, in bytes.
        what: names the record in messages.

    Raises:
        InputError: it is none, or is cut off.
    """
    if len(words) == _WORDS.size:
        magic, word = _WORDS.unpack(words)
        kind, length = word >> 29, word & LENGTH
        if magic != MAGIC or kind > ENDS:
            raise InputError(f"{what} is damaged: it does not begin as a record does", fix=BROKEN)
        if _WORDS.size + padded(length) <= left:
            return kind, length
    raise InputError(f"{what} is cut off: the file ends in it", fix=BROKEN)


def padded(length: int) -> int:
    """A part's length in the file, up to the next multiple of 4."""
    return (length + 3) & ~3


def open_records(rec: Path) -> BinaryIO:
    """Open a `.rec`.

    Raises:
        InputError: it is missing or cannot be read.
    """
    try:
        return rec.open("rb")
    except OSError as error:
        raise InputError(f"cannot read {rec}: {error.strerror or error}", fix="check the path") from error
