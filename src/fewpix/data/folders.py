"""The pictures below a folder, and all that is there besides: the one place where folders are listed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fewpix.data.passed_over import EMPTY, LINK, NOTHING, Absent, LeftOut, PassedOver, why_not
from fewpix.errors import InputError
from fewpix.files import PathLike, path_of
from fewpix.image.codec import SUFFIXES
from fewpix.image.signature import HEAD

_SYSTEM = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx"))
"""What systems leave in folders of pictures (lower case)."""


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder.

    Args:
        names: paths relative to the folder with `/` on every platform, sorted by code point.
        left_out: everything else.
        folders: those directly in it, by name, links too; hidden ones are not among them.
    """

    names: tuple[str, ...] = ()
    left_out: LeftOut = NOTHING
    folders: tuple[str, ...] = ()

    def per_person(self) -> LeftOut:
        """What was left out where every folder is a person's: those without a picture are named as people."""
        there = {name.partition("/")[0] for name in self.names if "/" in name}
        inside: dict[str, list[PassedOver]] = {name: [] for name in self.folders if name not in there}
        others: list[PassedOver] = []
        for item in self.left_out.items:
            inside.get(item.path.partition("/")[0], others).append(item)
        absent = tuple(Absent(name, tuple(items)) for name, items in inside.items())
        return LeftOut(tuple(others), self.left_out.hidden, absent)


def list_images(folder: PathLike) -> Listing:
    """Every picture below `folder`, and what else is there.

    A file is a picture when its name ends as one of those that are read (`SUFFIXES`), or its content begins
    as one, whatever its name. Links to files are followed, links to folders are not, so that a loop of links
    ends. Hidden files and folders are counted only.

    Raises:
        InputError: the folder is missing or not a folder, cannot be read, or holds no picture.
    """
    found = list_folder(folder)
    if not found.names:
        why = f": {found.left_out}" if found.left_out else ""
        raise InputError(
            f"there is no image below {folder}{why}",
            fix=f"pictures end in {', '.join(sorted(SUFFIXES))}, or begin as one",
        )
    return found


def list_folder(folder: PathLike, *, below: bool = True) -> Listing:
    """As `list_images`, of a folder that may hold no picture.

    Args:
        folder: to be listed.
        below: also what lies in folders in it.

    Raises:
        InputError: the folder is missing or not a folder, or cannot be read.
    """
    folder = path_of(folder)
    if not folder.exists():
        raise InputError(f"there is no folder {folder}", fix="check the path")
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", fix="name the folder that holds the images")
    names: list[str] = []
    left_out: list[PassedOver] = []
    people: list[str] = []
    hidden = 0
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        shown = 0
        for entry in _entries(folder / inside):
            if entry.name.startswith(".") or entry.name.lower() in _SYSTEM:
                hidden += 1
                continue
            shown += 1
            name = f"{inside}{entry.name}"
            if entry.is_dir():
                if not inside:
                    people.append(name)
                if entry.is_symlink() or getattr(entry, "is_junction", bool)():  # from Python 3.12 on
                    left_out.append(PassedOver(name, LINK))
                elif below:
                    waiting.append(f"{name}/")
            elif why := _why_not(entry):
                left_out.append(PassedOver(name, why))
            else:
                names.append(name)
        if inside and not shown:
            left_out.append(PassedOver(inside.rstrip("/"), EMPTY))
    left_out.sort(key=lambda item: item.path)
    return Listing(tuple(sorted(names)), LeftOut(tuple(left_out), hidden), tuple(sorted(people)))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise InputError(
            f"cannot read the folder {error.filename or folder}: {error.strerror or error}",
            fix="check its permissions",
        ) from error


def _why_not(entry: os.DirEntry[str]) -> str:
    """Why a file is no picture to read; empty when it is one. Only files with other endings are opened."""
    if Path(entry.name).suffix.lower() in SUFFIXES:
        return ""  # also a link to nothing: it was meant as a picture, and reading it fails with its name
    if not entry.is_file():
        broken = entry.is_symlink() and not Path(entry.path).exists()
        return "a link to nothing" if broken else "not an ordinary file"
    try:
        with Path(entry.path).open("rb") as file:
            return why_not(file.read(HEAD), entry.name)
    except OSError as error:
        return f"not readable: {error.strerror or error}"
