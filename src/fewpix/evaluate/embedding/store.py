"""Embeddings of a benchmark on disk, in chunks, so that a run over 160,000 pictures goes on where it stopped.

    DIR/0123456789abcdef/key.json     what the embeddings depend on; the folder's name is its digest
    DIR/0123456789abcdef/000000.npz   names, rows, sides, sha256, ... of the first `CHUNK` pictures

Every chunk is written whole or not at all. One that does not fit its key any more is written anew. A picture
counts as changed when its file's size or time of change is another.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.files import atomic, write_text

CHUNK = 1024
"""Pictures in one file."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """What is known of C pictures.

    Args:
        names: C paths relative to the benchmark's folder.
        rows: (C, D) float32 embeddings of unit norm; zero where a picture gave none.
        sides: (C, 2) int64 width and height of the file's picture; 0 where it could not be read.
        kept: (C,) bool, whether it was smaller than the size asked for.
        sha256: (C, 32) uint8 of the file; zero where it could not be read.
        faults: (C,) str, why it gave no embedding; "" where it did.
    """

    names: NDArray[np.str_]
    rows: NDArray[np.float32]
    sides: NDArray[np.int64]
    kept: NDArray[np.bool_]
    sha256: NDArray[np.uint8]
    faults: NDArray[np.str_]

    @classmethod
    def empty(cls, names: Sequence[str], dim: int) -> Chunk:
        """To be filled in; `faults` are to be set by `finished`."""
        count = len(names)
        return cls(
            np.array(names, dtype=np.str_),
            np.zeros((count, dim), dtype=np.float32),
            np.zeros((count, 2), dtype=np.int64),
            np.zeros(count, dtype=np.bool_),
            np.zeros((count, 32), dtype=np.uint8),
            np.zeros(count, dtype=np.str_),
        )

    def finished(self, faults: Sequence[str]) -> Chunk:
        """With the faults."""
        return Chunk(
            self.names, self.rows, self.sides, self.kept, self.sha256, np.array(faults, dtype=np.str_)
        )

    @property
    def enrolled(self) -> NDArray[np.bool_]:
        """(C,) whether each gave an embedding."""
        return np.asarray(self.faults == "", dtype=np.bool_)

    def fits(self, names: Sequence[str], dim: int) -> bool:
        """Whether it is of these pictures and its arrays are as they should be."""
        like = Chunk.empty(names, dim)
        same = all(
            getattr(self, key).shape == value.shape and getattr(self, key).dtype.kind == value.dtype.kind
            for key, value in vars(like).items()
        )
        return same and bool((self.names == like.names).all() and np.isfinite(self.rows).all())


class EmbeddingStore:
    """The chunks of one list of pictures as one model sees them.

    Args:
        folder: for all stores; made when missing.
        key: what the embeddings depend on, JSON values.
        dim: length of an embedding.

    Raises:
        StorageError: the folder cannot be written.
    """

    def __init__(self, folder: Path, key: Mapping[str, Any], dim: int) -> None:
        text = json.dumps(dict(key), indent=2, sort_keys=True, allow_nan=False) + "\n"
        self.folder, self.dim = folder / hashlib.sha256(text.encode()).hexdigest()[:16], dim
        write_text(self.folder / "key.json", text)

    def load(self, number: int, names: Sequence[str]) -> Chunk | None:
        """A chunk, or None where it is not there, damaged or of other pictures."""
        try:
            # numpy leaves a damaged file open that it opened itself
            with self._path(number).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                chunk = Chunk(**{key: arrays[key] for key in Chunk.__dataclass_fields__})
        except (OSError, TypeError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return chunk if chunk.fits(names, self.dim) else None

    def save(self, number: int, chunk: Chunk) -> None:
        """Write a chunk, whole or not at all, without pickles.

        Raises:
            StorageError: it cannot be written; what was there before is still there.
        """
        with atomic(self._path(number)) as part, part.open("wb") as file:
            np.savez(file, **vars(chunk))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npz"
