"""Where annotated pictures go, so that none is written over a picture that was read."""

from __future__ import annotations

from pathlib import Path

from fewpix.errors import ConfigError
from fewpix.image.codec import SUFFIXES

_UNWRITABLE = frozenset((".pgm",))  # grey only; the frames have colours


class Drawing:
    """Targets of annotated pictures.

    Args:
        out: what the user named; for a picture a file, or a folder; for a folder always a folder.
        source: the picture or folder that is read.

    Raises:
        ConfigError: a target would be one of the pictures to read, or be taken for one the next time.
    """

    def __init__(self, out: Path, source: Path) -> None:
        self._out, self._source = out, source
        self._is_file = not source.is_dir() and not out.is_dir() and out.suffix.lower() in SUFFIXES
        here, there = source.resolve(), out.resolve()
        if source.is_dir():
            if out.is_file():
                raise ConfigError(f"--draw {out} is a file", fix="name a folder for the pictures of a folder")
            if there == here or here in there.parents:
                raise ConfigError(f"--draw {out} lies in the folder that is read", fix="name another folder")
            if there in here.parents and (here / here.relative_to(there)).exists():
                raise ConfigError(
                    f"--draw {out} would replace pictures in {source / here.relative_to(there)}",
                    fix="name another folder",
                )
        elif self.target(source).resolve() == here:
            raise ConfigError(f"--draw {out} would replace the picture itself", fix="name another file")

    def target(self, picture: Path) -> Path:
        """The file for the annotated form of `picture`, below `out` where that is a folder."""
        if self._is_file:
            path = self._out
        elif self._source.is_dir():
            path = self._out / picture.relative_to(self._source)
        else:
            path = self._out / picture.name
        kind = path.suffix.lower()
        if kind in SUFFIXES and kind not in _UNWRITABLE:
            return path
        return path.with_name(path.name + ".png")
