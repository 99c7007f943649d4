"""Native pictures of a benchmark, as some detector cut them: read, made square, made small where asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from fewpix.errors import ImageError
from fewpix.evaluate.degraded import SMALLEST, Degradation, check_size
from fewpix.evaluate.square import fitted
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
