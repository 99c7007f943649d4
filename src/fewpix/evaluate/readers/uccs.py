"""UCCS, the watchlist of the third open-set face detection and identification challenge.

    FOLDER/gallery.csv                        FILE, SUBJECT_ID, REYE_X, REYE_Y, ... LMOUTH_X, LMOUTH_Y
    FOLDER/gallery_images/0001/0001_0.png     ten pictures of each of 1,000 people
    FOLDER/validation.csv                     FILE, FACE_ID, SUBJECT_ID, FACE_X, FACE_Y, FACE_WIDTH, ...
    FOLDER/validation_images/NAME.jpg         whole pictures
    FOLDER/exclude_gallery_validation.pickle  face ids that the gallery was cut from, one a line

The last file is a text in spite of its name; it is never unpickled. SUBJECT_ID of a face is 0 or below when
its person is not in the gallery. A person of the gallery is enrolled as the mean of ten embeddings. Layout
and columns: public repository AIML-IfI/uccs-facerec-challenge (README, dataset.py); Kasım et al., arXiv
2409.07220.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Items, PictureFiles
from fewpix.evaluate.matching import Faces
from fewpix.evaluate.readers.csv import read_cells
from fewpix.evaluate.readers.listed import absent, present, read_lines, require_names

KIND = "uccs"
GALLERY, VALIDATION = "gallery.csv", "validation.csv"
EXCLUDED = ("exclude_gallery_validation.pickle", "exclude_gallery_validation.txt")
"""Names of the list of excluded faces, first found wins; without one, no face is excluded."""

POINTS = ("REYE", "LEYE", "NOSE", "RMOUTH", "LMOUTH")
"""The five points in the order of the columns; right and left are the person's own."""


@dataclass(frozen=True, eq=False)
class Uccs:
    """The gallery, and the pictures to be searched.

    Args:
        inventory: what was found.
        gallery: one item a person, with the pictures that are there: column k of a score file is item k - 1.
        images: paths of the whole pictures that are there, in the order of the list.
        faces: the faces on them; `faces.image` counts `images`.
    """

    inventory: Inventory
    gallery: Items
    images: tuple[str, ...]
    faces: Faces


def inventory(folder: Path) -> Inventory:
    """What is there of the benchmark.

    Raises:
        InputError: the folder lacks a list, or a list is malformed.
    """
    return read_lists(folder).inventory


def read(folder: Path, *, allow_missing: bool = False) -> Uccs:
    """Read the lists and look for their pictures.

    Args:
        folder: with the layout above.
        allow_missing: leave out missing pictures, with their faces, instead of refusing.

    Raises:
        InputError: the folder lacks a list, a list is malformed, or pictures are missing.
    """
    return _load(folder, allow_missing)


def read_lists(folder: Path) -> Uccs:
    """Everything that the lists name, there or not: no picture is needed to judge a score file.

    Raises:
        InputError: see `inventory`.
    """
    return _load(folder, None)


def _load(folder: Path, allow_missing: bool | None) -> Uccs:
    """The lists, with the pictures that are there; with all that they name when `allow_missing` is None."""
    require_folder(folder, GALLERY, VALIDATION, kind="UCCS (watchlist, version 3)")
    enrolled, subjects, points = _gallery(folder / GALLERY)
    count = int(subjects[-1])
    images, image, face_ids, people, boxes = _validation(folder / VALIDATION, count)
    exclude_list = next((folder / name for name in EXCLUDED if (folder / name).exists()), None)
    excluded = _face_ids(exclude_list) if exclude_list else np.empty(0, dtype=np.int64)
    ignored = np.isin(face_ids, excluded)
    if len(np.unique(face_ids[ignored])) < ignored.sum():
        raise InputError(f"{folder / VALIDATION} has an excluded FACE_ID twice", fix="download it again")
    names = (*enrolled, *images)
    there = present(folder, names)
    lists = [folder / GALLERY, folder / VALIDATION, *([exclude_list] if exclude_list else [])]
    known = (people > 0) & ~ignored
    counts = (
        Count("people in the gallery", count, 1000),
        Count("gallery pictures", int(there[: len(enrolled)].sum()), 10_000),
        Count("validation pictures", int(there[len(enrolled) :].sum())),
        Count("faces in the list", len(people)),
        Count("faces of people in the gallery", int(known.sum())),
        Count("faces of others", int((~ignored & (people <= 0)).sum())),
        Count("faces that the gallery was cut from, left out", int(ignored.sum())),
        Count("excluded faces that the list does not have", len(np.setdiff1d(excluded, face_ids))),
    )
    found = Inventory(
        kind=KIND,
        folder=folder,
        counts=counts,
        listed=len(names),
        missing=absent(names, there),
        sha256=digest(lists, names),
    )
    kept = np.ones(len(names), dtype=np.bool_)
    if allow_missing is not None:
        found.require_pictures(allow_missing=allow_missing)
        kept = there
    rows, shown = np.flatnonzero(kept[: len(enrolled)]), kept[len(enrolled) :]
    gallery = Items(
        PictureFiles(folder, tuple(enrolled[n] for n in rows)),
        np.arange(1, count + 1),
        tuple(map(str, range(1, count + 1))),
        subjects[rows] - 1,
        media=np.arange(len(rows)),
        points=points[rows],
    )
    on = shown[image]
    places = (np.cumsum(shown) - 1)[image[on]].astype(np.int64)
    faces = Faces(int(shown.sum()), places, boxes[on], people[on], ignored[on])
    return Uccs(found, gallery, tuple(compress(images, shown)), faces)


def _gallery(path: Path) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float32]]:
    """The pictures of the gallery, those of a person together, whose they are, and their points."""
    axes = [f"{point}_{axis}" for point in POINTS for axis in "XY"]
    cells = read_cells(path, ("FILE", "SUBJECT_ID", *axes))
    files = cells.texts("FILE")
    # the folder is what stands before the underscore of the file, as the challenge's own code has it
    names = [f"gallery_images/{file.partition('_')[0]}/{file}" for file in files]
    require_names((*files, *names), path)
    if len(set(names)) < len(names):
        raise InputError(f"{path} names a picture twice", fix="download it again")
    people = cells.integers("SUBJECT_ID")
    distinct = np.unique(people)
    if distinct[0] != 1 or distinct[-1] != len(distinct):
        # column k of a score file is person k, so a gap would shift all that follow
        raise InputError(
            f"{path} numbers {len(distinct)} people from {distinct[0]} to {distinct[-1]}, "
            "not from 1 without gaps",
            fix="use the challenge's own list",
        )
    order = np.argsort(people, kind="stable")
    points = np.stack([cells.numbers(axis) for axis in axes], axis=1).reshape(-1, 5, 2)
    return tuple(names[n] for n in order), people[order], points[order].astype(np.float32)


def _validation(
    path: Path, enrolled: int
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pictures in the order of the list; and by face: picture, face id, person, box."""
    sides = ("FACE_X", "FACE_Y", "FACE_WIDTH", "FACE_HEIGHT")
    cells = read_cells(path, ("FILE", "FACE_ID", "SUBJECT_ID", *sides))
    files = cells.texts("FILE")
    require_names(files, path)
    numbered = {file: number for number, file in enumerate(dict.fromkeys(files))}
    ids, people = cells.integers("FACE_ID"), cells.integers("SUBJECT_ID")
    boxes = np.stack([cells.numbers(side) for side in sides], axis=1)
    flat = np.flatnonzero((boxes[:, 2:] < 0).any(axis=1))
    if len(flat):
        raise cells.fault(int(flat[0]), f"a face's box is {boxes[flat[0]].tolist()}")
    strange = np.flatnonzero(people > enrolled)
    if len(strange):
        raise cells.fault(
            int(strange[0]),
            f"person {people[strange[0]]} is not in the gallery",
            fix="use the lists of one release together",
        )
    return (
        tuple(f"validation_images/{file}" for file in numbered),
        np.array([numbered[file] for file in files], dtype=np.int64),
        ids,
        people,
        boxes,
    )


def _face_ids(path: Path) -> NDArray[np.int64]:
    """One whole number a line."""
    ids = []
    lines = read_lines(path, "write one face id a line into it; a pickle is never opened")
    for number, line in enumerate(lines, start=1):
        for word in line.split():
            if not word.isdecimal() or len(word) > 15:
                raise InputError(f"{path}, line {number}: face id is {word!r}, not a whole number")
            ids.append(int(word))
    return np.array(ids, dtype=np.int64)
