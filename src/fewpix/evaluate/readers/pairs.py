"""Every benchmark that is a list of pairs, read into one form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairData
from fewpix.evaluate.inventory import Inventory
from fewpix.evaluate.pictures import PictureFiles
from fewpix.evaluate.readers import bin as encoded
from fewpix.evaluate.readers import lfw, scface_pairs, survface_pairs, table, xqlfw
from fewpix.evaluate.readers.kinds import PAIRS, chosen
from fewpix.evaluate.readers.lfw_folder import LfwFolder


def open_pairs(kind: str, path: Path, *, allow_missing: bool = False, **options: object) -> PairData:
    """Read the pairs of a benchmark.

    Args:
        kind: of `readers.kinds.PAIR_KINDS`.
        path: see `readers.kinds.KINDS`.
        allow_missing: leave out pairs with a missing picture instead of refusing.
        options: of the kind, None for what was not set: `pairs` of lfw, another list; `aligned` of xqlfw,
            whether to take the aligned pictures; `folder` of table, that its pictures are relative to;
            `distance` and `ids` of scface.

    Raises:
        ConfigError: no such kind, or an option that it does not know.
        InputError: see the readers; or only one kind of pair is there.
    """
    set_ = chosen(PAIRS, kind, options)
    data = OPENERS[kind](path, allow_missing=allow_missing, **set_)
    if data.pairs.same.all() or not data.pairs.same.any():
        which = "one person" if data.pairs.same.all() else "two people"
        raise InputError(
            f"of the pairs in {path} only {len(data.pairs):,} of {which} are whole",
            fix="verification needs both kinds: complete the pictures",
        )
    return data


def _lfw(path: Path, *, allow_missing: bool, pairs: Path | None = None) -> PairData:
    found = lfw.read(path, pairs, allow_missing=allow_missing)
    return _of_folder("lfw", found.inventory, found.data)


def _xqlfw(path: Path, *, allow_missing: bool, aligned: bool | None = None) -> PairData:
    found = xqlfw.read(path, aligned=aligned, allow_missing=allow_missing)
    name = found.inventory.folder.name
    return PairData(
        "xqlfw",
        found.inventory,
        found.data.pairs,
        found.data.pictures,
        found.data.missing,
        found.qualities,
        variant=name if name in (xqlfw.ALIGNED, xqlfw.ORIGINAL) else "",
    )


def _bin(path: Path, *, allow_missing: bool) -> PairData:
    found = encoded.read(path, allow_missing=allow_missing)
    return PairData("bin", found.inventory, found.pairs, found, found.missing)


def _survface(path: Path, *, allow_missing: bool) -> PairData:
    found = survface_pairs.read(path, allow_missing=allow_missing)
    # names from the test set on, so that it does not matter which of the two folders was named
    stem = f"{survface_pairs.TEST_SET}/"
    inside = found.data.names[0].startswith(stem)
    pictures = PictureFiles(
        path / survface_pairs.TEST_SET if inside else path,
        tuple(name.removeprefix(stem) for name in found.data.names),
    )
    return PairData(
        "survface-pairs",
        found.inventory,
        found.data.pairs,
        pictures,
        found.data.missing,
        fars=survface_pairs.FARS,
    )


def _scface(path: Path, *, allow_missing: bool, distance: int, ids: str | Path = "all") -> PairData:
    found = scface_pairs.read(path, distance, ids=ids, allow_missing=allow_missing)
    pictures = PictureFiles(path, found.pairs.pictures)
    return PairData(
        "scface", found.inventory, found.pairs, pictures, found.missing, variant=f"distance {distance}"
    )


def _table(path: Path, *, allow_missing: bool, folder: Path | None = None) -> PairData:
    found = table.read_pairs(path, folder, allow_missing=allow_missing)
    return _of_folder("table", found.inventory, found.data)


def _of_folder(kind: str, inventory: Inventory, data: LfwFolder) -> PairData:
    return PairData(kind, inventory, data.pairs, data.pictures, data.missing)


OPENERS: dict[str, Callable[..., PairData]] = {
    "lfw": _lfw,
    "xqlfw": _xqlfw,
    "bin": _bin,
    "scface": _scface,
    "survface-pairs": _survface,
    "table": _table,
}
"""Kind → how it is opened; the keywords of each are those of `readers.kinds`."""
