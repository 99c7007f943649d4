"""Training sets in MXNet's RecordIO from ORL faces, written as mxnet and insightface write them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from orl_files import face_file

MAGIC = struct.pack("<I", 0xCED7230A)


def packed(labels: float | Sequence[float], number: int, data: bytes) -> bytes:
    """The content of a record: one label in the head, or several behind it."""
    if isinstance(labels, Sequence):
        return struct.pack(f"<IfQQ{len(labels)}f", len(labels), 0.0, number, 0, *labels) + data
    return struct.pack("<IfQQ", 0, labels, number, 0) + data


def framed(content: bytes) -> bytes:
    """A record: split where it holds the magic number at a multiple of 4."""
    places = [n for n in range(0, len(content) - len(content) % 4, 4) if content[n : n + 4] == MAGIC]
    starts, ends = [0, *(n + 4 for n in places)], [*places, len(content)]
    parts = []
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        kind = 0 if not places else 3 if n == len(places) else 1 if n == 0 else 2
        part = content[start:end]
        parts.append(MAGIC + struct.pack("<I", kind << 29 | len(part)) + part + bytes(-len(part) % 4))
    return b"".join(parts)


def write_records(folder: Path, records: Sequence[tuple[int, bytes]], *, index: bool = True) -> Path:
    """`train.rec` of (key, content), and `train.idx`; the path of the former."""
    folder.mkdir(parents=True, exist_ok=True)
    body, lines = b"", []
    for key, content in records:
        lines.append(f"{key}\t{len(body)}\n")
        body += framed(content)
    (folder / "train.rec").write_bytes(body)
    if index:
        (folder / "train.idx").write_text("".join(lines))
    return folder / "train.rec"


FACES = [(1, 0, face_file(0, 0)), (2, 0, face_file(0, 1)), (3, 1, face_file(1, 0)), (4, 7, face_file(2, 0))]
"""Key, label and file: three people, one of whom has the label 7."""


def insightface_records() -> list[tuple[int, bytes]]:
    """As `face2rec2.py` orders them: pictures with two labels each, then record 0, then a one per person."""
    pictures = [(key, packed([label, 1.0], key, data)) for key, label, data in FACES]
    people = [(5, packed([1, 3], 5, b"")), (6, packed([3, 4], 6, b"")), (7, packed([4, 5], 7, b""))]
    return [*pictures, (0, packed([5, 8], 0, b"")), *people]


def lay_out(folder: Path, *, index: bool = True) -> Path:
    """A whole set with `property` and `train.lst`; the path of the `.rec`."""
    rec = write_records(folder, insightface_records(), index=index)
    (folder / "property").write_text("3,24,24\n")
    (folder / "train.lst").write_text("".join(f"1\tfaces/{key}.jpg\t{label}\n" for key, label, _ in FACES))
    return rec
