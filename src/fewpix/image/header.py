"""What a picture file says of itself before anything is decoded: format, size, and whether it is whole.

A decoder allocates width x height before it finds out that the rest of the file is missing, and some builds
of OpenCV fill what is missing with grey and report success. So the size is read from the header, and the end
of the file is looked for, first. Only formats that are checked here are decoded at all.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from fewpix.image.signature import HEAD, HEIF, kind_of

CUT_OFF = "is cut off: its end is missing"
NO_SIZE = "is damaged: its header gives no size"


@dataclass(frozen=True)
class Header:
    """Format and size of a picture; width and height are 0 where the header ends before it names them.

    `fault` completes a sentence that begins with the file's name; it is empty when the file is whole. `alpha`
    says that pixels may be transparent, `premultiplied` that colours are multiplied by it.
    """

    format: str
    width: int
    height: int
    fault: str
    alpha: bool = False
    premultiplied: bool = False


def read_header(data: bytes) -> Header | None:
    """The header of a JPEG, PNG, WebP, BMP, TIFF, binary PGM/PPM, HEIC or AVIF picture, None of others."""
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:2] == b"BM":
        return _bmp(data)
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff(data)
    if data[:2] in (b"P5", b"P6"):
        return _pnm(data)
    kind = kind_of(data[:HEAD])
    return _heif(data, kind.name) if kind and kind.name in HEIF else None


# In entropy-coded data FF is followed by 00 (stuffing), D0-D7 (restart) or FF (fill); all else is a marker.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes) -> Header:
    """Walk from marker to marker up to EOI (ITU-T T.81, annex B); a thumbnail's own EOI does not count."""
    width = height = 0
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return Header("JPEG", width, height, "is damaged: a JPEG marker is missing")
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        if kind in _FRAMES and at + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 5)
            if not width or not height:
                return Header("JPEG", 0, 0, NO_SIZE)
        at += 2 + length
        if kind == 0xDA:
            found = _MARKER.search(data, at)
            if found is None:
                break
            at = found.start()
        if data[at : at + 2] == b"\xff\xd9":
            return Header("JPEG", width, height, "" if width else NO_SIZE)
    return Header("JPEG", width, height, CUT_OFF)


def _png(data: bytes) -> Header:
    """Walk from chunk to chunk up to IEND; checksums are checked, since libpng forgives some."""
    if len(data) < 24:
        return Header("PNG", 0, 0, CUT_OFF)
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR" or not width or not height:
        return Header("PNG", 0, 0, NO_SIZE)
    at, alpha = 8, data[25:26] in (b"\x04", b"\x06")
    while at + 12 <= len(data):
        alpha = alpha or data[at + 4 : at + 8] == b"tRNS"
        end = at + 8 + struct.unpack_from(">I", data, at)[0]
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            return Header("PNG", width, height, "is damaged: a PNG checksum is wrong")
        if data[at + 4 : at + 8] == b"IEND":
            return Header("PNG", width, height, "", alpha)
        at = end + 4
    return Header("PNG", width, height, CUT_OFF)


def _webp(data: bytes) -> Header:
    """RIFF container with one of three first chunks (RFC 9649)."""
    if len(data) < 30:
        return Header("WebP", 0, 0, CUT_OFF)
    kind, alpha = data[12:16], False
    if kind == b"VP8X":
        alpha = bool(data[20] & 0x10)
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        width, height, alpha = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", data, 26))
    else:
        return Header("WebP", 0, 0, NO_SIZE)
    whole = len(data) >= 8 + int(struct.unpack_from("<I", data, 4)[0])
    return Header("WebP", width, height, "" if whole else CUT_OFF, alpha)


def _bmp(data: bytes) -> Header:
    """Windows and OS/2 bitmaps; a negative height means that the rows go down."""
    if len(data) < 54:
        return Header("BMP", 0, 0, CUT_OFF)
    declared, start, kind = (struct.unpack_from("<I", data, at)[0] for at in (2, 10, 14))
    if kind == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packed, size = 0, 0
    else:
        width, height, _, bits, packed, size = struct.unpack_from("<iiHHII", data, 18)
        height = abs(height)
    if width <= 0 or height <= 0:
        return Header("BMP", 0, 0, NO_SIZE)
    if packed in (1, 2):  # run-length coded: only the header knows how long the data are
        end = start + size if size else declared
    else:
        end = start + (width * bits + 31) // 32 * 4 * height
    masked = packed in (3, 6) and bits == 32 and kind >= 56  # else the fourth byte means nothing
    alpha = masked and any(data[66:70])
    return Header("BMP", width, height, "" if len(data) >= end else CUT_OFF, alpha)


_PNM = re.compile(rb"P[56]" + rb"(?:\s|#[^\n\r]*[\n\r])++(\d{1,9})" * 3 + rb"\s")


def _pnm(data: bytes) -> Header:
    """Binary grey (P5) and colour (P6) maps: width, height and the largest value as text, then the pixels."""
    found = _PNM.match(data)
    if found is None:
        return Header("PNM", 0, 0, NO_SIZE if len(data) > 64 else CUT_OFF)
    width, height, top = (int(text) for text in found.groups())
    if not width or not height or not 0 < top < 65536:
        return Header("PNM", 0, 0, NO_SIZE)
    need = width * height * (3 if data[1:2] == b"6" else 1) * (1 if top < 256 else 2)
    return Header("PNM", width, height, "" if len(data) - found.end() >= need else CUT_OFF)


_TIFF_TYPES = {1: "B", 3: "H", 4: "I"}
_STARTS, _LENGTHS = (273, 324), (279, 325)  # of strips, of tiles
_EXTRA = 338  # what a fourth sample means: 1 is alpha with colours multiplied by it, 2 alpha without


def _tiff(data: bytes) -> Header:
    """The first picture of a TIFF 6.0 file; every strip or tile must lie inside the file."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        at = struct.unpack_from(f"{order}I", data, 4)[0]
        fields: dict[int, tuple[int, ...]] = {}
        for entry in range(at + 2, at + 2 + 12 * struct.unpack_from(f"{order}H", data, at)[0], 12):
            tag, kind, count = struct.unpack_from(f"{order}HHI", data, entry)
            if tag in fields or kind not in _TIFF_TYPES or tag not in (256, 257, _EXTRA, *_STARTS, *_LENGTHS):
                continue
            form = f"{order}{min(count, len(data))}{_TIFF_TYPES[kind]}"
            inside = struct.calcsize(form) <= 4
            place = entry + 8 if inside else struct.unpack_from(f"{order}I", data, entry + 8)[0]
            fields[tag] = struct.unpack_from(form, data, place)
    except struct.error:
        return Header("TIFF", 0, 0, CUT_OFF)
    width, height = (fields.get(tag, (0,))[0] for tag in (256, 257))
    starts = [value for tag in _STARTS for value in fields.get(tag, ())]
    lengths = [value for tag in _LENGTHS for value in fields.get(tag, ())]
    if not width or not height or not starts or len(starts) != len(lengths):
        return Header("TIFF", 0, 0, NO_SIZE)
    end = max(start + length for start, length in zip(starts, lengths, strict=True))
    extra = fields.get(_EXTRA, (0,))[0]
    fault = "" if len(data) >= end else CUT_OFF
    return Header("TIFF", width, height, fault, extra in (1, 2), extra == 1)


def _heif(data: bytes, format_: str) -> Header:
    """ISO base media: every box lies inside the file, and the largest picture's size stands in `ispe`."""
    sizes = [struct.unpack_from(">II", data, at + 8) for at in _places(data, b"ispe") if at + 16 <= len(data)]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    at = 0
    while at + 8 <= len(data):
        size = struct.unpack_from(">I", data, at)[0]
        if size == 1 and at + 16 <= len(data):
            size = struct.unpack_from(">Q", data, at + 8)[0]
        if size == 0:  # up to the end
            size = len(data) - at
        if size < 8 or at + size > len(data):
            return Header(format_, width, height, CUT_OFF)
        at += size
    if at != len(data):
        return Header(format_, width, height, CUT_OFF)
    return Header(format_, width, height, "" if width and height else NO_SIZE)


def _places(data: bytes, word: bytes) -> list[int]:
    return [found.start() for found in re.finditer(re.escape(word), data[: 1 << 20])]
