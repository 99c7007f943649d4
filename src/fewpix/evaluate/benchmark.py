"""What every reader gives: the pictures of a benchmark, and which of them are compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.inventory import Inventory
from fewpix.evaluate.pictures import PictureSource
from fewpix.evaluate.statistics.bootstrap import Clusters

FARS = (1e-1, 1e-2, 1e-3)
"""False accept rates that are reported of pairs, unless a benchmark's authors have others."""

RANKS, FPIRS = (1, 5, 10, 20, 50), (1e-1, 1e-2)
"""Of searches likewise; the ranks are those of TinyFace's official evaluation."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """N pictures and who is on them.

    Args:
        names: paths relative to the benchmark's folder, with their endings.
        people: (N,) str; the benchmark's own names of people. Somebody without a name, who occurs once (a
            distractor), is a person of their own.
    """

    names: tuple[str, ...]
    people: NDArray[np.str_]

    @classmethod
    def below(cls, stem: str, names: Iterable[str], people: NDArray[np.str_]) -> Pictures:
        """From names of files in one folder; `stem` is its path with a slash at the end."""
        return cls(tuple(f"{stem}{name}" for name in names), people)

    def __len__(self) -> int:
        return len(self.names)

    def only(self, keep: NDArray[np.bool_]) -> Pictures:
        """Those where `keep` (N,) is true."""
        return Pictures(tuple(n for n, kept in zip(self.names, keep, strict=True) if kept), self.people[keep])


@dataclass(frozen=True, eq=False)
class Search:
    """Probes to be searched for in a gallery, one picture each.

    Args:
        inventory: what was found.
        gallery: the pictures that are there.
        probes: likewise; some may show nobody of the gallery.
        prototypes: whether a person of the gallery is one row, the mean of their pictures, as the benchmark's
            protocol has it.
        ranks: the k of rank-k that are reported, where every probe shows somebody of the gallery.
        rank: the place up to which the right person counts, where some probes show others.
        fpirs: the false positive identification rates that are reported there.
    """

    inventory: Inventory
    gallery: Pictures
    probes: Pictures
    prototypes: bool = False
    ranks: tuple[int, ...] = RANKS
    rank: int = 1
    fpirs: tuple[float, ...] = FPIRS


@dataclass(frozen=True, eq=False)
class PairList:
    """P pairs of pictures.

    Args:
        pictures: the distinct pictures as `NAME/NAME_0001`, without an ending, sorted.
        first: (P,) int64, the number in `pictures` of each pair's first picture.
        second: (P,) int64, of its second.
        same: (P,) bool, whether both show one person.
        folds: (P,) int64, 0 to folds - 1, as in the file.
        people: (S,) who is on each of `pictures`; None where the picture's folder is the person, as in LFW.
    """

    pictures: tuple[str, ...]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]
    folds: NDArray[np.int64]
    people: NDArray[np.generic] | None = None

    def __len__(self) -> int:
        return len(self.same)

    def clusters(self) -> Clusters:
        """The people of every pair."""
        people = self.people
        if people is None:
            people = np.array([picture.rpartition("/")[0] for picture in self.pictures])
        return Clusters.of(people[self.first], people[self.second])

    def only(self, keep: NDArray[np.bool_]) -> PairList:
        """The pairs where `keep` (P,) is true; pictures that no pair needs any more are dropped."""
        used = np.unique(np.concatenate((self.first[keep], self.second[keep])))
        new = np.full(len(self.pictures), -1, dtype=np.int64)
        new[used] = np.arange(len(used))
        return PairList(
            tuple(self.pictures[n] for n in used),
            new[self.first[keep]],
            new[self.second[keep]],
            self.same[keep],
            self.folds[keep],
            None if self.people is None else self.people[used],
        )


@dataclass(frozen=True, eq=False)
class PairData:
    """The pairs of a benchmark that can be scored.

    Args:
        kind: of `readers.registry.READERS`.
        inventory: what was found.
        pairs: those of which both pictures are there.
        pictures: of the pairs, in the order of `pairs.pictures`.
        missing: how many pairs of the list were left out.
        qualities: (S,) of the pictures, NaN where none is known; None for a benchmark without.
        fars: the false accept rates that the benchmark's authors report.
        variant: which of the benchmark's pictures, where it has several: aligned ones, or of one distance.
    """

    kind: str
    inventory: Inventory
    pairs: PairList
    pictures: PictureSource
    missing: int
    qualities: NDArray[np.float64] | None = None
    fars: tuple[float, ...] = FARS
    variant: str = ""

    @property
    def coverage(self) -> float:
        """Share of the list's pairs that can be scored."""
        return len(self.pairs) / (len(self.pairs) + self.missing)


@dataclass(frozen=True, eq=False)
class TemplatePairs:
    """P pairs of templates.

    Args:
        ids: (T,) int64, the templates, rising.
        first: (P,) int32, the place in `ids` of each pair's first template.
        second: (P,) int32, of its second.
        same: (P,) bool, whether both are of one person.
        missing: how many pairs were left out, because a template of theirs is not among `ids`.
    """

    ids: NDArray[np.int64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    same: NDArray[np.bool_]
    missing: int

    def __len__(self) -> int:
        return len(self.same)


@dataclass(frozen=True, eq=False)
class TemplatePeople:
    """K templates and who they show.

    Args:
        ids: (K,) int64, rising.
        people: (K,) int64.
    """

    ids: NDArray[np.int64]
    people: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class TemplatePictures:
    """N pictures of templates.

    Args:
        folder: of the benchmark.
        names: paths relative to it.
        templates: (N,) int64.
        media: (N,) int64, the video or still picture that each comes from.
        points: (N, 5, 2) five points that each is aligned by; None for pictures that are aligned crops.
        quality: (N,) 0 or more; None where the benchmark has none.
    """

    folder: Path
    names: tuple[str, ...]
    templates: NDArray[np.int64]
    media: NDArray[np.int64]
    points: NDArray[np.float32] | None = None
    quality: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def count(self, ids: NDArray[np.integer]) -> int:
        """How many pictures some templates have."""
        return int(np.isin(self.templates, ids).sum())

    def of(self, ids: NDArray[np.integer]) -> TemplatePictures:
        """The pictures of some templates, template by template in rising order."""
        rows = np.flatnonzero(np.isin(self.templates, ids))
        rows = rows[np.argsort(self.templates[rows], kind="stable")]
        return TemplatePictures(
            self.folder,
            tuple(self.names[n] for n in rows),
            self.templates[rows],
            self.media[rows],
            None if self.points is None else self.points[rows],
            None if self.quality is None else self.quality[rows],
        )


@dataclass(frozen=True, eq=False)
class TemplatePairData:
    """Pairs of templates that can be scored.

    Args:
        kind: of the benchmark.
        inventory: what was found.
        pictures: of the templates.
        pairs: of which both templates have a picture.
        fars: the false accept rates that are reported.
    """

    kind: str
    inventory: Inventory
    pictures: TemplatePictures
    pairs: TemplatePairs
    fars: tuple[float, ...] = FARS

    @property
    def coverage(self) -> float:
        """Share of the list's pairs that can be scored."""
        return len(self.pairs) / (len(self.pairs) + self.pairs.missing)


@dataclass(frozen=True, eq=False)
class TemplateSearchData:
    """Templates to be searched for in one gallery after the other.

    Args:
        kind: of the benchmark.
        variant: which of its protocols, where it has several.
        inventory: what was found.
        pictures: of all templates.
        galleries: by name, the templates in each.
        probes: searched in each gallery; who is not in it has no mate there.
        missing: templates of the lists that were left out for want of a picture.
    """

    kind: str
    variant: str
    inventory: Inventory
    pictures: TemplatePictures
    galleries: dict[str, TemplatePeople]
    probes: TemplatePeople
    missing: int

    @property
    def coverage(self) -> float:
        """Share of the lists' templates that can be searched."""
        there = sum(len(gallery) for gallery in self.galleries.values()) + len(self.probes)
        return there / (there + self.missing)
