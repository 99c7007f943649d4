"""Pictures that a benchmark's lists name, there or not: a look per folder, and who is compared with whom."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.data.folders import Listing, list_folder
from fewpix.data.inventory import Inventory
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Benchmark, Items, Pairs, PictureFiles, Searches


@dataclass(frozen=True, eq=False)
class Listed:
    """N pictures.

    Args:
        names: paths relative to the benchmark's folder, with `/` and their endings.
        people: (N,) labels of who each shows. Somebody without a name, who occurs once (a distractor), is a
            person of their own.
        there: (N,) bool, whether each is a file.
    """

    names: tuple[str, ...]
    people: NDArray[np.generic]
    there: NDArray[np.bool_]

    @classmethod
    def below(cls, folder: Path, stem: str, names: Iterable[str], people: NDArray[np.generic]) -> Listed:
        """From names of files in one folder; `stem` is its path relative to `folder`, with a slash behind."""
        paths = tuple(f"{stem}{name}" for name in names)
        return cls(paths, people, present(folder, paths))

    def __len__(self) -> int:
        return len(self.names)

    def __add__(self, other: Listed) -> Listed:
        people = np.concatenate((self.people, other.people))
        return Listed(self.names + other.names, people, np.concatenate((self.there, other.there)))

    def only(self, numbers: NDArray[np.int64]) -> Listed:
        """Those with these numbers, in their order."""
        return Listed(tuple(self.names[n] for n in numbers), self.people[numbers], self.there[numbers])

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of those that are not there."""
        return absent(self.names, self.there)

    def pairs(
        self,
        kind: str,
        found: Inventory,
        pairs: Pairs,
        *,
        folder: Path | None = None,
        quality: NDArray[np.float64] | None = None,
        **more: Any,
    ) -> Benchmark:
        """The pairs of which both pictures are there.

        Args:
            kind: of the benchmark.
            found: what was found.
            pairs: all of the list; their items are these pictures.
            folder: that the names are relative to; the inventory's when None.
            quality: (N,) of the pictures.
            more: further fields of `Benchmark`.
        """
        kept = pairs.only(self.there[pairs.first] & self.there[pairs.second])
        items = Items(PictureFiles(folder or found.folder, self.names), self.people, quality=quality)
        return Benchmark(kind, found, items, kept, missing=len(pairs) - len(kept), **more)


def search(
    kind: str,
    found: Inventory,
    gallery: Listed,
    probes: Listed,
    *,
    mated: int | None = None,
    enrolled: NDArray[np.bool_] | None = None,
    prototypes: bool = False,
    **more: Any,
) -> Benchmark:
    """The search of the probes that are there among the pictures of the gallery that are there.

    Args:
        kind: of the benchmark.
        found: what was found.
        gallery: all of the list.
        probes: likewise.
        mated: so many probes, the first ones, show somebody of the gallery; they are left out where no
            picture of that person is there, since they would pass for strangers. All when None.
        enrolled: whether each picture of the gallery is to be in it; the probes of others show strangers.
        prototypes: see `Searches`.
        more: further fields of `Benchmark`.
    """
    mate = np.isin(probes.people, gallery.people[gallery.there])
    if mated is not None:
        mate[mated:] = True
    searched = np.flatnonzero(probes.there & mate)
    chosen = gallery.there if enrolled is None else gallery.there & enrolled
    both = gallery + probes
    return Benchmark(
        kind,
        found,
        Items(PictureFiles(found.folder, both.names), both.people),
        Searches({"": np.flatnonzero(chosen)}, len(gallery) + searched, prototypes),
        missing=len(both) - int(gallery.there.sum()) - len(searched),
        **more,
    )


def require_comparable(found: Benchmark, path: Path) -> None:
    """Refuse pairs of only one kind, and a search in which no probe has a mate.

    Args:
        found: what a reader gave.
        path: of the benchmark, for the message.

    Raises:
        InputError: see above.
    """
    asked, people = found.comparisons, found.items.people
    whole = "complete the pictures"
    if isinstance(asked, Pairs):
        if not len(asked):
            raise InputError(f"of no pair in {path} both pictures are there", fix=whole)
        if asked.same.all() or not asked.same.any():
            which = "one person" if asked.same.all() else "two people"
            raise InputError(
                f"of the pairs in {path} only {len(asked):,} of {which} are whole",
                fix=f"verification needs both kinds: {whole}",
            )
        return
    for name, gallery in asked.galleries.items():
        if not len(gallery):
            raise InputError(f"no picture of the gallery {name} is in {path}".replace("  ", " "), fix=whole)
    enrolled = np.concatenate([people[gallery] for gallery in asked.galleries.values()])
    if not np.isin(people[asked.probes], enrolled).any():
        raise InputError(f"in {path} is no probe of whom a gallery has a picture", fix=whole)


def absent(names: Iterable[str], there: NDArray[np.bool_]) -> tuple[str, ...]:
    """The names where `there` is false."""
    return tuple(name for name, found in zip(names, there, strict=True) if not found)


def repeated(pairs: Pairs, pictures: int) -> int:
    """How many pairs of so many pictures occurred before in the list, in either order."""
    low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    return len(pairs) - len(np.unique(low * pictures + high))


def several(folds: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The folds, None where there is only one: then accuracy cannot be cross-validated."""
    return folds if folds.min() < folds.max() else None


def folds_of(pairs: Pairs) -> int:
    """How many folds there are."""
    return 1 if pairs.folds is None else len(np.unique(pairs.folds))


def linked(pictures: int, first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.int64]:
    """Who is on pictures that nobody names: those that pairs of one person link are one person.

    These are the connected parts of the graph whose edges are such pairs. Two people found so may be one,
    where no pair says it; no two people are taken for one unless a pair says so. That is what resampling
    people needs: pairs that share somebody should be drawn together.

    Args:
        pictures: their number S.
        first: (G,) integers, 0 to S - 1, the first picture of each pair of one person.
        second: (G,) the second one.

    Returns:
        (S,) int64, the lowest number of a picture that shows the same person.
    """
    person = np.arange(pictures, dtype=np.int64)
    while True:
        lowest = np.minimum(person[first], person[second])
        lower = person.copy()
        np.minimum.at(lower, person[first], lowest)
        np.minimum.at(lower, person[second], lowest)
        lower = lower[lower]  # a leap to the one that it points to: long chains take few rounds
        if (lower == person).all():
            return person
        person = lower


def read_lines(path: Path, fix: str) -> list[str]:
    """The lines of a text in UTF-8, without the blank ones at its end.

    Args:
        path: of the file.
        fix: what to do where it is no such text.

    Raises:
        InputError: it cannot be read, or is not text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text in UTF-8", fix=fix) from error
    return text.rstrip().splitlines()


def leads_out(name: str) -> bool:
    r"""Whether a name from a list is no plain path below a folder.

    Such are absolute paths, a drive (`C:`), `..`, and backslashes, which are separators on Windows only. So
    are `.` and empty parts: they would give one picture two names. Control characters are in no honest name.
    """
    parts = set(name.split("/"))
    return "\\" in name or ":" in name or not name.isprintable() or bool({"", ".", ".."} & parts)


def require_names(names: Iterable[str], path: Path) -> None:
    """Refuse a list with a name that leads out of the benchmark's folder.

    Args:
        names: as the list has them.
        path: of the list, for the message.

    Raises:
        InputError: see `leads_out`.
    """
    for name in names:
        if leads_out(name):
            raise InputError(
                f"{path}: {name!r} is not the name of a picture inside the benchmark's folder",
                fix="use the benchmark's original list",
            )


def files_in(folder: Path, inside: Iterable[str]) -> set[str]:
    """The files in some folders below `folder`, each as `INSIDE/NAME`; one that is not there holds none.

    Args:
        folder: of the benchmark.
        inside: folders relative to it, "" for itself; not their own folders.

    Raises:
        InputError: a folder is there but cannot be read.
    """
    found: set[str] = set()
    for part in set(inside):
        try:
            with os.scandir(folder / part) as entries:
                stem = f"{part}/" if part else ""
                found.update(stem + entry.name for entry in entries if entry.is_file())
        except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a name with a null byte
            continue
        except OSError as error:
            raise InputError(
                f"cannot read the folder {folder / part}: {error.strerror or error}",
                fix="check its permissions",
            ) from error
    return found


def picture_files(folder: Path) -> Listing:
    """The pictures in a folder, not below it, and what else is there; none where there is no folder.

    Hidden files are no pictures: some systems write one beside every picture (`._1.jpg`).

    Raises:
        InputError: the folder cannot be read.
    """
    return list_folder(folder, below=False) if folder.is_dir() else Listing()


def present(folder: Path, names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each of N names, paths relative to `folder`, is a file: (N,) bool.

    Raises:
        InputError: a folder is there but cannot be read.
    """
    found = files_in(folder, (name.rpartition("/")[0] for name in names))
    return np.fromiter((name in found for name in names), np.bool_, len(names))
