"""Where the pictures of a benchmark come from: files in a folder, or bytes out of one large file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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
