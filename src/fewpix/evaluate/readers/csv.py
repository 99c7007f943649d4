"""Tables of comma-separated values: every distinct text is kept once, and a number for each cell."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

_AGAIN = "save it as CSV in UTF-8, or get the original list again"


@dataclass(frozen=True, eq=False)
class Cells:
    """The rows below the heading, R of them, in the columns that were asked for.

    Args:
        path: of the file.
        words: the distinct texts.
        codes: by column, (R,) int64, the number in `words` of each cell.
        lines: (R,) int64, the line of the file that each row ends in.
    """

    path: Path
    words: tuple[str, ...]
    codes: dict[str, NDArray[np.int64]]
    lines: NDArray[np.int64]

    def fault(self, row: int, what: str, *, fix: str = "") -> InputError:
        """An error that names the line of a row."""
        return InputError(f"{self.path}, line {self.lines[row]}: {what}", fix=fix)

    def require(self, needed: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Refuse a heading with other columns than these, which as a rule is a misspelt one.

        Raises:
            InputError: a column is absent or unknown.
        """
        absent = [column for column in needed if column not in self.codes]
        unknown = [column for column in self.codes if column not in (*needed, *optional)]
        if absent or unknown:
            raise InputError(
                f"{self.path}, line 1: {'no' if absent else 'unknown'} column "
                f"{', '.join(absent or unknown)} (columns found: {', '.join(self.codes)})",
                fix=f"name the columns {','.join((*needed, *optional))}, with commas between them",
            )

    def texts(self, column: str) -> list[str]:
        """The text of each row in a column."""
        return [self.words[code] for code in self.codes[column]]

    def mapped(self, column: str, meaning: Mapping[str, bool]) -> NDArray[np.bool_]:
        """(R,) what each word of a column means, in upper case or lower.

        Raises:
            InputError: another word.
        """
        used, places = np.unique(self.codes[column], return_inverse=True)
        values = [meaning.get(self.words[code].lower()) for code in used]
        good = np.array([value is not None for value in values])
        self._require(column, good[places], f"one of {', '.join(meaning)}")
        return np.array(values, dtype=np.bool_)[places]

    def numbers(self, column: str) -> NDArray[np.float64]:
        """(R,) the finite numbers in a column.

        Raises:
            InputError: something else.
        """
        used, places = np.unique(self.codes[column], return_inverse=True)
        values = np.array([_number(self.words[code]) for code in used])[places]
        self._require(column, np.isfinite(values), "a number")
        return values

    def integers(self, column: str, least: int = -(2**53)) -> NDArray[np.int64]:
        """(R,) the whole numbers in a column, such as 7 or 7.0.

        Raises:
            InputError: something else, or a number below `least`.
        """
        values = self.numbers(column)
        whole = (values == np.rint(values)) & (values <= 2**53) & (values >= least)
        self._require(column, whole, "a whole number")
        return values.astype(np.int64)

    def _require(self, column: str, good: NDArray[np.bool_], what: str) -> None:
        """Refuse a column in which a row is not good."""
        if not good.all():
            row = int(np.argmin(good))
            word = self.words[self.codes[column][row]]
            raise self.fault(row, f"{column} is {word!r}, not {what}", fix=_AGAIN)


def read_cells(
    path: Path, columns: Sequence[str] = (), *, by_place: bool = False, distinct: bool = False
) -> Cells:
    """Read a table; spaces around cells do not count, nor does the case of the heading's names.

    A row's texts are not kept, only their numbers: a table of millions of pairs takes 8 bytes for a cell.

    Args:
        path: a file in UTF-8 whose first row names its columns; empty rows are passed over.
        columns: the ones to keep; all of them when empty, in lower case.
        by_place: the first ones of the file are meant, whatever it calls them.
        distinct: keep only the first one of equal rows.

    Raises:
        InputError: the file is missing, is no text in UTF-8, has no row below the heading, lacks or repeats a
            column, or a row has more or fewer cells than the heading; the line is named.
    """
    rows = _rows(path, columns, by_place=by_place)
    kept = next(rows)[1]
    numbers: dict[str, int] = {}
    seen: set[tuple[str, ...]] = set()
    cells, lines = array("q"), array("q")
    for line, row in rows:
        if distinct:
            if row in seen:
                continue
            seen.add(row)
        cells.extend(numbers.setdefault(word, len(numbers)) for word in row)
        lines.append(line)
    table = np.array(cells, dtype=np.int64).reshape(len(lines), len(kept))
    codes = {column: table[:, n].copy() for n, column in enumerate(kept)}
    return Cells(path, tuple(numbers), codes, np.array(lines, dtype=np.int64))


def _rows(path: Path, columns: Sequence[str], *, by_place: bool) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The line and the cells of the heading, then of each row; see `read_cells`."""
    heading: list[str] = []
    line = rows = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                line = reader.line_num
                cells = [cell.strip() for cell in row]
                if not any(cells):
                    continue
                if not heading:
                    heading = cells
                    places = _places(cells, columns, path, by_place=by_place)
                    yield line, tuple(columns) or tuple(name.lower() for name in cells)
                    continue
                if len(cells) != len(heading):
                    raise InputError(
                        f"{path}, line {line}: {len(cells)} cells under {len(heading)} columns", fix=_AGAIN
                    )
                rows += 1
                yield line, tuple(cells[place] for place in places)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text in UTF-8, somewhere below line {line}", fix=_AGAIN) from error
    except csv.Error as error:
        raise InputError(
            f"{path}, line {line + 1}: {error}", fix="quote cells with commas, and close quotes"
        ) from error
    if not rows:
        raise InputError(f"{path} holds no row below a heading", fix=_AGAIN)


def _places(heading: list[str], columns: Sequence[str], path: Path, *, by_place: bool) -> list[int]:
    """Where the columns stand."""
    found = ", ".join(heading[:12])
    if by_place:
        if len(heading) < len(columns):
            raise InputError(
                f"{path}, line 1: expected {len(columns)} columns, found {found}", fix="check the path"
            )
        return list(range(len(columns)))
    names = [name.lower() for name in heading]
    for column in columns or names:
        if names.count(column.lower()) != 1:
            raise InputError(
                f"{path}, line 1: expected one column '{column}', found {found}",
                fix="use the benchmark's original list, or name the columns anew",
            )
    return [names.index(column.lower()) for column in columns or names]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan
