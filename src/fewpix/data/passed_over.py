"""What a listing left out, and why: counted and named, so that nothing goes missing without a word."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from fewpix.counted import counted
from fewpix.image.signature import kind_of

LINK, EMPTY, NO_PICTURE = "a link, not followed", "empty", "no picture"
"""Why a folder behind a link, a folder without files, and a file of another kind bring nothing."""

SHOWN, PEOPLE_SHOWN = 3, 20
"""So many names of one reason, and so many people, are in a text; in JSON all are."""


@dataclass(frozen=True)
class PassedOver:
    """A file or folder that brings no picture.

    Args:
        path: relative to the folder that was listed, with `/`; of many members of an archive their ending.
        why: in words.
        count: how many files these are.
    """

    path: str
    why: str
    count: int = 1


@dataclass(frozen=True)
class Absent:
    """Somebody in whose folder there is no picture.

    Args:
        name: of the folder, which is the person's.
        items: what is in it, or the folder itself.
    """

    name: str
    items: tuple[PassedOver, ...]

    def __str__(self) -> str:
        reasons: dict[str, list[PassedOver]] = {}
        for item in self.items:
            reasons.setdefault(item.why, []).append(item)
        parts = [
            why if why in (LINK, EMPTY) else f"{sum(item.count for item in items)} {_endings(items)}: {why}"
            for why, items in reasons.items()
        ]
        return f"{self.name} ({'; '.join(parts) or EMPTY})"


@dataclass(frozen=True)
class LeftOut:
    """All that a listing passed over.

    Args:
        items: by path; without the hidden ones, and those of `people`.
        hidden: the number of hidden files and folders (`.name`, `Thumbs.db`, `desktop.ini`).
        people: where each folder is a person's, those who bring nobody.
    """

    items: tuple[PassedOver, ...] = ()
    hidden: int = 0
    people: tuple[Absent, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items or self.people)

    def __add__(self, other: LeftOut) -> LeftOut:
        return LeftOut(self.items + other.items, self.hidden + other.hidden, self.people + other.people)

    def __str__(self) -> str:
        """A line for people and one for the rest; empty where nothing was passed over."""
        lines = []
        if self.people:
            who = [str(person) for person in self.people]
            lines.append(f"{counted(len(who), 'person', 'people')} without a readable photo: {_few(who)}")
        if self.items:
            lines.append(f"{self._number()} passed over: {self._grouped()}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """`passed_over`, everything with `path`, `why` and `count`, and the number of hidden ones; where
        folders are people's, the names of those who bring nobody as `people_without_photo`.
        """
        every = sorted(
            (*self.items, *(item for person in self.people for item in person.items)),
            key=lambda item: item.path,
        )
        facts: dict[str, Any] = {
            "passed_over": [{"path": p.path, "why": p.why, "count": p.count} for p in every],
            "passed_over_hidden": self.hidden,
        }
        if self.people:
            facts["people_without_photo"] = [person.name for person in self.people]
        return facts

    def below(self, folder: str) -> LeftOut:
        """The same with paths that begin with the folder's."""

        def moved(items: Iterable[PassedOver]) -> tuple[PassedOver, ...]:
            at = PurePosixPath(folder)
            return tuple(replace(item, path=(at / item.path).as_posix()) for item in items)

        people = tuple(Absent(person.name, moved(person.items)) for person in self.people)
        return LeftOut(moved(self.items), self.hidden, people)

    def but_for(self, present: Collection[str]) -> LeftOut:
        """The same where these people have photos elsewhere, and are not absent."""
        absent = tuple(person for person in self.people if person.name not in present)
        items = [item for person in self.people if person.name in present for item in person.items]
        return LeftOut((*self.items, *items), self.hidden, absent)

    def _number(self) -> str:
        other = "other " if self.people else ""
        folders = sum(item.why in (LINK, EMPTY) for item in self.items)
        files = sum(item.count for item in self.items) - folders
        words = [counted(files, f"{other}file")] if files else []
        return " and ".join([*words, counted(folders, f"{other}folder")] if folders else words)

    def _grouped(self) -> str:
        """Files by their reasons, the most frequent first: `a.gif, b.gif and 7 more (GIF: ...); ...`."""
        reasons: dict[str, list[PassedOver]] = {}
        for item in self.items:
            reasons.setdefault(item.why, []).append(item)
        order = sorted(reasons.items(), key=lambda pair: (-sum(item.count for item in pair[1]), pair[0]))
        return "; ".join(f"{_few([_named(item) for item in found], SHOWN)} ({why})" for why, found in order)


NOTHING = LeftOut()
"""Where nothing was passed over."""


def why_not(head: bytes, name: str) -> str:
    """Why a file is no picture that can be read; empty when it is one.

    Args:
        head: its first `HEAD` bytes, or all of it.
        name: of the file.
    """
    kind = kind_of(head, name)
    if kind is None:
        return NO_PICTURE if head else "empty file"
    if kind.readable:
        return ""
    return f"{kind.name}: {kind.fix}" if kind.family == "picture" else str(kind)


def _few(words: Sequence[str], most: int = PEOPLE_SHOWN) -> str:
    """The first words of a list, and how many more there are."""
    if len(words) <= most + 1:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most:,} more"


def _named(item: PassedOver) -> str:
    return item.path if item.count == 1 else f"{item.count:,} {item.path}"


def _endings(items: Iterable[PassedOver]) -> str:
    endings = {PurePosixPath(item.path).suffix.lower() for item in items}
    return endings.pop() if len(endings) == 1 and "" not in endings else "files"
