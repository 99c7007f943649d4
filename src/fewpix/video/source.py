"""What the word on a command line stands for: a video file, the address of a stream, or a camera's number."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from fewpix.errors import ConfigError, InputError
from fewpix.files import PathLike, path_of
from fewpix.image.signature import HEAD, Kind, kind_of
from fewpix.optional import require

SUFFIXES = frozenset(
    (
        *(".3gp", ".asf", ".avi", ".dav", ".flv", ".h264", ".h265", ".hevc", ".m2ts", ".m4v", ".mjpeg"),
        *(".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob"),
        *(".webm", ".wmv"),
    )
)
"""Endings of files that are taken for videos."""

_PICTURES_IN_A_ROW = frozenset((".mjpeg", ".mjpg"))
"""Videos that begin as a picture does."""

SCHEMES = ("rtsp", "rtsps", "http", "https", "tcp", "udp", "rtp", "rtmp", "rtmps", "srt")
"""Streams that may be named. FFmpeg knows more, some of which open files by way of others."""

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
"""How an address begins."""

_SECRET = re.compile(
    r"([^=&;/?]*(?:pass|pwd|psw|secret|token|key|auth|sig|sess|cred|user|usr|login|account)[^=&;/?]*=)[^&;/?]*",
    re.IGNORECASE,
)
"""A setting in a path or query whose name says that others are not to know it, up to its value."""


@dataclass(frozen=True)
class Source:
    """Where frames come from.

    Args:
        name: for people and results; see `shown_address`.
        target: what PyAV opens.
        kind: "file", "stream" or "camera".
        format: FFmpeg's input format; None when it finds out itself.
        options: FFmpeg's options for opening it.
    """

    name: str
    target: str
    kind: Literal["file", "stream", "camera"]
    format: str | None = None
    options: tuple[tuple[str, str], ...] = ()


def may_be_video(name: str) -> bool:
    """Whether a file that begins as a picture may be a video by its name."""
    return Path(name).suffix.lower() in _PICTURES_IN_A_ROW


def is_video(word: PathLike) -> bool:
    """Whether the word names a video: an address, a number that is no file, or a file that is one.

    A file's content decides, and its ending where that does not tell.
    """
    path_of(word)  # refuses what is neither text nor a path
    word = os.fspath(word)
    if ADDRESS.match(word):
        return True
    path = Path(word)
    if _is_number(word) and not path.exists():
        return True
    ending = path.suffix.lower()
    kind = _kind(path) if ending not in _PICTURES_IN_A_ROW else None
    if kind is None or kind.family not in ("picture", "video"):
        return ending in SUFFIXES
    return kind.family == "video"


def _kind(path: Path) -> Kind | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return kind_of(file.read(HEAD), path.name)
    except OSError:
        return None


def source_of(word: PathLike) -> Source:
    """The source that a word names.

    Raises:
        InputError: no such file.
        ConfigError: an address of a kind that is not read, or a camera on a system that has no numbers.
    """
    path_of(word)  # refuses what is neither text nor a path
    word = os.fspath(word)
    if ADDRESS.match(word):
        return _stream(word)
    path = Path(word)
    if _is_number(word) and not path.exists():
        return _camera(int(word))
    if not path.is_file():
        raise InputError(f"there is no file {word}", fix="check the path")
    if not path.stat().st_size:
        raise InputError(f"{word} is empty", fix="copy or record it again")
    # With its protocol, since FFmpeg takes a colon in a name for the end of one.
    return Source(path.as_posix(), f"file:{path}", "file")


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _stream(word: str) -> Source:
    try:
        parts = urlsplit(word)
        parts.port  # noqa: B018  # reading it checks it
    except ValueError:
        # What is wrong is not repeated: it may be a part of a password.
        raise ConfigError(
            "the address of the stream is no URL: its host or port cannot be read",
            fix="check it; in a user's name or password write / as %2F, @ as %40, : as %3A",
        ) from None
    if parts.scheme not in SCHEMES:
        raise ConfigError(
            f"fewpix reads no streams of the kind '{parts.scheme}'", fix=f"one of {', '.join(SCHEMES)}"
        )
    options: tuple[tuple[str, str], ...] = ()
    if parts.scheme in ("rtsp", "rtsps"):
        options = (("rtsp_transport", "tcp"),)  # over UDP, lost packets smear pictures
    return Source(shown_address(word), word, "stream", options=options)


def shown_address(word: str) -> str:
    """An address as people may see it: without user and password, and *** for other secrets in it."""
    parts = urlsplit(word)
    path = parts.path
    if "@" in path:  # of a password with a /
        path = "/***@" + path.rpartition("@")[2]
    hidden = (_SECRET.sub(r"\1***", each) for each in (path, parts.query))
    path, query = hidden
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, ""))


def _camera(number: int) -> Source:
    name = f"camera {number}"
    if sys.platform == "linux":
        return Source(name, f"/dev/video{number}", "camera", "v4l2")
    if sys.platform == "darwin":
        return Source(name, str(number), "camera", "avfoundation")
    return _directshow(name, number)


def _directshow(name: str, number: int) -> Source:
    """Windows names cameras, and so the number counts them in the order of the system's list."""
    require("av", use="reading cameras")
    from av.device import enumerate_input_devices

    found = [item for item in enumerate_input_devices("dshow") if "video" in item.media_types]
    if number >= len(found):
        raise InputError(f"there is no {name}", fix=f"the system knows {len(found)}")
    return Source(name, f"video={found[number].name}", "camera", "dshow")
