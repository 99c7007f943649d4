"""A set of aligned faces held as encoded pictures: 4 kB each, decoded when they are looked at."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fewpix.data.folders import list_images
from fewpix.data.shards import read_shard
from fewpix.errors import InputError
from fewpix.image.codec import decode_image
from fewpix.image.resize import Crop


@dataclass(frozen=True)
class FaceSet:
    """Aligned faces with a key and a source each.

    Args:
        keys: unique names.
        sources: where each came from (`celeba`, `utk`, …); "" when unknown.
        data: encoded pictures, square.
    """

    keys: tuple[str, ...]
    sources: tuple[str, ...]
    data: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if len(set(self.keys)) != len(self.keys):
            twice = Counter(self.keys).most_common(1)[0][0]
            raise InputError(
                f"two faces are called {twice!r}", fix="rename one, or leave out one of the shards"
            )

    def __len__(self) -> int:
        return len(self.keys)

    def crop(self, index: int) -> Crop:
        """Decode one face.

        Raises:
            ImageError: it is not a picture.
            InputError: it is not square.
        """
        image = decode_image(self.data[index], self.keys[index])
        if image.shape[0] != image.shape[1]:
            raise InputError(
                f"{self.keys[index]} is {image.shape[1]}×{image.shape[0]} px, not square",
                fix="align faces first; training wants aligned crops",
            )
        return image

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each encoded picture."""
        return tuple(hashlib.sha256(data).hexdigest() for data in self.data)

    @cached_property
    def sha256(self) -> str:
        """One hash over all keys, sources and pictures, in order."""
        state = hashlib.sha256()
        for key, source, digest in zip(self.keys, self.sources, self.digests, strict=True):
            state.update(f"{key}\t{source}\t{digest}\n".encode())
        return state.hexdigest()


def load_faces(paths: Sequence[Path]) -> FaceSet:
    """Read faces from tar shards and folders of crops, sorted by key: the order of `paths` does not matter.

    A face in a folder is named by its path below it; its source is its first folder, if it is in one.

    Raises:
        InputError: a path is missing, unreadable or holds no picture, or two faces have one name.
    """
    found: list[tuple[str, str, bytes]] = []
    for path in paths:
        if path.is_dir():
            for name in list_images(path):
                source = name.split("/")[0] if "/" in name else ""
                found.append((name, source, _read(path / name)))
        else:
            found += [(face.key, face.source, face.data) for face in read_shard(path)]
    if not found:
        raise InputError(
            f"no faces in {', '.join(str(path) for path in paths) or 'nothing'}",
            fix="name shards or a folder",
        )
    found.sort(key=lambda item: item[0])
    keys, sources, data = zip(*found, strict=True)
    return FaceSet(keys, sources, data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}", fix="check its permissions"
        ) from error
