"""Lists of names, and which of the files that they name are there: one look per folder, not one per file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.folders import Listing, list_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Pairs


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
