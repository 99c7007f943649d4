"""QMUL-SurvFace verification (Cheng, Zhu & Gong 2018): 10,640 pairs of native surveillance faces.

    Face_Verification_Test_Set/verification_images/12_cam1_3.jpg   person, camera, number
    Face_Verification_Test_Set/positive_pairs_names.mat            positive_pairs_names
    Face_Verification_Test_Set/negative_pairs_names.mat            negative_pairs_names

Each list is a cell array of two columns of file names. Protocol: qmul-survface.github.io/protocols.html; read
alike by `johnnysclai/Deep-Siamese-network-for-LRFR`. There are no folds, so accuracy by cross-validation is
not part of it: true accept rates at four false accept rates are reported.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairData, PairList
from fewpix.evaluate.inventory import Count, Inventory, digest, require_folder
from fewpix.evaluate.pictures import PictureFiles
from fewpix.evaluate.readers.listing import present
from fewpix.evaluate.readers.matlab import names_of, read_matlab
from fewpix.evaluate.readers.survface import people_in

TEST_SET, IMAGES = "Face_Verification_Test_Set", "verification_images"
POSITIVE, NEGATIVE = "positive_pairs_names", "negative_pairs_names"
PAIRS, PICTURES = 5_320, 10_051
"""Pairs of either kind, and pictures, of version 1 as it is given out."""

FARS = (0.3, 0.1, 0.01, 0.001)
"""The false accept rates that the protocol reports."""


def inventory(folder: Path) -> Inventory:
    """What is there of the verification set.

    Args:
        folder: holds `Face_Verification_Test_Set`, or is that folder.

    Raises:
        InputError: the folder or a part of it is not there, or a list is unusable or contradicts the names.
    """
    return _look(folder)[0]


def read(folder: Path, *, allow_missing: bool = False) -> PairData:
    """Read the verification set: pairs of one person first, in a single fold.

    A picture in the list is `PERSON/NAME`; `pictures` are named from the test set's folder on, so that it
    does not matter which of the two folders was named.

    Args:
        folder: see `inventory`.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be, or one kind of pair is not left.
    """
    found, pairs, names, there = _look(folder)
    found.require_pictures(allow_missing=allow_missing)
    keep = there[pairs.first] & there[pairs.second]
    kept = pairs.only(keep)
    if not kept.same.any() or kept.same.all():
        raise InputError(
            f"{folder} has both pictures of no pair of {'two people' if kept.same.any() else 'one person'}",
            fix="complete the folder",
        )
    place = dict(zip(pairs.pictures, names, strict=True))
    where = tuple(place[picture].removeprefix(f"{TEST_SET}/") for picture in kept.pictures)
    at = folder / TEST_SET if (folder / TEST_SET).is_dir() else folder
    missing = int((~keep).sum())
    return PairData("survface-pairs", found, kept, PictureFiles(at, where), missing, fars=FARS)


def _look(folder: Path) -> tuple[Inventory, PairList, list[str], NDArray[np.bool_]]:
    """The inventory, all pairs, and for each of their pictures its path and whether it is there."""
    require_folder(folder, kind="QMUL-SurvFace")
    inside = TEST_SET if (folder / TEST_SET).is_dir() else ""
    at = folder / inside
    require_folder(at, IMAGES, f"{POSITIVE}.mat", f"{NEGATIVE}.mat", kind="QMUL-SurvFace")
    positive, negative = (_names(at / f"{key}.mat", key) for key in (POSITIVE, NEGATIVE))
    rows = np.concatenate((positive, negative))
    same = np.arange(len(rows)) < len(positive)
    people = np.stack([people_in(rows[:, side], "the lists of pairs") for side in (0, 1)], axis=1)
    _agree(rows, people, same, len(positive))
    pictures, numbers = np.unique(np.strings.add(np.strings.add(people, "/"), rows), return_inverse=True)
    numbers = numbers.reshape(rows.shape).astype(np.int64)
    pairs = PairList(
        tuple(pictures.tolist()),
        numbers[:, 0].copy(),
        numbers[:, 1].copy(),
        same,
        np.zeros(len(rows), dtype=np.int64),
    )
    files = np.strings.partition(pictures, "/")[2]
    there = present(at / IMAGES, files.tolist())
    stem = f"{inside}/{IMAGES}/" if inside else f"{IMAGES}/"
    names = [stem + name for name in files.tolist()]
    counts = (
        Count("pairs of one person", len(positive), PAIRS),
        Count("pairs of two people", len(negative), PAIRS),
        Count("pictures in the lists", len(files), PICTURES),
        Count("people", pairs.clusters().people),
        Count("pairs with both pictures", int((there[pairs.first] & there[pairs.second]).sum())),
    )
    missing = tuple(name for name, found in zip(names, there, strict=True) if not found)
    sha256 = digest([at / f"{key}.mat" for key in (POSITIVE, NEGATIVE)], files.tolist())
    found = Inventory("survface-verification", folder, counts, len(files), missing, sha256)
    return found, pairs, names, there


def _names(path: Path, key: str) -> NDArray[np.str_]:
    """(P, 2) file names."""
    names = names_of(read_matlab(path, key)[key], key, path)
    if names.ndim != 2 or names.shape[1] != 2:
        raise InputError(f"{path}: {key} is {names.shape}, not two columns of names", fix="download it again")
    return names


def _agree(rows: NDArray[np.str_], people: NDArray[np.str_], same: NDArray[np.bool_], positives: int) -> None:
    """Refuse a pair that the names say is of the other kind, and a picture paired with itself."""
    wrong = np.flatnonzero((people[:, 0] == people[:, 1]) != same)
    selves = np.flatnonzero(rows[:, 0] == rows[:, 1])
    for bad, what in ((wrong, "{} and {} are of the other kind"), (selves, "{} is paired with itself")):
        if len(bad):
            row = int(bad[0])
            key, number = (POSITIVE, row) if same[row] else (NEGATIVE, row - positives)
            raise InputError(
                f"{key}, row {number + 1}: {what.format(*rows[row])}", fix="use the lists of one download"
            )
