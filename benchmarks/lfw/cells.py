"""What the LFW study embeds: every cell once, kept on disk in parts, so that a run goes on where it stopped.

A cell is a family of degradations at a size as one model sees it. It is kept under the digest of all that it
depends on: names and contents of the pictures, the model with its state, where it runs, the steps of the
family, the size, the seed, fewpix's version. A change of the code without one of the version is not noticed:
take a new folder then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.lfw import LfwPairs
from fewpix import __version__
from fewpix.degrade import family
from fewpix.degrade.degradation import SIDE, Degradation
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.embedding.store import CHUNK, Chunk, EmbeddingStore
from fewpix.evaluate.view import embed_crops
from fewpix.image.resize import Crop

BATCH = 64
"""Faces embedded at once."""


@dataclass(frozen=True)
class Cell:
    """A family at a size as one model sees it."""

    family: str
    size: int
    model: str

    def __str__(self) -> str:
        return f"{self.family} {self.size} px {self.model}"

    def to_json(self) -> dict[str, Any]:
        """The fields."""
        return dict(vars(self))


@dataclass(frozen=True, eq=False)
class Faces:
    """The pictures of LFW's pairs, decoded.

    Args:
        names: N of them.
        crops: N aligned crops of 112x112 px, 38 KB each.
        contents: (N, 32) uint8 SHA-256 of each file.
        sha256: over the list of pairs and the pictures, as `evaluate.lfw` reports it.
    """

    names: tuple[str, ...]
    crops: list[Crop]
    contents: NDArray[np.uint8]
    sha256: str

    @classmethod
    def read(cls, data: LfwPairs) -> Faces:
        """All at once.

        Raises:
            InputError: a picture cannot be read.
            ImageError: it cannot be decoded, or is no aligned crop.
        """
        digest, crops = hashlib.sha256(), []
        contents = np.zeros((len(data.names), 32), dtype=np.uint8)
        for n, name in enumerate(data.names):
            crop, sha256 = data.crop(n)
            digest.update(f"{name}\0{sha256.hex()}\n".encode())
            contents[n] = np.frombuffer(sha256, dtype=np.uint8)
            crops.append(crop)
        whole = hashlib.sha256(f"{data.list_sha256}\n{digest.hexdigest()}\n".encode()).hexdigest()
        return cls(data.names, crops, contents, whole)


@dataclass(frozen=True, eq=False)
class Source:
    """A model that embeds cells.

    Args:
        plain: the model as it is, whose card, runtime and device the adapted one shares.
        numbers: of the pictures that it embeds, sorted; those are all that a score of it needs.
        state_id: of the state that it runs under, "" for none.
        open: opens it under the state; called only when there is something to embed.
    """

    plain: Encoder
    numbers: NDArray[np.int64]
    state_id: str = ""
    open: Callable[[], Encoder] | None = None


class Cells:
    """Makes cells and finds them again.

    Args:
        faces: the pictures.
        folder: where cells are kept.
        seed: of what is random in a family.
    """

    def __init__(self, faces: Faces, folder: Path, seed: int) -> None:
        self.faces, self.folder, self.seed = faces, folder, seed
        self._stores: dict[str, EmbeddingStore] = {}

    @cached_property
    def everything(self) -> NDArray[np.int64]:
        """The number of every picture."""
        return np.arange(len(self.faces.names), dtype=np.int64)

    def key(self, cell: Cell, source: Source) -> dict[str, Any]:
        """All that a cell depends on."""
        card = source.plain.card
        return {
            "fewpix": __version__,
            "data_sha256": self.faces.sha256,
            "pictures_sha256": hashlib.sha256(source.numbers.astype("<i8").tobytes()).hexdigest(),
            "model_sha256": card.sha256,
            "preprocess": card.preprocess.to_json(),
            "state_id": source.state_id,
            "runtime": source.plain.runtime,
            "device": source.plain.device,
            "degradation": family(cell.family, cell.size).to_json(),
            "size": cell.size,
            "seed": self.seed,
        }

    def rows(self, cell: Cell, source: Source) -> NDArray[np.float32] | None:
        """Embeddings (N, D) of a cell that was made, zero for pictures it does without; else None."""
        store = self._store(cell, source)
        out = np.zeros((len(self.faces.names), store.dim), dtype=np.float32)
        for number, part in self._parts(source.numbers):
            chunk = store.load(number, self._names(part))
            if chunk is None:
                return None
            out[part] = chunk.rows
        return out

    def make(
        self, scene: tuple[str, int], sources: Mapping[str, Source], told: Callable[[int], None]
    ) -> None:
        """Make what is missing of one family at one size, each small face once for all models.

        Args:
            scene: the family and the size.
            sources: by model.
            told: gets the number of faces that were embedded, after every part.

        Raises:
            StorageError: a part cannot be written; those before are kept.
        """
        where, size = scene
        degradation = Degradation(where, self.seed)
        stores = {name: self._store(Cell(where, size, name), source) for name, source in sources.items()}
        parts = {name: dict(self._parts(source.numbers)) for name, source in sources.items()}
        encoders: dict[str, Encoder] = {}
        for number in sorted({number for own in parts.values() for number in own}):
            small: dict[int, Crop] = {}
            for name, source in sources.items():
                part = parts[name].get(number)
                if part is None or stores[name].load(number, self._names(part)) is not None:
                    continue
                for n in part:
                    if int(n) not in small:
                        small[int(n)] = degradation.apply(self.faces.crops[n], self.faces.names[n], size)
                if name not in encoders:
                    encoders[name] = source.open() if source.open else source.plain
                rows = [
                    embed_crops(encoders[name], [small[int(n)] for n in part[start : start + BATCH]])
                    for start in range(0, len(part), BATCH)
                ]
                stores[name].save(number, self._chunk(part, np.concatenate(rows)))
                told(len(part))

    def _store(self, cell: Cell, source: Source) -> EmbeddingStore:
        name = f"{cell} {source.state_id}"
        if name not in self._stores:
            key = self.key(cell, source)
            self._stores[name] = EmbeddingStore(self.folder, key, source.plain.card.space.dim)
        return self._stores[name]

    def _parts(self, numbers: NDArray[np.int64]) -> Iterable[tuple[int, NDArray[np.int64]]]:
        """Pictures in the files that they are kept in: the number of the file, and theirs."""
        for number in range(-(-len(self.faces.names) // CHUNK)):
            part = numbers[(numbers >= number * CHUNK) & (numbers < (number + 1) * CHUNK)]
            if len(part):
                yield number, part

    def _names(self, part: NDArray[np.int64]) -> Sequence[str]:
        return [self.faces.names[n] for n in part]

    def _chunk(self, part: NDArray[np.int64], rows: NDArray[np.float32]) -> Chunk:
        empty = Chunk.empty(self._names(part), rows.shape[1])
        return Chunk(
            empty.names,
            rows,
            np.full_like(empty.sides, SIDE),
            empty.kept,
            self.faces.contents[part],
            empty.faults,
        )
