"""The protocols of IJB-B and IJB-C: pairs of templates (1:1), and probes searched in two galleries (1:N).

The galleries share no person, and every probe's person is in one of them. So in each gallery about half of
the probes have no mate: they are the non-mated searches of NIST's false positive identification rate, and the
galleries are to be searched one by one. Public code (insightface, ijb_1n.py) joins them into one, where every
probe has a mate.

The list of pairs holds `template template label` a line, 8.0 and 15.7 million of them, 220 MB for IJB-C. It
is parsed by `np.loadtxt` into int32, a quarter of a million lines at a time, and every line's form is
checked. Parsers measured on one core, in million lines a second: this 9; `np.fromstring` with a check of
the separators 9 (14 without: it takes 2 + 4 numbers for 3 + 3); `np.fromfile` with a separator 4; a parser
of whole blocks in numpy 5; splitting into bytes 2; `np.loadtxt` into text, as insightface's ijb_1n.py does,
2. With ids looked up and results stored, 6.8. The result has 9 bytes a pair: 141 MB.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked, Benchmark, Pairs, Searches
from fewpix.evaluate.readers.csv import read_cells
from fewpix.evaluate.readers.ijb import EDITIONS, PAIRS_LIST, PROBES_LIST, list_path, read_pictures
from fewpix.evaluate.readers.listed import linked

ASKED = Asked(fars=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6), ranks=(1, 5, 10), fpirs=(1e-2, 1e-1))
"""What is reported of IJB-B and IJB-C."""

CHUNK = 262_144
"""Lines parsed at once."""

_LINE = re.compile(r"\s*\d+\s+\d+\s+[01]\s*")
_BLOCK = 1 << 22
_LARGEST = 1 << 24  # a table of 64 MB


def read_pairs(folder: Path, *, allow_missing: bool = False) -> Benchmark:
    """Read the 1:1 protocol; people are told apart by the pairs that say who is one person.

    Args:
        folder: of the benchmark.
        allow_missing: leave out missing pictures, and pairs whose template has none left, instead of
            refusing.

    Raises:
        InputError: see `read_pictures` and `read_template_pairs`; or pictures are missing and may not be.
    """
    found = read_pictures(folder)
    found.inventory.require_pictures(allow_missing=allow_missing)
    kind = found.inventory.kind
    file = list_path(folder, kind, PAIRS_LIST)
    require_folder(folder, file.relative_to(folder).as_posix(), kind=kind.upper())
    ids = found.template_ids()
    pairs, missing = read_template_pairs(file, ids, allow_missing=allow_missing)
    published = EDITIONS[kind]
    counts = (
        Count("template pairs", len(pairs), published.pairs),
        Count("template pairs of one person", int(np.count_nonzero(pairs.same)), published.genuine),
    )
    people = linked(len(ids), pairs.first[pairs.same], pairs.second[pairs.same])
    inventory = replace(found.inventory, counts=(*found.inventory.counts, *counts))
    return Benchmark(kind, inventory, found.items(ids, people), pairs, missing=missing, asked=ASKED)


def read_search(folder: Path, *, allow_missing: bool = False) -> Benchmark:
    """Read the 1:N protocol: two galleries, and probes that are searched in each of them.

    Args:
        folder: of the benchmark.
        allow_missing: leave out missing pictures, and templates that have none left, instead of refusing.

    Raises:
        InputError: see `read_pictures`; a list is missing or malformed, a template is of two people, or the
            galleries share a person or a template; or pictures are missing and may not be.
    """
    found = read_pictures(folder)
    found.inventory.require_pictures(allow_missing=allow_missing)
    kind = found.inventory.kind
    published = EDITIONS[kind]
    files = [*(f"1N_gallery_{gallery}.csv" for gallery in published.galleries), PROBES_LIST]
    lists = [_subjects(list_path(folder, kind, file)) for file in files]
    _require_apart(lists, files)
    people: dict[int, int] = {}
    for file, listed in zip(files, lists, strict=True):
        for template, person in listed.items():
            if people.setdefault(template, person) != person:
                raise InputError(
                    f"{file}: template {template} is of person {person}, of {people[template]} in "
                    "another list",
                    fix="use the lists of one release together",
                )
    there = set(found.template_ids().tolist())
    ids = np.array(sorted(there & people.keys()), dtype=np.int64)
    sides, missing = [], 0
    for file, listed in zip(files, lists, strict=True):
        gone = sorted(listed.keys() - there)
        if gone and not allow_missing:
            raise InputError(
                f"{file}: {len(gone)} of {len(listed)} templates have no picture, the first one {gone[0]}",
                fix="complete the folder, or leave them out with --allow-missing",
            )
        missing += len(gone)
        sides.append(np.flatnonzero(np.isin(ids, list(listed))))
    counts = (
        *(
            Count(f"templates of gallery {label}", len(gallery), number)
            for label, gallery, number in zip(published.galleries, sides, published.gallery, strict=False)
        ),
        Count("probe templates", len(sides[-1]), published.probes),
    )
    return Benchmark(
        kind,
        replace(found.inventory, counts=(*found.inventory.counts, *counts)),
        found.items(ids, np.array([people[one] for one in ids.tolist()], dtype=np.int64)),
        Searches(dict(zip(published.galleries, sides, strict=False)), sides[-1]),
        missing=missing,
        asked=ASKED,
    )


def _require_apart(lists: list[dict[int, int]], files: list[str]) -> None:
    """Refuse two galleries, the first of the lists, that share a person or a template."""
    first, second, *_ = lists
    for what, shared in (
        ("person", set(first.values()) & set(second.values())),
        ("template", first.keys() & second.keys()),
    ):
        if shared:
            raise InputError(
                f"{files[0]} and {files[1]} share {len(shared)} {what}s, the first one {min(shared)}",
                fix="use the lists of one release together",
            )


def _subjects(path: Path) -> dict[int, int]:
    """Template → person, of a list with a row for every picture."""
    cells = read_cells(path, ("TEMPLATE_ID", "SUBJECT_ID"))
    rows, people = cells.integers("TEMPLATE_ID"), cells.integers("SUBJECT_ID")
    ids, first, which = np.unique(rows, return_index=True, return_inverse=True)
    bad = np.flatnonzero(people != people[first][which])
    if len(bad):
        row = int(bad[0])
        raise cells.fault(
            row,
            f"template {rows[row]} is of person {people[row]} here and of {people[first[which[row]]]} before",
            fix="use the original list",
        )
    return dict(zip(ids.tolist(), people[first].tolist(), strict=True))


def read_template_pairs(
    path: Path, ids: NDArray[np.int64], *, allow_missing: bool = False
) -> tuple[Pairs, int]:
    """Read a list of template pairs.

    Args:
        path: such as `meta/ijbc_template_pair_label.txt`.
        ids: (T,) the templates that there are, distinct and rising; pairs are of places in it.
        allow_missing: leave out pairs with a template that there is not, instead of refusing.

    Returns:
        The pairs, int32, and how many were left out.

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
    return Pairs(first[:kept], second[:kept], same[:kept]), count - kept


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
