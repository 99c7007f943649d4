"""The pictures of bulk work, in an order of their own, that can be cut into parts and sent elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fewpix.data.folders import list_folder, list_images
from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.data.shard_index import REC, TAR, Found, ShardIndex, index_shards
from fewpix.errors import InputError
from fewpix.files import PathLike, path_of
from fewpix.image.codec import read_bytes


class Pictures(Protocol):
    """Encoded pictures that lie somewhere."""

    def __len__(self) -> int: ...

    @property
    def sha256(self) -> str:
        """Names them: by their names, of shards by where they lie in them; not by their contents."""
        ...

    def part(self, start: int, stop: int) -> Pictures:
        """Those from number `start` to `stop` - 1."""
        ...

    def read(self) -> Iterator[Found]:
        """Each with its name, or with why it cannot be read."""
        ...

    def to_json(self) -> dict[str, Any]:
        """What `pictures_of` makes them of again, in another process."""
        ...


@dataclass(frozen=True)
class FolderPictures:
    """Files of a folder.

    Args:
        folder: absolute.
        names: relative to it, with `/`.
    """

    folder: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sha256(self) -> str:
        """See `Pictures`."""
        return hashlib.sha256("\n".join(self.names).encode("utf-8", "surrogateescape")).hexdigest()

    def part(self, start: int, stop: int) -> FolderPictures:
        """See `Pictures`."""
        return FolderPictures(self.folder, self.names[start:stop])

    def read(self) -> Iterator[Found]:
        """See `Pictures`."""
        for name in self.names:
            path = self.folder / name
            try:
                yield Found(name, read_bytes(path))
            except InputError as error:
                yield Found(name, b"", error.what.replace(str(path), name))

    def to_json(self) -> dict[str, Any]:
        """See `Pictures`."""
        return {"folder": str(self.folder), "names": list(self.names)}


@dataclass(frozen=True)
class ShardPictures:
    """Pictures of shards.

    Args:
        index: where they lie; its files are absolute.
    """

    index: ShardIndex

    def __len__(self) -> int:
        return len(self.index)

    @property
    def sha256(self) -> str:
        """See `Pictures`."""
        return self.index.sha256

    def part(self, start: int, stop: int) -> ShardPictures:
        """See `Pictures`."""
        return ShardPictures(self.index.part(start, stop))

    def read(self) -> Iterator[Found]:
        """See `Pictures`."""
        return (found for _, found in self.index.read(range(len(self.index))))

    def to_json(self) -> dict[str, Any]:
        """See `Pictures`."""
        index = self.index
        arrays = {name: getattr(index, name).tolist() for name in ("starts", "places", "keys")}
        return {"shards": list(index.names), "files": [str(file) for file in index.files], **arrays}


def pictures_of(facts: Mapping[str, Any]) -> Pictures:
    """Pictures from what `to_json` gave."""
    if "folder" in facts:
        return FolderPictures(Path(facts["folder"]), tuple(facts["names"]))
    starts, places, keys = (np.array(facts[name], dtype=np.int64) for name in ("starts", "places", "keys"))
    return ShardPictures(
        ShardIndex(tuple(facts["shards"]), tuple(map(Path, facts["files"])), starts, places, keys)
    )


def open_source(path: PathLike) -> tuple[Pictures, LeftOut]:
    """The pictures at a path, sorted by name, and what else is there.

    Args:
        path: a folder of pictures; a tar file or `.rec`, or a folder of such without pictures beside them; or
            one picture.

    Raises:
        InputError: there is nothing, or no picture.
    """
    path = path_of(path)
    if path.is_dir():
        listing = list_folder(path)
        shards = any(item.path.lower().endswith((TAR, REC)) for item in listing.left_out.items)
        if listing.names or not shards:
            found = list_images(path)
            return FolderPictures(path.resolve(), found.names), found.left_out
    elif path.is_file() and path.suffix.lower() not in (TAR, REC):
        return FolderPictures(path.parent.resolve(), (path.name,)), NOTHING
    index = index_shards(path.resolve())
    return ShardPictures(index), index.left_out
