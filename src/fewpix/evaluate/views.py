"""Embeddings of a benchmark's pictures as several models see them at several sizes, each made once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.pictures import PictureSource
from fewpix.evaluate.square import Square, aligned
from fewpix.image.codec import Image, decode_image
from fewpix.image.resize import Crop
from fewpix.progress import Advance

BATCH = 64
"""Pictures in memory at a time."""


@dataclass(frozen=True)
class View:
    """A model, and the side in pixels that its pictures are made small to; None leaves them as they are."""

    model: str
    size: int | None


@dataclass(frozen=True, eq=False)
class Views:
    """What `embed_views` made.

    Args:
        embeddings: by view, (N, D) float32; rows that were not asked for are zero.
        shapes: (N, 2) int64, height and width of each picture as it was decoded.
        sha256: over the names and contents of the pictures, 64 hexadecimal digits.
    """

    embeddings: dict[View, NDArray[np.float32]]
    shapes: NDArray[np.int64]
    sha256: str

    @property
    def sides(self) -> NDArray[np.int64]:
        """(N,) side in pixels of each picture as a square, before it is made small."""
        return np.asarray(self.shapes.max(axis=1), dtype=np.int64)


def embed_views(
    pictures: PictureSource,
    encoders: Mapping[str, Encoder],
    wanted: Mapping[View, NDArray[np.bool_]],
    degradation: Degradation,
    *,
    square: Square = aligned,
    flip: bool = False,
    advance: Advance | None = None,
) -> Views:
    """Read each picture once and embed it in every view that wants it.

    A picture is made small, never large: in a view of more pixels than it has it stays as it is, without
    what else the degradation does.

    Args:
        pictures: N of them.
        encoders: by the views' model names.
        wanted: for each view which pictures it needs, (N,) bool.
        degradation: how a picture gets small.
        square: how it becomes a square before that; by default it has to be an aligned crop.
        flip: see `embed_crops`.
        advance: told after every batch.

    Raises:
        InputError: a picture cannot be read.
        ImageError: a picture cannot be decoded, or see `square`.
    """
    names = pictures.names
    made = {view: np.zeros((len(names), encoders[view.model].card.space.dim), np.float32) for view in wanted}
    shapes = np.zeros((len(names), 2), dtype=np.int64)
    digest = hashlib.sha256()
    for start in range(0, len(names), BATCH):
        part = names[start : start + BATCH]
        crops = []
        for n, name in enumerate(part, start):
            image, sha256 = read_picture(pictures, n)
            digest.update(f"{name}\0{sha256}\n".encode())
            shapes[n] = image.shape[:2]
            crops.append(square(image, pictures.origin(n)))
        for size in {view.size for view in wanted}:
            rows = {
                v: np.flatnonzero(mask[start : start + BATCH]) for v, mask in wanted.items() if v.size == size
            }
            faces = {
                int(n): crops[n]
                if size is None or len(crops[n]) < size
                else degradation.apply(crops[n], part[n], size)
                for n in sorted({int(n) for numbers in rows.values() for n in numbers})
            }
            for view, numbers in rows.items():
                if len(numbers):
                    small = [faces[int(n)] for n in numbers]
                    made[view][start + numbers] = embed_crops(encoders[view.model], small, flip=flip)
        if advance is not None:
            advance(start + len(part), len(names))
    return Views(made, shapes, digest.hexdigest())


def read_picture(pictures: PictureSource, n: int) -> tuple[Image, str]:
    """A picture of a benchmark and the SHA-256 of its encoded bytes.

    Raises:
        InputError: it cannot be read.
        ImageError: it cannot be decoded.
    """
    data = pictures.read(n)
    return decode_image(data, pictures.origin(n)), hashlib.sha256(data).hexdigest()


def embed_each(
    crops: Sequence[Crop], encoders: Sequence[Encoder], *, flip: bool = False
) -> NDArray[np.float32]:
    """Embeddings (N, D) of crops that go to an encoder each, those of one encoder together; N at least 1."""
    taken: dict[int, list[int]] = {}
    for n, encoder in enumerate(encoders):
        taken.setdefault(id(encoder), []).append(n)
    rows = np.empty((len(crops), encoders[0].card.space.dim), dtype=np.float32)
    for numbers in taken.values():
        rows[numbers] = embed_crops(encoders[numbers[0]], [crops[n] for n in numbers], flip=flip)
    return rows


def embed_crops(encoder: Encoder, crops: Sequence[Crop], *, flip: bool = False) -> NDArray[np.float32]:
    """Embeddings (N, D) of unit norm; with `flip` the normalised sum of the picture's and its mirror's."""
    plain = encoder.embed(crops)
    if not flip:
        return plain
    both = plain + encoder.embed([np.ascontiguousarray(crop[:, ::-1]) for crop in crops])
    # opposite embeddings cancel out; then there is nothing to normalise and the plain one is as good
    norms = np.linalg.norm(both, axis=1, keepdims=True)
    return np.where(norms > 1e-6, both / np.maximum(norms, 1e-6), plain).astype(np.float32)
