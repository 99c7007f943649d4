"""Faces cut from IJB-S, in a layout of our own: its videos hold more faces than one, and its lists no points.

    FACES/videos/4012.mp4/17/000123.png    aligned faces of person 17 in this video
    FACES/img/17.png/17/0.png              the same of a picture

A file's folder is called as the lists call the file, and in it there is a folder for each person, by number.
Who cut the faces (by the boxes of `cs6_metadata.csv`, a detector and `fewpix.image.align`) makes the folder
of a person also where no face was found: an empty one is a failure to enrol, an absent one is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.benchmark import TemplatePeople, TemplatePictures, TemplateSearchData
from fewpix.evaluate.inventory import Count, Inventory, require_folder
from fewpix.evaluate.readers import ijbs
from fewpix.evaluate.readers.ijbs import PROTOCOLS, Ijbs, MediaTemplates
from fewpix.evaluate.readers.listing import picture_files


@dataclass(frozen=True, eq=False)
class CutFaces:
    """N faces of the templates of one protocol.

    Args:
        inventory: of the lists, with what was found of the faces.
        names: paths relative to the folder of faces.
        templates: (N,) int64; those of the first gallery come first, then the second's, then the probes'.
        media: (N,) int64, the video or picture that each was cut from.
        galleries: the two, templates by number; those without a picture are among them.
        probes: likewise.
        missing: templates that were left out, because none of their folders is there.
    """

    inventory: Inventory
    names: tuple[str, ...]
    templates: NDArray[np.int64]
    media: NDArray[np.int64]
    galleries: tuple[TemplatePeople, TemplatePeople]
    probes: TemplatePeople
    missing: int


def read_search(
    path: Path, *, faces: Path, protocol: str = "surveillance_to_single", allow_missing: bool = False
) -> TemplateSearchData:
    """Read the lists of IJB-S and look for the faces of a protocol.

    Args:
        path: of the lists' folder.
        faces: see `read`.
        protocol: see `read`.
        allow_missing: see `read`.

    Raises:
        ConfigError: see `read`.
        InputError: see `ijbs.read` and `read`.
    """
    found = read(ijbs.read(path), faces, protocol, allow_missing=allow_missing)
    return TemplateSearchData(
        ijbs.KIND,
        protocol,
        found.inventory,
        TemplatePictures(faces, found.names, found.templates, found.media),
        dict(zip(("g1", "g2"), found.galleries, strict=True)),
        found.probes,
        found.missing,
    )


def read(lists: Ijbs, faces: Path, protocol: str, *, allow_missing: bool = False) -> CutFaces:
    """Look for the faces of a protocol's templates.

    Args:
        lists: of IJB-S.
        faces: the folder with the layout above.
        protocol: of `ijbs.PROTOCOLS`.
        allow_missing: leave out absent folders, and templates that have none, instead of refusing.

    Raises:
        ConfigError: no such protocol.
        InputError: there is no folder of faces, folders are missing and may not be, or no face or no
            template of a side is left.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"protocol: IJB-S has no {protocol!r}", fix=f"use {', '.join(PROTOCOLS)}")
    require_folder(faces, kind="faces cut from IJB-S")
    chosen = lists.protocols[protocol]
    sides = (*chosen.galleries, chosen.probes)
    names: list[str] = []
    templates: list[int] = []
    media: list[int] = []
    numbered: dict[str, int] = {}
    absent: list[str] = []
    places = list(dict.fromkeys(place for side in sides for _, parts in _rows(side) for place in parts))
    found: list[TemplatePeople] = []
    others: dict[str, LeftOut] = {}
    number = left_out = empty = 0
    for side in sides:
        ids, people = [], []
        for person, parts in _rows(side):
            there = [place for place in parts if (faces / place).is_dir()]
            absent += [place for place in parts if place not in there]
            if not there:
                left_out += 1
                continue
            before = len(names)
            for place in there:
                listed = picture_files(faces / place)
                pictures = listed.names
                others[place] = listed.left_out.below(place)
                names += [f"{place}/{picture}" for picture in pictures]
                media += [numbered.setdefault(place, len(numbered))] * len(pictures)
                templates += [number] * len(pictures)
            empty += len(names) == before
            ids.append(number)
            people.append(person)
            number += 1
        found.append(TemplatePeople(np.array(ids, dtype=np.int64), np.array(people, dtype=np.int64)))
    gone = tuple(dict.fromkeys(absent))
    inventory = replace(
        lists.inventory,
        folder=faces,
        counts=(
            *lists.inventory.counts,
            Count("faces", len(names)),
            Count("templates without a face", empty),
        ),
        listed=len(places),
        missing=gone,
        sha256=hashlib.sha256(f"{lists.inventory.sha256}\n{protocol}\n".encode()).hexdigest(),
        left_out=sum(others.values(), start=NOTHING),
    )
    inventory.require_pictures(allow_missing=allow_missing)
    if not names:
        raise InputError(f"{faces} holds no face", fix="cut faces into FACES/FILE/PERSON/")
    for label, part in zip(("first gallery", "second gallery", "probes"), found, strict=True):
        if not len(part):
            raise InputError(f"{faces} holds no folder of the {label}", fix="cut the faces of all lists")
    return CutFaces(
        inventory,
        tuple(names),
        np.array(templates, dtype=np.int64),
        np.array(media, dtype=np.int64),
        (found[0], found[1]),
        found[2],
        left_out,
    )


def _rows(side: MediaTemplates) -> Iterable[tuple[int, list[str]]]:
    """Each template's person and the folders of its faces."""
    for person, files in zip(side.people.tolist(), side.files, strict=True):
        yield person, [f"{file}/{person}" for file in files]
