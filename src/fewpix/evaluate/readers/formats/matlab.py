"""Lists of names and ids in MATLAB 5 files, as QMUL's benchmarks have them.

TinyFace and QMUL-SurvFace list pictures as a cell array of file names beside a vector of numbers. How they
look once loaded is shown by public code: `mk-minchul/AdaFace` (`validation_lq/tinyface_helper.py`) and
`johnnysclai/Deep-Siamese-network-for-LRFR`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.readers.formats.mat5 import DamagedError, is_version_5, variables

LONGEST_NAME = 255
"""Characters; what file systems allow."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_AGAIN = "download it again"


def read_matlab(path: Path, *keys: str) -> dict[str, NDArray[np.generic]]:
    """Variables of a MATLAB 5 file.

    Args:
        path: of the file.
        keys: the variables to read.

    Returns:
        Each as `mat5.variables` gives it.

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
    if not is_version_5(data):
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
    if texts.dtype.kind == "O":
        # one long text in a list would make all of them take its room
        wrong = [n for n, text in enumerate(flat) if not isinstance(text, str) or len(text) > LONGEST_NAME]
        if wrong:
            raise InputError(
                f"{path}, {key}, row {wrong[0] // across + 1}: expected a file name, not "
                f"{'another kind of value' if flat[wrong[0]] is None else 'a long text'}",
                fix=_AGAIN,
            )
        names = np.array(flat.tolist(), dtype=np.str_)
        lost = np.fromiter(map(len, flat.tolist()), np.int64, len(flat)) != np.strings.str_len(names)
    else:  # a matrix of characters: MATLAB pads its rows with blanks
        names = np.strings.rstrip(flat.astype(np.str_))
        lost = np.zeros(len(names), dtype=np.bool_)
    bad = np.flatnonzero(lost | ~_plain(names))  # lost: nulls at the end of a text
    if len(bad):
        raise InputError(
            f"{path}, {key}, row {bad[0] // across + 1}: {str(flat[bad[0]])[:60]!r} is not a plain file name",
            fix=_AGAIN,
        )
    return names.reshape(texts.shape)


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


def _plain(names: NDArray[np.str_]) -> NDArray[np.bool_]:
    r"""(N,) whether each is a file name that stays in its folder on every system: no `/`, `\`, `:`, `..`."""
    if not names.dtype.itemsize:
        return np.zeros(len(names), dtype=np.bool_)
    codes = np.ascontiguousarray(names).view(np.uint32).reshape(len(names), -1)
    forbidden = np.isin(codes, [ord(sign) for sign in '/\\:*?"<>|']) | ((codes > 0) & (codes < 32))
    surrogates = (codes >= 0xD800) & (codes < 0xE000)
    inside = (codes[:, :-1] == 0) & (codes[:, 1:] != 0)  # a null within the name; those behind it are padding
    dots = np.isin(names, [".", ".."])
    bad: NDArray[np.bool_] = (
        (forbidden | surrogates).any(axis=1) | inside.any(axis=1) | dots | (codes[:, 0] == 0)
    )
    return ~bad
