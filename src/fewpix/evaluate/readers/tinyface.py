"""TinyFace (Cheng, Zhu & Gong, ACCV 2018): native low-resolution faces searched among 157,871 pictures.

    Testing_Set/Gallery_Match/*.jpg        pictures of the people searched for
    Testing_Set/Gallery_Distractor/*.jpg   pictures of others, which no list names
    Testing_Set/Probe/*.jpg
    Testing_Set/gallery_match_img_ID_pairs.mat   gallery_set, gallery_ids
    Testing_Set/probe_img_ID_pairs.mat           probe_set, probe_ids
    Training_Set/ID/*.jpg                  optional, only counted

The lists are read as in the official evaluation; `mk-minchul/AdaFace` (`validation_lq/tinyface_helper.py`)
and `mk-minchul/CVLface` read them too. AdaFace gives aligned copies of the pictures under the same names, in
`aligned_pad_0.1_pad_high/` beside a folder `tinyface/` with the above. Every probe shows somebody of the
gallery, so TinyFace says nothing about rejecting strangers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Benchmark
from fewpix.evaluate.readers.listed import Listed, picture_files, search
from fewpix.evaluate.readers.matlab import read_named_ids

MATCH, DISTRACTOR, PROBE = "Gallery_Match", "Gallery_Distractor", "Probe"
MATCH_LIST, PROBE_LIST = "gallery_match_img_ID_pairs.mat", "probe_img_ID_pairs.mat"
ALIGNED = "aligned_pad_0.1_pad_high"
"""AdaFace's folder of aligned copies."""

MATCHES, DISTRACTORS, PROBES = 4_443, 153_428, 3_728
"""Pictures, as published."""
PEOPLE = 2_569
"""Of the test set: 5,139 in all, of whom 2,570 are for training."""
TRAINING_PEOPLE, TRAINING_PICTURES = 2_570, 7_804

_PLACES = ("Testing_Set", "tinyface/Testing_Set", "")


def inventory(folder: Path, *, copies: str | None = None) -> Inventory:
    """What is there of TinyFace; arguments and errors as for `read`."""
    return _look(folder, copies)[0]


def read(folder: Path, *, copies: str | None = None, allow_missing: bool = False) -> Benchmark:
    """Read TinyFace.

    The gallery holds the matches in the order of their list, then the distractors by name. A person's name
    is the id in the list; each distractor is a person of their own, `distractor NAME`.

    Args:
        folder: holds `Testing_Set`, or `tinyface/Testing_Set`, or is `Testing_Set` itself.
        copies: a folder below `folder` with copies of the pictures, such as `ALIGNED`; the original ones
            when None.
        allow_missing: leave out missing pictures instead of refusing, and probes of whom the gallery has no
            picture any more.

    Raises:
        InputError: the folder or a part of it is not there, a list is unusable, or a probe shows nobody of
            the gallery; or pictures are missing and may not be.
    """
    found, match, others, probes = _look(folder, copies)
    found.require_pictures(allow_missing=allow_missing)
    few = len(others) < DISTRACTORS
    if few and (len(match), len(probes)) == (MATCHES, PROBES) and not allow_missing:
        # without them the search is easier than the published one, and no list would tell
        raise InputError(
            f"{DISTRACTOR} holds {len(others):,} of {DISTRACTORS:,} pictures",
            fix="complete the folder, or search among those with --allow-missing",
        )
    return search("tinyface", found, match + others, probes, variant=copies or "")


def _look(folder: Path, copies: str | None) -> tuple[Inventory, Listed, Listed, Listed]:
    """The inventory, the pictures of the people searched for, the distractors that are there, the probes."""
    require_folder(folder, kind="TinyFace")
    place = next((p for p in _PLACES if (folder / p / PROBE_LIST).is_file()), None)
    if place is None:
        raise InputError(
            f"{folder} is not a folder of TinyFace: it lacks Testing_Set/{PROBE_LIST}",
            fix="name the folder that the benchmark was unpacked into, with its original names",
        )
    require_folder(folder / place, MATCH_LIST, kind="TinyFace")
    if copies is not None and (Path(copies).is_absolute() or ".." in Path(copies).parts):
        raise InputError(f"{copies} is not below {folder}", fix="name a folder in that of the benchmark")
    inside = place if copies is None else Path(copies).as_posix()
    require_folder(folder / inside, MATCH, DISTRACTOR, PROBE, kind="TinyFace")
    lists = [folder / place / name for name in (MATCH_LIST, PROBE_LIST)]
    match_names, match_ids = read_named_ids(lists[0], "gallery_set", "gallery_ids")
    probe_names, probe_ids = read_named_ids(lists[1], "probe_set", "probe_ids")
    strangers = np.setdiff1d(probe_ids, match_ids)
    if len(strangers):
        raise InputError(
            f"{PROBE_LIST} lists person {strangers[0]}, who is not in {MATCH_LIST}",
            fix="use the two lists of one download",
        )
    stem = f"{inside}/" if inside else ""
    distractors = picture_files(folder / inside / DISTRACTOR)
    strange = np.array([f"distractor {name}" for name in distractors.names], dtype=np.str_)
    match = Listed.below(folder, f"{stem}{MATCH}/", match_names.tolist(), match_ids.astype(np.str_))
    probes = Listed.below(folder, f"{stem}{PROBE}/", probe_names.tolist(), probe_ids.astype(np.str_))
    others = Listed.below(folder, f"{stem}{DISTRACTOR}/", distractors.names, strange)
    # the place depends on how the archive was unpacked, so it is no part of the hash; a choice of copies is
    found = _inventory(folder, lists, match, others, probes, len(stem) if copies is None else 0)
    found = replace(found, left_out=distractors.left_out.below(f"{stem}{DISTRACTOR}"))
    return found, match, others, probes


def _inventory(
    folder: Path, lists: list[Path], match: Listed, others: Listed, probes: Listed, place: int
) -> Inventory:
    listed = match + probes
    training, trained = _training(lists[0].parent.parent / "Training_Set")
    counts: tuple[Count, ...] = (
        Count("pictures of the people searched for", int(match.there.sum()), MATCHES),
        Count("distractor pictures", len(others), DISTRACTORS),
        Count("probe pictures", int(probes.there.sum()), PROBES),
        Count("people searched for", len(np.unique(match.people)), PEOPLE),
        Count("pictures named by another id than their list's", _misnamed(listed)),
    )
    if trained:
        counts += (
            Count("training pictures", training, TRAINING_PICTURES),
            Count("training people", trained, TRAINING_PEOPLE),
        )
    sha256 = digest(lists, (name[place:] for name in listed.names + others.names))
    return Inventory("tinyface", folder, counts, len(listed), listed.missing, sha256)


def _misnamed(listed: Listed) -> int:
    """How many names would give another person: AdaFace reads the number before `_`, not the list's id."""
    return sum(
        name.rpartition("/")[2].partition("_")[0] != person
        for name, person in zip(listed.names, listed.people.tolist(), strict=True)
    )


def _training(folder: Path) -> tuple[int, int]:
    """Pictures and people of the training set; none where it is not there."""
    if not folder.is_dir():
        return 0, 0
    sizes = [len(picture_files(person).names) for person in sorted(folder.iterdir()) if person.is_dir()]
    return sum(sizes), sum(size > 0 for size in sizes)
