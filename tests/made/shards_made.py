"""Shards of tiny faces, each of its own grey: as tar files named as WebDataset does, and as RecordIO."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from fewpix.image.codec import encode_image


def picture(number: int) -> bytes:
    """A face of 8 px that tells its number by its grey and its first pixel."""
    image = np.full((8, 8, 3), number % 251, dtype=np.uint8)
    image[0, 0] = number // 251
    return encode_image(image, ".png")


def number_of(crop: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    """The number of a decoded `picture`."""
    return int(crop[1, 1, 0]) + 251 * int(crop[0, 0, 0])


def write_tar(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """A tar file of these members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_shards(folder: Path, sizes: Iterable[int], *, first: int = 0) -> list[Path]:
    """`faces-000000.tar` and so on, each with so many faces and a class beside each."""
    shards, number = [], first
    for n, size in enumerate(sizes):
        members = []
        for _ in range(size):
            members += [(f"in/{number:06d}.jpg", picture(number)), (f"in/{number:06d}.cls", b"7")]
            number += 1
        shards.append(write_tar(folder / f"faces-{n:06d}.tar", members))
    return shards


def write_rec(folder: Path, count: int, *, first: int = 0, index: bool = True) -> Path:
    """`train.rec` of so many faces, three of each person; needs the sample faces."""
    from recordio_layout import packed, write_records

    records = [(n, packed(n // 3, n, picture(first + n))) for n in range(count)]
    return write_records(folder, records, index=index)
