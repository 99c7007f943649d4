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

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Benchmark, Pairs
from fewpix.evaluate.readers.listed import Listed, files_in, folds_of, read_lines, repeated

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


def read_pairs(path: Path) -> tuple[tuple[str, ...], Pairs]:
    """Read a `pairs.txt` in the form of LFW's, which XQLFW and others use too.

    The first line holds the number of folds and of pairs per kind in each, tab-separated (one number: a
    single fold). Then, fold by fold, the pairs of one person, `NAME n m`, and as many of two, `NAME n OTHER
    m`. Picture n of NAME is `NAME/NAME_000n`.

    Returns:
        The distinct pictures, sorted, without endings; and the pairs of them.

    Raises:
        InputError: the file is missing, not text, or not in this form; the line is named.
    """
    lines = read_lines(path, "use LFW's pairs.txt")
    folds, per_kind = _header(lines, path)
    if len(lines) - 1 != folds * 2 * per_kind:
        raise InputError(
            f"{path} announces {folds} x {2 * per_kind} pairs, but {len(lines) - 1} lines follow",
            fix="download it again",
        )
    rows = [_pair(line, number, path) for number, line in enumerate(lines[1:], start=2)]
    same = np.array([len(line.split("\t")) == 3 for line in lines[1:]])
    expected = np.tile(np.repeat([True, False], per_kind), folds)
    if (same != expected).any():
        number = int(np.flatnonzero(same != expected)[0]) + 2
        raise InputError(
            f"{path}, line {number}: a pair of the wrong kind for its place", fix="download it again"
        )
    pictures, numbers = np.unique(np.array(rows), return_inverse=True)
    first, second = numbers.reshape(len(rows), 2).T.astype(np.int64)
    places = np.repeat(np.arange(folds, dtype=np.int64), 2 * per_kind)
    return tuple(pictures.tolist()), Pairs(first, second, same, places if folds > 1 else None)


def _header(lines: list[str], path: Path) -> tuple[int, int]:
    """Number of folds, and of pairs of each kind in a fold."""
    words = lines[0].split() if lines else []
    if len(words) not in (1, 2) or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise InputError(
            f"{path}, line 1: expected the number of folds and of pairs, such as '10<tab>300'",
            fix="use LFW's pairs.txt",
        )
    return (1, int(words[0])) if len(words) == 1 else (int(words[0]), int(words[1]))


def _pair(line: str, number: int, path: Path) -> tuple[str, str]:
    """The two pictures of one line."""
    words = line.strip("\r\n").split("\t")
    places = (0, 1, 0, 2) if len(words) == 3 else (0, 1, 2, 3)
    if len(words) not in (3, 4) or not all(words[place].strip().isdecimal() for place in places[1::2]):
        raise InputError(
            f"{path}, line {number}: expected NAME, n, m or NAME, n, OTHER, m between tabs, not {line!r}"
        )
    for name in (words[places[0]], words[places[2]]):
        # a name becomes part of a path: it may not lead out of the folder
        if not name.strip() or "/" in name or "\\" in name or name in (".", ".."):
            raise InputError(f"{path}, line {number}: {name!r} is not a person's name")
    first, second = (f"{words[a]}/{words[a]}_{int(words[n]):04d}" for a, n in (places[:2], places[2:]))
    return first, second
