"""SCface (Grgic, Delac & Grgic 2011): 130 people, a mugshot each, and five cameras at three distances.

    mugshot_frontal_cropped_all/001_frontal.JPG
    surveillance_cameras_distance_1/cam_1/001_cam1_1.jpg    person, camera, distance
    surveillance_cameras_all/001_cam1_1.jpg                 the same pictures in one folder, instead
    surveillance_cameras_distance_1/cam_6/, cam_7/, surveillance_cameras_IR_cam8/   infrared, not used here

Distance 1 is 4.2 m, 2 is 2.6 m, 3 is 1 m. In the standard search every mugshot is in the gallery, and 650
pictures of one distance, of cameras 1 to 5, are the probes. Files are named as in `bioidiap/bob.db.scface`
(`create.py`); so are its groups of people: dev, 44 to 87, and eval, 88 to 130. Figures over galleries of
different people cannot be compared.

Verification compares every mugshot with every probe of one distance: that repository's protocols `close`,
`medium` and `far` are distances 3, 2 and 1. There are no folds, so there is no accuracy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.data.passed_over import NOTHING
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Benchmark, Pairs
from fewpix.evaluate.readers.listed import Listed, picture_files, read_lines, search

MUGSHOTS = "mugshot_frontal_cropped_all"
FLAT = "surveillance_cameras_all"
SUBJECTS = 130
DISTANCES = {1: "4.2 m", 2: "2.6 m", 3: "1 m"}
"""Number of a distance → what it is."""
CAMERAS = (1, 2, 3, 4, 5)
"""Of the standard search."""
NIGHT_CAMERAS = (6, 7)
"""Infrared at the same distances; outside of the standard search."""
INFRARED_MUGSHOTS = "surveillance_cameras_IR_cam8"
GROUPS = {"all": range(1, SUBJECTS + 1), "dev": range(44, 88), "eval": range(88, SUBJECTS + 1)}
"""Name of a group of people → their ids."""


def inventory(folder: Path, *, ids: str | Path = "all", distances: Sequence[int] = (1, 2, 3)) -> Inventory:
    """What is there of SCface.

    Args:
        folder: holds `mugshot_frontal_cropped_all`.
        ids: a group of people, one of `GROUPS`, or a file of ids (see `read_ids`), also as text.
        distances: whose probes are asked for.

    Raises:
        InputError: the folder or its mugshots' are not there, an unknown group or distance, a malformed file
            of ids, or two pictures of one name.
    """
    return _look(folder, ids, distances)[0]


def read(
    folder: Path,
    distance: int,
    *,
    ids: str | Path = "all",
    enrolled: str | Path | None = None,
    allow_missing: bool = False,
) -> Benchmark:
    """Read the search at one distance; the probes are in the order of people, then cameras.

    Args:
        folder: see `inventory`.
        distance: 1, 2 or 3.
        ids: see `inventory`.
        enrolled: who of them is in the gallery, in the form of `ids`: the probes of the others show
            strangers. Everybody when None.
        allow_missing: leave out missing pictures instead of refusing, and probes without a mugshot.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be, or `enrolled` names somebody
            who is not among `ids`.
    """
    found, people, mugshots, (probes,) = _look(folder, ids, (distance,))
    found.require_pictures(allow_missing=allow_missing)
    mask = None
    if enrolled is not None:
        chosen = people_of(enrolled)
        strange = sorted(set(chosen) - set(people))
        if strange:
            raise InputError(
                f"person {strange[0]} is to be enrolled, but is not among the people asked for",
                fix="let --enrolled name some of --ids",
            )
        mask = np.isin(people, chosen)
        # which of them are enrolled decides the figures as the ids do
        text = f"{found.sha256}\n{','.join(map(str, chosen))}\n"
        found = replace(found, sha256=hashlib.sha256(text.encode()).hexdigest())
    return search("scface", found, mugshots, probes, enrolled=mask, variant=_variant(distance))


def read_pairs(
    folder: Path, distance: int, *, ids: str | Path = "all", allow_missing: bool = False
) -> Benchmark:
    """Pair every mugshot with every probe of a distance.

    Args:
        folder: see `inventory`.
        distance: 1, 2 or 3.
        ids: see `inventory`.
        allow_missing: leave out pairs with a missing picture instead of refusing.

    Raises:
        InputError: see `inventory`; or pictures are missing and may not be.
    """
    found, _, mugshots, (probes,) = _look(folder, ids, (distance,))
    found.require_pictures(allow_missing=allow_missing)
    first = np.repeat(np.arange(len(mugshots)), len(probes))
    second = len(mugshots) + np.tile(np.arange(len(probes)), len(mugshots))
    both = mugshots + probes
    pairs = Pairs(first, second, both.people[first] == both.people[second])
    return both.pairs("scface", found, pairs, variant=_variant(distance))


def _variant(distance: int) -> str:
    return f"distance {distance}"


def read_ids(path: Path) -> tuple[int, ...]:
    """Ids from a file, sorted: one in a line, 1 to 130; empty lines and what follows `#` are passed over.

    Raises:
        InputError: the file is missing, not text, holds no id, or a line holds no id or one from further up.
    """
    lines = read_lines(path, "write one id in a line")
    ids: set[int] = set()
    for number, line in enumerate(lines, start=1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        one = int(word) if word.isdecimal() and len(word) <= 9 else 0
        if not 1 <= one <= SUBJECTS:
            raise InputError(f"{path}, line {number}: {word[:40]!r} is not an id, 1 to {SUBJECTS}")
        if one in ids:
            raise InputError(f"{path}, line {number}: {one} stands further up already")
        ids.add(one)
    if not ids:
        raise InputError(f"{path} holds no id", fix="write one id in a line")
    return tuple(sorted(ids))


def people_of(ids: str | Path) -> tuple[int, ...]:
    """The ids of a group, or of a file.

    Args:
        ids: one of `GROUPS`, or a file of ids (see `read_ids`), also as text.

    Raises:
        InputError: there is no such group or file, or see `read_ids`.
    """
    if isinstance(ids, str) and ids in GROUPS:
        return tuple(GROUPS[ids])
    if isinstance(ids, str) and not Path(ids).is_file():
        raise InputError(
            f"SCface has no group {ids!r} of people", fix=f"use {', '.join(GROUPS)}, or a file of ids"
        )
    return read_ids(Path(ids))


def _look(
    folder: Path, ids: str | Path, distances: Sequence[int]
) -> tuple[Inventory, tuple[int, ...], Listed, list[Listed]]:
    """The inventory, the people asked for, their mugshots, and the probes of each distance."""
    require_folder(folder, MUGSHOTS, kind="SCface")
    for distance in distances:
        if distance not in DISTANCES:
            raise InputError(f"SCface has no distance {distance}", fix="use 1, 2 or 3")
    people = people_of(ids)
    mugshots = _find(folder, MUGSHOTS, ".JPG", ((one, f"{one:03d}_frontal") for one in people))
    probes = [_probes(folder, distance, people) for distance in distances]
    counts = [
        Count("people asked for", len(people)),
        Count("mugshots", int(mugshots.there.sum()), len(people)),
    ]
    counts += [
        Count(f"probes at distance {distance}, {DISTANCES[distance]}", int(part.there.sum()), 5 * len(people))
        for distance, part in zip(distances, probes, strict=True)
    ]
    counts.append(Count("infrared pictures, not used", _infrared(folder)))
    every = sum(probes, start=mugshots)
    # a picture's place depends on the copy; what the protocol asks for is its name alone
    stems = (name.rpartition("/")[2].rpartition(".")[0] for name in every.names)
    sha256 = digest([] if ids in GROUPS else [Path(ids)], stems)
    places = dict.fromkeys(name.rpartition("/")[0] for name in every.names)
    left_out = [picture_files(folder / place).left_out.below(place) for place in places]
    found = Inventory(
        "scface", folder, tuple(counts), len(every), every.missing, sha256, sum(left_out, start=NOTHING)
    )
    return found, people, mugshots, probes


def _probes(folder: Path, distance: int, people: Sequence[int]) -> Listed:
    """Probes of cameras 1 to 5, from the folder of each camera or the one of all."""
    deep = f"surveillance_cameras_distance_{distance}"
    flat = not (folder / deep).is_dir() and (folder / FLAT).is_dir()
    parts = [
        _find(
            folder,
            FLAT if flat else f"{deep}/cam_{camera}",
            ".jpg",
            ((one, f"{one:03d}_cam{camera}_{distance}") for one in people),
        )
        for camera in CAMERAS
    ]
    order = np.arange(len(parts) * len(people)).reshape(len(parts), -1).T.ravel()  # of people, then cameras
    return sum(parts[1:], start=parts[0]).only(order)


def _find(folder: Path, inside: str, ending: str, wanted: Iterable[tuple[int, str]]) -> Listed:
    """Look for pictures by their names without ending, in any case: copies differ in `.JPG` and `.jpg`."""
    there: dict[str, str] = {}
    for name in picture_files(folder / inside).names:
        stem = name.rpartition(".")[0].lower()
        if stem in there:
            raise InputError(
                f"{folder / inside} holds both {there[stem]} and {name}", fix="remove one of them"
            )
        there[stem] = name
    people, stems = zip(*wanted, strict=True)
    found = [there.get(stem.lower(), "") for stem in stems]
    names = (f"{inside}/{name or stem + ending}" for name, stem in zip(found, stems, strict=True))
    labels = np.array([f"{one:03d}" for one in people])
    return Listed(tuple(names), labels, np.array([bool(name) for name in found]))


def _infrared(folder: Path) -> int:
    """Pictures of cameras 6 to 8, each counted once: copies hold some of them in two folders."""
    inside = [
        *(f"surveillance_cameras_distance_{d}/cam_{camera}" for d in DISTANCES for camera in NIGHT_CAMERAS),
        INFRARED_MUGSHOTS,
        FLAT,
    ]
    names = {name.lower() for part in inside for name in picture_files(folder / part).names}
    marks = tuple(f"_cam{camera}" for camera in (*NIGHT_CAMERAS, 8))
    return sum(name[3:8] in marks for name in names)
