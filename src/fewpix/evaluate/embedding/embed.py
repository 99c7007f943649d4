"""Items to embeddings: every picture is read once, seen through each view that wants it, and forgotten.

Memory holds the embeddings of the items, and of every view one chunk of pictures and what has been embedded
of one template. A picture that gives no embedding is left out of its template; an item of which no picture
gives one fails to enrol.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fewpix import __version__
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Items
from fewpix.evaluate.embedding.fuse import fuse
from fewpix.evaluate.embedding.store import CHUNK, Chunk, EmbeddingStore
from fewpix.evaluate.result.model import Pixels, Seen
from fewpix.evaluate.view import Batch, Faults, View, embed_each
from fewpix.image.align import pixels
from fewpix.image.resize import Crop
from fewpix.progress import Advance

logger = logging.getLogger(__name__)

BATCH = 64
"""Pictures in memory at a time."""

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Embedded:
    """U items as one view saw them.

    Args:
        rows: (U, D) float32 of unit norm; zero for items that were not wanted, or failed to enrol.
        enrolled: (U,) bool, which of them there are.
        sides: (N, 2) int32, width and height of each picture in its file; 0 where it was not read.
        kept: (N,) bool, pictures that were to be made small and were smaller already.
        failed: (N,) bool, pictures that gave no embedding.
        sha256: (N, 32) uint8 of the files; zero where none was read.
        faults: why each of `failed` gave none, by the picture's number.
    """

    rows: NDArray[np.float32]
    enrolled: NDArray[np.bool_]
    sides: NDArray[np.int32]
    kept: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    sha256: NDArray[np.uint8]
    faults: dict[int, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, items: Items, dim: int) -> Embedded:
        """To be filled in."""
        pictures = len(items.pictures.names)
        return cls(
            np.zeros((len(items), dim), dtype=np.float32),
            np.zeros(len(items), dtype=np.bool_),
            np.zeros((pictures, 2), dtype=np.int32),
            np.zeros(pictures, dtype=np.bool_),
            np.zeros(pictures, dtype=np.bool_),
            np.zeros((pictures, 32), dtype=np.uint8),
        )

    def seen(self, items: Items, wanted: NDArray[np.bool_]) -> Seen:
        """What is told of some items, `wanted` (U,) bool, without their embeddings."""
        numbers = items.pictures_of(wanted)
        failed = numbers[self.failed[numbers]]
        sides = self.sides[numbers]
        return Seen(
            items=int(wanted.sum()),
            people=len(np.unique(items.people[wanted])),
            failed_items=int((wanted & ~self.enrolled).sum()),
            pictures=len(numbers),
            failed_pictures=len(failed),
            first_fault=self.faults[int(failed[0])] if len(failed) else "",
            already_smaller=int(self.kept[numbers].sum()),
            not_square=int((sides[:, 0] != sides[:, 1]).sum()) if items.points is None else 0,
            px=_face_px(items.points[numbers]) if items.points is not None else _picture_px(sides),
        )


def embed(
    items: Items,
    wanted: Mapping[View, NDArray[np.bool_]],
    *,
    fusion: str = "media",
    faults: Faults = "count",
    store: Path | None = None,
    advance: Advance | None = None,
) -> dict[View, Embedded]:
    """Embed items as several views see them.

    Args:
        items: U of them.
        wanted: for each view which items it needs, (U,) bool.
        fusion: how a template is made of its pictures, see `fuse.FUSIONS`.
        faults: what becomes of a picture that cannot be read, has a side below 8 px, or has points that are
            not those of a face.
        store: a folder to keep embeddings in and to take them from, see `store`.
        advance: told after every batch the pictures embedded, of all views together.

    Raises:
        InputError: a picture that may not fail does; or none of a view's items can be embedded.
        StorageError: the store cannot be written.
    """
    feeds = [_Feed(items, view, mask, fusion, store) for view, mask in wanted.items()]
    total, done = sum(len(feed.numbers) for feed in feeds), 0
    everything = np.zeros(len(items), dtype=np.bool_)
    for mask in wanted.values():
        everything |= mask
    numbers = items.pictures_of(everything)
    for start in range(0, len(numbers), BATCH):
        batch = Batch(items, faults)
        end = int(numbers[min(start + BATCH, len(numbers)) - 1]) + 1
        for feed in feeds:
            done += feed.take(end, batch)
        if advance is not None:
            advance(done, total)
    return {feed.view: feed.finished() for feed in feeds}


class _Feed:
    """The pictures of one view on their way: chunk after chunk, out of the store or embedded now."""

    def __init__(
        self, items: Items, view: View, wanted: NDArray[np.bool_], fusion: str, store: Path | None
    ) -> None:
        self.view, self.numbers = view, items.pictures_of(wanted)
        self._items, self._fusion = items, fusion
        self._dim = view.encoder.card.space.dim
        self._made = Embedded.empty(items, self._dim)
        self._done, self._chunk, self._found = 0, Chunk.empty([], self._dim), False
        self._faults: list[str] = []
        self._waiting: list[NDArray[np.float32]] = []  # of the last template, which may go on
        self._places: list[NDArray[np.int64]] = []  # the numbers of these pictures
        self._store, self._reused = store, 0
        self._disk = None
        if store is not None:
            self._disk = EmbeddingStore(store, _key(items, self.numbers, view), self._dim)

    def take(self, end: int, batch: Batch) -> int:
        """Embed the pictures up to number `end` that are not done; their number is given back."""
        start, stop = self._done, int(np.searchsorted(self.numbers, end))
        while self._done < stop:
            if self._done % CHUNK == 0:
                self._open(batch)
            last = min(stop, (self._done // CHUNK + 1) * CHUNK)
            if not self._found:
                self._embed(self._done, last, batch)
            self._done = last
            if last % CHUNK == 0 or last == len(self.numbers):
                self._close()
        return stop - start

    def finished(self) -> Embedded:
        """All items.

        Raises:
            InputError: none of them can be embedded.
        """
        self._settle(None)
        if self._store is not None:
            count = len(self.numbers)
            logger.info("%d of %d embeddings were kept in %s", self._reused, count, self._store)
        made = self._made
        if not made.enrolled.any():
            first = next(iter(made.faults.values()), "")
            what = "pictures" if self._items.single else "templates' pictures"
            raise InputError(
                f"none of {len(self.numbers):,} {what} can be embedded"
                + (f"; the first: {first}" if first else "")
            )
        return made

    def _open(self, batch: Batch) -> None:
        """Begin a chunk, with what is known of it; where no picture may fail, one without failures."""
        part = self.numbers[self._done : self._done + CHUNK]
        names = [self._items.pictures.names[int(n)] for n in part]
        found = self._disk.load(self._done // CHUNK, names) if self._disk else None
        if found is not None and batch.strict and not found.enrolled.all():
            found = None  # kept by a run where they counted
        self._found = found is not None
        self._reused += len(names) if self._found else 0
        self._chunk = Chunk.empty(names, self._dim) if found is None else found
        self._faults = [""] * len(names)

    def _embed(self, start: int, stop: int, batch: Batch) -> None:
        """Embed the pictures from `start` to `stop` of this view's list, all of one chunk."""
        chunk, begin = self._chunk, start - start % CHUNK
        places: list[int] = []
        crops: list[Crop] = []
        encoders: list[Encoder] = []  # a router has several
        for at in range(start, stop):
            n, place = int(self.numbers[at]), at - begin
            picture, sha256, self._faults[place] = batch.read(n)
            chunk.sha256[place] = np.frombuffer(sha256, dtype=np.uint8)
            if picture is not None:
                chunk.sides[place] = picture.shape[1], picture.shape[0]
            if picture is None or self._faults[place]:
                continue
            try:
                crop, encoder, chunk.kept[place] = batch.crop(n, self.view, picture)
            except InputError as error:
                self._faults[place] = batch.refuse(n, error)
                continue
            places.append(place)
            crops.append(crop)
            encoders.append(encoder)
        if crops:
            chunk.rows[places] = embed_each(crops, encoders, flip=self.view.flip)

    def _close(self) -> None:
        """Keep a chunk, and make items of it."""
        chunk = self._chunk
        if not self._found:
            chunk = chunk.finished(self._faults)
            if self._disk:
                self._disk.save((self._done - 1) // CHUNK, chunk)
        made, numbers = self._made, self.numbers[self._done - len(chunk.names) : self._done]
        made.sides[numbers], made.kept[numbers] = chunk.sides, chunk.kept
        made.sha256[numbers], made.failed[numbers] = chunk.sha256, ~chunk.enrolled
        for n in np.flatnonzero(~chunk.enrolled):
            made.faults[int(numbers[n])] = str(chunk.faults[n])
        good = numbers[chunk.enrolled]
        if self._items.item is None:
            made.rows[good], made.enrolled[good] = chunk.rows[chunk.enrolled], True
            return
        self._waiting.append(chunk.rows[chunk.enrolled])
        self._places.append(good)
        self._settle(int(self._items.item[numbers[-1]]))

    def _settle(self, last: int | None) -> None:
        """Fuse all templates that are complete: all that wait, but for the item `last`."""
        items = self._items
        if not self._places or items.item is None:
            return
        rows, numbers = np.concatenate(self._waiting), np.concatenate(self._places)
        item = items.item[numbers]
        whole = np.ones(len(item), dtype=np.bool_) if last is None else item != last
        self._waiting, self._places = [rows[~whole]], [numbers[~whole]]
        if not whole.any():
            return
        part = numbers[whole]
        media = items.media[part] if "media" in self._fusion and items.media is not None else None
        quality = items.quality[part] if "quality" in self._fusion and items.quality is not None else None
        ids, fused = fuse(rows[whole], item[whole], media, quality)
        self._made.rows[ids], self._made.enrolled[ids] = fused, True


def contents_sha256(items: Items, embedded: Sequence[Embedded]) -> str:
    """Over the names and contents of all pictures that were read, whoever saw them: 64 hexadecimal digits."""
    sums = np.zeros((len(items.pictures.names), 32), dtype=np.uint8)
    read = np.zeros(len(sums), dtype=np.bool_)
    for one in embedded:
        np.maximum(sums, one.sha256, out=sums)
        read |= one.sha256.any(axis=1) | one.failed
    total = hashlib.sha256()
    for n in np.flatnonzero(read):
        total.update(f"{items.pictures.names[int(n)]}\0{sums[n].tobytes().hex()}\n".encode())
    return total.hexdigest()


def _key(items: Items, numbers: NDArray[np.int64], view: View) -> dict[str, Any]:
    """All that the embeddings depend on; the runtime and device too, since they differ in the last digits."""
    encoder, look = view.encoder, view.look
    points = None if items.points is None else items.points[numbers].astype("<f4").tobytes()
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
        "flip": view.flip,
        "pictures": len(numbers),
        "list_sha256": _hash(_stamps(items, numbers)),
        "points_sha256": None if points is None else hashlib.sha256(points).hexdigest(),
    }


def _stamps(items: Items, numbers: NDArray[np.int64]) -> Iterator[bytes]:
    for n in numbers.tolist():
        yield f"{items.pictures.names[n]}\0{items.pictures.stamp(n)}\n".encode()


def _hash(parts: Iterator[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()


def _face_px(faces: NDArray[np.float32]) -> Pixels | None:
    """Of faces by their points; those whose points are none are left out."""
    found = []
    for points in faces:
        try:
            found.append(pixels(points))
        except InputError:
            continue
    return _quantiles("face", np.quantile(found, _QUANTILES)) if found else None


def _picture_px(sides: NDArray[np.int32]) -> Pixels | None:
    """Of the shorter sides of pictures that could be read."""
    shorter = sides.min(axis=1)
    read = shorter[shorter > 0]
    return _quantiles("picture", np.quantile(read, _QUANTILES, method="lower")) if len(read) else None


def _quantiles(of: Literal["face", "picture"], values: NDArray[np.floating]) -> Pixels:
    low, first, middle, third, high = (round(float(value), 1) for value in values)
    return Pixels(of=of, min=low, p25=first, median=middle, p75=third, max=high)
