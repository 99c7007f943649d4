"""Whether the names in a gallery fit the faces: one photograph under two names, two people who look alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.rate import one_in
from fewpix.check.likeness import COMMON, RARE, SAME_PHOTO, alike_from, doubt, unlike_below
from fewpix.embed.fusion import fuse
from fewpix.gallery.photos import Photos

_BLOCK_BYTES = 32 << 20
"""Bound on the scores that are in memory at a time."""

_SHOWN = 20
"""Lines of text for each kind of doubt; JSON has all."""


@dataclass(frozen=True)
class Pair:
    """Two photos, or two people.

    Args:
        names: of both.
        faces: numbers of the photos; empty for people.
        score: their cosine.
    """

    names: tuple[str, str]
    faces: tuple[int, ...]
    score: float

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"names": list(self.names), "faces": list(self.faces), "score": round(self.score, 4)}


@dataclass(frozen=True)
class Least:
    """The photo of a person that is least like their others.

    Args:
        name: the person.
        face: number of the photo.
        own: its best cosine with the others.
        other: who else is most like it; empty for nobody.
        score: how much.
        doubt: why it may be somebody else's; empty for no reason.
    """

    name: str
    face: int
    own: float
    other: str
    score: float
    doubt: str

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "name": self.name,
            "face": self.face,
            "own": round(self.own, 4),
            "other": self.other or None,
            "score": round(self.score, 4),
            "doubt": self.doubt or None,
        }


@dataclass(frozen=True)
class Split:
    """A person whose photos fall into groups that are no more alike than strangers.

    Args:
        name: the person.
        groups: numbers of the photos, the largest group first.
        score: the best cosine between two groups.
    """

    name: str
    groups: tuple[tuple[int, ...], ...]
    score: float

    def __str__(self) -> str:
        parts = [f"{', '.join(map(str, group))}" for group in self.groups]
        return (
            f"photos {' and '.join(parts)} of {self.name} look like {len(parts)} people (cosine "
            f"{self.score:.3f} at best, as of {one_in(COMMON)} strangers)"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"name": self.name, "groups": [list(g) for g in self.groups], "score": round(self.score, 4)}


@dataclass(frozen=True)
class Labels:
    """What a gallery's faces say about its names.

    Args:
        same: photos under two names that are one photograph, the most alike first.
        close: people whom fewer than 1 in 1,000 searches for a stranger would call alike; empty where no
            calibration tells.
        split: people whose photos look like several people's; empty where no calibration tells.
        least: each person's least likely photo, where there are several, the least likely first.
        rated: whether a calibration told how alike strangers are.
    """

    same: tuple[Pair, ...]
    close: tuple[Pair, ...]
    split: tuple[Split, ...]
    least: tuple[Least, ...]
    rated: bool

    @property
    def doubts(self) -> int:
        """How many."""
        return (
            len(self.same)
            + len(self.close)
            + len(self.split)
            + sum(bool(photo.doubt) for photo in self.least)
        )

    def lines(self) -> list[str]:
        """What is doubtful, in words."""
        same = [
            f"photo {pair.faces[0]} of {pair.names[0]} and photo {pair.faces[1]} of {pair.names[1]} are the"
            f" same photograph (cosine {pair.score:.3f})"
            for pair in self.same
        ]
        close = [
            f"{pair.names[0]} and {pair.names[1]} look like one person (cosine {pair.score:.3f}, as a search"
            f" for a stranger finds in at most {one_in(RARE)} cases)"
            for pair in self.close
        ]
        least = [f"photo {photo.face} of {photo.name} {photo.doubt}" for photo in self.least if photo.doubt]
        split = list(map(str, self.split))
        return [f"doubt: {line}" for kind in (same, close, split, least) for line in _some(kind)]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "same": [pair.to_json() for pair in self.same],
            "close": [pair.to_json() for pair in self.close],
            "split": [person.to_json() for person in self.split],
            "least": [photo.to_json() for photo in self.least],
            "rated": self.rated,
        }


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return lines if more <= 0 else [*lines[:_SHOWN], f"and {more:,} more of this kind, in --json"]


def check_labels(photos: Photos, calibrated: Calibrated | None) -> Labels:
    """Compare every photo with every other, and every person, in blocks.

    Args:
        photos: of a gallery.
        calibrated: tells how alike strangers are; None for nobody's telling.
    """
    count, people = len(photos.faces), len(photos.names)
    starts = np.searchsorted(photos.people, np.arange(people + 1))
    own, other = np.full(count, -2.0), np.full(count, -2.0)
    whose = np.zeros(count, dtype=np.int64)
    same = []
    for first, scores in _products(photos.embeddings):
        for n, row in enumerate(scores, first):
            mine = slice(starts[photos.people[n]], starts[photos.people[n] + 1])
            row[n] = -2
            own[n] = row[mine].max()
            row[mine] = -2
            whose[n] = row.argmax()
            other[n] = row[whose[n]]
            if other[n] >= SAME_PHOTO:
                twins = np.flatnonzero(row >= SAME_PHOTO)
                same += [_pair(photos, n, int(twin), float(row[twin])) for twin in twins if twin > n]
    least, split = [], []
    for person in range(people):
        mine = slice(starts[person], starts[person + 1])
        if mine.stop - mine.start < 2:
            continue
        n = mine.start + int(own[mine].argmin())
        seen = photos.seen[n]
        name, rival = photos.names[person], photos.names[photos.people[whose[n]]] if people > 1 else ""
        alike, unlike = alike_from(calibrated, seen, people - 1), unlike_below(calibrated, seen)
        apart = None if unlike is None else _split(photos, mine, unlike)
        if apart is not None:
            split.append(apart)
        # One photograph under two names is told as such already.
        twice = other[n] >= SAME_PHOTO
        why = "" if twice else doubt(name, rival, float(other[n]), float(own[n]), alike=alike)
        least.append(Least(name, int(photos.faces[n]), float(own[n]), rival, float(other[n]), why))
    return Labels(
        tuple(sorted(same, key=lambda pair: (-pair.score, pair.names))),
        _close(photos, starts, calibrated),
        tuple(sorted(split, key=lambda person: (person.score, person.name))),
        tuple(sorted(least, key=lambda photo: (photo.own, photo.name))),
        any(alike_from(calibrated, seen, max(1, people - 1)) is not None for seen in set(photos.seen)),
    )


def _pair(photos: Photos, first: int, second: int, score: float) -> Pair:
    ends = (first, second)
    return Pair(
        (photos.names[photos.people[first]], photos.names[photos.people[second]]),
        tuple(int(photos.faces[n]) for n in ends),
        score,
    )


def _split(photos: Photos, mine: slice, unlike: float) -> Split | None:
    """The groups into which a person's photos fall; None for one.

    Args:
        photos: of the gallery.
        mine: the person's.
        unlike: from which score on two photos belong together.
    """
    rows = photos.embeddings[mine]
    scores = rows @ rows.T
    group = np.arange(len(rows))
    for first, second in zip(*np.nonzero(scores >= unlike), strict=True):
        if group[first] != group[second]:
            group[group == group[second]] = group[first]
    numbers = np.unique(group)
    if len(numbers) < 2:
        return None
    faces = photos.faces[mine]
    groups = sorted((tuple(faces[group == n].tolist()) for n in numbers), key=lambda part: (-len(part), part))
    apart = scores[group[:, None] != group[None]]
    return Split(photos.names[photos.people[mine.start]], tuple(groups), float(apart.max()))


def _close(photos: Photos, starts: NDArray[np.int64], calibrated: Calibrated | None) -> tuple[Pair, ...]:
    """People whose templates are closer than a search for a stranger finds in more than `RARE` of cases."""
    people = len(photos.names)
    if people < 2 or calibrated is None:
        return ()
    templates = fuse(photos.embeddings, starts[:-1], photos.weights, keep_single=True).embeddings
    known = {seen: alike_from(calibrated, seen, people - 1) for seen in set(photos.seen)}
    found = []
    for first, scores in _products(templates):
        for n, row in enumerate(scores, first):
            row[: n + 1] = -2  # each pair once
            alike = known[photos.seen[starts[n]]]
            if alike is not None:
                close = np.flatnonzero(row >= alike)
                found += [
                    Pair((photos.names[n], photos.names[rival]), (), float(row[rival])) for rival in close
                ]
    return tuple(sorted(found, key=lambda pair: (-pair.score, pair.names)))


def _products(rows: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(first row, its block's cosines with all rows), which may be written to."""
    block = max(1, _BLOCK_BYTES // (4 * max(1, len(rows))))
    for first in range(0, len(rows), block):
        yield first, rows[first : first + block] @ rows.T
