"""Embeddings of a benchmark's native pictures, batch by batch: memory holds the embeddings and one chunk."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix import __version__
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.evaluate.embedding_store import CHUNK, Chunk, EmbeddingStore, list_digest
from fewpix.evaluate.native import Look, read_native
from fewpix.evaluate.views import BATCH, embed_each
from fewpix.image.resize import Crop
from fewpix.progress import Advance

logger = logging.getLogger(__name__)

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Embedded:
    """What N pictures became.

    Args:
        rows: (N, D) float32 of unit norm; zero where a picture gave none.
        enrolled: (N,) bool, whether it gave one.
        shorter: (N,) int64, the shorter side of the picture in its file; 0 where it could not be read.
        kept: how many were smaller than the size asked for, and stayed as they were.
        first_fault: why the first of the pictures that failed did; "" where none did.
        sha256: over the names and contents of the pictures, 64 hexadecimal digits.
        reused: how many came from a store.
    """

    rows: NDArray[np.float32]
    enrolled: NDArray[np.bool_]
    shorter: NDArray[np.int64]
    kept: int
    first_fault: str
    sha256: str
    reused: int

    @property
    def failed(self) -> int:
        """How many pictures gave no embedding."""
        return int((~self.enrolled).sum())

    @property
    def enrolled_rows(self) -> NDArray[np.float32]:
        """The embeddings that there are; no copy where no picture failed."""
        return self.rows if self.enrolled.all() else self.rows[self.enrolled]

    def side_quantiles(self) -> list[int]:
        """Quantiles 0, 25, 50, 75 and 100 % of the shorter sides of the pictures that could be read."""
        read = self.shorter[self.shorter > 0]
        if not len(read):
            return []
        return [int(value) for value in np.quantile(read, QUANTILES, method="lower")]


def embed_pictures(
    folder: Path,
    names: Sequence[str],
    encoder: Encoder,
    look: Look,
    *,
    flip: bool = False,
    store: Path | None = None,
    advance: Advance | None = None,
) -> Embedded:
    """Embed N pictures. One that cannot be read, or is below 8 px, is a failure to enrol and stops nothing.

    Args:
        folder: of the benchmark.
        names: N paths relative to it.
        encoder: makes the embeddings.
        look: how the pictures come to it.
        flip: see `views.embed_crops`.
        store: a folder to keep embeddings in and to take them from, see `embedding_store`.
        advance: told after every batch.

    Raises:
        InputError: none of them gives an embedding; the first one is named.
        StorageError: the store cannot be written.
    """
    dim, count = encoder.card.space.dim, len(names)
    rows = np.zeros((count, dim), dtype=np.float32)
    enrolled, shorter = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.int64)
    kept, reused, start, first_fault, digest = 0, 0, 0, "", hashlib.sha256()
    chunks = embed_chunks(folder, names, encoder, look, flip=flip, store=store, advance=advance)
    for chunk, was_kept in chunks:
        here = slice(start, start + len(chunk.names))
        start = here.stop
        reused += was_kept * len(chunk.names)
        rows[here], shorter[here], enrolled[here] = chunk.rows, chunk.sides.min(axis=1), chunk.enrolled
        kept += int(chunk.kept.sum())
        first_fault = first_fault or chunk.first_fault
        chunk.add_to(digest)
    if not enrolled.any():
        raise InputError(f"none of {count:,} pictures can be embedded; the first: {first_fault}")
    return Embedded(rows, enrolled, shorter, kept, first_fault, digest.hexdigest(), reused)


def embed_chunks(
    folder: Path,
    names: Sequence[str],
    encoder: Encoder,
    look: Look,
    *,
    points: NDArray[np.floating] | None = None,
    flip: bool = False,
    store: Path | None = None,
    advance: Advance | None = None,
) -> Iterator[tuple[Chunk, bool]]:
    """Embed N pictures chunk by chunk, as `embed_pictures` does, which holds all of them.

    Args:
        folder: as there, with the other arguments.
        names: N paths.
        encoder: makes the embeddings.
        look: how the pictures come to it.
        points: (N, 5, 2) five points on each picture, which is then aligned by them; None for pictures that
            are taken whole. Points that are not a face's are a failure to enrol, too.
        flip: see `views.embed_crops`.
        store: see `embed_pictures`.
        advance: told after every batch.

    Yields:
        At most `embedding_store.CHUNK` pictures, and whether they were found in the store.

    Raises:
        StorageError: the store cannot be written.
    """
    count, reused, disk = len(names), 0, None
    if store is not None:
        key = _key(folder, names, encoder, look, flip, points)
        disk = EmbeddingStore(store, key, encoder.card.space.dim)
    for number, start in enumerate(range(0, count, CHUNK)):
        part = names[start : start + CHUNK]
        chunk = disk.load(number, part) if disk else None
        found = chunk is not None
        if chunk is None:
            faces = None if points is None else points[start : start + CHUNK]
            chunk = _embed_chunk(folder, part, faces, encoder, look, flip, (start, count), advance)
            if disk:
                disk.save(number, chunk)
        else:
            reused += len(part)
            if advance is not None:
                advance(start + len(part), count)
        yield chunk, found
    if store is not None:
        logger.info("%d of %d embeddings were kept in %s", reused, count, store)


def _embed_chunk(
    folder: Path,
    names: Sequence[str],
    points: NDArray[np.floating] | None,
    encoder: Encoder,
    look: Look,
    flip: bool,
    place: tuple[int, int],
    advance: Advance | None,
) -> Chunk:
    """Embed some pictures, `BATCH` in memory at a time; `place`: pictures before them, and in all."""
    chunk = Chunk.empty(names, encoder.card.space.dim)
    faults = [""] * len(names)
    for start in range(0, len(names), BATCH):
        crops: list[Crop] = []
        eyes: list[Encoder] = []  # a router has several
        numbers: list[int] = []
        for n in range(start, min(start + BATCH, len(names))):
            native = read_native(folder, names[n])
            chunk.sides[n], faults[n] = native.size, native.fault
            chunk.sha256[n] = np.frombuffer(native.sha256, dtype=np.uint8)
            if native.picture is None or native.fault:
                continue
            if points is None:
                (crop, chunk.kept[n]), eye = look.apply(native.picture, names[n]), encoder
            else:
                try:
                    crop, eye, chunk.kept[n] = look.cut(native.picture, points[n], names[n], encoder)
                except InputError as error:
                    faults[n] = f"{names[n]}: {error.what}"
                    continue
            crops.append(crop)
            eyes.append(eye)
            numbers.append(n)
        if crops:
            chunk.rows[numbers] = embed_each(crops, eyes, flip=flip)
        if advance is not None:
            advance(place[0] + min(start + BATCH, len(names)), place[1])
    return chunk.finished(faults)


def _key(
    folder: Path,
    names: Sequence[str],
    encoder: Encoder,
    look: Look,
    flip: bool,
    points: NDArray[np.floating] | None,
) -> dict[str, Any]:
    """All that the embeddings depend on; the runtime and device too, since they differ in the last digits."""
    return {
        "fewpix": __version__,
        "model_sha256": encoder.card.sha256,
        "preprocess": encoder.card.preprocess.to_json(),
        "state_id": encoder.state_id,
        "runtime": encoder.runtime,
        "device": encoder.device,
        "size": look.size,
        "fit": look.fit,
        "family": look.degradation.family if look.size is not None else None,
        "seed": look.degradation.seed if look.size is not None else None,
        "interpolation": look.degradation.interpolation,
        "flip": flip,
        "pictures": len(names),
        "list_sha256": list_digest(folder, names),
        "points_sha256": None if points is None else _digest(points),
    }


def _digest(points: NDArray[np.floating]) -> str:
    return hashlib.sha256(points.astype("<f4").tobytes()).hexdigest()
