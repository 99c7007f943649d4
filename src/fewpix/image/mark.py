"""A mark inside pictures and videos that fewpix drew, so that none is ever taken for a photograph."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

MARK = "drawn by fewpix"
"""The comment in the file."""

_HEAD, _TAIL = 4096, 64
_END_OF_PNG = 12  # bytes of the chunk IEND


def marked(data: bytes) -> bytes:
    """The bytes of a picture file with the mark: a comment of PNG or JPEG, else behind the picture's end."""
    comment = MARK.encode()
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        chunk = b"tEXt" + b"Comment\0" + comment
        chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return data[:-_END_OF_PNG] + chunk + data[-_END_OF_PNG:]
    if data[:2] == b"\xff\xd8":
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + data[2:]
    return data + comment


def bears_mark(data: bytes) -> bool:
    """Whether fewpix drew the picture whose file has these bytes."""
    return MARK.encode() in data[:_HEAD] or MARK.encode() in data[-_TAIL:]


def is_marked(path: Path) -> bool:
    """Whether fewpix drew this picture or video; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(_HEAD)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
    except OSError:
        return False
    return bears_mark(head) or bears_mark(tail)
