"""The cells of a CSV file: every distinct text kept once, and a number for each cell."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError


@dataclass(frozen=True, eq=False)
class Cells:
    """The rows below the heading, R of them.

    Args:
        path: of the file.
        columns: as the heading names them.
        words: the distinct texts.
        codes: by column, (R,) int64, the number in `words` of each cell.
        lines: (R,) int64, the line of the file that each row ends in.
    """

    path: Path
    columns: tuple[str, ...]
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
        absent = [column for column in needed if column not in self.columns]
        unknown = [column for column in self.columns if column not in (*needed, *optional)]
        if absent or unknown:
            raise InputError(
                f"{self.path}, line 1: {'no' if absent else 'unknown'} column "
                f"{', '.join(absent or unknown)} (columns found: {', '.join(self.columns)})",
                fix=f"name the columns {','.join((*needed, *optional))}, with commas between them",
            )

    def words_of(self, column: str) -> list[str]:
        """The text of each row in a column."""
        return [self.words[code] for code in self.codes[column]]

    def mapped(self, column: str, meaning: Mapping[str, bool]) -> NDArray[np.bool_]:
        """(R,) what each word of a column means, in upper case or lower.

        Raises:
            InputError: another word.
        """
        used, places = np.unique(self.codes[column], return_inverse=True)
        values = [meaning.get(self.words[code].lower()) for code in used]
        if None in values:
            row = int(np.argmax(places == values.index(None)))
            word = self.words[self.codes[column][row]]
            raise self.fault(row, f"{column} is {word!r}, not one of {', '.join(meaning)}")
        return np.array(values, dtype=np.bool_)[places]

    def whole_numbers(self, column: str) -> NDArray[np.int64]:
        """(R,) the numbers in a column.

        Raises:
            InputError: something else.
        """
        used, places = np.unique(self.codes[column], return_inverse=True)
        good = [self.words[code].isdecimal() and len(self.words[code]) < 10 for code in used]
        if not all(good):
            row = int(np.argmax(places == good.index(False)))
            raise self.fault(row, f"{column} is {self.words[self.codes[column][row]]!r}, not a whole number")
        return np.array([int(self.words[code]) for code in used], dtype=np.int64)[places]


def read_cells(path: Path) -> Cells:
    """Read a CSV file with a heading; spaces around cells do not count, and empty lines are passed over.

    A row's texts are not kept, only their numbers: a table of millions of pairs takes 8 bytes for a cell.

    Raises:
        InputError: the file is missing, not UTF-8, empty or without rows, or a row has more or fewer cells
            than the heading; the line is named.
    """
    numbers: dict[str, int] = {}
    cells, lines = array("q"), array("q")
    columns: tuple[str, ...] = ()
    line = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                line = reader.line_num
                words = [word.strip() for word in row]
                if not any(words):
                    continue
                if not columns:
                    columns = _heading(words, path)
                    continue
                if len(words) != len(columns):
                    raise InputError(
                        f"{path}, line {line}: {len(words)} cells, but {len(columns)} columns: "
                        f"{', '.join(columns)}"
                    )
                cells.extend(numbers.setdefault(word, len(numbers)) for word in words)
                lines.append(line)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not a text in UTF-8, somewhere below line {line}", fix="save it as CSV in UTF-8"
        ) from error
    except csv.Error as error:
        raise InputError(
            f"{path}, line {line + 1}: {error}", fix="quote cells with commas, and close quotes"
        ) from error
    if not lines:
        raise InputError(f"{path} has no rows", fix="write a heading, then one row for each pair or picture")
    table = np.array(cells, dtype=np.int64).reshape(len(lines), len(columns))
    codes = {column: table[:, n].copy() for n, column in enumerate(columns)}
    return Cells(path, columns, tuple(numbers), codes, np.array(lines, dtype=np.int64))


def _heading(words: list[str], path: Path) -> tuple[str, ...]:
    columns = tuple(word.lower() for word in words)
    if len(set(columns)) < len(columns):
        raise InputError(f"{path}, line 1: two columns have one name: {', '.join(columns)}")
    return columns
