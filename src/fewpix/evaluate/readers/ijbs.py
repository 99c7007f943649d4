"""IJB-S, the Janus surveillance video benchmark: its protocol lists, and faces that were cut from it.

    FOLDER/protocols/cs6_metadata.csv                                    subject, file, ...
    FOLDER/protocols/galleries/cs6_surveillance_to_single_g1.csv         template, subject, file, ...
    FOLDER/protocols/galleries/cs6_surveillance_to_booking_g1.csv
    FOLDER/protocols/galleries/cs6_surveillance_to_surveillance_g1.csv
    FOLDER/protocols/cs6_surveillance_to_single-booking_probe.csv        file
    FOLDER/protocols/cs6_surveillance_to_surveillance_probe.csv
    FOLDER/protocols/cs6_uav_to_single-booking_probe.csv

and the same galleries with `_g2`. Files are `videos/4012.mp4` or a picture. The metadata have one row for
every face of every frame. A template is one picture (single), all pictures of a subject (booking), or one
subject in one video (surveillance); a probe is one subject in one video, and who occurs in it is in the
metadata.

Columns go by their place, as in the only public code that reads these lists (class IJBSTest, from the
evaluation of probabilistic face embeddings): the names of the columns are not known. Of the original lists,
that code notes 398 videos with 3,852 subjects in them, 376 videos among the surveillance probes, and 101
templates of a video gallery. Benchmark: Kalka et al., IJB-S (BTAS 2018), with 202 subjects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.benchmark import Asked, Benchmark, Items, PictureFiles, Searches
from fewpix.evaluate.readers.csv import read_cells
from fewpix.evaluate.readers.listed import picture_files, require_names

KIND = "ijbs"
METADATA = "cs6_metadata.csv"
STILL, VIDEO, UAV = (
    f"cs6_{name}_probe.csv"
    for name in ("surveillance_to_single-booking", "surveillance_to_surveillance", "uav_to_single-booking")
)
PROTOCOLS = {
    "surveillance_to_single": ("single", STILL),
    "surveillance_to_booking": ("booking", STILL),
    "multiview_surveillance_to_booking": ("booking", VIDEO),
    "surveillance_to_surveillance": ("surveillance", VIDEO),
    "uav_to_booking": ("booking", UAV),
}
"""Name of a protocol → its galleries, and its list of probes."""

ASKED = Asked(ranks=(1, 5, 10), fpirs=(1e-2, 1e-1))
"""What is reported."""


Templates = list[tuple[int, tuple[str, ...]]]
"""Each template's person, and its videos and pictures as the lists name them."""


Protocol = tuple[Templates, Templates, Templates]
"""Two galleries that share nobody, and the probes that are searched in each: who is in the other one has no
mate.
"""


def inventory(folder: Path) -> Inventory:
    """What the lists name; no video or picture is looked for, so none is listed as missing.

    Raises:
        InputError: a list is missing or malformed.
    """
    return read_lists(folder)[0]


def read(
    path: Path, *, faces: Path, lists: str = "surveillance_to_single", allow_missing: bool = False
) -> Benchmark:
    """Read the lists and look for the faces of a protocol; templates without a face are among the items.

    Args:
        path: that holds `protocols`, or that folder itself.
        faces: the folder of faces.
        lists: of `PROTOCOLS`.
        allow_missing: leave out absent folders, and templates that have none, instead of refusing.

    Raises:
        ConfigError: no such protocol.
        InputError: see `read_lists`; there is no folder of faces, folders are missing and may not be, or
            there is no face.
    """
    listed, protocols = read_lists(path)
    if lists not in PROTOCOLS:
        raise ConfigError(f"lists: IJB-S has no {lists!r}", fix=f"use {', '.join(PROTOCOLS)}")
    require_folder(faces, kind="faces cut from IJB-S")
    chosen = protocols[lists]
    names: list[str] = []
    item: list[int] = []
    media: list[int] = []
    people: list[int] = []
    sides: list[NDArray[np.int64]] = []
    places: dict[str, int] = {}
    left_out: dict[str, LeftOut] = {}
    absent: dict[str, None] = {}
    missing = 0
    for side in chosen:
        start = len(people)
        for person, files in side:
            there = []
            for place in (f"{file}/{person}" for file in files):
                places.setdefault(place, len(places))
                if (faces / place).is_dir():
                    there.append(place)
                else:
                    absent[place] = None
            if not there:
                missing += 1
                continue
            for place in there:
                found = picture_files(faces / place)
                left_out[place] = found.left_out.below(place)
                names += [f"{place}/{picture}" for picture in found.names]
                media += [places[place]] * len(found.names)
                item += [len(people)] * len(found.names)
            people.append(person)
        sides.append(np.arange(start, len(people)))
    inventory = replace(
        listed,
        folder=faces,
        counts=(
            *listed.counts,
            Count("faces", len(names)),
            Count("templates without a face", len(people) - len(set(item))),
        ),
        listed=len(places),
        missing=tuple(absent),
        sha256=hashlib.sha256(f"{listed.sha256}\n{lists}\n".encode()).hexdigest(),
        left_out=sum(left_out.values(), start=NOTHING),
    )
    inventory.require_pictures(allow_missing=allow_missing)
    if not names:
        raise InputError(f"{faces} holds no face", fix="cut faces into FACES/FILE/PERSON/")
    items = Items(
        PictureFiles(faces, tuple(names)),
        np.array(people, dtype=np.int64),
        tuple(map(str, range(len(people)))),
        np.array(item, dtype=np.int64),
        np.array(media, dtype=np.int64),
    )
    searches = Searches({"g1": sides[0], "g2": sides[1]}, sides[2])
    return Benchmark(KIND, inventory, items, searches, missing, variant=lists, asked=ASKED)


def read_lists(folder: Path) -> tuple[Inventory, dict[str, Protocol]]:
    """Read the lists: what was found of them, and by the names in `PROTOCOLS` what they say.

    The metadata, one row for every face of every frame, are read row by row; only who occurs in what is kept.

    Args:
        folder: that holds `protocols`, or that folder itself.

    Raises:
        InputError: a list is missing or malformed, or two galleries share a person.
    """
    lists = folder / "protocols" if (folder / "protocols").is_dir() else folder
    kinds = ("single", "booking", "surveillance")
    files = [METADATA, STILL, VIDEO, UAV, *(_gallery_file(kind, n) for kind in kinds for n in (1, 2))]
    require_folder(lists, *files, kind="IJB-S protocols")
    seen = _people_by_file(lists / METADATA)
    galleries = {kind: (_gallery(lists, kind, 1), _gallery(lists, kind, 2)) for kind in kinds}
    for kind, (first, second) in galleries.items():
        shared = {person for person, _ in first} & {person for person, _ in second}
        if shared:
            raise InputError(
                f"the two {kind} galleries share person {min(shared)}", fix="use the original lists"
            )
    named = {file: _files(lists / file) for file in (STILL, VIDEO, UAV)}
    probes = {file: _probes(names, seen) for file, names in named.items()}
    multiview = _multiview(probes[VIDEO], seen)
    every = {
        name: (*galleries[kind], multiview if name.startswith("multiview") else probes[file])
        for name, (kind, file) in PROTOCOLS.items()
    }
    unknown = sorted({name for names in named.values() for name in names if name not in seen})
    enrolled = [template for pair in galleries.values() for gallery in pair for template in gallery]
    videos = [name for name in seen if name.startswith("videos/")]
    media = {*seen, *unknown, *(file for _, files in enrolled for file in files)}
    return (
        Inventory(
            kind=KIND,
            folder=folder,
            counts=(
                Count("people in the galleries", len({person for person, _ in enrolled}), 202),
                Count("videos with somebody in them", len(videos)),
                Count("people in videos", sum(len(seen[name]) for name in videos)),
                Count("probe files that show nobody", len(unknown)),
                *(Count(f"probes of {name}", len(every[name][-1])) for name in every),
            ),
            listed=0,
            missing=(),
            sha256=digest([lists / file for file in files], media),
        ),
        every,
    )


def _gallery_file(kind: str, number: int) -> str:
    return f"galleries/cs6_surveillance_to_{kind}_g{number}.csv"


def _listed(path: Path, *columns: str) -> list[tuple[int, str]]:
    """The distinct people and files, in the order of the list."""
    cells = read_cells(path, columns, by_place=True, distinct=True)
    files = cells.texts("file")
    require_names(set(files), path)
    return list(dict.fromkeys(zip(cells.integers("subject").tolist(), files, strict=True)))


def _people_by_file(path: Path) -> dict[str, tuple[int, ...]]:
    """File → who occurs in it, both in the order of their first row."""
    found: dict[str, list[int]] = {}
    for person, file in _listed(path, "subject", "file"):
        found.setdefault(file, []).append(person)
    return {file: tuple(people) for file, people in found.items()}


def _gallery(lists: Path, kind: str, number: int) -> Templates:
    """A gallery, its templates in the order of the list."""
    rows = _listed(lists / _gallery_file(kind, number), "template", "subject", "file")
    if kind != "booking":
        return [(person, (file,)) for person, file in rows]
    albums: dict[int, list[str]] = {}
    for person, file in rows:
        albums.setdefault(person, []).append(file)
    return [(person, tuple(names)) for person, names in albums.items()]


def _files(path: Path) -> tuple[str, ...]:
    """The distinct files of a list of probes."""
    names = tuple(dict.fromkeys(read_cells(path, ("file",), by_place=True).texts("file")))
    require_names(names, path)
    return names


def _probes(names: Iterable[str], seen: dict[str, tuple[int, ...]]) -> Templates:
    """Everybody in every file, a template each; public code takes only the first person of a picture."""
    return [(person, (name,)) for name in names for person in seen.get(name, ())]


def _multiview(probes: Templates, seen: dict[str, tuple[int, ...]]) -> Templates:
    """Every person of the probes, with all videos that they occur in, as public code has it."""
    videos: dict[int, list[str]] = {person: [] for person, _ in probes}
    for name, people in seen.items():
        for person in people if name.startswith("videos/") else ():
            if person in videos:
                videos[person].append(name)
    return [(person, tuple(names)) for person, names in videos.items()]
