"""Strangers: aligned faces, who is on each, and how many of the comparisons between them are independent."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.data.split import components
from fewpix.errors import ConfigError, InputError

SHARP = 64
"""Side in pixels from which on a face is sharp enough to be made small, or to stand in a gallery."""


@dataclass(frozen=True, eq=False)
class Strangers:
    """Faces of people.

    Args:
        name: where they come from, in words.
        faces: a set that they are in.
        members: (N,) indices of them in it, rising.
        people: (N,) who is on each, numbers from 0, each taken.
        labels: how that is known: a folder names the person, or each picture shows another one.
    """

    name: str
    faces: FaceSet
    members: NDArray[np.int64]
    people: NDArray[np.int64]
    labels: Literal["folders", "one each"]

    def __len__(self) -> int:
        return len(self.members)

    @property
    def count(self) -> int:
        """How many people there are."""
        return int(self.people.max()) + 1

    @property
    def digests(self) -> list[str]:
        """SHA-256 of each encoded picture."""
        return [self.faces.digests[n] for n in self.members]

    @property
    def sha256(self) -> str:
        """One hash over all of them, in order."""
        state = hashlib.sha256()
        for n in self.members:
            state.update(f"{self.faces.keys[n]}\t{self.faces.digests[n]}\n".encode())
        return state.hexdigest()

    def only(self, keep: NDArray[np.bool_]) -> Strangers:
        """Some of them; people without a face left are dropped.

        Raises:
            InputError: nobody is left.
        """
        if not keep.any():
            raise InputError(f"no face of {self.name} is left to compare")
        people = np.unique(self.people[keep], return_inverse=True)[1].astype(np.int64)
        return replace(self, members=self.members[keep], people=people)

    def merged(self, sharp: NDArray[np.float32], same: float) -> Strangers:
        """The same faces; those that look like one person count as one, where no folder says who they are.

        Args:
            sharp: (N, D) unit embeddings of the faces as they are.
            same: cosine that joins two of them, and so everybody in between.
        """
        if self.labels == "folders":
            return self
        people = np.unique(components(sharp, same), return_inverse=True)[1].astype(np.int64)
        return replace(self, people=people)

    def one_each(self, rng: np.random.Generator) -> Strangers:
        """One face of each person, whichever comes up."""
        order = rng.permutation(len(self))
        _, first = np.unique(self.people[order], return_index=True)
        keep = np.zeros(len(self), dtype=np.bool_)
        keep[order[first]] = True
        return self.only(keep)

    def halves(self, rng: np.random.Generator) -> tuple[Strangers, Strangers]:
        """Half of the people, and the others.

        Raises:
            InputError: there are fewer than two people.
        """
        if self.count < 2:
            raise InputError(f"{self.name} shows one person", fix="add faces of others")
        first = np.isin(self.people, rng.permutation(self.count)[: self.count // 2])
        return self.only(first), self.only(~first)


def strangers(
    faces: FaceSet,
    name: str,
    *,
    one_each: bool,
    sources: Collection[str] = (),
    keep: Collection[int] | None = None,
) -> Strangers:
    """Faces of a set with their people.

    Args:
        faces: aligned, square.
        name: where they come from, in words.
        one_each: take every picture for another person; else the folder that it lies in names the person.
        sources: use the faces of these sources only (see `FaceSet`); all of them when empty.
        keep: indices of the faces to use; all of them when None.

    Raises:
        ConfigError: a face lies in no person's folder.
        InputError: no face is left.
    """
    unknown = sorted(set(sources) - set(faces.sources))
    if unknown:
        known = ", ".join(sorted({source for source in faces.sources if source})) or "none"
        raise InputError(f"{name}: no face is of the source {unknown[0]}", fix=f"there are: {known}")
    wanted = None if keep is None else set(keep)
    chosen = [
        n
        for n, source in enumerate(faces.sources)
        if (not sources or source in sources) and (wanted is None or n in wanted)
    ]
    if not chosen:
        raise InputError(f"{name}: no face is left", fix="name more")
    if one_each:
        labels = np.arange(len(chosen), dtype=np.int64)
        return Strangers(name, faces, np.array(chosen), labels, "one each")
    folders = [faces.keys[n].rpartition("/")[0] for n in chosen]
    if "" in folders:
        raise ConfigError(
            f"{name}: {faces.keys[chosen[folders.index('')]]} lies in no folder of a person",
            fix="put every person's pictures into a folder of their own, or say --one-each "
            "if each picture shows another person",
        )
    people = np.unique(folders, return_inverse=True)[1].astype(np.int64)
    return Strangers(name, faces, np.array(chosen), people, "folders")
