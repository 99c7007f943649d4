"""LFW: `NAME/NAME_0001.jpg` and `pairs.txt`, View 2 (Huang et al. 2007); and other lists of its form.

The list is described by its authors and read by the public repository `davidsandberg/facenet`
(`src/lfw.py`), which passes over pairs with a missing picture; here they are counted, and refused unless
they may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fewpix.evaluate.benchmark import Benchmark, Pairs
from fewpix.evaluate.inventory import Count, Inventory, digest, require_folder
from fewpix.evaluate.readers.formats.listing import files_in, read_pairs
from fewpix.evaluate.readers.listed import Listed, folds_of, repeated

PAIRS, FOLDS, PICTURES = 6000, 10, 7701
"""Of LFW's View 2, as published with it."""

SUFFIXES = (".jpg", ".png", ".jpeg")
"""Endings under which a picture of the list may lie in the folder, first found wins."""


def inventory(folder: Path, pairs: Path | None = None) -> Inventory:
    """What is there of LFW; arguments and errors as for `read`."""
    return _look(folder, pairs)[0]


def read(folder: Path, pairs: Path | None = None, *, allow_missing: bool = False) -> Benchmark:
    """Read LFW; a person is the folder of the picture.

    Args:
        folder: where the people's folders lie.
        pairs: the list; `pairs.txt` in the folder when None.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: no folder, no list, or a malformed list; or pictures are missing and may not be.
    """
    found, listed = _look(folder, pairs)
    found.require_pictures(allow_missing=allow_missing)
    return listed.pictures.pairs("lfw", found, listed.pairs)


def _look(folder: Path, pairs: Path | None) -> tuple[Inventory, PairsTxt]:
    require_folder(folder, kind="LFW")
    path = folder / "pairs.txt" if pairs is None else pairs
    listed = PairsTxt.read(path, folder)
    counts = (
        Count("pairs", len(listed.pairs), PAIRS),
        Count("folds", folds_of(listed.pairs), FOLDS),
        Count("pictures in the list", len(listed.stems), PICTURES),
        Count("people in the list", listed.people),
    )
    return listed.inventory("lfw", folder, counts, [path]), listed


@dataclass(frozen=True, eq=False)
class PairsTxt:
    """A list of LFW's form and the pictures that it names.

    Args:
        stems: the pictures without their endings, `NAME/NAME_0001`, sorted.
        pictures: with the endings that they have; with the first of `SUFFIXES` where they are not there.
        pairs: of them.
    """

    stems: tuple[str, ...]
    pictures: Listed
    pairs: Pairs

    @classmethod
    def read(cls, path: Path, folder: Path) -> PairsTxt:
        """Read a list and look for its pictures in a folder.

        Raises:
            InputError: see `read_pairs`; or the folder of a person cannot be read.
        """
        stems, pairs = read_pairs(path)
        people = [stem.rpartition("/")[0] for stem in stems]
        files = files_in(folder, people)
        names = [
            next((stem + suffix for suffix in SUFFIXES if stem + suffix in files), stem + SUFFIXES[0])
            for stem in stems
        ]
        there = np.array([name in files for name in names])
        return cls(stems, Listed(tuple(names), np.array(people), there), pairs)

    @property
    def people(self) -> int:
        """How many people the list names."""
        return len(np.unique(self.pictures.people))

    def inventory(self, kind: str, folder: Path, counts: Sequence[Count], lists: Sequence[Path]) -> Inventory:
        """What was found: `counts`, then what every such list is asked for.

        Args:
            kind: of the benchmark.
            folder: where the people's folders lie.
            counts: of this benchmark.
            lists: the files that its hash is made of.
        """
        pairs, there = self.pairs, self.pictures.there
        general = (
            Count("pairs with both pictures", int((there[pairs.first] & there[pairs.second]).sum())),
            Count("pairs listed a second time", repeated(pairs, len(there))),
            Count("pairs of a picture with itself", int((pairs.first == pairs.second).sum())),
        )
        sha256 = digest(lists, self.stems)
        return Inventory(kind, folder, (*counts, *general), len(there), self.pictures.missing, sha256)
