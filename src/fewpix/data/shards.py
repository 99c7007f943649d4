"""Faces in tar shards, named as WebDataset does: `KEY.SOURCE.jpg`, the key being all before the first dot."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fewpix.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


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


def read_shard(path: Path) -> Iterator[ShardFace]:
    """The pictures of one tar file in the order of the archive; other members are passed over.

    Raises:
        InputError: the file is missing, or not a tar archive, or ends in the middle.
    """
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if not member.isfile() or PurePosixPath(name).suffix.lower() not in SUFFIXES:
                    continue
                file = archive.extractfile(member)
                if file is None:
                    continue
                key, *rest = name.split(".")
                yield ShardFace(key, ".".join(rest[:-1]), file.read())
    except (OSError, tarfile.TarError) as error:
        raise InputError(
            f"cannot read the shard {path}: {error}", fix="check the path, or copy it again"
        ) from error
