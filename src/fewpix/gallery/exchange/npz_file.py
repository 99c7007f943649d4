"""An exported gallery as NumPy's NPZ: arrays that any program can read, nothing pickled."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fewpix.files import atomic
from fewpix.foreign import MALFORMED, json_of
from fewpix.gallery.exchange.document import Document
from fewpix.gallery.exchange.parse import TEXTS, document_of, header_of, refusal

_MOST_EXPANSION = 20
"""Bytes that one byte of a file may become: embeddings and PNG files hardly shrink, so more is a lie."""

_SPARE = 1 << 20

_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    *MALFORMED,
)
"""What the standard library raises on archives that are none, are cut, encrypted, or of unknown methods."""

_CALLED = {"name": "names", "embedding": "embeddings"}
"""Columns whose arrays are called as in the NPZ of `fewpix embed`; files of before have them by column."""

_NUMBERS = {"face": "<i8", "pixels": "<f8", "shrunk_px": "<i8", "quality": "<f8", "crop_bytes": "<i8"}

_ADDED = {"shrunk_px"}
"""Columns that files of before have not."""


def write_npz(path: Path, document: Document) -> None:
    """Write the document: a member per column, texts as fixed-width Unicode, PNG files one after another.

    Raises:
        StorageError: it cannot be written.
    """
    columns = document.columns()
    crops: list[bytes] = columns.pop("crop")
    arrays: dict[str, NDArray[Any]] = {
        "header": np.frombuffer(json.dumps(document.header()).encode(), dtype=np.uint8),
        _CALLED["embedding"]: columns.pop("embedding").astype("<f4"),
        "crops": np.frombuffer(b"".join(crops), dtype=np.uint8),
        "crop_bytes": np.array([len(crop) for crop in crops], dtype="<i8"),
    }
    arrays |= {name: columns[name].astype(kind) for name, kind in _NUMBERS.items() if name in columns}
    arrays |= {_CALLED.get(name, name): np.array(columns[name], dtype=np.str_) for name in TEXTS}
    with atomic(path) as part, part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_npz(path: Path) -> Document:
    """Read what `write_npz` wrote. No member is unpacked before its size is known to be plausible.

    Raises:
        InputError: it is not such a file.
    """
    origin = str(path)
    try:
        limit = _MOST_EXPANSION * path.stat().st_size + _SPARE
        with zipfile.ZipFile(path) as archive:
            header = json_of(bytes(_member(archive, "header", "|u1", limit)))
            space, people, cameras = header_of(header, origin)
            columns: dict[str, Any] = {"embedding": _member(archive, "embedding", "<f4", limit, space.dim)}
            count = len(columns["embedding"])
            members = set(archive.namelist())
            for name, kind in _NUMBERS.items():
                if name in _ADDED and f"{name}.npy" not in members:
                    continue
                columns[name] = _member(archive, name, kind, 8 * count).tolist()
            for name, most in TEXTS.items():
                columns[name] = _member(archive, name, "U", 4 * most * count).tolist()
            crops = bytes(_member(archive, "crops", "|u1", limit))
    except _UNREADABLE as error:
        raise refusal(origin, error) from error
    columns["crop"] = _cut(crops, columns.pop("crop_bytes"), origin)
    return document_of(space, people, cameras, columns, origin)


def _member(archive: zipfile.ZipFile, name: str, kind: str, most: int, width: int = 0) -> NDArray[Any]:
    """An array of the archive; with `width` (N, width), else (N,).

    Raises:
        ValueError: it is of another type or shape, or larger than believed.
    """
    called = _CALLED.get(name, name)
    if f"{called}.npy" not in archive.namelist():
        called = name
    with archive.open(f"{called}.npy") as file:
        shape, order, dtype = _header(file)
        if order or dtype.hasobject or (dtype.kind != "U" if kind == "U" else dtype != np.dtype(kind)):
            raise ValueError(f"'{called}' is {dtype}, not {kind}")
        if len(shape) != (2 if width else 1) or (width and shape[1] != width):
            raise ValueError(f"'{called}' has shape {shape}")
        size = math.prod(shape) * dtype.itemsize
        if size > most:
            raise ValueError(f"'{called}' would have {size} bytes, more than can be in this file")
        data = file.read(size + 1)
    if len(data) != size:
        raise ValueError(f"'{called}' has not the {size} bytes that it promises")
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"npy version {version}")
    return npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)


def _cut(crops: bytes, sizes: list[int], origin: str) -> list[bytes]:
    if any(size < 0 for size in sizes) or sum(sizes) != len(crops):
        raise refusal(origin, "its crops do not add up")
    ends = np.cumsum([0, *sizes]).tolist()
    return [crops[start:end] for start, end in pairwise(ends)]
