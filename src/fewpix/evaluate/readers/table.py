"""Everybody else's benchmark: a table of pairs, or of a gallery and probes, as a CSV file.

Verification, one pair in a row:

    first,second,same,fold
    ann/1.jpg,ann/2.jpg,1,0
    ann/1.jpg,bob/1.jpg,0,0

`same` is 1 or 0, true or false. `fold` is a whole number; without that column the pairs of either kind are
cut into ten parts in the order of the rows, and fold k holds the k-th part of both. Nobody is named: people,
whom confidence intervals need, are told apart by `linked`.

Search, one picture in a row:

    picture,person,role
    ann/1.jpg,ann,gallery
    cam/07.jpg,ann,probe
    cam/08.jpg,,probe

`role` is gallery or probe. A picture without a person shows somebody who is on no other one.

Pictures are paths relative to the folder of the table, or another that is named, with `/` and their endings.
The first row names the columns, in any order; there are no others. The file is UTF-8, with or without a byte
order mark; cells with commas are quoted, as spreadsheets do.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Benchmark, Pairs
from fewpix.evaluate.readers.csv import Cells, read_cells
from fewpix.evaluate.readers.listed import (
    Listed,
    folds_of,
    leads_out,
    linked,
    present,
    repeated,
    search,
    several,
)

FOLDS = 10
PAIRS, SEARCH = ("first", "second", "same"), ("picture", "person", "role")
_TRUTHS = {"1": True, "true": True, "0": False, "false": False}
_ROLES = {"gallery": True, "probe": False}


def inventory(path: Path, folder: Path | None = None) -> Inventory:
    """What is there of a table's pictures, be it of pairs or of a search.

    Args:
        path: of the table.
        folder: that its pictures are relative to; the table's when None.

    Raises:
        InputError: no folder, no table, or a malformed one; the line is named.
    """
    cells = read_cells(path)
    look = _search if set(SEARCH) & set(cells.codes) else _pairs
    return look(cells, _folder(path, folder))[0]


def read_pairs(path: Path, folder: Path | None = None, *, allow_missing: bool = False) -> Benchmark:
    """Read a table of pairs.

    Args:
        path: of the table.
        folder: that its pictures are relative to; the table's when None.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be.
    """
    found, pictures, pairs = _pairs(read_cells(path), _folder(path, folder))
    found.require_pictures(allow_missing=allow_missing)
    return pictures.pairs("table", found, pairs)


def read_search(path: Path, folder: Path | None = None, *, allow_missing: bool = False) -> Benchmark:
    """Read a table of a gallery and probes.

    Args:
        path: of the table.
        folder: that its pictures are relative to; the table's when None.
        allow_missing: leave out missing pictures instead of refusing.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be.
    """
    found, gallery, probes = _search(read_cells(path), _folder(path, folder))
    found.require_pictures(allow_missing=allow_missing)
    return search("table", found, gallery, probes, mated=0)


def _folder(path: Path, folder: Path | None) -> Path:
    at = path.parent if folder is None else folder
    require_folder(at, kind="a table")
    return at


def _pairs(cells: Cells, folder: Path) -> tuple[Inventory, Listed, Pairs]:
    """The inventory, and all pictures and pairs of the table."""
    cells.require(PAIRS, optional=("fold",))
    places, names = _names(cells, "first", "second")
    first, second = places
    same = cells.mapped("same", _TRUTHS)
    if same.all() or not same.any():
        raise InputError(
            f"{cells.path} holds pairs of {'one person' if same.all() else 'two people'} only",
            fix="verification needs both kinds",
        )
    _consistent(cells, first, second, same, len(names))
    pairs = Pairs(first, second, same, several(_folds(cells, same)))
    people = linked(len(names), first[same], second[same])
    pictures = Listed(names, people, present(folder, names))
    counts = (
        Count("pairs of one person", int(same.sum())),
        Count("pairs of two people", int((~same).sum())),
        Count("folds", folds_of(pairs)),
        Count("pictures", len(names)),
        Count("people, as far as pairs of one person tell", len(np.unique(people))),
        Count("pairs listed a second time", repeated(pairs, len(names))),
    )
    return _inventory(cells, folder, counts, names, pictures.missing), pictures, pairs


def _search(cells: Cells, folder: Path) -> tuple[Inventory, Listed, Listed]:
    """The inventory, and all pictures of the gallery and all probes of the table."""
    cells.require(SEARCH)
    (order,), names = _names(cells, "picture")
    if len(names) < len(order):
        once = np.zeros(len(order), dtype=np.bool_)
        once[np.unique(order, return_index=True)[1]] = True
        twice = int(np.flatnonzero(~once)[0])
        raise cells.fault(twice, f"{names[order[twice]]} is listed before", fix="list each picture once")
    gallery = cells.mapped("role", _ROLES)
    rows = np.array(names, dtype=np.str_)[order]
    texts = zip(cells.texts("person"), rows.tolist(), strict=True)
    people = np.array([person or f"unnamed {name}" for person, name in texts])
    enrolled, searched = (
        Listed.below(folder, "", rows[part].tolist(), people[part]) for part in (gallery, ~gallery)
    )
    if not len(enrolled) or not len(searched):
        raise InputError(f"{cells.path} lists no picture as {'probe' if len(enrolled) else 'gallery'}")
    mated = np.isin(searched.people, enrolled.people)
    counts = (
        Count("gallery pictures", len(enrolled)),
        Count("gallery people", len(np.unique(enrolled.people))),
        Count("probes of people in the gallery", int(mated.sum())),
        Count("probes of others", int((~mated).sum())),
    )
    missing = tuple(sorted((enrolled + searched).missing))
    return _inventory(cells, folder, counts, names, missing), enrolled, searched


def _inventory(
    cells: Cells, folder: Path, counts: Iterable[Count], names: tuple[str, ...], missing: tuple[str, ...]
) -> Inventory:
    return Inventory("table", folder, tuple(counts), len(names), missing, digest([cells.path], names))


def _names(cells: Cells, *columns: str) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """For each column of pictures its numbers (R,), and the distinct names that they number, sorted."""
    codes = np.stack([cells.codes[column] for column in columns])
    used, places = np.unique(codes, return_inverse=True)
    names = [cells.words[code] for code in used]
    for code, name in zip(used, names, strict=True):
        if leads_out(name):
            row = int(np.argmax((codes == code).any(axis=0)))
            raise cells.fault(
                row,
                f"{name!r} is not a path below the folder of the pictures",
                fix="name pictures relative to the table's own folder, or to that of --folder, with /",
            )
    order = np.array(sorted(range(len(names)), key=names.__getitem__))
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return list(rank[places.reshape(codes.shape)]), tuple(names[n] for n in order)


def _consistent(
    cells: Cells, first: NDArray[np.int64], second: NDArray[np.int64], same: NDArray[np.bool_], pictures: int
) -> None:
    """Refuse a picture paired with itself, and a pair that is said to be one person and two people."""
    selves = np.flatnonzero(first == second)
    if len(selves):
        raise cells.fault(int(selves[0]), "a picture is compared with itself", fix="leave the row out")
    duo = np.minimum(first, second) * pictures + np.maximum(first, second)
    _, number = np.unique(duo, return_inverse=True)
    said = np.zeros((int(number.max()) + 1, 2), dtype=np.bool_)
    said[number, same.astype(np.int64)] = True
    both = np.flatnonzero((said[:, 0] & said[:, 1])[number])
    if len(both):
        rows = both[number[both] == number[both[0]]]
        other = int(rows[same[rows] != same[rows[0]]][0])
        raise cells.fault(
            other, f"line {cells.lines[rows[0]]} says the opposite of this pair", fix="leave one of them out"
        )


def _folds(cells: Cells, same: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The fold of each pair, counted from 0."""
    if "fold" in cells.codes:
        return np.unique(cells.integers("fold", least=0), return_inverse=True)[1].astype(np.int64)
    folds = np.empty(len(same), dtype=np.int64)
    for kind in (same, ~same):
        for fold, part in enumerate(np.array_split(np.flatnonzero(kind), FOLDS)):
            folds[part] = fold
    return folds
