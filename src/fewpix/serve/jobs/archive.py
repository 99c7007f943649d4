"""Pictures in one file: a tar or a zip that came from outside, unpacked within limits."""

from __future__ import annotations

import gzip
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from fewpix.errors import InputError
from fewpix.serve.settings import Limits

MOST_PICTURES = 100_000
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}")
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
)


def unpack(path: Path, folder: Path, limits: Limits) -> dict[str, str]:
    """Write the files of an archive into folders, one for each folder in it, under names of our own.

    Args:
        path: a tar, which may be packed by gzip, or a zip.
        folder: for the files; made.
        limits: of the service; the files together may have `film_bytes`, each `picture_bytes`.

    Returns:
        Path of each file below `folder` → the name that it has in the archive.

    Raises:
        InputError: it is no such archive, damaged, or too much is in it.
    """
    names: dict[str, str] = {}
    people: dict[str, int] = {}
    size = 0
    try:
        for name, length, source in _files(path):
            size += length
            if size > limits.film_bytes or len(names) >= MOST_PICTURES:
                raise InputError("the archive holds too much", fix="send fewer pictures")
            if length > limits.picture_bytes or name.rpartition("/")[2].startswith("."):
                continue
            parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
            owner = "/".join(parts[:-1])
            number = people.setdefault(owner, len(people))
            ending = Path(parts[-1]).suffix if parts else ""
            kept = f"{len(names):06}{ending.lower() if _ENDING.fullmatch(ending) else ''}"
            place = f"p{number:06}/{kept}" if owner else kept
            data = source.read(length)
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(data)
            names[place] = name
    except _BROKEN as error:
        raise InputError(
            f"the archive cannot be read: {error}", fix="send a tar, a tar.gz or a zip"
        ) from error
    if not names:
        raise InputError("the archive holds no file", fix="put a folder of pictures for each person into it")
    return names


def _files(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Plain files: name, bytes, and what reads them; links and devices are passed over."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as file:
                        yield member.filename, member.file_size, file
        return
    with path.open("rb") as file, ExitStack() as stack:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        plain = stack.enter_context(gzip.open(file)) if packed else file
        tar = stack.enter_context(tarfile.open(fileobj=plain, mode="r:"))
        for entry in tar:
            source = tar.extractfile(entry) if entry.isreg() and not entry.issparse() else None
            if source is not None:
                yield entry.name, entry.size, source
