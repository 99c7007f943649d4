"""From a source to a reader of its frames."""

from __future__ import annotations

from fewpix.errors import ConfigError
from fewpix.video.counts import Counts
from fewpix.video.live import LiveReader, Patience
from fewpix.video.packets import Opened
from fewpix.video.reader import FileReader, Reader
from fewpix.video.source import Source
from fewpix.video.thin import Thin


def open_video(source: Source, thin: Thin | None = None, patience: Patience | None = None) -> Reader:
    """Open a video. What has a length is read frame by frame; a stream without one is live.

    Args:
        source: see `source_of`.
        thin: which frames are wanted; all when None.
        patience: for a live stream that breaks; the default one when None.

    Raises:
        UnavailableError: PyAV is not installed.
        InputError: it cannot be opened, or holds no video.
        ConfigError: a start is asked for in a live stream, or behind the end of a file.
    """
    thin = thin or Thin()
    counts = Counts()
    opened = Opened(source, counts)
    length = opened.duration
    if source.kind == "file" or (source.kind == "stream" and length is not None):
        if length is not None and thin.start >= length:
            opened.close()
            raise ConfigError(f"--start {thin.start:g} lies behind the end of {source.name} ({length:.1f} s)")
        return FileReader(opened, counts, thin)
    if thin.start:
        opened.close()
        raise ConfigError(f"{source.name} is live and has no part to start at", fix="leave --start out")
    return LiveReader(source, opened, counts, thin, patience or Patience())
