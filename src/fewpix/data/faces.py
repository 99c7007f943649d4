"""A set of aligned faces as encoded pictures, 4 kB each, decoded when they are looked at."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.encoded import HELD, Encoded
from fewpix.data.folders import list_images
from fewpix.data.passed_over import NOTHING, LeftOut, PassedOver
from fewpix.data.record import BROKEN
from fewpix.data.recordio import PictureRecords, picture_records
from fewpix.data.shards import read_shard
from fewpix.errors import InputError
from fewpix.files import PathLike, path_of
from fewpix.image.codec import decode_image
from fewpix.image.header import read_header
from fewpix.image.resize import Crop

REC = ".rec"
"""The ending of RecordIO."""


@dataclass(frozen=True)
class FaceSet:
    """Aligned faces with a key and a source each.

    Args:
        keys: unique names.
        sources: where each came from (`celeba`, `utk`, …); "" when unknown.
        data: encoded pictures, square; a tuple, or `Encoded` where some lie in files.
        left_out: what lay beside them and is no picture; no part of the set's hash.
    """

    keys: tuple[str, ...]
    sources: tuple[str, ...]
    data: Sequence[bytes] = field(repr=False)
    left_out: LeftOut = field(default=NOTHING, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(set(self.keys)) != len(self.keys):
            twice = Counter(self.keys).most_common(1)[0][0]
            raise InputError(
                f"two faces are called {twice!r}", fix="rename one, or leave out one of the shards"
            )

    def __len__(self) -> int:
        return len(self.keys)

    def of_sources(self, sources: Collection[str]) -> FaceSet:
        """The faces of some sources; all where none is named.

        Raises:
            InputError: no face has any of them.
        """
        if not sources:
            return self
        numbers = [n for n, source in enumerate(self.sources) if source in sources]
        if not numbers:
            raise InputError(f"no face is of {', '.join(sources)}", fix="name sources that occur")
        return FaceSet(
            tuple(self.keys[n] for n in numbers),
            tuple(self.sources[n] for n in numbers),
            tuple(self.data[n] for n in numbers),
            self.left_out,
        )

    def crop(self, index: int) -> Crop:
        """Decode one face.

        Raises:
            ImageError: it is not a picture.
            InputError: it is not square.
        """
        return decode_square(self.data[index], self.keys[index])

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each encoded picture; every one is read for it."""
        return tuple(hashlib.sha256(data).hexdigest() for data in self.data)

    @cached_property
    def sha256(self) -> str:
        """One hash over all keys, sources and pictures, in order."""
        state = hashlib.sha256()
        for key, source, digest in zip(self.keys, self.sources, self.digests, strict=True):
            state.update(f"{key}\t{source}\t{digest}\n".encode())
        return state.hexdigest()


def decode_square(data: bytes, name: str) -> Crop:
    """Decode an aligned face.

    Args:
        data: the encoded picture.
        name: for messages.

    Raises:
        ImageError: it is not a picture.
        InputError: it is not square.
    """
    image = decode_image(data, name)
    if image.shape[0] != image.shape[1]:
        raise InputError(
            f"{name} is {image.shape[1]}×{image.shape[0]} px, not square",
            fix="align faces first; training wants aligned crops",
        )
    return image


def load_faces(paths: Sequence[PathLike]) -> FaceSet:
    """Read faces from tar shards, RecordIO and folders of crops, sorted by key: the order of `paths` does not
    matter.

    A face in a folder is named by its path below it; its source is its first folder, if it is in one. A face
    of `NAME.rec` is named `NAME/LABEL/KEY`, so that its person is a folder to `people.by_folder`, and its
    source is NAME. Faces of shards and folders are held; those of RecordIO, whose sets have millions, stay in
    their file and are read when they are looked at.

    Raises:
        InputError: a path is missing, unreadable or holds no picture, two faces have one name, or a record is
            damaged.
        ImageError: a file in a folder is named as a picture and is none.
    """
    keys: list[str] = []
    sources: list[str] = []
    held: list[bytes] = []
    left_out = NOTHING
    files: list[Path] = []
    places: list[tuple[NDArray[np.int32], NDArray[np.int64]]] = []
    if not isinstance(paths, Sequence) or isinstance(paths, str | bytes):
        paths = [paths]
    for path in map(path_of, paths):
        before = len(held)
        if path.is_dir():
            listed = list_images(path)
            left_out += listed.left_out.below(path.as_posix())
            for name in listed.names:
                keys.append(name)
                sources.append(name.split("/")[0] if "/" in name else "")
                held.append(_read(path / name))
                if read_header(held[-1]) is None:  # found now, and not in the middle of a run
                    decode_image(held[-1], str(path / name))
        elif path.suffix.lower() == REC:
            found = _records(path)
            keys += [
                f"{path.stem}/{label:07d}/{key:08d}"
                for label, key in zip(found.labels.tolist(), found.keys.tolist(), strict=True)
            ]
            sources += [path.stem] * len(found)
            places.append((np.full(len(found), len(files), dtype=np.int32), found.positions))
            files.append(path)
            continue
        else:
            others: list[PassedOver] = []
            for face in read_shard(path, others):
                keys.append(face.key)
                sources.append(face.source)
                held.append(face.data)
            left_out += LeftOut(tuple(others)).below(path.as_posix())
        count = len(held) - before
        places.append((np.full(count, HELD, dtype=np.int32), np.arange(before, len(held))))
    if not keys:
        raise InputError(
            f"no faces in {', '.join(str(path) for path in paths) or 'nothing'}",
            fix="name shards, a .rec or a folder",
        )
    order = sorted(range(len(keys)), key=keys.__getitem__)
    names, origins = tuple(keys[n] for n in order), tuple(sources[n] for n in order)
    if not files:
        return FaceSet(names, origins, tuple(held[n] for n in order), left_out)
    file, place = (np.concatenate(parts)[order] for parts in zip(*places, strict=True))
    return FaceSet(names, origins, Encoded(tuple(held), tuple(files), file, place), left_out)


def _records(rec: Path) -> PictureRecords:
    """Where the faces of a `.rec` lie.

    Raises:
        InputError: see `picture_records`; or a picture's record is missing or damaged.
    """
    found = picture_records(rec)
    if len(found.missing):
        total = len(found) + len(found.missing)
        raise InputError(
            f"{rec}: {len(found.missing):,} of {total:,} pictures have no sound record with a whole label, "
            f"the first one record {found.missing[0]}",
            fix=f"{BROKEN}; `fewpix data check recordio` counts",
        )
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}", fix="check its permissions"
        ) from error
