"""The 1:1 protocol of IJB-B and IJB-C: 8.0 and 15.7 million pairs of templates, as arrays of whole numbers.

The list holds `template template label` a line, 220 MB for IJB-C. It is parsed by `np.loadtxt` into int32, a
quarter of a million lines at a time, and every line's form is checked. Parsers measured on one core, in
million lines a second: this 9; `np.fromstring` with a check of the separators 9 (14 without: it takes 2 + 4
numbers for 3 + 3); `np.fromfile` with a separator 4; a parser of whole blocks in numpy 5; splitting into
bytes 2; `np.loadtxt` into text, as insightface's ijb_1n.py does, 2. With ids looked up and results stored,
6.8. The result has 9 bytes a pair: 141 MB.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import TemplatePairData, TemplatePairs
from fewpix.evaluate.inventory import Count, require_folder
from fewpix.evaluate.readers import ijb

LIST = "template_pair_label.txt"
"""What the list is called, behind the edition."""

FARS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""The false accept rates that are reported of IJB-B and IJB-C."""

CHUNK = 262_144
"""Lines parsed at once."""

_LINE = re.compile(r"\s*\d+\s+\d+\s+[01]\s*")
_BLOCK = 1 << 22
_LARGEST = 1 << 24  # a table of 64 MB


def read(folder: Path, *, allow_missing: bool = False) -> TemplatePairData:
    """Read the pairs of templates of IJB-B or IJB-C.

    Args:
        folder: of the benchmark.
        allow_missing: leave out missing pictures, and pairs whose template has none left, instead of
            refusing.

    Raises:
        InputError: see `ijb.read` and `read_pairs`.
    """
    found = ijb.read(folder, allow_missing=allow_missing)
    kind = found.inventory.kind
    file = ijb.list_path(folder, kind, LIST)
    require_folder(folder, file.relative_to(folder).as_posix(), kind=kind.upper())
    pairs = read_pairs(file, found.template_ids(), allow_missing=allow_missing)
    inventory = replace(found.inventory, counts=(*found.inventory.counts, *counts(pairs, kind)))
    return TemplatePairData(kind, inventory, found.benchmark_pictures, pairs, FARS)


def counts(pairs: TemplatePairs, name: str) -> tuple[Count, ...]:
    """What was found, beside the published numbers of edition `name` ("ijbb" or "ijbc")."""
    published = ijb.EDITIONS[name]
    return (
        Count("template pairs", len(pairs), published.pairs),
        Count("template pairs of one person", int(np.count_nonzero(pairs.same)), published.genuine),
    )


def read_pairs(path: Path, ids: NDArray[np.int64], *, allow_missing: bool = False) -> TemplatePairs:
    """Read a list of template pairs.

    Args:
        path: such as `meta/ijbc_template_pair_label.txt`.
        ids: (T,) the templates that there are, distinct and rising: `Ijb.template_ids()`.
        allow_missing: leave out pairs with a template that there is not, instead of refusing.

    Raises:
        InputError: missing, empty or malformed, the line is named; or a template is not among `ids`.
    """
    count = _lines(path)
    table = _table(ids)
    first, second = np.empty((2, count), dtype=np.int32)
    same = np.empty(count, dtype=np.bool_)
    kept = done = 0
    try:
        with path.open(encoding="utf-8") as file:
            while done < count:
                rows = _chunk(file, done, path)
                left, right = (_places(ids, table, rows[:, column]) for column in (0, 1))
                known = (left >= 0) & (right >= 0)
                if not known.all() and not allow_missing:
                    row = int(np.flatnonzero(~known)[0])
                    absent = rows[row, 0 if left[row] < 0 else 1]
                    raise InputError(
                        f"{path}, line {done + row + 1}: template {absent} has no picture",
                        fix="complete the folder, or leave such pairs out with --allow-missing",
                    )
                done += len(rows)
                end = kept + int(known.sum())
                first[kept:end], second[kept:end] = left[known], right[known]
                same[kept:end] = rows[known, 2] == 1
                kept = end
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text in UTF-8", fix="use the original list") from error
    if not kept:
        raise InputError(f"{path} holds no pair of the {len(ids)} templates", fix="check the path")
    return TemplatePairs(ids, first[:kept], second[:kept], same[:kept], count - kept)


def _lines(path: Path) -> int:
    """The number of lines, so that the result is allocated once; a last one need not end."""
    count, last = 0, b"\n"
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                count += block.count(b"\n")
                last = block[-1:]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    return count + (last != b"\n")


def _chunk(file: object, done: int, path: Path) -> NDArray[np.int32]:
    """(n, 3) the next lines, after `done` of them."""
    rows = np.empty((0, 3), dtype=np.int32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy warns of blank lines, and skips them
        try:
            rows = np.loadtxt(file, dtype=np.int32, max_rows=CHUNK, comments=None, ndmin=2)  # type: ignore[call-overload]
            good = rows.shape[1:] == (3,) and bool(((rows[:, 2] == 0) | (rows[:, 2] == 1)).all())
        except UnicodeDecodeError:
            raise
        except (ValueError, UserWarning):
            good = False
    if good and len(rows):
        return rows
    with path.open(encoding="utf-8") as again:
        for number, line in enumerate(islice(again, done, None), start=done + 1):
            if not _LINE.fullmatch(line):
                raise InputError(
                    f"{path}, line {number}: expected two templates and 0 or 1, not {line.strip()[:60]!r}",
                    fix="use the original list",
                )
    raise InputError(
        f"{path}, after line {done}: a template's number is too large", fix="use the original list"
    )


def _table(ids: NDArray[np.int64]) -> NDArray[np.int32] | None:
    """Id → place in `ids`, -1 where there is none; None where ids are too large for a table."""
    if not len(ids) or ids[0] < 0 or ids[-1] >= _LARGEST:
        return None
    table = np.full(int(ids[-1]) + 2, -1, dtype=np.int32)  # the last entry stands for all larger ids
    table[ids] = np.arange(len(ids))
    return table


def _places(
    ids: NDArray[np.int64], table: NDArray[np.int32] | None, wanted: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Where each wanted id stands in `ids`; -1 where it does not."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int32)
    if table is not None:
        places = table[np.clip(wanted, 0, len(table) - 1)]
        return np.where(wanted < 0, np.int32(-1), places)
    place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[place] == wanted, place, -1).astype(np.int32)
