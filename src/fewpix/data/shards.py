"""Faces in tar shards, named as WebDataset does: `KEY.SOURCE.jpg`, the key being all before the first dot."""

from __future__ import annotations

import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fewpix.data.passed_over import PassedOver, why_not
from fewpix.errors import InputError
from fewpix.image.codec import SUFFIXES
from fewpix.image.signature import HEAD

UNREADABLE = (OSError, EOFError, tarfile.TarError, zlib.error)
"""What is raised where a tar file is missing, damaged or none."""


@dataclass(frozen=True)
class ShardFace:
    """One encoded picture of a shard.

    Args:
        key: the name up to the first dot, unique within a data set.
        source: what stands between the key and the suffix; empty when nothing does.
        data: the encoded picture.
    """

    key: str
    source: str
    data: bytes


def read_shard(path: Path, left_out: list[PassedOver] | None = None) -> Iterator[ShardFace]:
    """The pictures of one tar file in the order of the archive.

    A member is a picture by its name's ending (`SUFFIXES`), or when its content begins as one.

    Args:
        path: of the file.
        left_out: what else is in it is appended, when all was read: by endings and reasons, since WebDataset
            puts texts beside each picture.

    Raises:
        InputError: the file is missing, is not a tar archive, ends in the middle or has a damaged header.
    """
    others: Counter[tuple[str, str]] = Counter()
    try:
        with tarfile.open(path) as archive:
            for member in pictures_in(archive, others):
                key, *rest = PurePosixPath(member.name).name.split(".")
                file = archive.extractfile(member)
                assert file is not None  # an ordinary file
                yield ShardFace(key, ".".join(rest[:-1]), file.read())
    except UNREADABLE as error:
        raise InputError(
            f"cannot read the shard {path}: {error}", fix="check the path, or copy it again"
        ) from error

    if left_out is not None:
        left_out += passed_over(others)


def pictures_in(archive: tarfile.TarFile, others: Counter[tuple[str, str]]) -> Iterator[tarfile.TarInfo]:
    """The members that are pictures, in the order of the archive; of the others only their heads are read.

    Args:
        archive: to be read from its beginning; it holds no member longer than it is looked at.
        others: what is no picture is counted in it, by ending and reason.

    Raises:
        OSError: as `UNREADABLE` says, where the archive is damaged or does not end as archives do.
    """
    while (member := archive.next()) is not None:
        vars(archive)["members"].clear()  # the module keeps a kilobyte of each
        name = PurePosixPath(member.name).name
        if member.isdir():
            continue
        file = archive.extractfile(member) if member.isfile() else None
        if file is None:
            others[member.name, "not an ordinary file"] += 1
            continue
        if PurePosixPath(name).suffix.lower() not in SUFFIXES and (why := why_not(file.read(HEAD), name)):
            others[f"*{PurePosixPath(name).suffix}", why] += 1
            continue
        yield member
    _check_end(archive)


def passed_over(others: Counter[tuple[str, str]]) -> list[PassedOver]:
    """What `pictures_in` counted, sorted."""
    return [PassedOver(name, why, count) for (name, why), count in sorted(others.items())]


def _check_end(archive: tarfile.TarFile) -> None:
    """An archive ends in blocks of zeros; one cut between two members, or inside a header, has none.

    The module `tarfile` takes both for an end, and half of the faces would be missing without a word.

    Raises:
        tarfile.ReadError: the archive does not end where its members do.
    """
    if archive.fileobj is None:
        return
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError(f"it is damaged or cut at byte {archive.offset}")
