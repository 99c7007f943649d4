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
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Pictures
from fewpix.evaluate.inventory import Count, Inventory, digest, require_folder
from fewpix.evaluate.iou_matching import Faces
from fewpix.evaluate.readers.csv_columns import integers, numbers, read_columns
from fewpix.evaluate.readers.listing import present, read_lines, require_names

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
        gallery: G pictures that are there; people are named by their number, "1" to "1000".
        points: (G, 5, 2) float64, the five points in pixels of their picture.
        images: paths of the whole pictures that are there, in the order of the list.
        faces: the faces on them; `faces.image` counts `images`.
        people: how many there are in the gallery's list: column k of a score file is person k.
    """

    inventory: Inventory
    gallery: Pictures
    points: NDArray[np.float64]
    images: tuple[str, ...]
    faces: Faces
    people: int


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
    found = read_lists(folder)
    found.inventory.require_pictures(allow_missing=allow_missing)
    there = present(folder, found.gallery.names)
    kept = present(folder, found.images)
    new = np.cumsum(kept) - 1
    faces = found.faces
    shown = kept[faces.image]
    return Uccs(
        inventory=found.inventory,
        gallery=found.gallery.only(there),
        points=found.points[there],
        images=tuple(name for name, keep in zip(found.images, kept, strict=True) if keep),
        faces=Faces(
            int(kept.sum()),
            new[faces.image[shown]].astype(np.int64),
            faces.boxes[shown],
            faces.people[shown],
            faces.ignored[shown],
        ),
        people=found.people,
    )


def read_lists(folder: Path) -> Uccs:
    """Everything that the lists name, there or not: no picture is needed to judge a score file.

    Raises:
        InputError: see `inventory`.
    """
    require_folder(folder, GALLERY, VALIDATION, kind="UCCS (watchlist, version 3)")
    gallery, points = _gallery(folder / GALLERY)
    images, image, face_ids, people, boxes = _validation(folder / VALIDATION)
    exclude_list = next((folder / name for name in EXCLUDED if (folder / name).exists()), None)
    excluded = _face_ids(exclude_list) if exclude_list else np.empty(0, dtype=np.int64)
    ignored = np.isin(face_ids, excluded)
    if len(np.unique(face_ids[ignored])) < ignored.sum():
        raise InputError(f"{folder / VALIDATION} has an excluded FACE_ID twice", fix="download it again")
    strange = np.flatnonzero(people > len(np.unique(gallery.people)))
    if len(strange):
        raise InputError(
            f"{folder / VALIDATION}, row {strange[0] + 1}: person {people[strange[0]]} is not in the gallery",
            fix="use the lists of one release together",
        )
    names = (*gallery.names, *images)
    there = present(folder, names)
    lists = [folder / GALLERY, folder / VALIDATION, *([exclude_list] if exclude_list else [])]
    known = (people > 0) & ~ignored
    counts = (
        Count("people in the gallery", len(np.unique(gallery.people)), 1000),
        Count("gallery pictures", int(there[: len(gallery)].sum()), 10_000),
        Count("validation pictures", int(there[len(gallery) :].sum())),
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
        missing=tuple(name for name, here in zip(names, there, strict=True) if not here),
        sha256=digest(lists, names),
    )
    faces = Faces(len(images), image, boxes, people, ignored)
    return Uccs(found, gallery, points, images, faces, len(np.unique(gallery.people)))


def _gallery(path: Path) -> tuple[Pictures, NDArray[np.float64]]:
    """The pictures of the gallery and their points."""
    axes = [f"{point}_{axis}" for point in POINTS for axis in "XY"]
    files, subjects, *columns = read_columns(path, ["FILE", "SUBJECT_ID", *axes])
    # the folder is what stands before the underscore of the file, as the challenge's own code has it
    names = tuple(f"gallery_images/{file.partition('_')[0]}/{file}" for file in files)
    require_names((*files, *names), path)
    if len(set(names)) < len(names):
        raise InputError(f"{path} names a picture twice", fix="download it again")
    people = integers(subjects, path, "SUBJECT_ID")
    distinct = np.unique(people)
    if distinct[0] != 1 or distinct[-1] != len(distinct):
        # column k of a score file is person k, so a gap would shift all that follow
        raise InputError(
            f"{path} numbers {len(distinct)} people from {distinct[0]} to {distinct[-1]}, "
            "not from 1 without gaps",
            fix="use the challenge's own list",
        )
    points = [numbers(column, path, axis) for column, axis in zip(columns, axes, strict=True)]
    return Pictures(names, people.astype(np.str_)), np.stack(points, axis=1).reshape(-1, 5, 2)


def _validation(
    path: Path,
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pictures in the order of the list; and by face: picture, face id, person, box."""
    sides = ["FACE_X", "FACE_Y", "FACE_WIDTH", "FACE_HEIGHT"]
    files, face_ids, subjects, *columns = read_columns(path, ["FILE", "FACE_ID", "SUBJECT_ID", *sides])
    require_names(files, path)
    numbered = {file: number for number, file in enumerate(dict.fromkeys(files))}
    ids = integers(face_ids, path, "FACE_ID")
    boxes = np.stack(
        [numbers(column, path, side) for column, side in zip(columns, sides, strict=True)], axis=1
    )
    flat = np.flatnonzero((boxes[:, 2:] < 0).any(axis=1))
    if len(flat):
        raise InputError(f"{path}, row {flat[0] + 1}: a face's box is {boxes[flat[0]].tolist()}")
    return (
        tuple(f"validation_images/{file}" for file in numbered),
        np.array([numbered[file] for file in files], dtype=np.int64),
        ids,
        integers(subjects, path, "SUBJECT_ID"),
        boxes,
    )


def _face_ids(path: Path) -> NDArray[np.int64]:
    """One whole number a line."""
    words = " ".join(read_lines(path, "write one face id a line into it; a pickle is never opened")).split()
    return integers(words, path, "face id") if words else np.empty(0, dtype=np.int64)
