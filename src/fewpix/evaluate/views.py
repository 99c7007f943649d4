"""Embeddings of a benchmark's pictures as several models see them at several sizes, each made once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ImageError, InputError
from fewpix.evaluate.degraded import SIDE, Degradation
from fewpix.image.codec import decode_image
from fewpix.image.resize import Crop

BATCH = 64
"""Pictures in memory at a time."""

Advance = Callable[[int, int], object]
"""Called with the number of pictures done and of all."""


@dataclass(frozen=True)
class View:
    """A model, and the side in pixels that its pictures are made small to; None leaves them sharp."""

    model: str
    size: int | None


@dataclass(frozen=True, eq=False)
class Views:
    """What `embed_views` made.

    Args:
        embeddings: by view, (N, D) float32; rows that were not asked for are zero.
        sha256: over the names and contents of the pictures, 64 hexadecimal digits.
    """

    embeddings: dict[View, NDArray[np.float32]]
    sha256: str


def embed_views(
    folder: Path,
    names: Sequence[str],
    encoders: Mapping[str, Encoder],
    wanted: Mapping[View, NDArray[np.bool_]],
    degradation: Degradation,
    *,
    flip: bool = False,
    advance: Advance | None = None,
) -> Views:
    """Read each picture once and embed it in every view that wants it.

    Args:
        folder: of the benchmark.
        names: N paths of aligned 112x112 crops relative to it.
        encoders: by the views' model names.
        wanted: for each view which pictures it needs, (N,) bool.
        degradation: how a picture gets small.
        flip: see `embed_crops`.
        advance: told after every batch.

    Raises:
        InputError: a picture is missing or not 112x112.
        ImageError: a picture cannot be decoded.
    """
    made = {view: np.zeros((len(names), encoders[view.model].card.space.dim), np.float32) for view in wanted}
    digest = hashlib.sha256()
    for start in range(0, len(names), BATCH):
        part = names[start : start + BATCH]
        crops = []
        for name in part:
            crop, sha256 = read_crop(folder, name)
            digest.update(f"{name}\0{sha256}\n".encode())
            crops.append(crop)
        for size in {view.size for view in wanted}:
            rows = {
                v: np.flatnonzero(mask[start : start + BATCH]) for v, mask in wanted.items() if v.size == size
            }
            faces = {
                int(n): crops[n] if size is None else degradation.apply(crops[n], part[n], size)
                for n in sorted({int(n) for numbers in rows.values() for n in numbers})
            }
            for view, numbers in rows.items():
                if len(numbers):
                    small = [faces[int(n)] for n in numbers]
                    made[view][start + numbers] = embed_crops(encoders[view.model], small, flip=flip)
        if advance is not None:
            advance(start + len(part), len(names))
    return Views(made, digest.hexdigest())


def read_crop(folder: Path, name: str) -> tuple[Crop, str]:
    """An aligned crop of a benchmark and the SHA-256 of its file.

    Raises:
        InputError: the file cannot be read, or is not 112x112: a benchmark is never aligned or resized in
            passing.
        ImageError: it cannot be decoded.
    """
    path = folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the folder") from error
    crop = decode_image(data, str(path))
    if crop.shape[:2] != (SIDE, SIDE):
        raise ImageError(
            f"{path} is {crop.shape[1]}x{crop.shape[0]} px, not an aligned crop of {SIDE}x{SIDE} px",
            fix="align the benchmark's pictures to the five-point template first",
        )
    return crop, hashlib.sha256(data).hexdigest()


def embed_crops(encoder: Encoder, crops: Sequence[Crop], *, flip: bool = False) -> NDArray[np.float32]:
    """Embeddings (N, D) of unit norm; with `flip` the normalised sum of the picture's and its mirror's."""
    plain = encoder.embed(crops)
    if not flip:
        return plain
    both = plain + encoder.embed([np.ascontiguousarray(crop[:, ::-1]) for crop in crops])
    # opposite embeddings cancel out; then there is nothing to normalise and the plain one is as good
    norms = np.linalg.norm(both, axis=1, keepdims=True)
    return np.where(norms > 1e-6, both / np.maximum(norms, 1e-6), plain).astype(np.float32)
