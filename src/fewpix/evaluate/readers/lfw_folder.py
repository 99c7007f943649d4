"""LFW on disk: `NAME/NAME_0001.jpg`, aligned to 112x112 px, and a list of pairs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairData, PairList
from fewpix.evaluate.inventory import Inventory
from fewpix.evaluate.pictures import PictureFiles
from fewpix.evaluate.readers.pairs_txt import find_pictures, read_pairs


@dataclass(frozen=True, eq=False)
class LfwFolder:
    """A folder with `NAME/NAME_0001.jpg` and a list of pairs.

    Args:
        folder: where the pictures lie.
        pairs: the pairs of which both pictures are there.
        names: the path of each of `pairs.pictures`, relative to `folder`.
        missing: how many pairs of the list were left out.
        list_sha256: of the list's file.
    """

    folder: Path
    pairs: PairList
    names: tuple[str, ...]
    missing: int
    list_sha256: str

    @property
    def pictures(self) -> PictureFiles:
        """The pictures themselves, in the order of `names`."""
        return PictureFiles(self.folder, self.names)

    def benchmark(self, found: Inventory) -> PairData:
        """With what else was found, as every reader gives its pairs."""
        return PairData(found.kind, found, self.pairs, self.pictures, self.missing)

    @classmethod
    def open(cls, folder: Path, pairs_file: Path | None = None, *, allow_missing: bool = False) -> LfwFolder:
        """Read the list and look for its pictures.

        Args:
            folder: of the benchmark.
            pairs_file: the list; `pairs.txt` in the folder when None.
            allow_missing: leave out pairs with a missing picture instead of refusing.

        Raises:
            InputError: no folder, no list, a malformed list, or a picture is missing.
        """
        if not folder.is_dir():
            raise InputError(f"there is no folder {folder}", fix="check the path")
        path = folder / "pairs.txt" if pairs_file is None else pairs_file
        pairs = read_pairs(path)
        names, there = find_pictures(folder, pairs)
        missing = int((~there).sum())
        if missing and not allow_missing:
            absent = next(p for p, name in zip(pairs.pictures, names, strict=True) if not name)
            raise InputError(
                f"{missing} of {len(pairs)} pairs lack a picture, the first one {folder / absent}.jpg",
                fix="complete the folder, or leave these pairs out with --allow-missing",
            )
        if missing:
            if missing == len(pairs):
                raise InputError(f"{folder} holds no picture of {path.name}", fix="check the path")
            pairs = pairs.only(there)
            names, _ = find_pictures(folder, pairs)
        list_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls(folder, pairs, tuple(names), missing, list_sha256)
