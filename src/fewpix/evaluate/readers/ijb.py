"""IJB-B and IJB-C as insightface distributes them: cropped pictures, five points, templates.

    FOLDER/loose_crop/1.jpg
    FOLDER/meta/ijbc_face_tid_mid.txt           picture, template, medium
    FOLDER/meta/ijbc_name_5pts_score.txt        picture, x1 y1 ... x5 y5, the detector's score
    FOLDER/meta/ijbc_template_pair_label.txt    template, template, 1 (same person) or 0
    FOLDER/meta/ijbc_1N_gallery_G1.csv          TEMPLATE_ID,SUBJECT_ID,FILENAME,...   one row a picture
    FOLDER/meta/ijbc_1N_gallery_G2.csv
    FOLDER/meta/ijbc_1N_probe_mixed.csv

IJB-B has `ijbb_` for `ijbc_`, and S1, S2 for G1, G2. The first two lists name the same pictures in the same
order; public code relies on it, this reader checks it. An item is a template. The protocols
are read by `ijb_protocols`.

Format: public repository deepinsight/insightface, recognition/_evaluation_/ijb. Published numbers: Whitelam
et al., IARPA Janus Benchmark-B (CVPR Workshops 2017); Maze et al., IARPA Janus Benchmark-C (ICB 2018); those
of pictures and templates are of insightface's own lists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Items, PictureFiles
from fewpix.evaluate.readers.listed import absent, present, read_lines, require_names

Number = TypeVar("Number", np.int64, np.float32)


@dataclass(frozen=True)
class Edition:
    """Published numbers of a benchmark.

    Args:
        pictures: rows of its list of pictures.
        templates: distinct templates in it.
        pairs: template pairs of the 1:1 protocol.
        genuine: those of one person.
        galleries: names of the two galleries of the 1:N protocol.
        gallery: templates in each.
        probes: templates to be searched.
    """

    pictures: int
    templates: int
    pairs: int
    genuine: int
    galleries: tuple[str, str]
    gallery: tuple[int, int]
    probes: int


EDITIONS = {
    "ijbb": Edition(227_630, 12_115, 8_010_270, 10_270, ("S1", "S2"), (931, 914), 10_270),
    "ijbc": Edition(469_375, 23_124, 15_658_489, 19_557, ("G1", "G2"), (1772, 1759), 19_593),
}


PAIRS_LIST, PROBES_LIST = "template_pair_label.txt", "1N_probe_mixed.csv"


@dataclass(frozen=True, eq=False)
class Ijb:
    """N pictures and their templates; a picture may be in several templates under several names.

    Args:
        inventory: what was found.
        pictures: paths relative to the folder.
        there: (N,) bool, whether each is a file.
        templates: (N,) int64, the template of each picture.
        media: (N,) int64, the video or still picture that it comes from.
        points: (N, 5, 2) float32, eyes, nose, corners of the mouth, in pixels of the picture.
        quality: (N,) float64, the detector's score.
    """

    inventory: Inventory
    pictures: tuple[str, ...]
    there: NDArray[np.bool_]
    templates: NDArray[np.int64]
    media: NDArray[np.int64]
    points: NDArray[np.float32]
    quality: NDArray[np.float64]

    def template_ids(self) -> NDArray[np.int64]:
        """(T,) the templates that have a picture, rising."""
        return np.unique(self.templates[self.there])

    def items(self, ids: NDArray[np.int64], people: NDArray[np.int64]) -> Items:
        """Some templates as items, with their pictures that are there.

        Args:
            ids: (U,) the templates, rising.
            people: (U,) who each shows.
        """
        rows = np.flatnonzero(self.there & np.isin(self.templates, ids))
        rows = rows[np.argsort(self.templates[rows], kind="stable")]
        return Items(
            PictureFiles(self.inventory.folder, tuple(self.pictures[n] for n in rows)),
            people,
            tuple(map(str, ids.tolist())),
            np.searchsorted(ids, self.templates[rows]).astype(np.int64),
            self.media[rows],
            self.points[rows],
            self.quality[rows],
        )


def edition(folder: Path) -> str:
    """Which of the two lies in a folder: "ijbb" or "ijbc".

    Raises:
        InputError: neither, or both.
    """
    require_folder(folder, "meta", kind="IJB-B or IJB-C as insightface distributes them")
    found = [name for name in EDITIONS if list_path(folder, name, "face_tid_mid.txt").is_file()]
    if len(found) != 1:
        raise InputError(
            f"{folder / 'meta'} holds {'lists of both' if found else 'neither'} ijbb_face_tid_mid.txt "
            f"{'and' if found else 'nor'} ijbc_face_tid_mid.txt",
            fix="name the folder IJBB or IJBC that the benchmark was unpacked into",
        )
    return found[0]


def list_path(folder: Path, name: str, file: str) -> Path:
    """A list of an edition, such as `meta/ijbc_face_tid_mid.txt`."""
    return folder / "meta" / f"{name}_{file}"


def inventory(folder: Path) -> Inventory:
    """What is there of the pictures and templates; errors as for `read_pictures`."""
    return read_pictures(folder).inventory


def read_pictures(folder: Path) -> Ijb:
    """Read the lists of pictures and look for the pictures; those of both protocols are hashed, not read.

    Raises:
        InputError: no such folder, or a list is missing or malformed.
    """
    name = edition(folder)
    published = EDITIONS[name]
    require_folder(folder, f"meta/{name}_name_5pts_score.txt", kind=name.upper())
    tid_mid, points_score = (
        list_path(folder, name, file) for file in ("face_tid_mid.txt", "name_5pts_score.txt")
    )
    files, ids = _named_rows(tid_mid, 2, np.int64)
    others, values = _named_rows(points_score, 11, np.float32)
    if files != others:
        pairs = enumerate(zip(files, others, strict=False), start=1)
        row = next((n for n, (a, b) in pairs if a != b), min(len(files), len(others)) + 1)
        raise InputError(
            f"{tid_mid.name} ({len(files)} rows) and {points_score.name} ({len(others)} rows) name "
            f"different pictures from row {row} on",
            fix="use the lists of one release together",
        )
    if len(set(files)) < len(files):
        raise InputError(f"{tid_mid} names a picture twice", fix="use the original list")
    require_names(files, tid_mid)
    pictures = tuple(f"loose_crop/{file}" for file in files)
    there = present(folder, pictures)
    rest = [
        PAIRS_LIST,
        *(f"1N_gallery_{gallery}.csv" for gallery in published.galleries),
        PROBES_LIST,
    ]
    lists = [path for file in rest if (path := list_path(folder, name, file)).is_file()]
    found = Inventory(
        kind=name,
        folder=folder,
        counts=(
            Count("pictures", int(there.sum()), published.pictures),
            Count("templates", len(np.unique(ids[:, 0])), published.templates),
            Count("media", len(np.unique(ids[:, 1]))),
            Count("lists of the 1:1 and 1:N protocols", len(lists), len(rest)),
        ),
        listed=len(pictures),
        missing=absent(pictures, there),
        sha256=digest([tid_mid, points_score, *lists], pictures),
    )
    points = np.ascontiguousarray(values[:, :10]).reshape(-1, 5, 2)
    return Ijb(
        found, pictures, there, ids[:, 0].copy(), ids[:, 1].copy(), points, values[:, 10].astype(np.float64)
    )


def _named_rows(path: Path, columns: int, kind: type[Number]) -> tuple[list[str], NDArray[Number]]:
    """The first word of every line, and the numbers after it, parsed in one call: half a million lines take 2
    s.

    Raises:
        InputError: missing, no text in UTF-8, empty, or a line of another form, which is named.
    """
    lines = read_lines(path, "use the original list")
    words = [line.split(maxsplit=1) for line in lines]
    number = r"-?\d+" if kind is np.int64 else r"[-+.\deE]+"
    form = re.compile(rf"\S+(?:[ \t]+{number}){{{columns}}}\s*")
    values = np.empty((0, columns), dtype=kind)
    try:
        if words:
            values = np.loadtxt([word[1] for word in words], dtype=kind, comments=None, ndmin=2)
        wrong = values.shape != (len(words), columns) or not np.isfinite(values.astype(np.float64)).all()
    except (ValueError, IndexError):
        wrong = True
    if not lines or wrong:
        row = next((n for n, line in enumerate(lines, start=1) if not form.fullmatch(line)), 1)
        shown = repr(lines[row - 1][:60]) if lines else "nothing"
        raise InputError(
            f"{path}, line {row}: expected a picture and {columns} numbers, not {shown}",
            fix="use the original list",
        )
    return [word[0] for word in words], values
