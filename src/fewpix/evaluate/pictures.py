"""Where the pictures of a benchmark come from: files in a folder, or bytes out of one large file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Protocol

from fewpix.errors import InputError


class PictureSource(Protocol):
    """N encoded pictures with names.

    Attributes:
        names: of the pictures in their benchmark, the same on every machine: they decide what is drawn at
            random for a picture.
    """

    @property
    def names(self) -> Sequence[str]: ...  # noqa: D102

    def read(self, n: int) -> bytes:
        """The encoded picture number `n`.

        Raises:
            InputError: it cannot be read.
        """
        ...

    def origin(self, n: int) -> str:
        """Where picture `n` lies on this machine, in words for messages."""
        ...

    def stamp(self, n: int) -> str:
        """What changes when picture `n` does, without reading it; "" where it cannot be read."""
        ...


@dataclass(frozen=True)
class PictureFiles:
    """A file for each picture.

    Args:
        folder: of the benchmark.
        names: paths relative to it, with `/` and their endings.
    """

    folder: Path
    names: tuple[str, ...]

    def read(self, n: int) -> bytes:
        """See `PictureSource.read`."""
        path = self.folder / self.names[n]
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputError(
                f"cannot read {path}: {error.strerror or error}", fix="check the folder"
            ) from error

    def origin(self, n: int) -> str:
        """The file's path."""
        return str(self.folder / self.names[n])

    def stamp(self, n: int) -> str:
        """The file's size and time of change."""
        try:
            stat = (self.folder / self.names[n]).stat()
        except OSError:
            return ""
        return f"{stat.st_size} {stat.st_mtime_ns}"


ReadPicture = Callable[[str], bytes]
"""Gives the encoded picture of a name; an InputError where it cannot be read."""


def by_name(pictures: PictureSource) -> ReadPicture:
    """The pictures of a benchmark by their names in it."""
    numbers = {name: n for n, name in enumerate(pictures.names)}

    def read(name: str) -> bytes:
        if name not in numbers:
            raise InputError(f"the benchmark has no picture {name}", fix="name the benchmark of the result")
        return pictures.read(numbers[name])

    return read


def nowhere(name: str) -> bytes:
    """Pictures where nobody said where they are.

    Raises:
        InputError: always.
    """
    raise InputError("nothing was said of where the pictures are", fix="name their folder")


def in_folder(folder: Path) -> ReadPicture:
    """Pictures whose names are paths relative to a folder, and do not lead out of it."""

    def read(name: str) -> bytes:
        path = PureWindowsPath(name)  # both kinds of slash
        if path.anchor or ".." in path.parts:  # a result may be a stranger's
            raise InputError(f"{name} is no picture of a benchmark", fix="name the benchmark of the result")
        return PictureFiles(folder, (name,)).read(0)

    return read
