"""Lists of names and ids in MATLAB 5 files (also those of versions 6 and 7), as QMUL's benchmarks have them.

TinyFace and QMUL-SurvFace list pictures as a cell array of file names beside a vector of numbers. How they
look once loaded is shown by public code: `mk-minchul/AdaFace` (`validation_lq/tinyface_helper.py`) and
`johnnysclai/Deep-Siamese-network-for-LRFR`.

The format is described in "MAT-File Format" (The MathWorks). It is read here, and not by scipy, because
lists of a benchmark come from strangers: scipy 1.17 crashes the process on some files with a wrong byte.
Numbers, texts and cell arrays of texts are read; structures, objects, sparse and complex arrays, and files of
version 4 and 7.3 are not.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.readers.listed import leads_out

LONGEST_NAME = 255
"""Characters; what file systems allow."""

_FORBIDDEN = frozenset('/*?"<>|')  # in the name of a file, on some system

_HDF5 = b"\x89HDF\r\n\x1a\n"
_AGAIN = "download it again"

UNPACKED = 2**28
"""Bytes that one compressed variable may unpack to."""

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _CHAR, _NUMERIC = 1, 4, range(6, 16)
_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}  # bytes 124 to 127: version 0x0100 and the byte order
_COMPLEX = 0x800


def read_matlab(path: Path, *keys: str) -> dict[str, NDArray[np.generic]]:
    """Variables of a MATLAB 5 file.

    Args:
        path: of the file.
        keys: the variables to read.

    Returns:
        Each as `variables` gives it.

    Raises:
        InputError: the file is missing, of another version, damaged, or lacks a key.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    if data[:8] == _HDF5 or data[512:520] == _HDF5:
        raise InputError(
            f"{path} is a MATLAB file of version 7.3 (HDF5), the benchmark's own is of version 5",
            fix="get it again, or convert it in MATLAB: s = load(FILE); save(FILE, '-struct', 's', '-v7')",
        )
    if data[124:128] not in _ORDERS:
        raise InputError(f"{path} is not a MATLAB file of version 5", fix=_AGAIN)
    try:
        found = dict(variables(data))
    except DamagedError as error:
        raise InputError(f"{path} is damaged: {error}", fix=_AGAIN) from error
    absent = [key for key in keys if key not in found]
    if absent:
        raise InputError(
            f"{path} holds no variable {' or '.join(absent)}, only {', '.join(found) or 'none at all'}",
            fix="use the benchmark's own file of this name",
        )
    values = {key: found[key] for key in keys}
    for key, value in values.items():
        if value is None:
            raise InputError(f"{path}: {key} holds neither numbers nor texts", fix=_AGAIN)
    return {key: value for key, value in values.items() if value is not None}


def names_of(texts: NDArray[np.generic], key: str, path: Path) -> NDArray[np.str_]:
    """File names from a cell array, in its shape.

    Raises:
        InputError: a cell is not one text, or a text is not a plain file name. The row is named.
    """
    flat = texts.ravel()
    across = texts.shape[1] if texts.ndim == 2 else 1
    if texts.dtype.kind not in "OU" or not flat.size:
        raise InputError(f"{path}: {key} is not a list of file names", fix=_AGAIN)
    names = flat.tolist()
    if texts.dtype.kind == "U":  # a matrix of characters: MATLAB pads its rows with blanks
        names = [name.rstrip() for name in names]
    for n, name in enumerate(names):
        what = ""
        # one long text in a list would make all of them take its room
        if not isinstance(name, str) or len(name) > LONGEST_NAME:
            kind = "a long text" if isinstance(name, str) else "another kind of value"
            what = f"expected a file name, not {kind}"
        elif leads_out(name) or _FORBIDDEN & set(name):
            what = f"{name[:60]!r} is not a plain file name"
        if what:
            raise InputError(f"{path}, {key}, row {n // across + 1}: {what}", fix=_AGAIN)
    return np.array(names, dtype=np.str_).reshape(texts.shape)


def ids_of(numbers: NDArray[np.generic], key: str, path: Path) -> NDArray[np.int64]:
    """Whole numbers from a vector, (N,).

    Raises:
        InputError: not numbers, not a vector, or a number is not whole.
    """
    if numbers.dtype.kind not in "iuf" or numbers.size != max(numbers.shape, default=0):
        raise InputError(f"{path}: {key} is not a vector of numbers", fix=_AGAIN)
    values = numbers.ravel().astype(np.float64)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < 2**53)))
    if len(bad):
        raise InputError(f"{path}, {key}, row {bad[0] + 1}: {values[bad[0]]} is not an id", fix=_AGAIN)
    return values.astype(np.int64)


def read_named_ids(path: Path, names_key: str, ids_key: str) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """File names and the id of each, both (N,).

    Raises:
        InputError: see `read_matlab`, `names_of` and `ids_of`; or counts differ, there is none, or a name
            occurs twice.
    """
    found = read_matlab(path, names_key, ids_key)
    names = names_of(found[names_key], names_key, path).ravel()
    ids = ids_of(found[ids_key], ids_key, path)
    if len(names) != len(ids):
        raise InputError(f"{path} holds {len(names):,} names but {len(ids):,} ids", fix=_AGAIN)
    once, counts = np.unique(names, return_counts=True)
    if len(once) < len(names):
        twice = once[counts > 1][0]
        rows = np.flatnonzero(names == twice)[:2] + 1
        raise InputError(f"{path}, {names_key}: {twice} stands in rows {rows[0]} and {rows[1]}", fix=_AGAIN)
    return names, ids


class DamagedError(ValueError):
    """The bytes are not those of a MATLAB 5 file, or a variable is of a kind that is not read."""


_Element = tuple[int, memoryview, int]
"""Its kind, its content, and where the next one begins."""


@dataclass(frozen=True)
class _Matrix:
    """A variable or a cell: its class, shape, name, and the bytes of its content."""

    name: str
    kind: int
    shape: tuple[int, ...]
    content: memoryview
    is_complex: bool


def variables(data: bytes) -> Iterator[tuple[str, NDArray[np.generic] | None]]:
    """Names and values in the order of the file; None for a kind of value that is not read.

    Numbers come as arrays; a matrix of characters as an array of its rows, (N,) str; a cell array as an array
    of objects in its shape: str, or None for a cell that is not one row of text.

    Raises:
        DamagedError: the file, or a variable before the next one, is damaged.
    """
    order = _ORDERS[data[124:128]]
    at, whole = 128, memoryview(data)
    while at + 8 <= len(whole):
        kind, body, at = _element(whole, at, order)
        if kind == _COMPRESSED:
            kind, body, _ = _element(memoryview(_unpacked(body)), 0, order)
        if kind == _MATRIX:
            matrix = _matrix(body, order)
            if matrix is not None:
                yield matrix.name, _value(matrix, order)


def _element(data: memoryview, at: int, order: str) -> _Element:
    """The element at a place: a tag with kind and length, then the content; four bytes fit into the tag."""
    if at + 8 > len(data):
        raise DamagedError("it ends within a variable")
    kind, length = struct.unpack_from(f"{order}II", data, at)
    if kind >> 16:
        kind, length, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        if length > 4:
            raise DamagedError("a short element is longer than four bytes")
    else:
        start = at + 8
        end = start + length
        if kind != _COMPRESSED:
            end += -length % 8  # padded; what was unpacked or lies last may lack it
    if start + length > len(data):
        raise DamagedError("it ends within a variable")
    return kind, data[start : start + length], end


def _unpacked(body: memoryview) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        out = unpacker.decompress(body, UNPACKED + 1)
    except zlib.error as error:
        raise DamagedError(f"a compressed variable cannot be unpacked: {error}") from error
    if len(out) > UNPACKED:
        raise DamagedError(f"a variable unpacks to more than {UNPACKED >> 20} MiB")
    if not unpacker.eof:
        raise DamagedError("it ends within a variable")
    return out


def _matrix(body: memoryview, order: str) -> _Matrix | None:
    """Flags, shape and name of a matrix; None for one without content, as MATLAB writes an empty cell."""
    if not len(body):
        return None
    kind, flags, at = _element(body, 0, order)
    whole, shape, at = _element(body, at, order)
    _, name, at = _element(body, at, order)
    if kind != 6 or len(flags) != 8 or whole not in (5, 6) or len(shape) % 4:
        raise DamagedError("a variable has no proper heading")
    sides = tuple(int(side) for side in np.frombuffer(shape, f"{order}i4"))
    if len(sides) < 2 or min(sides) < 0:
        raise DamagedError(f"a variable has the shape {sides}")
    bits = int(np.frombuffer(flags, f"{order}u4")[0])
    text = bytes(name).decode("utf-8", errors="replace")
    return _Matrix(text, bits & 0xFF, sides, body[at:], bool(bits & _COMPLEX))


def _value(matrix: _Matrix, order: str) -> NDArray[np.generic] | None:
    if matrix.kind == _CELL:
        return _cells(matrix, order)
    if matrix.kind == _CHAR:
        return _rows(matrix, order)
    if matrix.kind in _NUMERIC and not matrix.is_complex:
        return _numbers(matrix, order)
    return None


def _numbers(matrix: _Matrix, order: str) -> NDArray[np.generic]:
    """MATLAB stores whole numbers as small as they fit, whatever their class, and columns first."""
    kind, body, _ = _element(matrix.content, 0, order)
    code = _NUMBERS.get(kind)
    if code is None or len(body) != math.prod(matrix.shape) * np.dtype(code).itemsize:
        raise DamagedError(f"a variable of shape {matrix.shape} has {len(body)} bytes")
    values = np.frombuffer(body, f"{order}{code}")
    return values.astype(code).reshape(matrix.shape, order="F")


def _rows(matrix: _Matrix, order: str) -> NDArray[np.str_]:
    """The rows of a matrix of characters."""
    count = math.prod(matrix.shape)
    if not count:
        return np.array([], dtype=np.str_)
    kind, body, _ = _element(matrix.content, 0, order)
    if kind in _TEXTS:
        coding = _TEXTS[kind] + ("" if kind == 16 else "-le" if order == "<" else "-be")
        try:
            signs = list(bytes(body).decode(coding))
        except UnicodeDecodeError as error:
            raise DamagedError(f"a text is not in {coding}") from error
    elif kind in (1, 2, 4):
        codes = np.frombuffer(body, f"{order}{_NUMBERS[kind].replace('i', 'u')}")
        signs = [chr(code) for code in codes.tolist()]
    else:
        raise DamagedError(f"a text is of kind {kind}")
    if len(signs) != count:
        raise DamagedError(f"a text of shape {matrix.shape} has {len(signs)} characters")
    height = matrix.shape[0]
    return np.array(["".join(signs[row::height]) for row in range(height)], dtype=np.str_)


def _cells(matrix: _Matrix, order: str) -> NDArray[np.object_]:
    count = math.prod(matrix.shape)
    if count * 8 > len(matrix.content):  # every cell has a tag at least
        raise DamagedError(f"a cell array of shape {matrix.shape} has {len(matrix.content)} bytes")
    out = np.empty(count, dtype=object)
    at = 0
    for n in range(count):
        kind, body, at = _element(matrix.content, at, order)
        if kind != _MATRIX:
            raise DamagedError(f"a cell is of kind {kind}")
        cell = _matrix(body, order)
        if cell is not None and cell.kind == _CHAR and cell.shape[0] == 1 and len(cell.shape) == 2:
            rows = _rows(cell, order)
            out[n] = str(rows[0]) if len(rows) else ""
    return out.reshape(matrix.shape, order="F")
