"""Pictures in the body of a request: read within limits, in memory only, and decoded within limits."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import anyio
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from fewpix.image.codec import Image, decode_image
from fewpix.image.header import read_header
from fewpix.printable import escaped
from fewpix.serve.batching import time_left
from fewpix.serve.problems import ProblemError
from fewpix.serve.settings import Limits

MOST_NAME = 200
RAW = ("image/", "application/octet-stream")
"""Types of a body that is one picture."""


@dataclass(frozen=True)
class Upload:
    """A file of a request.

    Args:
        name: the last part of the name that it came with, fit to be shown; a number where it had none.
        data: its bytes.
        folder: the part of its name before the last one; empty for none.
    """

    name: str
    data: bytes = field(repr=False)
    folder: str = ""


async def read_uploads(request: Request, limits: Limits) -> list[Upload]:
    """The pictures of a request: parts of multipart/form-data, or a body that is one picture.

    Raises:
        ProblemError: there is none, it is too much, it comes too slowly, or it is of another type.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        with anyio.fail_after(min(time_left(), limits.seconds)):
            if kind == "multipart/form-data":
                found = await _parts(request, limits)
            elif kind.startswith(RAW):
                body = b"".join([part async for part in _limited(request, limits.request_bytes)])
                found = [Upload("picture", body)] if body else []
            else:
                raise ProblemError("media-type", f"a body of the type {kind[:60] or 'none'!a} is not taken")
    except TimeoutError:
        raise ProblemError("too-late", "the body came too slowly", retry=5) from None
    if not found:
        raise ProblemError(
            "body", "the body holds no picture", fix="send files in multipart/form-data, or one image"
        )
    for each in found:
        if len(each.data) > limits.picture_bytes:
            raise ProblemError(
                "too-many-bytes",
                f"{each.name} has {len(each.data)} bytes; the limit is {limits.picture_bytes}",
            )
    return found


def declared_size(request: Request, limits: Limits) -> int:
    """Bytes that a body says to have; all that it may have where it does not say.

    Raises:
        ProblemError: more than it may.
    """
    text = request.headers.get("content-length", "")
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else limits.request_bytes
    if size > limits.request_bytes:
        raise ProblemError("too-many-bytes", f"{size} bytes; the limit is {limits.request_bytes}")
    return size


def digest(uploads: Sequence[Upload]) -> bytes:
    """Of what was sent, whatever the boundaries between its parts were."""
    made = hashlib.sha256()
    for each in uploads:
        for part in (each.folder.encode(), each.name.encode(), each.data):
            made.update(len(part).to_bytes(8, "little") + part)
    return made.digest()


def pixels_of(upload: Upload, limits: Limits) -> int:
    """How many a picture has, by its header; 0 where that does not tell.

    Raises:
        ProblemError: more than it may have.
    """
    header = read_header(upload.data)
    pixels = 0 if header is None else header.width * header.height
    if header is not None and pixels > limits.pixels:
        raise ProblemError(
            "too-many-pixels",
            f"{upload.name} has {header.width} x {header.height} pixels; the limit is {limits.pixels}",
        )
    return pixels


def decoded(upload: Upload, limits: Limits) -> Image:
    """The pixels of a picture.

    Raises:
        ProblemError: it has too many of them.
        ImageError: as `decode_image`.
    """
    pixels_of(upload, limits)
    return decode_image(upload.data, upload.name)


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    read = 0
    async for part in request.stream():
        read += len(part)
        if read > most:
            raise ProblemError("too-many-bytes", f"the body has more than {most} bytes")
        yield part


class EndedParser(MultiPartParser):
    """Starlette's parser, which takes a body whose end is missing for a whole one."""

    ended = False

    def on_end(self) -> None:
        """Called at the last boundary."""
        self.ended = True


async def _parts(request: Request, limits: Limits) -> list[Upload]:
    async def whole() -> AsyncGenerator[bytes, None]:
        async for part in _limited(request, limits.request_bytes):
            yield part
        if not parser.ended:
            raise MultiPartException("its end is missing")

    parser = EndedParser(request.headers, whole(), max_files=limits.pictures, max_fields=0)
    # Faces that nobody asked to keep are not written to a disk, not even for a moment.
    parser.spool_max_size = limits.request_bytes + 1
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise ProblemError(
                "too-many-pictures", f"there are more than {limits.pictures} pictures in the request"
            ) from None
        raise ProblemError(
            "body",
            "the multipart body cannot be read, or its end is missing",
            fix="send files only; options go into the address",
        ) from None
    except KeyError:
        raise ProblemError("body", "the type of the body names no boundary") from None
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        return [_upload(n, file.filename or "", await file.read()) for n, file in enumerate(files, 1)]
    finally:
        await form.close()


def _upload(number: int, filename: str, data: bytes) -> Upload:
    parts = _parts_of(filename)
    return Upload(file_name(filename) or f"picture {number}", data, parts[-2] if len(parts) > 1 else "")


def file_name(filename: str) -> str:
    """The last part of the name of a file that was sent, fit to be shown; empty for none."""
    parts = _parts_of(filename)
    return escaped(parts[-1])[:MOST_NAME] if parts else ""


def _parts_of(filename: str) -> list[str]:
    return [part for part in filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]
