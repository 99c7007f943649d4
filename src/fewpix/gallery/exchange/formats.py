"""The formats of an exported gallery, by a file's ending: NPZ, JSON or Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fewpix.errors import ConfigError, InputError
from fewpix.files import PathLike, path_of
from fewpix.gallery.exchange.document import Document
from fewpix.gallery.exchange.json_file import read_json, write_json
from fewpix.gallery.exchange.npz_file import read_npz, write_npz
from fewpix.gallery.exchange.parquet_file import read_parquet, write_parquet

WRITERS: dict[str, Callable[[Path, Document], None]] = {
    ".npz": write_npz,
    ".json": write_json,
    ".parquet": write_parquet,
}
READERS: dict[str, Callable[[Path], Document]] = {
    ".npz": read_npz,
    ".json": read_json,
    ".parquet": read_parquet,
}


def check_ending(path: Path) -> str:
    """The file's ending, in small letters.

    Raises:
        ConfigError: it is none of the formats.
    """
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise ConfigError(f"{path} ends in no known format", fix=f"end it in one of {', '.join(WRITERS)}")
    return ending


def read_document(path: PathLike) -> Document:
    """Read and check an exported gallery.

    Raises:
        ConfigError: the ending is none of the formats.
        InputError: no such file, or it is not an exported gallery.
        UnavailableError: Parquet without pyarrow.
    """
    path = path_of(path)
    read = READERS[check_ending(path)]
    if not path.is_file():
        raise InputError(f"there is no file {path}", fix="check the path")
    return read(path)
