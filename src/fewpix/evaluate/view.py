"""How a benchmark's pictures come to encoders: each read once, square or aligned, made small where asked, and
mirrored too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.degrade.degradation import SIDE, SMALLEST, Degradation, check_size
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ConfigError, ImageError, InputError
from fewpix.evaluate.benchmark import Items
from fewpix.image.align import align, pixels
from fewpix.image.codec import Image, decode_image
from fewpix.image.resize import Crop

Square: TypeAlias = Callable[[Image, str], Crop]
"""From a picture (H, W, 3) and its origin, which names it in messages, to a square."""

FITS = {
    "pad": "the border is repeated on both sides of the shorter one",
    "stretch": "the shorter side is resized to the longer one, bicubic",
    "aligned": "only aligned crops of 112x112 px are taken",
}
"""How a picture that is not square is made so. Its longer side stays as it is, so no pixel is lost."""


def aligned(image: Image, origin: str) -> Crop:
    """The picture itself: a benchmark of aligned crops is never aligned or resized in passing.

    Raises:
        ImageError: it is not 112x112.
    """
    if image.shape[:2] != (SIDE, SIDE):
        raise ImageError(
            f"{origin} is {image.shape[1]}x{image.shape[0]} px, not an aligned crop of {SIDE}x{SIDE} px",
            fix="align the benchmark's pictures to the five-point template first",
        )
    return image


def fitted(fit: str) -> Square:
    """The way of making squares that `FITS` describes.

    Raises:
        ConfigError: there is none of this name.
    """
    if fit not in FITS:
        raise ConfigError(f"fit: there is no way {fit!r}", fix=f"use {', '.join(FITS)}")
    return {"pad": _pad, "stretch": _stretch, "aligned": aligned}[fit]


def _pad(image: Image, origin: str) -> Crop:
    """The picture in the middle; the odd pixel goes to the right or to the bottom."""
    height, width = image.shape[:2]
    down, across = max(0, width - height), max(0, height - width)
    if not down and not across:
        return image
    padded = cv2.copyMakeBorder(
        image, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded, dtype=np.uint8)


def _stretch(image: Image, origin: str) -> Crop:
    side = max(image.shape[:2])
    if image.shape[:2] == (side, side):
        return image
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@dataclass(frozen=True)
class Look:
    """What is done to a picture before it is embedded.

    Args:
        size: the side in pixels that it is made small to; None leaves it at its own.
        fit: of `FITS`, how one that is not square becomes so, before it is made small.
        degradation: how it gets small.

    Raises:
        ConfigError: a size out of range or an unknown fit.
    """

    size: int | None = None
    fit: str = "pad"
    degradation: Degradation = field(default_factory=Degradation)

    def __post_init__(self) -> None:
        fitted(self.fit)
        if self.size is not None:
            check_size(self.size)

    def apply(self, picture: Image, name: str, origin: str = "") -> tuple[Crop, bool]:
        """The crop that an encoder gets, and whether the picture was too small to be made small.

        Nothing is enlarged: a picture whose longer side is below `size` stays as it is, without the
        family's other operations.

        Args:
            picture: (H, W, 3) uint8 BGR.
            name: in its benchmark, see `Degradation.apply`.
            origin: where it lies, for messages; its name when "".

        Raises:
            ImageError: it has to be an aligned crop, and is none.
        """
        crop = fitted(self.fit)(picture, origin or name)
        if self.size is None:
            return crop, False
        if len(crop) < self.size:
            return crop, True
        return self.degradation.apply(crop, name, self.size), False

    def cut(
        self, picture: Image, points: NDArray[np.floating], name: str, encoder: Encoder
    ) -> tuple[Crop, Encoder, bool]:
        """The face aligned by five points: its crop, who embeds it, and whether it was too small.

        Without a size it is cut straight to the input of the encoder that takes a face of its pixels: a
        detour over another side would resample twice. To be made small, it is cut to 112 px first, as the
        crops of LFW are; a face of fewer pixels than `size` is cut straight and kept.

        Args:
            picture: (H, W, 3) uint8 BGR.
            points: (5, 2), see `fewpix.image.align`.
            name: in its benchmark, see `Degradation.apply`.
            encoder: the model; a router chooses by the face's pixels.

        Raises:
            InputError: the points are not those of a face, or it has fewer than 8 px.
        """
        side = pixels(points)
        if side < SMALLEST:
            raise InputError(f"the face is {side:.1f} px, below {SMALLEST} px")
        if self.size is None or side < self.size:
            taken = encoder_for(encoder, side)
            return align(picture, points, taken.card.preprocess.side), taken, self.size is not None
        return self.degradation.apply(align(picture, points, SIDE), name, self.size), encoder, False


@dataclass(frozen=True, eq=False)
class View:
    """A model, and how pictures come to it.

    Args:
        name: of the model, for results.
        encoder: what runs.
        look: how pictures come to it.
        flip: whether the mirrored picture's embedding is added.
    """

    name: str
    encoder: Encoder
    look: Look
    flip: bool = False


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


Faults = Literal["stop", "count"]
"""What becomes of a picture that cannot be embedded: it ends the run, or counts as a failure to enrol."""


Read = tuple[Image | None, bytes, str]
"""A picture of the benchmark, the SHA-256 of its file, and why it cannot be embedded, "" where it can."""


class Batch:
    """Pictures that are in memory, each read once, and made small once for each look."""

    def __init__(self, items: Items, faults: Faults) -> None:
        self._items, self._faults = items, faults
        self._read: dict[int, Read] = {}
        self._crops: dict[tuple[int, int], tuple[Crop, bool]] = {}

    @property
    def strict(self) -> bool:
        """Whether no picture may fail."""
        return self._faults == "stop"

    def read(self, n: int) -> Read:
        """Picture number `n`."""
        if n not in self._read:
            self._read[n] = self._fetch(n)
        return self._read[n]

    def crop(self, n: int, view: View, picture: Image) -> tuple[Crop, Encoder, bool]:
        """What goes to an encoder, to which one, and whether the picture was too small to be made small.

        Raises:
            InputError: its points are not those of a face, or it is no aligned crop and has to be one.
        """
        items = self._items
        name = items.pictures.names[n]
        if items.points is not None:
            return view.look.cut(picture, items.points[n], name, view.encoder)
        key = n, id(view.look)
        if key not in self._crops:
            self._crops[key] = view.look.apply(picture, name, items.pictures.origin(n))
        crop, kept = self._crops[key]
        return crop, view.encoder, kept

    def refuse(self, n: int, error: InputError) -> str:
        """Why a picture counts as a failure, without a path of this machine.

        Raises:
            InputError: where it may not fail.
        """
        if self.strict:
            raise error
        name, origin = self._items.pictures.names[n], self._items.pictures.origin(n)
        fault = error.what.replace(origin, name)
        return fault if name in fault else f"{name}: {fault}"

    def _fetch(self, n: int) -> Read:
        pictures = self._items.pictures
        try:
            data = pictures.read(n)
        except InputError as error:
            return None, bytes(32), self.refuse(n, error)
        sha256 = hashlib.sha256(data).digest()
        try:
            picture = decode_image(data, pictures.origin(n))
        except ImageError as error:
            return None, sha256, self.refuse(n, error)
        height, width = picture.shape[:2]
        if min(height, width) < SMALLEST:
            small = InputError(f"{pictures.origin(n)} is {width}x{height} px, below {SMALLEST} px")
            return picture, sha256, self.refuse(n, small)
        return picture, sha256, ""
