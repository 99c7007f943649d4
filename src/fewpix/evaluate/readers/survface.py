"""QMUL-SurvFace (Cheng, Zhu & Gong 2018): native surveillance faces, a watch list and pairs.

Identification, a watch list of 3,000 people and 182,159 searches:

    Face_Identification_Test_Set/gallery/        12_cam1_3.jpg: person, camera, number
    Face_Identification_Test_Set/mated_probe/    the same people
    Face_Identification_Test_Set/unmated_probe/  others, and distractors_7.jpg: people with a single picture
    gallery_img_ID_pairs.mat                     gallery_set, gallery_ids
    mated_probe_img_ID_pairs.mat                 mated_probe_set, mated_probe_ids

The lists lie in `Face_Identification_Test_Set`, in some copies in `Face_Identification_Evaluation`. The ids
in the lists are not the numbers in the names, but one stands for the other throughout; some public scripts
number people by their first appearance in each list, which is right only where both lists have one order.
Here the number in the name is the person, in all three folders, and the lists must agree with it.

Verification, 10,640 pairs:

    Face_Verification_Test_Set/verification_images/12_cam1_3.jpg
    Face_Verification_Test_Set/positive_pairs_names.mat            positive_pairs_names
    Face_Verification_Test_Set/negative_pairs_names.mat            negative_pairs_names

Each of its lists is a cell array of two columns of file names. There are no folds, so accuracy by
cross-validation is not part of it.

Protocols: qmul-survface.github.io/protocols.html; read alike by the public evaluation scripts of F-SKD and
BTNet, and by `johnnysclai/Deep-Siamese-network-for-LRFR`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked, Benchmark, Pairs
from fewpix.evaluate.readers.listed import Listed, picture_files, search
from fewpix.evaluate.readers.matlab import names_of, read_matlab, read_named_ids

IDENTIFICATION, EVALUATION = "Face_Identification_Test_Set", "Face_Identification_Evaluation"
GALLERY, MATED, UNMATED = "gallery", "mated_probe", "unmated_probe"
GALLERY_LIST, MATED_LIST = "gallery_img_ID_pairs.mat", "mated_probe_img_ID_pairs.mat"

PEOPLE = 3_000
GALLERY_PICTURES, MATED_PICTURES, UNMATED_PICTURES = 60_294, 60_423, 121_736
"""Of version 1 as it is given out; its website's total of test pictures, 242,617, is 164 more."""
DISTRACTORS = 28_476
"""Unmated pictures called `distractors_NUMBER.jpg`."""

VERIFICATION, IMAGES = "Face_Verification_Test_Set", "verification_images"
POSITIVE, NEGATIVE = "positive_pairs_names", "negative_pairs_names"
PAIRS, PICTURES = 5_320, 10_051
"""Pairs of either kind, and pictures, of version 1 as it is given out."""

ASKED = Asked(fars=(0.3, 0.1, 0.01, 0.001), rank=20, fpirs=(0.01, 0.1, 0.2, 0.3))
"""What its authors report: of pairs true accept rates, of searches TPIR20."""


def inventory(folder: Path) -> Inventory:
    """What is there of the identification set; errors as for `read`."""
    return _look(folder)[0]


def read(folder: Path, *, allow_missing: bool = False) -> Benchmark:
    """Read the identification set.

    The probes are the mated ones in the order of their list, then the unmated ones by name. A person's name
    is the number in the picture's name; each picture without one is a person of their own, `unmated NAME`.

    Args:
        folder: holds `Face_Identification_Test_Set`, or is that folder.
        allow_missing: leave out missing pictures instead of refusing, and mated probes of whom the gallery
            has no picture any more: they would pass for strangers.

    Raises:
        InputError: the folder or a part of it is not there, a list is unusable or contradicts the names, a
            mated probe shows nobody of the gallery, or an unmated one somebody; or pictures are missing and
            may not be, or there is no unmated probe.
    """
    found, gallery, mated, others = _look(folder)
    found.require_pictures(allow_missing=allow_missing)
    whole = (len(gallery), len(mated)) == (GALLERY_PICTURES, MATED_PICTURES)
    if not len(others) or (whole and len(others) < UNMATED_PICTURES and not allow_missing):
        raise InputError(
            f"{UNMATED} holds {len(others):,} of {UNMATED_PICTURES:,} pictures",
            fix="complete the folder, or search without the others with --allow-missing",
        )
    return search("survface", found, gallery, mated + others, mated=len(mated), prototypes=True, asked=ASKED)


def inventory_of_pairs(folder: Path) -> Inventory:
    """What is there of the verification set; errors as for `read_pairs`."""
    return _look_at_pairs(folder)[0]


def read_pairs(folder: Path, *, allow_missing: bool = False) -> Benchmark:
    """Read the verification set: pairs of one person first.

    Pictures are named from the test set's folder on, so that it does not matter which of the two folders was
    named.

    Args:
        folder: holds `Face_Verification_Test_Set`, or is that folder.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: the folder or a part of it is not there, or a list is unusable or contradicts the names;
            or pictures are missing and may not be.
    """
    found, pictures, pairs, at = _look_at_pairs(folder)
    found.require_pictures(allow_missing=allow_missing)
    return pictures.pairs("survface-pairs", found, pairs, folder=at, asked=ASKED)


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


def _look(folder: Path) -> tuple[Inventory, Listed, Listed, Listed]:
    """The inventory, the gallery, the mated probes, and the unmated ones that are there."""
    require_folder(folder, kind="QMUL-SurvFace")
    inside = IDENTIFICATION if (folder / IDENTIFICATION).is_dir() else ""
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
    unmated_names = np.array(unmated.names, dtype=np.str_)
    unmated_people = _unmated_people(unmated_names)
    known = np.flatnonzero(np.isin(unmated_people, gallery_people))
    if len(known):
        raise InputError(
            f"{UNMATED} holds {unmated_names[known[0]]}, whose person is in the gallery",
            fix="unpack it again",
        )
    stem = f"{inside}/" if inside else ""
    gallery = Listed.below(folder, f"{stem}{GALLERY}/", gallery_names.tolist(), gallery_people)
    mated = Listed.below(folder, f"{stem}{MATED}/", mated_names.tolist(), mated_people)
    others = Listed.below(folder, f"{stem}{UNMATED}/", unmated.names, unmated_people)
    listed = gallery + mated
    counts = (
        Count("gallery pictures", int(gallery.there.sum()), GALLERY_PICTURES),
        Count("gallery people", len(np.unique(gallery_people)), PEOPLE),
        Count("mated probes", int(mated.there.sum()), MATED_PICTURES),
        Count("unmated probes", len(others), UNMATED_PICTURES),
        Count(
            "unmated probes of people without a number",
            int(np.strings.startswith(unmated_people, "unmated ").sum()),
            DISTRACTORS,
        ),
    )
    sha256 = digest(lists, (name.removeprefix(stem) for name in listed.names + others.names))
    found = Inventory(
        "survface-identification",
        folder,
        counts,
        len(listed),
        listed.missing,
        sha256,
        unmated.left_out.below(f"{stem}{UNMATED}"),
    )
    return found, gallery, mated, others


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


def _look_at_pairs(folder: Path) -> tuple[Inventory, Listed, Pairs, Path]:
    """The inventory, all pictures and pairs of the lists, and the folder that the pictures are named from."""
    require_folder(folder, kind="QMUL-SurvFace")
    inside = VERIFICATION if (folder / VERIFICATION).is_dir() else ""
    at = folder / inside
    require_folder(at, IMAGES, f"{POSITIVE}.mat", f"{NEGATIVE}.mat", kind="QMUL-SurvFace")
    positive, negative = (_pair_names(at / f"{key}.mat", key) for key in (POSITIVE, NEGATIVE))
    rows = np.concatenate((positive, negative))
    same = np.arange(len(rows)) < len(positive)
    people = np.stack([people_in(rows[:, side], "the lists of pairs") for side in (0, 1)], axis=1)
    _agree_with_names(rows, people, same, len(positive))
    named, numbers = np.unique(np.strings.add(np.strings.add(people, "/"), rows), return_inverse=True)
    owners, _, files = np.strings.partition(named, "/")
    pictures = Listed.below(at, f"{IMAGES}/", files.tolist(), owners)
    first, second = numbers.reshape(rows.shape).T.astype(np.int64)
    both = pictures.there[first] & pictures.there[second]
    counts = (
        Count("pairs of one person", len(positive), PAIRS),
        Count("pairs of two people", len(negative), PAIRS),
        Count("pictures in the lists", len(files), PICTURES),
        Count("people", len(np.unique(owners))),
        Count("pairs with both pictures", int(both.sum())),
    )
    stem = f"{inside}/" if inside else ""
    missing = tuple(f"{stem}{name}" for name in pictures.missing)
    sha256 = digest([at / f"{key}.mat" for key in (POSITIVE, NEGATIVE)], files.tolist())
    found = Inventory("survface-verification", folder, counts, len(files), missing, sha256)
    return found, pictures, Pairs(first, second, same), at


def _pair_names(path: Path, key: str) -> NDArray[np.str_]:
    """(P, 2) file names."""
    names = names_of(read_matlab(path, key)[key], key, path)
    if names.ndim != 2 or names.shape[1] != 2:
        raise InputError(f"{path}: {key} is {names.shape}, not two columns of names", fix="download it again")
    return names


def _agree_with_names(
    rows: NDArray[np.str_], people: NDArray[np.str_], same: NDArray[np.bool_], positives: int
) -> None:
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
