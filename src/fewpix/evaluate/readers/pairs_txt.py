"""Lists of picture pairs in the form of LFW's `pairs.txt`, which XQLFW and others use too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.readers.listing import files_in, read_lines

SUFFIXES = (".jpg", ".png", ".jpeg")
"""Endings under which a picture of the list may lie in the folder, first found wins."""


def read_pairs(path: Path) -> PairList:
    """Read a `pairs.txt`.

    The first line holds the number of folds and of pairs per kind in each, tab-separated (one number: a
    single fold). Then, fold by fold, the pairs of one person, `NAME n m`, and as many of two, `NAME n OTHER
    m`. Picture n of NAME is `NAME/NAME_000n`.

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
    numbers = numbers.reshape(len(rows), 2).astype(np.int64)
    return PairList(
        tuple(str(picture) for picture in pictures),
        numbers[:, 0].copy(),
        numbers[:, 1].copy(),
        same,
        np.repeat(np.arange(folds, dtype=np.int64), 2 * per_kind),
    )


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


def find_pictures(folder: Path, pairs: PairList) -> tuple[list[str], NDArray[np.bool_]]:
    """Where the pictures of a list lie.

    Returns:
        Their paths relative to `folder` in the order of `pairs.pictures`, "" for one that is missing; and
        (P,) bool, whether both pictures of a pair are there.
    """
    files = files_in(folder, (picture.rpartition("/")[0] for picture in pairs.pictures))
    found = [
        next((picture + suffix for suffix in SUFFIXES if picture + suffix in files), "")
        for picture in pairs.pictures
    ]
    there = np.array([bool(name) for name in found])
    return found, there[pairs.first] & there[pairs.second]
