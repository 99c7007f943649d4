"""SCface verification: every mugshot with every probe of one distance, as `bioidiap/bob.db.scface` has it.

Its protocols `close`, `medium` and `far` are distances 3, 2 and 1; its groups `dev` and `eval` are those of
`scface.GROUPS`. A person is enrolled by the mugshot. There are no folds, so there is no accuracy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fewpix.evaluate.benchmark import PairData, PairList
from fewpix.evaluate.pictures import PictureFiles
from fewpix.evaluate.readers import scface


def read(folder: Path, distance: int, *, ids: str | Path = "all", allow_missing: bool = False) -> PairData:
    """Pair every mugshot with every probe of a distance; a picture is called by its path below the folder.

    Args:
        folder: see `scface.inventory`.
        distance: 1, 2 or 3.
        ids: see `scface.inventory`.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: see `scface.read`.
    """
    found = scface.read(folder, distance, ids=ids, allow_missing=allow_missing)
    mugshots, probes = found.gallery, found.probes
    first = np.repeat(np.arange(len(mugshots), dtype=np.int64), len(probes))
    second = len(mugshots) + np.tile(np.arange(len(probes), dtype=np.int64), len(mugshots))
    people = np.concatenate((mugshots.people, probes.people))
    pairs = PairList(
        mugshots.names + probes.names,
        first,
        second,
        people[first] == people[second],
        np.zeros(len(first), dtype=np.int64),
        people,
    )
    asked = next(count.found for count in found.inventory.counts if count.what == scface.ASKED)
    missing = len(scface.CAMERAS) * asked**2 - len(pairs)
    pictures = PictureFiles(folder, pairs.pictures)
    return PairData("scface", found.inventory, pairs, pictures, missing, variant=f"distance {distance}")
