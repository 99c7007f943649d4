"""What every reader gives: a benchmark's pictures, and which of them are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Inventory
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.statistics.bootstrap import Clusters

PAIRS, SEARCH = "pairs", "search"
"""The tasks: whether two items show one person, and who of a gallery a probe shows."""

FARS = (1e-1, 1e-2, 1e-3)
"""False accept rates that are reported of pairs, unless a benchmark's authors have others."""

RANKS, FPIRS = (1, 5, 10, 20, 50), (1e-1, 1e-2)
"""Of searches likewise; the ranks are those of TinyFace's official evaluation."""


class PictureSource(Protocol):
    """N encoded pictures with names.

    Attributes:
        names: of the pictures in their benchmark, the same on every machine: they decide what is drawn at
            random for a picture.
    """

    @property
    def names(self) -> Sequence[str]: ...  # noqa: D102

    def read(self, n: int) -> bytes:
        """The encoded picture number `n`.

        Raises:
            InputError: it cannot be read.
        """
        ...

    def origin(self, n: int) -> str:
        """Where picture `n` lies on this machine, in words for messages."""
        ...

    def stamp(self, n: int) -> str:
        """What changes when picture `n` does, without reading it; "" where it cannot be read."""
        ...


@dataclass(frozen=True)
class PictureFiles:
    """A file for each picture.

    Args:
        folder: of the benchmark.
        names: paths relative to it, with `/` and their endings.
    """

    folder: Path
    names: tuple[str, ...]

    def read(self, n: int) -> bytes:
        """See `PictureSource.read`."""
        path = self.folder / self.names[n]
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputError(
                f"cannot read {path}: {error.strerror or error}", fix="check the folder"
            ) from error

    def origin(self, n: int) -> str:
        """The file's path."""
        return str(self.folder / self.names[n])

    def stamp(self, n: int) -> str:
        """The file's size and time of change."""
        try:
            stat = (self.folder / self.names[n]).stat()
        except OSError:
            return ""
        return f"{stat.st_size} {stat.st_mtime_ns}"


@dataclass(frozen=True, eq=False)
class Items:
    """U items, each a picture or a template of several pictures, and their N pictures.

    Args:
        pictures: N of them.
        people: (U,) labels of who each item shows, numbers or texts.
        names: (U,) of the items; those of the pictures when None.
        item: (N,) int64, rising, the item of each picture; None where every item is one picture.
        media: (N,) int64, the video or still picture that each picture comes from; None where unknown.
        points: (N, 5, 2) float32, five points in pixels that each picture is aligned by; None where the
            pictures are crops of faces.
        quality: (N,) float64 of the pictures, higher is better, NaN where unknown; None for a benchmark
            without.
    """

    pictures: PictureSource
    people: NDArray[np.generic]
    names: tuple[str, ...] | None = None
    item: NDArray[np.int64] | None = None
    media: NDArray[np.int64] | None = None
    points: NDArray[np.float32] | None = None
    quality: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.people)

    @property
    def called(self) -> Sequence[str]:
        """(U,) the items' names."""
        return self.pictures.names if self.names is None else self.names

    @property
    def single(self) -> bool:
        """Whether every item is one picture."""
        return self.item is None

    def pictures_of(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The numbers of the pictures, rising, of the items where `wanted` (U,) is true."""
        return np.flatnonzero(wanted if self.item is None else wanted[self.item]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs of items.

    Args:
        first: (P,) int, the number of each pair's first item.
        second: (P,) int, of its second.
        same: (P,) bool, whether both show one person.
        folds: (P,) int64 for accuracy by cross-validation; None where the benchmark has no folds.
    """

    task: ClassVar[str] = PAIRS

    first: NDArray[np.integer]
    second: NDArray[np.integer]
    same: NDArray[np.bool_]
    folds: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.same)

    def only(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Pairs:
        """The pairs where `keep` (P,) is true, or of these numbers."""
        folds = None if self.folds is None else self.folds[keep]
        return Pairs(self.first[keep], self.second[keep], self.same[keep], folds)

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        same = int(np.count_nonzero(self.same))
        return {"same": same, "different": len(self) - same}

    def clusters(self, people: NDArray[np.generic]) -> Clusters:
        """The people of every pair; `people` (U,) are those of the items."""
        return Clusters.of(people[self.first], people[self.second])

    def sides(self, items: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of the items stand first in a pair, and which second, (U,) each."""
        return _mask(items, self.first), _mask(items, self.second)


@dataclass(frozen=True, eq=False)
class Searches:
    """Probes that are searched in one gallery after the other.

    Args:
        galleries: by name, the numbers of the items in each; one gallery is called "".
        probes: the numbers of the items that are searched; who is not in a gallery has no mate there.
        prototypes: whether a person of the gallery is one row, the mean of their items, as the benchmark's
            protocol has it.
    """

    task: ClassVar[str] = SEARCH

    galleries: Mapping[str, NDArray[np.int64]]
    probes: NDArray[np.int64]
    prototypes: bool = False

    def __len__(self) -> int:
        return len(self.probes)

    def counts(self) -> dict[str, int]:
        """How many probes, and items of each gallery."""
        galleries = {f"gallery {name}".strip(): len(items) for name, items in self.galleries.items()}
        return {"probes": len(self.probes), **galleries}

    def sides(self, items: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of the items are probes, and which are in a gallery, (U,) each."""
        return _mask(items, self.probes), _mask(items, *self.galleries.values())

    def mated(self, name: str, people: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(N,) which probes show somebody of a gallery, whether or not an item of theirs can be enrolled.

        Args:
            name: of the gallery.
            people: (U,) who each item shows.

        Raises:
            InputError: none does.
        """
        found = np.isin(people[self.probes], people[self.galleries[name]])
        if not found.any():
            raise InputError(f"no probe shows anybody of the gallery {name}".rstrip(), fix="check the lists")
        return found


@dataclass(frozen=True)
class Asked:
    """The rates and ranks that are reported.

    Args:
        fars: of pairs, false accept rates.
        ranks: of searches, the k of rank-k.
        fpirs: of searches where some probes show nobody of the gallery, false positive identification rates.
        rank: there, the place up to which the right person counts.

    Raises:
        ConfigError: one of them is out of range.
    """

    fars: tuple[float, ...] = FARS
    ranks: tuple[int, ...] = RANKS
    fpirs: tuple[float, ...] = FPIRS
    rank: int = 1

    def __post_init__(self) -> None:
        for value in (*self.ranks, self.rank):
            if value < 1:
                raise ConfigError(f"rank: {value} is out of range", fix="count places from 1")
        for name, rates in (("fars", self.fars), ("fpirs", self.fpirs)):
            for rate in rates:
                if not 0 < rate < 1:
                    raise ConfigError(
                        f"{name}: {rate:g} is out of range", fix="use rates above 0 and below 1"
                    )


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A benchmark as its reader found it.

    Args:
        kind: the reader's name, or the benchmark's edition where the reader knows several.
        inventory: what was found.
        items: what is embedded; those that no comparison needs are not looked at.
        comparisons: of the items.
        missing: of pairs how many, of searches how many items, were left out for want of a picture.
        variant: which of the benchmark's pictures or protocols, where it has several.
        asked: what its authors report.
    """

    kind: str
    inventory: Inventory
    items: Items
    comparisons: Pairs | Searches
    missing: int = 0
    variant: str = ""
    asked: Asked = field(default_factory=Asked)

    @property
    def coverage(self) -> float:
        """The share of the lists' pairs, or of their items, that can be compared."""
        there = sum(self.comparisons.counts().values())
        return there / (there + self.missing)

    @property
    def strangers(self) -> bool:
        """Whether it is a search in which some probe shows nobody of a gallery."""
        asked, people = self.comparisons, self.items.people
        return isinstance(asked, Searches) and any(
            not np.isin(people[asked.probes], people[gallery]).all() for gallery in asked.galleries.values()
        )


def _mask(count: int, *numbers: NDArray[np.integer]) -> NDArray[np.bool_]:
    mask = np.zeros(count, dtype=np.bool_)
    for part in numbers:
        mask[part] = True
    return mask
