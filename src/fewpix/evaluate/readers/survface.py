"""QMUL-SurvFace identification (Cheng, Zhu & Gong 2018): a watch list of 3,000 people, 182,159 searches.

    Face_Identification_Test_Set/gallery/        12_cam1_3.jpg: person, camera, number
    Face_Identification_Test_Set/mated_probe/    the same people
    Face_Identification_Test_Set/unmated_probe/  others, and distractors_7.jpg: people with a single picture
    gallery_img_ID_pairs.mat                     gallery_set, gallery_ids
    mated_probe_img_ID_pairs.mat                 mated_probe_set, mated_probe_ids

The lists lie in `Face_Identification_Test_Set`, in some copies in `Face_Identification_Evaluation`. Protocol:
qmul-survface.github.io/protocols.html; read alike by the public evaluation scripts of F-SKD and BTNet. The
ids in the lists are not the numbers in the names, but one stands for the other throughout; some of those
scripts number people by their first appearance in each list, which is right only where both lists have one
order. Here the number in the name is the person, in all three folders, and the lists must agree with it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Pictures, Search
from fewpix.evaluate.inventory import Count, Inventory, digest, require_folder
from fewpix.evaluate.readers.listing import Listed, picture_files, present
from fewpix.evaluate.readers.matlab import read_named_ids

TEST_SET, EVALUATION = "Face_Identification_Test_Set", "Face_Identification_Evaluation"
GALLERY, MATED, UNMATED = "gallery", "mated_probe", "unmated_probe"
GALLERY_LIST, MATED_LIST = "gallery_img_ID_pairs.mat", "mated_probe_img_ID_pairs.mat"

PEOPLE = 3_000
GALLERY_PICTURES, MATED_PICTURES, UNMATED_PICTURES = 60_294, 60_423, 121_736
"""Of version 1 as it is given out; its website's total of test pictures, 242,617, is 164 more."""
DISTRACTORS = 28_476
"""Unmated pictures called `distractors_NUMBER.jpg`."""

RANK, FPIRS = 20, (0.01, 0.1, 0.2, 0.3)
"""What its authors report: TPIR20 at these rates."""


def inventory(folder: Path) -> Inventory:
    """What is there of the identification set.

    Args:
        folder: holds `Face_Identification_Test_Set`, or is that folder.

    Raises:
        InputError: the folder or a part of it is not there, a list is unusable or contradicts the names, a
            mated probe shows nobody of the gallery, or an unmated one somebody.
    """
    return _look(folder)[0]


def read(folder: Path, *, allow_missing: bool = False) -> Search:
    """Read the identification set.

    The probes are the mated ones in the order of their list, then the unmated ones by name. A person's name
    is the number in the picture's name; each picture without one is a person of their own, `unmated NAME`.

    Args:
        folder: see `inventory`.
        allow_missing: leave out missing pictures instead of refusing, and mated probes of whom the gallery
            has no picture any more: they would pass for strangers.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be, or no mated or no unmated probe
            is left.
    """
    found, listed = _look(folder)
    found.require_pictures(allow_missing=allow_missing)
    whole = (len(listed.gallery), len(listed.probes)) == (GALLERY_PICTURES, MATED_PICTURES)
    if whole and len(listed.others) < UNMATED_PICTURES and not allow_missing:
        raise InputError(
            f"{UNMATED} holds {len(listed.others):,} of {UNMATED_PICTURES:,} pictures",
            fix="complete the folder, or search without the others with --allow-missing",
        )
    gallery, mated = listed.gallery.only(listed.gallery_there), listed.probes.only(listed.probes_there)
    mated = mated.only(np.isin(mated.people, gallery.people))
    if not len(mated) or not len(listed.others):
        raise InputError(
            f"{folder} has no {'unmated' if len(mated) else 'mated'} probe to search for",
            fix="complete the folder",
        )
    probes = Pictures(mated.names + listed.others.names, np.concatenate((mated.people, listed.others.people)))
    return Search(found, gallery, probes, prototypes=True, rank=RANK, fpirs=FPIRS)


def people_in(names: NDArray[np.str_], where: str) -> NDArray[np.str_]:
    """The person of each picture, (N,): the number before the first `_` in its name.

    Args:
        names: (N,) file names.
        where: the list that they stand in, for the message.

    Raises:
        InputError: a name does not begin with a number and `_`; the row is named.
    """
    numbers, signs, _ = np.strings.partition(names, "_")
    bad = np.flatnonzero(~(np.strings.isdecimal(numbers) & (signs == "_")))
    if len(bad):
        raise InputError(
            f"{where}, row {bad[0] + 1}: {names[bad[0]]} does not begin with a person's number and _",
            fix="use the benchmark's own names, such as 12_cam1_3.jpg",
        )
    return np.asarray(numbers, dtype=np.str_)


def _look(folder: Path) -> tuple[Inventory, Listed]:
    require_folder(folder, kind="QMUL-SurvFace")
    inside = TEST_SET if (folder / TEST_SET).is_dir() else ""
    require_folder(folder / inside, GALLERY, MATED, UNMATED, kind="QMUL-SurvFace")
    beside = folder / EVALUATION if inside else folder.absolute().parent / EVALUATION
    at = next((p for p in (folder / inside, beside) if (p / GALLERY_LIST).is_file()), folder / inside)
    require_folder(at, GALLERY_LIST, MATED_LIST, kind="QMUL-SurvFace")
    lists = [at / GALLERY_LIST, at / MATED_LIST]
    gallery_names, gallery_ids = read_named_ids(lists[0], "gallery_set", "gallery_ids")
    mated_names, mated_ids = read_named_ids(lists[1], "mated_probe_set", "mated_probe_ids")
    gallery_people, mated_people = (
        people_in(gallery_names, GALLERY_LIST),
        people_in(mated_names, MATED_LIST),
    )
    _agree(
        np.concatenate((gallery_people, mated_people)),
        np.concatenate((gallery_ids, mated_ids)),
        np.concatenate((gallery_names, mated_names)),
    )
    strangers = np.setdiff1d(mated_people, gallery_people)
    if len(strangers):
        raise InputError(
            f"{MATED_LIST} lists person {strangers[0]}, who is not in {GALLERY_LIST}",
            fix="use the two lists of one download",
        )
    unmated = picture_files(folder / inside / UNMATED)
    others = np.array(unmated.names, dtype=np.str_)
    unmated_people = _unmated_people(others)
    known = np.flatnonzero(np.isin(unmated_people, gallery_people))
    if len(known):
        raise InputError(
            f"{UNMATED} holds {others[known[0]]}, whose person is in the gallery", fix="unpack it again"
        )
    stem = f"{inside}/" if inside else ""
    listed = Listed(
        Pictures.below(f"{stem}{GALLERY}/", gallery_names, gallery_people),
        Pictures.below(f"{stem}{MATED}/", mated_names, mated_people),
        Pictures.below(f"{stem}{UNMATED}/", others, unmated_people),
        present(folder / inside / GALLERY, gallery_names.tolist()),
        present(folder / inside / MATED, mated_names.tolist()),
    )
    found = _inventory(folder, lists, listed, len(stem))
    return replace(found, left_out=unmated.left_out.below(f"{stem}{UNMATED}")), listed


def _agree(people: NDArray[np.str_], ids: NDArray[np.int64], names: NDArray[np.str_]) -> None:
    """Refuse lists in which one id stands for two numbers in names, or two ids for one."""
    numbers = np.unique(people, return_inverse=True)[1]
    pairs, rows = np.unique(np.stack((ids, numbers)), axis=1, return_index=True)
    for part, what in ((pairs[0], "one id for two people"), (pairs[1], "two ids for one person")):
        _, first, counts = np.unique(part, return_index=True, return_counts=True)
        if (counts > 1).any():
            twice = rows[np.flatnonzero(part == part[first[counts > 1][0]])[:2]]
            raise InputError(
                f"the lists give {what}: {names[twice[0]]} is {ids[twice[0]]}, {names[twice[1]]} is "
                f"{ids[twice[1]]}",
                fix="use the two lists and the names of one download",
            )


def _unmated_people(names: NDArray[np.str_]) -> NDArray[np.str_]:
    """The number in each name, or `unmated NAME` where there is none."""
    if not len(names):
        return names
    numbers, signs, _ = np.strings.partition(names, "_")
    numbered = np.strings.isdecimal(numbers) & (signs == "_")
    return np.where(numbered, numbers, np.strings.add("unmated ", names))


def _inventory(folder: Path, lists: list[Path], listed: Listed, place: int) -> Inventory:
    unnamed = int(np.strings.startswith(listed.others.people, "unmated ").sum())
    counts = (
        Count("gallery pictures", int(listed.gallery_there.sum()), GALLERY_PICTURES),
        Count("gallery people", len(np.unique(listed.gallery.people)), PEOPLE),
        Count("mated probes", int(listed.probes_there.sum()), MATED_PICTURES),
        Count("unmated probes", len(listed.others), UNMATED_PICTURES),
        Count("unmated probes of people without a number", unnamed, DISTRACTORS),
    )
    sha256 = digest(lists, (name[place:] for name in listed.names + listed.others.names))
    return Inventory("survface-identification", folder, counts, len(listed.names), listed.missing(), sha256)
