"""From a source to a reader of its frames."""

from __future__ import annotations

import threading

from fewpix.errors import ConfigError
from fewpix.optional import require
from fewpix.video.ahead import AheadReader
from fewpix.video.counts import Counts
from fewpix.video.live import LiveReader, Patience
from fewpix.video.packets import Opened
from fewpix.video.reader import FileReader, Reader
from fewpix.video.source import Source
from fewpix.video.thin import Thin


def open_beside(
    source: Source, thin: Thin, patience: Patience, arrived: threading.Event
) -> FileReader | LiveReader:
    """Open one of several videos that are looked at in turns: a file as ever, all else as a live stream.

    A stream that is away is waited for, and keeps nobody else waiting.

    Args:
        source: see `source_of`.
        thin: which frames are wanted.
        patience: for a live stream that is away or breaks.
        arrived: is set when a live stream has something new.

    Raises:
        UnavailableError: PyAV is not installed.
        InputError: a file cannot be opened, or holds no video.
        ConfigError: a start is asked for in a live stream, or behind the end of a file.
    """
    if source.kind == "file":
        return _file(source, Opened(source, counts := Counts()), counts, thin)
    _check_start(source, thin)
    require("av", use="reading videos")
    return LiveReader(source, None, Counts(), thin, patience, arrived)


def open_video(
    source: Source,
    thin: Thin | None = None,
    patience: Patience | None = None,
    *,
    most_pixels: int | None = None,
) -> Reader:
    """Open a video. What has a length is read frame by frame; a stream without one is live.

    Args:
        source: see `source_of`.
        thin: which frames are wanted; all when None.
        patience: for a live stream that breaks; the default one when None.
        most_pixels: as in `Opened`, of a file.

    Raises:
        UnavailableError: PyAV is not installed.
        InputError: it cannot be opened, holds no video, or one of too large frames.
        ConfigError: a start is asked for in a live stream, or behind the end of a file.
    """
    thin = thin or Thin()
    counts = Counts()
    opened = Opened(source, counts, most_pixels)
    if source.kind == "file" or (source.kind == "stream" and opened.duration is not None):
        return AheadReader(_file(source, opened, counts, thin))
    try:
        _check_start(source, thin)
    except ConfigError:
        opened.close()
        raise
    return LiveReader(source, opened, counts, thin, patience or Patience())


def _file(source: Source, opened: Opened, counts: Counts, thin: Thin) -> FileReader:
    length = opened.duration
    if length is not None and thin.start >= length:
        opened.close()
        raise ConfigError(f"--start {thin.start:g} lies behind the end of {source.name} ({length:.1f} s)")
    return FileReader(opened, counts, thin)


def _check_start(source: Source, thin: Thin) -> None:
    if thin.start:
        raise ConfigError(f"{source.name} is live and has no part to start at", fix="leave --start out")
