"""Files that are written whole or not at all, and the hashes that name their content."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import TypeAlias

from fewpix.errors import InputError, StorageError, UnavailableError, WeightsError

PathLike: TypeAlias = str | os.PathLike[str]
"""What may name a file."""


def path_of(value: PathLike) -> Path:
    """A file's path, however it was given; every public function that takes one asks here.

    Raises:
        InputError: neither text nor a path, or a text that no file can be named by.
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise InputError(f"a file is named by text or a Path, not by {type(value).__name__}")
    if "\0" in os.fspath(value):
        raise InputError("a path holds a zero byte", fix="check the path")
    return Path(value)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path` in one step, else it is removed.

    The bytes are flushed to the disk before the replacement, so that after a power cut `path` holds either
    the old content or the new one, never a part. A killed process leaves its temporary file behind; see
    `sweep`.

    Args:
        path: the file to write; its folder is created when missing.

    Raises:
        StorageError: the disk is full or the folder cannot be written; `path` is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        # Not a temporary file of the standard library: those can be read by their owner only, and so could
        # `path` afterwards.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}", fix="free space or choose another path"
        ) from error
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}", fix="free space or choose another path"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Refuse a place that cannot be written, before work takes its minutes; nothing is made there.

    Raises:
        StorageError: what is there of the folders above it is a file, or may not be written.
    """
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        why = "may not be written" if above.is_dir() else "is a file"
        raise StorageError(f"cannot write {path}: {above} {why}", fix="choose another place")


def check_folder(folder: Path, what: str) -> None:
    """Refuse a place for a folder of files that is a file or cannot be written; nothing is made there.

    Args:
        folder: the place.
        what: goes into it, for the message.

    Raises:
        StorageError: it is one, or cannot.
    """
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is a file", fix=f"name a folder for {what}")
    check_place(folder / "any")


def sweep(path: Path) -> None:
    """Remove the temporary files that killed writers of `path` left beside it; nobody may write it now."""
    with suppress(OSError):
        for part in path.parent.glob(f".{escape(path.name)}.*.part"):
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    r"""Write `text` as UTF-8 with `\n` line ends, atomically."""
    with atomic(path) as part:
        part.write_bytes(text.encode())


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's content, as 64 hexadecimal digits.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error


def installed_file(package: str, relative: str, sha256: str, fix: str) -> Path:
    """A data file inside an installed package, found without importing its code, checked by its hash.

    Args:
        package: the import name of the package.
        relative: path of the file below the package's folder.
        sha256: what the file must hash to.
        fix: how to install the package; shown when it is missing.

    Raises:
        UnavailableError: the package, or the file in it, is not installed.
        WeightsError: the file is another one.
    """
    spec = importlib.util.find_spec(package)
    folder = next(iter(spec.submodule_search_locations or []), None) if spec else None
    path = Path(folder) / relative if folder else None
    if path is None or not path.is_file():
        raise UnavailableError(f"the file {relative} of the package '{package}' is not installed", fix=fix)
    found = sha256_file(path)
    if found != sha256:
        raise WeightsError(f"{path} hashes to {found[:12]}, expected {sha256[:12]}", fix=fix)
    return path
