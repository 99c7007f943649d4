"""A file in the body of a request, written to the disk as it comes."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import anyio
import anyio.to_thread
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from fewpix.errors import StorageError
from fewpix.printable import escaped
from fewpix.serve.problems import ProblemError
from fewpix.serve.uploads import MOST_NAME, EndedParser, file_name

SPARE = 256_000_000
"""Bytes of the disk that no upload may fill."""

SLOWEST = 16_000
"""Bytes a second that a body must come with, on the whole."""

_LOOK_EVERY = 16_000_000


@dataclass(frozen=True)
class Received:
    """A file that was sent.

    Args:
        name: that it came with, fit to be shown.
        size: in bytes.
        digest: SHA-256.
    """

    name: str
    size: int
    digest: bytes


async def receive(
    request: Request, path: Path, *, most: int, seconds: float, types: tuple[str, ...], name: str = ""
) -> Received:
    """Write the file of a request: the one part of multipart/form-data, or the whole body.

    Args:
        request: with the body.
        path: of the file, which is made; nothing is left there after an error.
        most: bytes that it may have.
        seconds: that the body may come late by.
        types: how media types of a body begin that is a file itself.
        name: of a body that is a file itself.

    Raises:
        ProblemError: there is none, it is too large, it comes too slowly, or it is of another type.
        StorageError: it cannot be written.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data" and not kind.startswith(types):
        raise ProblemError(
            "media-type",
            f"a body of the type {kind[:60] or 'none'!a} is not taken",
            fix="send multipart/form-data with one file, or the file as application/octet-stream",
        )
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            body = _body(request, path.parent, most, seconds)
            if kind == "multipart/form-data":
                found = await _part(request, body, _Spool(file))
            else:
                spool = _Spool(file)
                async for some in body:
                    await anyio.to_thread.run_sync(spool.write, some)
                found = Received(escaped(name)[:MOST_NAME], spool.size, spool.digest)
        if not found.size:
            raise ProblemError("body", "the file is empty", fix="send a file that is not")
        return found
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"cannot write {path}: {error.strerror or error}", fix="free space") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class _Spool:
    """What Starlette writes a part into."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> bytes:
        return self._digest.digest()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def seek(self, offset: int) -> int:
        return offset

    def close(self) -> None:
        pass


class _Parser(EndedParser):
    """Writes the one file into a place of our own."""

    spool: _Spool

    def on_headers_finished(self) -> None:
        """Called when a part begins."""
        super().on_headers_finished()
        part = self._current_part.file
        if part is not None:
            part.file.close()
            part.file = cast("BinaryIO", self.spool)


async def _part(request: Request, body: AsyncGenerator[bytes, None], spool: _Spool) -> Received:
    async def whole() -> AsyncGenerator[bytes, None]:
        async for some in body:
            yield some
        if not parser.ended:
            raise MultiPartException("its end is missing")

    parser = _Parser(request.headers, whole(), max_files=1, max_fields=0)
    parser.spool = spool
    try:
        form = await parser.parse()
    except MultiPartException as error:
        many = error.message.startswith("Too many files")
        raise ProblemError(
            "body",
            "there is more than one file"
            if many
            else "the multipart body cannot be read, or its end is missing",
            fix="send one file; options go into the address",
        ) from None
    except KeyError:
        raise ProblemError("body", "the type of the body names no boundary") from None
    names = [value.filename for _, value in form.multi_items() if not isinstance(value, str)]
    if not names:
        raise ProblemError("body", "the body holds no file", fix="send one in multipart/form-data")
    return Received(file_name(names[0] or ""), spool.size, spool.digest)


async def _body(request: Request, folder: Path, most: int, seconds: float) -> AsyncGenerator[bytes, None]:
    """The body within its limits."""
    text = request.headers.get("content-length", "")
    said = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    _check_size(said, most)
    _check_disk(folder, said)
    began, read, looked = time.monotonic(), 0, 0
    stream = request.stream()
    while True:
        left = began + seconds + read / SLOWEST - time.monotonic()
        try:
            with anyio.fail_after(max(0.0, min(seconds, left))):
                some = await anext(stream, None)
        except TimeoutError:
            raise ProblemError("too-late", "the body came too slowly", retry=5) from None
        except ClientDisconnect:
            raise ProblemError("body", "the body ended early") from None
        if some is None:
            return
        read += len(some)
        _check_size(read, most)
        if read - looked >= _LOOK_EVERY:
            looked = read
            _check_disk(folder, max(0, said - read))
        yield some


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise ProblemError("too-many-bytes", f"the file has more than {most} bytes")


def _check_disk(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size + SPARE:
        raise StorageError(f"the disk of {folder} has no room for {size} bytes", fix="free space")
