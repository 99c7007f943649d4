"""Native pictures of a benchmark, as some detector cut them: read, made square, made small where asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ImageError, InputError, SpaceError
from fewpix.evaluate.degraded import SIDE, SMALLEST, Degradation, check_size
from fewpix.evaluate.square import fitted
from fewpix.image.align import align, pixels
from fewpix.image.codec import Image, decode_image
from fewpix.image.resize import Crop


@dataclass(frozen=True)
class Look:
    """How a benchmark's pictures come to an encoder.

    Args:
        size: the side in pixels that they are made small to; None leaves each at its own.
        fit: of `square.FITS`, how one that is not square becomes so, before it is made small.
        degradation: how they get small.

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

    def apply(self, picture: Image, name: str) -> tuple[Crop, bool]:
        """The crop that an encoder gets, and whether the picture was too small to be made small.

        Nothing is enlarged: a picture whose longer side is below `size` stays as it is, without the family's
        other operations.

        Args:
            picture: (H, W, 3) uint8 BGR.
            name: in its benchmark, see `Degradation.apply`.
        """
        crop = fitted(self.fit)(picture, name)
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
class Eye:
    """A model, and how it sees pictures.

    Args:
        name: of the model, for results.
        encoder: what runs.
        look: how the pictures come to it.
    """

    name: str
    encoder: Encoder
    look: Look


def check_gallery_space(name: str, encoder: Encoder, gallery: Eye) -> None:
    """The probes' encoder writes into the space of the gallery's.

    Raises:
        SpaceError: it does not; both are named.
    """
    if encoder.card.space != gallery.encoder.card.space:
        raise SpaceError(
            f"{name} writes into {encoder.card.space}, {gallery.name} of the gallery into "
            f"{gallery.encoder.card.space}",
            fix="name the model's own teacher with --gallery-model, or same",
        )


@dataclass(frozen=True, eq=False)
class Native:
    """A picture of a benchmark in its own size.

    Args:
        picture: (H, W, 3) uint8 BGR; None where there is none.
        sha256: of the file, 32 bytes; zero bytes where it could not be read.
        fault: why it cannot be embedded, "" where it can. No path of this machine is in it.
    """

    picture: Image | None
    sha256: bytes
    fault: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height; zeros without a picture."""
        return (0, 0) if self.picture is None else (self.picture.shape[1], self.picture.shape[0])


def read_native(folder: Path, name: str) -> Native:
    """Read a picture; a fault is one that cannot be read or decoded, or with a side below 8 px.

    Args:
        folder: of the benchmark.
        name: path relative to it.
    """
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        return Native(None, bytes(32), f"cannot read {name}: {error.strerror or error}")
    sha256 = hashlib.sha256(data).digest()
    try:
        picture = decode_image(data, name)
    except ImageError as error:
        return Native(None, sha256, error.what)
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST:
        return Native(picture, sha256, f"{name} is {width}x{height} px, below {SMALLEST} px")
    return Native(picture, sha256)
