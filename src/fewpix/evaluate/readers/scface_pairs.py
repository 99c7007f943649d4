"""SCface verification: every mugshot with every probe of one distance, as `bioidiap/bob.db.scface` has it.

Its protocols `close`, `medium` and `far` are distances 3, 2 and 1; its groups `dev` and `eval` are those of
`scface.GROUPS`. A person is enrolled by the mugshot. There are no folds, so there is no accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.inventory import Inventory
from fewpix.evaluate.readers import scface


@dataclass(frozen=True, eq=False)
class ScfacePairs:
    """SCface's pairs at one distance.

    Args:
        inventory: what was found.
        pairs: mugshots first, in a single fold; a picture is called by its path below the folder.
        missing: how many pairs were left out for want of a picture.
    """

    inventory: Inventory
    pairs: PairList
    missing: int


def read(folder: Path, distance: int, *, ids: str | Path = "all", allow_missing: bool = False) -> ScfacePairs:
    """Pair every mugshot with every probe of a distance.

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
    return ScfacePairs(found.inventory, pairs, len(scface.CAMERAS) * asked**2 - len(pairs))
