"""LFW: `NAME/NAME_0001.jpg` and `pairs.txt`, View 2 (Huang et al. 2007); and other lists of its form.

The list is described by its authors and read by the public repository `davidsandberg/facenet`
(`src/lfw.py`), which passes over pairs with a missing picture; here they are counted, and refused unless
they may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fewpix.evaluate.benchmark import PairData, PairList
from fewpix.evaluate.inventory import Count, Inventory, digest, require_folder
from fewpix.evaluate.readers.lfw_folder import LfwFolder
from fewpix.evaluate.readers.pairs_txt import SUFFIXES, find_pictures, read_pairs

PAIRS, FOLDS, PICTURES = 6000, 10, 7701
"""Of LFW's View 2, as published with it."""


def inventory(folder: Path, pairs: Path | None = None) -> Inventory:
    """What is there of LFW.

    Args:
        folder: where the people's folders lie.
        pairs: the list; `pairs.txt` in the folder when None.

    Raises:
        InputError: no folder, no list, or a malformed list.
    """
    require_folder(folder, kind="LFW")
    path = folder / "pairs.txt" if pairs is None else pairs
    found = read_pairs(path)
    counts = (
        Count("pairs", len(found), PAIRS),
        Count("folds", len(np.unique(found.folds)), FOLDS),
        Count("pictures in the list", len(found.pictures), PICTURES),
        Count("people in the list", found.clusters().people),
    )
    return of_pairs("lfw", folder, found, counts, [path])


def read(folder: Path, pairs: Path | None = None, *, allow_missing: bool = False) -> PairData:
    """Read LFW.

    Args:
        folder: where the people's folders lie.
        pairs: the list; `pairs.txt` in the folder when None.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be, or no pair is left.
    """
    found = inventory(folder, pairs)
    found.require_pictures(allow_missing=allow_missing)
    return LfwFolder.open(folder, pairs, allow_missing=allow_missing).benchmark(found)


def of_pairs(
    kind: str, folder: Path, pairs: PairList, counts: Sequence[Count], lists: Sequence[Path]
) -> Inventory:
    """An inventory of a folder of LFW's form: `counts`, then what every such list is asked for.

    Args:
        kind: of the benchmark.
        folder: where the people's folders lie.
        pairs: of the list.
        counts: of this benchmark.
        lists: the files that its hash is made of.
    """
    names, both = find_pictures(folder, pairs)
    missing = tuple(p + SUFFIXES[0] for p, name in zip(pairs.pictures, names, strict=True) if not name)
    general = (
        Count("pairs with both pictures", int(both.sum())),
        Count("pairs listed a second time", repeated(pairs)),
        Count("pairs of a picture with itself", int((pairs.first == pairs.second).sum())),
    )
    sha256 = digest(lists, pairs.pictures)
    return Inventory(kind, folder, (*counts, *general), len(pairs.pictures), missing, sha256)


def repeated(pairs: PairList) -> int:
    """How many pairs occurred before in the list, in either order."""
    low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    return len(pairs) - len(np.unique(low * len(pairs.pictures) + high))
