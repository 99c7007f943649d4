"""What a file is by its first bytes, whatever its name says: a picture, a video, a sound or a document."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import Literal, TypeAlias

from fewpix.optional import installed

HEAD = 1024
"""So many bytes of a file are looked at."""

DECODED = frozenset(("JPEG", "PNG", "WebP", "BMP", "TIFF", "PNM"))
"""Formats that every installation reads."""

HEIF = frozenset(("HEIC", "AVIF"))
"""Formats that the extra `heic` reads."""

EXTRA = "pip install 'fewpix[heic]', or convert it"


Family: TypeAlias = Literal["picture", "video", "sound", "document"]


@cache
def heif_installed() -> bool:
    """Whether the extra `heic` is here."""
    return installed("pillow_heif")


@dataclass(frozen=True)
class Kind:
    """What a file is.

    Args:
        name: of its format, such as "JPEG", "HEIC" or "MP4".
        family: "picture", "video", "sound" or "document".
    """

    name: str
    family: Family

    @property
    def readable(self) -> bool:
        """Whether this installation decodes it as a picture."""
        return self.name in DECODED or (self.name in HEIF and heif_installed())

    @property
    def fix(self) -> str:
        """What to do with it where a picture is wanted."""
        if self.name in HEIF:
            return EXTRA
        if self.family == "picture":
            return "convert it to JPEG or PNG"
        if self.family == "video":
            return "`fewpix identify VIDEO` takes videos"
        return "name a picture"

    def __str__(self) -> str:
        article = "an" if self.name[0] in "AHMRS" and self.name not in _SPOKEN else "a"
        return f"{article} {self.name} {'file' if self.family == 'document' else self.family}"


_SPOKEN = frozenset(("HEIC", "Matroska", "RAW"))  # said as words, or with a consonant first

_STARTS: tuple[tuple[bytes, str, Family], ...] = (
    (b"\xff\xd8\xff", "JPEG", "picture"),
    (b"\x89PNG\r\n\x1a\n", "PNG", "picture"),
    (b"GIF87a", "GIF", "picture"),
    (b"GIF89a", "GIF", "picture"),
    (b"\xff\x0a", "JPEG XL", "picture"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL", "picture"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000", "picture"),
    (b"\xff\x4f\xff\x51", "JPEG 2000", "picture"),
    (b"8BPS", "Photoshop", "picture"),
    (b"v/1\x01", "OpenEXR", "picture"),
    (b"#?RADIANCE", "Radiance HDR", "picture"),
    (b"qoif", "QOI", "picture"),
    (b"\x00\x00\x01\x00", "ICO", "picture"),
    (b"FUJIFILMCCD-RAW", "RAW", "picture"),
    (b"II\x55\x00", "RAW", "picture"),  # Panasonic
    (b"IIRO", "RAW", "picture"),  # Olympus
    (b"IIRS", "RAW", "picture"),
    (b"FOVb", "RAW", "picture"),  # Sigma
    (b"\x00MRM", "RAW", "picture"),  # Minolta
    (b"\x1a\x45\xdf\xa3", "Matroska", "video"),  # and WebM
    (b"FLV\x01", "FLV", "video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF", "video"),
    (b"\x00\x00\x01\xba", "MPEG", "video"),
    (b"\x00\x00\x01\xb3", "MPEG", "video"),
    (b"\x06\x0e\x2b\x34", "MXF", "video"),
    (b"DHAV", "DAV", "video"),
    (b"OggS", "Ogg", "video"),
    (b"ID3", "MP3", "sound"),
    (b"fLaC", "FLAC", "sound"),
    (b"%PDF-", "PDF", "document"),
    (b"PK\x03\x04", "ZIP", "document"),
)
_LOOPS = b"NETSCAPE2.0"
"""In a GIF that moves: how often it is shown."""

_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_PNM = re.compile(rb"P[56](?:\s|#[^\n\r]*[\n\r])+\d")
_TEXT_PNM = re.compile(rb"P[1-47](?:\s|#[^\n\r]*[\n\r])+[\dW]")
_SVG = re.compile(rb"\s*(?:<\?xml|<!--|<!DOCTYPE\s+svg|<svg)", re.IGNORECASE)
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_SOUND_BRANDS = frozenset((b"M4A ", b"M4B ", b"M4P "))
_RAW_ENDINGS = frozenset((".arw", ".cr2", ".dng", ".nef", ".nrw", ".pef", ".sr2", ".srw", ".3fr", ".iiq"))


def kind_of(head: bytes, name: str = "") -> Kind | None:
    """What a file is.

    Args:
        head: its first `HEAD` bytes, or all of it.
        name: of the file; only tells a camera's raw file from a TIFF, which it is by its first bytes.

    Returns:
        None for what is not known.
    """
    if head.startswith(b"GIF8") and _LOOPS in head:
        return Kind("GIF", "video")
    for start, format_, family in _STARTS:
        if head.startswith(start):
            return Kind(format_, family)
    if head[:4] == b"RIFF":
        return _riff(head[8:12])
    if head[4:8] == b"ftyp":
        return _boxes(head)
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return Kind("QuickTime", "video")
    if head[:4] in (b"II*\x00", b"MM\x00*"):
        return Kind("RAW" if _is_raw(head, name) else "TIFF", "picture")
    if head[:2] == b"BM" and len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in _BMP_HEADERS:
        return Kind("BMP", "picture")
    if _PNM.match(head):
        return Kind("PNM", "picture")
    if _TEXT_PNM.match(head):
        return Kind("PBM, PAM or text PNM", "picture")
    if _SVG.match(head.removeprefix(b"\xef\xbb\xbf")) and b"<svg" in head.lower():
        return Kind("SVG", "picture")
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return Kind("MPEG-TS", "video")
    if len(head) > 388 and head[4] == head[196] == head[388] == 0x47:  # with time stamps, as in .m2ts
        return Kind("MPEG-TS", "video")
    if len(head) > 3 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2):
        return Kind("MP3", "sound")
    return None


def _riff(form: bytes) -> Kind | None:
    if form == b"WEBP":
        return Kind("WebP", "picture")
    if form in (b"AVI ", b"AVIX"):
        return Kind("AVI", "video")
    return Kind("WAV", "sound") if form == b"WAVE" else None


def _boxes(head: bytes) -> Kind:
    """ISO base media: the brands in the first box say what it holds; `mif1` alone leaves that open."""
    end = min(len(head), max(16, struct.unpack_from(">I", head)[0]))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    if brands[0] == b"crx ":
        return Kind("RAW", "picture")  # Canon
    if brands[0] in (b"avif", b"avis") or (brands[0] in (b"mif1", b"msf1") and b"avif" in brands):
        return Kind("AVIF", "picture")
    if brands[0] in _HEIC_BRANDS:
        return Kind("HEIC", "picture")
    if brands[0] in _SOUND_BRANDS:
        return Kind("M4A", "sound")
    return Kind("QuickTime" if brands[0] == b"qt  " else "MP4", "video")


def _is_raw(head: bytes, name: str) -> bool:
    """Whether a TIFF is a camera's raw file: by Canon's mark, a DNG's version, or a first picture that says
    that it is a thumbnail (tag 254); some makers' files differ from a TIFF by their endings only.
    """
    if head[8:10] == b"CR" or PurePath(name).suffix.lower() in _RAW_ENDINGS:
        return True
    order = "<" if head[:2] == b"II" else ">"
    at = struct.unpack_from(f"{order}I", head, 4)[0] if len(head) >= 8 else len(head)
    if at + 2 > len(head):
        return False
    count = struct.unpack_from(f"{order}H", head, at)[0]
    for entry in range(at + 2, min(at + 2 + 12 * count, len(head) - 11), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHII", head, entry)
        if tag == 50706 or (tag == 254 and value & 1):
            return True
    return False
