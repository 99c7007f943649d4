"""Columns of the comma-separated lists that several benchmarks use, and the pictures that they name.

Rows are read one after the other; only the columns asked for are kept. About a million rows a second.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError


def read_rows(path: Path, columns: Sequence[str] | int) -> Iterator[tuple[str, ...]]:
    """The values of some columns, row by row; blank lines are skipped, other columns ignored.

    Args:
        path: a file in UTF-8 whose first line names its columns.
        columns: at least two of their names; or how many of the first ones, where a format gives no names.

    Raises:
        InputError: the file is missing, is no text in UTF-8, lacks or repeats a column, or has a row of
            another length; the line is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            pick = _pick(header, columns, path)
            for row in reader:
                if len(row) == len(header):
                    yield pick(row)
                elif row:
                    raise InputError(
                        f"{path}, line {reader.line_num}: {len(row)} values under {len(header)} columns",
                        fix="download it again",
                    )
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a list in UTF-8: {error}", fix="download it again") from error


def _pick(
    header: list[str], columns: Sequence[str] | int, path: Path
) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """What takes the columns out of a row."""
    shown = ", ".join(header[:12]) or "none"
    if isinstance(columns, int):
        if len(header) < columns:
            raise InputError(
                f"{path}, line 1: expected {columns} columns, found {shown}", fix="check the path"
            )
        return lambda row: tuple(row[:columns])
    wrong = [name for name in columns if header.count(name) != 1]
    if wrong:
        raise InputError(
            f"{path}, line 1: expected one column '{wrong[0]}', found {shown}",
            fix="use the benchmark's original list",
        )
    return itemgetter(*(header.index(name) for name in columns))


def read_columns(path: Path, columns: Sequence[str] | int) -> tuple[tuple[str, ...], ...]:
    """Whole columns, in the order asked for; see `read_rows`.

    Raises:
        InputError: see `read_rows`, or there is no row at all.
    """
    found = tuple(zip(*read_rows(path, columns), strict=True))
    if not found:
        raise InputError(f"{path} holds no row below its first line", fix="download it again")
    return found


def integers(values: Sequence[str], path: Path, column: str) -> NDArray[np.int64]:
    """The values of a column as whole numbers, such as "7" or "7.0", converted at once.

    Raises:
        InputError: one is not; its row, counted from 1 below the header, is named.
    """
    found = numbers(values, path, column)
    bad = np.flatnonzero((found != np.rint(found)) | (np.abs(found) > 2**53))
    if len(bad):
        raise InputError(f"{path}, row {bad[0] + 1}: {column} is {values[bad[0]]!r}, not a whole number")
    return found.astype(np.int64)


def numbers(values: Sequence[str], path: Path, column: str) -> NDArray[np.float64]:
    """The values of a column as finite numbers, converted at once.

    Raises:
        InputError: one is not; its row, counted from 1 below the header, is named.
    """
    try:
        found = np.array(values, dtype=np.str_).astype(np.float64)
    except ValueError:
        found = np.array([_number(value) for value in values])
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise InputError(
            f"{path}, row {bad[0] + 1}: {column} is {values[bad[0]]!r}, not a number", fix="download it again"
        )
    return found


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return np.nan
