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
            for member in archive:
                name = PurePosixPath(member.name).name
                if member.isdir():
                    continue
                file = archive.extractfile(member) if member.isfile() else None
                if file is None:
                    others[member.name, "not an ordinary file"] += 1
                    continue
                head = file.read(HEAD)
                if PurePosixPath(name).suffix.lower() not in SUFFIXES and (why := why_not(head, name)):
                    others[f"*{PurePosixPath(name).suffix}", why] += 1
                    continue
                key, *rest = name.split(".")
                yield ShardFace(key, ".".join(rest[:-1]), head + file.read())
            _check_end(archive)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise InputError(
            f"cannot read the shard {path}: {error}", fix="check the path, or copy it again"
        ) from error

    if left_out is not None:
        left_out += [PassedOver(name, why, count) for (name, why), count in sorted(others.items())]


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
