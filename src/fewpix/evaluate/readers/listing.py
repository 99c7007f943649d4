"""Names of pictures from a list, and which of them are there: one look per folder, not one per picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.folders import Listing, list_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Pictures


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


@dataclass(frozen=True, eq=False)
class Listed:
    """What the two lists of a search name, there or not, and the pictures of others that no list names.

    Args:
        gallery: of the one list.
        probes: of the other; all of them show somebody of the gallery.
        others: those that are there, of people whom nobody is searched for.
        gallery_there: whether each of `gallery` is there.
        probes_there: likewise of `probes`.
    """

    gallery: Pictures
    probes: Pictures
    others: Pictures
    gallery_there: NDArray[np.bool_]
    probes_there: NDArray[np.bool_]

    @property
    def names(self) -> tuple[str, ...]:
        """What the lists name."""
        return self.gallery.names + self.probes.names

    def missing(self) -> tuple[str, ...]:
        """Those of them that are not there."""
        there = np.concatenate((self.gallery_there, self.probes_there))
        return tuple(name for name, found in zip(self.names, there, strict=True) if not found)
