"""Pairs of encoded pictures in one file, as `deepinsight/insightface` gives out `lfw.bin` and `cfp_fp.bin`.

Its `recognition/arcface_torch/eval/verification.py` reads them: a pickle of a list of pictures, as JPEG files
or arrays of their bytes, in the order a0, b0, a1, b1 and so on, and a list of truths, whether a and b show
one person. The pairs make ten folds in the order of the file. There are no names: a picture is known by its
bytes, and a person by the pairs that say so.

Several files called `cfp_fp.bin` are in circulation, on which one model differs by more than a point: the
hash in the inventory is that of the file, as `sha256sum` prints it. It is to stand beside every figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Count, Inventory
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Benchmark, Items, Pairs
from fewpix.evaluate.readers.listed import folds_of, linked, repeated, several
from fewpix.evaluate.readers.pickle import PlainArray, load_plain
from fewpix.image.header import read_header

FOLDS = 10

PAIRS = {
    "lfw": 6000,
    "cfp_ff": 7000,
    "cfp_fp": 7000,
    "agedb_30": 6000,
    "calfw": 6000,
    "cplfw": 6000,
    "vgg2_fp": 5000,
}
"""Pairs of the benchmarks that are given out so, by the name of the file; half of them show one person."""


@dataclass(frozen=True, eq=False)
class BinFile:
    """The distinct pictures of a file, as a `PictureSource`.

    Args:
        path: of the file.
        names: a picture's number in the file, counted from 0, where it occurs first; equal bytes are one
            picture.
        data: the encoded pictures: views of the file's content.
        sha256: of the file.
    """

    path: Path
    names: tuple[str, ...]
    data: tuple[memoryview, ...]
    sha256: str

    def read(self, n: int) -> bytes:
        """The bytes of one picture."""
        return bytes(self.data[n])

    def origin(self, n: int) -> str:
        """The file's path and the picture's number."""
        return f"{self.path}, picture {self.names[n]}"

    def stamp(self, n: int) -> str:
        """That of the whole file; it was read already."""
        return self.sha256


def inventory(path: Path) -> Inventory:
    """What is in a file; pictures that are cut off or none at all count as missing. Errors as for `read`."""
    return _parsed(path)[0]


def read(path: Path, *, allow_missing: bool = False) -> Benchmark:
    """Read the pairs of a file.

    Args:
        path: of the file.
        allow_missing: leave out pairs with a picture that cannot be read, instead of refusing.

    Raises:
        InputError: the file cannot be read, holds anything but two lists, or these do not fit; or pictures
            cannot be read and are needed.
    """
    found, items, pairs = _parsed(path)
    bad = np.isin(items.pictures.names, found.missing)
    kept = pairs.only(~(bad[pairs.first] | bad[pairs.second]))
    if found.missing and (not allow_missing or not len(kept)):
        raise InputError(
            f"{len(found.missing):,} of {len(bad):,} pictures in {path} are cut off or no pictures, the "
            f"first one number {found.missing[0]}; {len(kept):,} of {len(pairs):,} pairs are whole",
            fix="download it again, or leave them out with --allow-missing",
        )
    return Benchmark("bin", found, items, kept, missing=len(pairs) - len(kept))


def _parsed(path: Path) -> tuple[Inventory, Items, Pairs]:
    """Everything in the file, with the pairs that cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    pictures, same = _two_lists(content, path)
    hashes = {id(view): hashlib.sha256(view).digest() for view in {id(p): p for p in pictures}.values()}
    first_seen: dict[bytes, int] = {}
    entry = np.array([first_seen.setdefault(hashes[id(p)], n) for n, p in enumerate(pictures)])
    distinct, number = np.unique(entry, return_inverse=True)
    data = tuple(pictures[n] for n in distinct)
    width = len(str(len(pictures) - 1))
    names = tuple(f"{n:0{width}d}" for n in distinct)
    first, second = number[0::2].astype(np.int64), number[1::2].astype(np.int64)
    people = linked(len(names), first[same], second[same])
    folds = np.repeat(np.arange(FOLDS), [len(part) for part in np.array_split(same, FOLDS)])
    pairs = Pairs(first, second, same, several(folds.astype(np.int64)))
    missing = tuple(name for name, picture in zip(names, data, strict=True) if not _whole(picture))
    published = _published(path.stem)
    counts = (
        Count("pairs of one person", int(same.sum()), published),
        Count("pairs of two people", int((~same).sum()), published),
        Count("folds", folds_of(pairs), FOLDS),
        Count("distinct pictures", len(names)),
        Count("people, as far as pairs of one person tell", len(np.unique(people))),
        Count("pairs listed a second time", repeated(pairs, len(names))),
        Count("pairs of a picture with itself", int((first == second).sum())),
        Count(
            "pairs of two people that other pairs make one",
            int((people[first] == people[second])[~same].sum()),
        ),
    )
    sha256 = hashlib.sha256(content).hexdigest()
    found = Inventory("bin", path, counts, len(names), missing, sha256)
    return found, Items(BinFile(path, names, data, sha256), people), pairs


def _two_lists(content: bytes, path: Path) -> tuple[list[memoryview], NDArray[np.bool_]]:
    """The encoded pictures, two for each pair, and the truths (P,)."""
    value = load_plain(content, str(path))
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InputError(
            f"{path} does not hold two lists, of pictures and of truths, but a {_kind(value)}",
            fix="name a verification file such as lfw.bin",
        )
    bins, truths = value
    if not isinstance(bins, tuple | list):
        raise InputError(f"{path}: the pictures are a {_kind(bins)}, not a list", fix="download it again")
    same = _truths(truths, path)
    if len(bins) != 2 * len(same) or not len(same):
        raise InputError(
            f"{path} holds {len(bins)} pictures for {len(same)} pairs, not two for each",
            fix="download it again",
        )
    # one view for one object: a file can name a single picture millions of times
    views = {id(item): _encoded(item, n, path) for n, item in enumerate(bins)}
    return [views[id(item)] for item in bins], same


def _truths(value: object, path: Path) -> NDArray[np.bool_]:
    """Whether each pair shows one person, from a list of truths, of 0 and 1, or an array."""
    if isinstance(value, PlainArray) and value.content is not None and value.content.ndim == 1:
        value = value.content.tolist()
    if isinstance(value, tuple | list) and all(isinstance(item, int) and item in (0, 1) for item in value):
        return np.array(value, dtype=np.bool_)
    raise InputError(
        f"{path}: whether the pairs show one person is a {_kind(value)}, not a list of truths",
        fix="download it again",
    )


def _encoded(value: object, number: int, path: Path) -> memoryview:
    if isinstance(value, memoryview):
        return value
    if isinstance(value, PlainArray) and value.content is not None and value.content.dtype == np.uint8:
        return value.content.reshape(-1).data  # a column, as older OpenCV encodes, or a row
    raise InputError(
        f"{path}: picture {number} is a {_kind(value)}, not the bytes of a picture file",
        fix="download it again",
    )


def _whole(picture: memoryview) -> bool:
    header = read_header(bytes(picture))
    return header is not None and not header.fault


def _published(stem: str) -> int | None:
    """Pairs of each kind of the benchmark that a file is named after; `lfw_28_lr2lr` is made from LFW."""
    named = next((name for name in PAIRS if stem == name or stem.startswith(f"{name}_")), None)
    return PAIRS[named] // 2 if named else None


def _kind(value: object) -> str:
    # never the value itself: a few bytes can describe a tuple that takes hours to print
    names: Sequence[tuple[type, str]] = ((memoryview, "string of bytes"), (PlainArray, "NumPy array"))
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)
