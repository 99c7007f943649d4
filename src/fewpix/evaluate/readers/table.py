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

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairData, PairList, Pictures, Search
from fewpix.evaluate.inventory import Count, Inventory, digest, require_folder
from fewpix.evaluate.pictures import PictureFiles
from fewpix.evaluate.readers.cells import Cells, read_cells
from fewpix.evaluate.readers.lfw import repeated
from fewpix.evaluate.readers.linked import linked
from fewpix.evaluate.readers.listing import leads_out, present

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
    if set(SEARCH) & set(cells.columns):
        return _search(cells, path, _folder(path, folder)).inventory
    return _pairs(cells, path, _folder(path, folder))[0]


def read_pairs(path: Path, folder: Path | None = None, *, allow_missing: bool = False) -> PairData:
    """Read a table of pairs.

    Args:
        path: of the table.
        folder: that its pictures are relative to; the table's when None.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be, or no pair is left.
    """
    at = _folder(path, folder)
    found, pairs, there = _pairs(read_cells(path), path, at)
    found.require_pictures(allow_missing=allow_missing)
    keep = there[pairs.first] & there[pairs.second]
    if not keep.any():
        raise InputError(f"of no pair in {path} both pictures are in {at}", fix="check the paths in it")
    kept = pairs.only(keep)
    return PairData("table", found, kept, PictureFiles(at, kept.pictures), int((~keep).sum()))


def read_search(path: Path, folder: Path | None = None, *, allow_missing: bool = False) -> Search:
    """Read a table of a gallery and probes.

    Args:
        path: of the table.
        folder: that its pictures are relative to; the table's when None.
        allow_missing: leave out missing pictures instead of refusing.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be, or no gallery or probe is left.
    """
    at = _folder(path, folder)
    whole = _search(read_cells(path), path, at)
    whole.inventory.require_pictures(allow_missing=allow_missing)
    gallery, probes = (part.only(present(at, part.names)) for part in (whole.gallery, whole.probes))
    if not len(gallery) or not len(probes):
        raise InputError(f"no picture of the {'probes' if len(gallery) else 'gallery'} is in {at}")
    return Search(whole.inventory, gallery, probes)


def _folder(path: Path, folder: Path | None) -> Path:
    at = path.parent if folder is None else folder
    require_folder(at, kind="a table")
    return at


def _pairs(cells: Cells, path: Path, folder: Path) -> tuple[Inventory, PairList, NDArray[np.bool_]]:
    """The inventory, all pairs of the table, and which of their pictures are there, (S,)."""
    cells.require(PAIRS, optional=("fold",))
    places, names = _names(cells, "first", "second")
    first, second = places
    same = cells.mapped("same", _TRUTHS)
    if same.all() or not same.any():
        raise InputError(
            f"{path} holds pairs of {'one person' if same.all() else 'two people'} only",
            fix="verification needs both kinds",
        )
    _consistent(cells, first, second, same, len(names))
    folds = _folds(cells, same)
    pairs = PairList(names, first, second, same, folds, linked(len(names), first[same], second[same]))
    there = present(folder, names)
    counts = (
        Count("pairs of one person", int(same.sum())),
        Count("pairs of two people", int((~same).sum())),
        Count("folds", len(np.unique(folds))),
        Count("pictures", len(names)),
        Count("people, as far as pairs of one person tell", pairs.clusters().people),
        Count("pairs listed a second time", repeated(pairs)),
    )
    return _inventory(path, folder, counts, names, there), pairs, there


def _search(cells: Cells, path: Path, folder: Path) -> Search:
    """All pictures of the table, there or not."""
    cells.require(SEARCH)
    (order,), names = _names(cells, "picture")
    if len(names) < len(order):
        once = np.zeros(len(order), dtype=np.bool_)
        once[np.unique(order, return_index=True)[1]] = True
        twice = int(np.flatnonzero(~once)[0])
        raise cells.fault(twice, f"{names[order[twice]]} is listed before", fix="list each picture once")
    gallery = cells.mapped("role", _ROLES)
    rows = [names[n] for n in order]
    people = [
        person or f"unnamed {name}" for person, name in zip(cells.words_of("person"), rows, strict=True)
    ]
    everyone = Pictures(tuple(rows), np.array(people))
    enrolled, searched = everyone.only(gallery), everyone.only(~gallery)
    if not len(enrolled) or not len(searched):
        raise InputError(f"{path} lists no picture as {'probe' if len(enrolled) else 'gallery'}")
    mated = np.isin(searched.people, enrolled.people)
    counts = (
        Count("gallery pictures", len(enrolled)),
        Count("gallery people", len(np.unique(enrolled.people))),
        Count("probes of people in the gallery", int(mated.sum())),
        Count("probes of others", int((~mated).sum())),
    )
    found = _inventory(path, folder, counts, names, present(folder, names))
    return Search(found, enrolled, searched)


def _inventory(
    path: Path, folder: Path, counts: Iterable[Count], names: tuple[str, ...], there: NDArray[np.bool_]
) -> Inventory:
    missing = tuple(name for name, found in zip(names, there, strict=True) if not found)
    return Inventory("table", folder, tuple(counts), len(names), missing, digest([path], names))


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
        return np.unique(cells.whole_numbers("fold"), return_inverse=True)[1].astype(np.int64)
    folds = np.empty(len(same), dtype=np.int64)
    for kind in (same, ~same):
        for fold, part in enumerate(np.array_split(np.flatnonzero(kind), FOLDS)):
            folds[part] = fold
    return folds
