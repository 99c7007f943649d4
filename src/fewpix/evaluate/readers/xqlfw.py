"""XQLFW, LFW's pictures in better and worse versions (Knoche, Hörmann & Rigoll 2021): pairs and qualities.

Its authors (public repository `Martlgap/xqlfw`) give four downloads: `xqlfw.zip` with the pictures in
`lfw_original_imgs_min_qual0.85variant11/`, `xqlfw_aligned_112.zip` with those aligned to 112x112 px, the
list `xqlfw_pairs.txt` in LFW's form, and `xqlfw_scores.txt`: a line `ID Num Score`, then one for each
picture, the score being lower the worse the picture is.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, Inventory, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Benchmark
from fewpix.evaluate.readers.lfw import PairsTxt
from fewpix.evaluate.readers.listed import folds_of, read_lines

PAIRS, FOLDS, PEOPLE, PICTURES = 6000, 10, 3743, 7263
"""As published; of the pairs half show one person."""

PAIRS_FILE, SCORES_FILE = "xqlfw_pairs.txt", "xqlfw_scores.txt"
ALIGNED = "xqlfw_aligned_112"
ORIGINAL = "lfw_original_imgs_min_qual0.85variant11"


def locate(folder: Path, *, aligned: bool | None = None) -> tuple[Path, Path, Path | None]:
    """Find the parts of XQLFW, each of which is a download of its own.

    Args:
        folder: holds them, side by side or in folders named as the downloads; or is the folder of pictures
            itself, with the lists in it or up to two folders above.
        aligned: take the aligned pictures, or the original ones. When None, the aligned ones if they are
            there, else the original ones, else the folder itself.

    Returns:
        The folder of the people's folders, the list, and the qualities, None if they are not there.

    Raises:
        InputError: no folder, no list, or not the pictures that were asked for.
    """
    require_folder(folder, kind="XQLFW")
    around = (folder, folder / "xqlfw", *folder.absolute().parents[:2])
    pairs = next((at / PAIRS_FILE for at in around if (at / PAIRS_FILE).is_file()), None)
    if pairs is None:
        raise InputError(
            f"{folder} is not a folder of XQLFW: it lacks {PAIRS_FILE}",
            fix="put it beside the folder of pictures",
        )
    wanted = (ALIGNED, ORIGINAL) if aligned is None else (ALIGNED,) if aligned else (ORIGINAL,)
    # an archive that was unpacked into a folder of its own name lies one deeper
    deep = (at for name in wanted for at in (f"{name}/{name}", name, f"xqlfw/{name}"))
    pictures = next((folder / at for at in deep if (folder / at).is_dir()), None)
    if pictures is None and aligned is not None and folder.name not in wanted:
        raise InputError(
            f"{folder} holds no folder {wanted[0]}", fix="unpack the archive of that name, or name its folder"
        )
    scores = next((at / SCORES_FILE for at in around if (at / SCORES_FILE).is_file()), None)
    return pictures or folder, pairs, scores


def inventory(folder: Path, *, aligned: bool | None = None) -> Inventory:
    """What is there of XQLFW, its `folder` that of the pictures; arguments and errors as for `read`."""
    return _look(folder, aligned)[0]


def read(folder: Path, *, aligned: bool | None = None, allow_missing: bool = False) -> Benchmark:
    """Read XQLFW; qualities are 0 (the worst) to 1, NaN where none is known.

    Args:
        folder: see `locate`.
        aligned: see `locate`.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: see `locate`; a malformed list; or pictures are missing and may not be.
    """
    found, listed, qualities = _look(folder, aligned)
    found.require_pictures(allow_missing=allow_missing)
    variant = found.folder.name if found.folder.name in (ALIGNED, ORIGINAL) else ""
    return listed.pictures.pairs("xqlfw", found, listed.pairs, quality=qualities, variant=variant)


def read_qualities(path: Path) -> dict[str, float]:
    """The quality of each picture, by its name as in a list of pairs: `NAME/NAME_0001`.

    Columns may be parted by tabs, spaces or commas; the first line may be a heading.

    Raises:
        InputError: the file is missing, not text, or not in this form; or a quality is not a finite number,
            or a picture has two. The line is named.
    """
    lines = read_lines(path, f"use XQLFW's {SCORES_FILE}")
    qualities: dict[str, float] = {}
    for number, line in enumerate(lines, start=1):
        words = re.split(r"[\s,]+", line.strip())
        if words == [""] or (number == 1 and [word.lower() for word in words] == ["id", "num", "score"]):
            continue
        if len(words) != 3 or not words[1].isdecimal():
            raise InputError(f"{path}, line {number}: expected NAME, n and a score, not {line!r}")
        try:
            quality = float(words[2])
        except ValueError:
            quality = np.nan
        if not np.isfinite(quality):
            raise InputError(f"{path}, line {number}: the score {words[2]!r} is not a finite number")
        picture = f"{words[0]}/{words[0]}_{int(words[1]):04d}"
        if qualities.setdefault(picture, quality) != quality:
            raise InputError(f"{path}, line {number}: {picture} has another score further up")
    return qualities


def _look(folder: Path, aligned: bool | None) -> tuple[Inventory, PairsTxt, NDArray[np.float64]]:
    """The inventory, the list, and the quality of each of its pictures, (S,) with NaN where there is none."""
    pictures, pairs, scores = locate(folder, aligned=aligned)
    listed = PairsTxt.read(pairs, pictures)
    known = read_qualities(scores) if scores else {}
    qualities = np.array([known.get(stem, np.nan) for stem in listed.stems])
    same = listed.pairs.same
    counts = (
        Count("pairs of one person", int(same.sum()), PAIRS // 2),
        Count("pairs of two people", int((~same).sum()), PAIRS // 2),
        Count("folds", folds_of(listed.pairs), FOLDS),
        Count("people in the list", listed.people, PEOPLE),
        Count("pictures in the list", len(listed.stems), PICTURES),
        Count("pictures without a quality", int(np.isnan(qualities).sum()), 0),
    )
    lists = [path for path in (pairs, scores) if path]
    return listed.inventory("xqlfw", pictures, counts, lists), listed, qualities
