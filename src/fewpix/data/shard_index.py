"""Where the pictures of many tar shards and RecordIO files lie, so that any of them can be read alone.

Millions of pictures are too many to hold. An index holds 16 bytes for each and looks at every record's
head; the pictures stay where they are. What is damaged is left out, counted and named, and the rest is used.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fewpix.counted import counted
from fewpix.data.folders import list_folder
from fewpix.data.passed_over import NOTHING, LeftOut, PassedOver
from fewpix.data.record import BROKEN, open_records, read_record
from fewpix.data.recordio import picture_records
from fewpix.data.shards import UNREADABLE, passed_over, pictures_in
from fewpix.errors import InputError
from fewpix.files import PathLike, path_of

TAR, REC = ".tar", ".rec"
"""The endings of shards: tar, as WebDataset names its members, and MXNet's RecordIO."""

_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True)
class Found:
    """A picture of a shard.

    Args:
        name: the shard's, then the member's, or `PERSON/KEY` of a record; unique in the index.
        data: the encoded picture; empty where it cannot be read.
        why: it cannot be read; empty where it can.
    """

    name: str
    data: bytes
    why: str = ""


@dataclass(frozen=True, eq=False)
class ShardIndex:
    """Pictures of shards, in the order of the shards' names and of the records within.

    Args:
        names: of the S shards, unique.
        files: (S,) where they lie.
        starts: (S + 1,) int64, the number of the first picture of each, and how many there are.
        places: (N,) int64, where each picture's record begins, in bytes.
        keys: (N,) int64, the keys of records; of members of tar files -1.
        left_out: damaged shards and records, and members that are no pictures.
        sha256: names the pictures by their shards' names and sizes and by where they lie.
    """

    names: tuple[str, ...]
    files: tuple[Path, ...]
    starts: NDArray[np.int64]
    places: NDArray[np.int64] = field(repr=False)
    keys: NDArray[np.int64] = field(repr=False)
    left_out: LeftOut = NOTHING
    sha256: str = ""

    def __len__(self) -> int:
        return len(self.places)

    def part(self, start: int, stop: int) -> ShardIndex:
        """The index of pictures `start` to `stop` - 1 alone, numbered from 0; of the shards only theirs."""
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        last = int(np.searchsorted(self.starts, stop, side="left"))
        return replace(
            self,
            names=self.names[first:last],
            files=self.files[first:last],
            starts=np.clip(self.starts[first : last + 1], start, stop) - start,
            places=self.places[start:stop].copy(),
            keys=self.keys[start:stop].copy(),
            left_out=NOTHING,
        )

    def read(self, numbers: Iterable[int]) -> Iterator[tuple[int, Found]]:
        """Read some pictures; a shard is opened once for those of it that follow one another.

        Args:
            numbers: of the pictures, from 0, in the order in which they are wanted.

        Yields:
            Each number with its picture, or with why there is none.
        """
        with ExitStack() as stack:
            opened, file = -1, None
            for number in numbers:
                shard = int(np.searchsorted(self.starts, number, side="right")) - 1
                if shard != opened:
                    stack.close()
                    try:
                        file = stack.enter_context(open_records(self.files[shard]))
                    except InputError as error:
                        file, why = None, error.what
                    opened = shard
                place, key = int(self.places[number]), int(self.keys[number])
                if file is None:
                    yield number, Found(f"{self.names[shard]}, byte {place}", b"", why)
                else:
                    yield number, _read(file, self.names[shard], place, key)


def index_shards(paths: PathLike | Sequence[PathLike]) -> ShardIndex:
    """Look through shards.

    Args:
        paths: of tar files, of `.rec` files, and of folders with such.

    Raises:
        InputError: a path is missing, there is no shard, two have one name, or none holds a picture that can
            be read.
    """
    if isinstance(paths, str) or not isinstance(paths, Sequence):
        paths = [paths]
    shards = [shard for path in paths for shard in list_shards(path)]
    twice = [name for name, count in Counter(name for name, _ in shards).items() if count > 1]
    if twice:
        raise InputError(f"two shards are called {twice[0]}", fix="rename one, or leave it out")
    shards.sort()
    total = hashlib.sha256()
    counts, left_out = [0], NOTHING
    places: list[NDArray[np.int64]] = []
    keys: list[NDArray[np.int64]] = []
    for name, path in shards:
        at, key, others = _records_of(path) if path.suffix.lower() == REC else _members_of(path)
        left_out += others.below(name)
        counts.append(len(at))
        places.append(at)
        keys.append(key)
        total.update(f"{name}\t{path.stat().st_size}\t{len(at)}\n".encode() + at.tobytes() + key.tobytes())
    if not sum(counts):
        why = f": {left_out}" if left_out else ""
        raise InputError(
            f"no picture in {', '.join(str(path) for path in paths) or 'nothing'} can be read{why}",
            fix=f"name {TAR} or {REC} files, or a folder of them",
        )
    return ShardIndex(
        tuple(name for name, _ in shards),
        tuple(path for _, path in shards),
        np.cumsum(counts, dtype=np.int64),
        np.concatenate(places),
        np.concatenate(keys),
        left_out,
        total.hexdigest(),
    )


def list_shards(path: PathLike) -> list[tuple[str, Path]]:
    """A shard, or the shards below a folder by their endings, each with its name below it, sorted.

    Raises:
        InputError: there is nothing.
    """
    path = path_of(path)
    if not path.is_dir():
        if not path.is_file():
            raise InputError(f"there is no shard or folder {path}", fix="check the path")
        return [(path.name, path)]
    names = sorted(
        item.path
        for item in list_folder(path).left_out.items
        if Path(item.path).suffix.lower() in (TAR, REC) and (path / item.path).is_file()
    )
    return [(name, path / name) for name in names]


def _members_of(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], LeftOut]:
    """Where the pictures of a tar file begin, up to where it is damaged."""
    others: Counter[tuple[str, str]] = Counter()
    places: list[int] = []
    bad: list[PassedOver] = []
    try:
        with path.open("rb") as file:
            if file.read(6).startswith(_PACKED):
                raise tarfile.ReadError("it is packed; unpack it, since pictures are read from its middle")
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r:") as archive:
                places += (member.offset for member in pictures_in(archive, others))
    except UNREADABLE as error:
        after = f" after {counted(len(places), 'picture')}" if places else ""
        bad.append(PassedOver("", f"a damaged shard, not read{after}: {error}"))
    at = np.array(places, dtype=np.int64)
    return at, np.full(len(at), -1, dtype=np.int64), LeftOut((*bad, *passed_over(others)))


def _records_of(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], LeftOut]:
    """Where the pictures of a RecordIO file begin."""
    try:
        found = picture_records(path)
    except InputError as error:
        none = np.zeros(0, dtype=np.int64)
        return none, none, LeftOut((PassedOver("", f"a damaged shard, not read: {error.what}"),))
    bad = (PassedOver(f"{key:08d}", "no sound record with a whole label") for key in found.missing.tolist())
    return found.positions, found.keys, LeftOut(tuple(bad))


def _read(file: BinaryIO, shard: str, place: int, key: int) -> Found:
    """One picture of a shard that is open."""
    what = f"{shard}, byte {place}"
    try:
        if key >= 0:
            record = read_record(file, place, "the record")
            label = record.labels[0]
            return Found(f"{shard}/{int(label) if np.isfinite(label) else 0:07d}/{key:08d}", record.data)
        file.seek(place)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            member = archive.next()
            inside = None if member is None else archive.extractfile(member)
            if member is None or inside is None:
                return Found(what, b"", f"no picture begins there any more ({BROKEN})")
            what = f"{shard}/{member.name}"
            return Found(what, inside.read())
    except (InputError, *UNREADABLE) as error:
        return Found(what, b"", error.what if isinstance(error, InputError) else str(error))
