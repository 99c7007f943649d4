"""A matched gallery: beside each sharp photo, what a student makes of it at a few small sizes.

A small face is compared with a mix of the photo as it is and of the photo made as small as itself. Both
are of one space, and the small face has one embedding p, so that a mix of two scores is one score of a mix:
(1 − w)·p·sharp + w·p·small = p·((1 − w)·sharp + w·small). Search sees one row per photo, brought back to unit
length, as without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.fusion import fuse
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ConfigError, WeightsError
from fewpix.foreign import MALFORMED, json_file
from fewpix.models.shipped import WEIGHTS

TABLE = WEIGHTS / "matched.json"
"""Sizes and weights that were chosen by `benchmarks/gallery/matched.py`."""

_ROWS = 1 << 15  # that are mixed at a time


@dataclass(frozen=True)
class Match:
    """What a probe is compared with, beside sharp photos.

    Args:
        encoder_sha256: who made the small rows: the probe's own encoder.
        pixels: side to which the photos were shrunk.
        weight: of the small row in the mix, above 0, at most 1; the sharp row has the rest.
    """

    encoder_sha256: str
    pixels: int
    weight: float


@dataclass(frozen=True)
class Matching:
    """Sizes at which photos are kept shrunk, and what each is worth.

    Args:
        sizes: (side in pixels, weight), rising. A weight of 0 ends the range: no row is kept there, and faces
            nearest to that size are compared with sharp photos alone.

    Raises:
        ConfigError: the sizes do not rise, or a weight is out of range.
    """

    sizes: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        pixels = [size for size, _ in self.sizes]
        if pixels != sorted(set(pixels)) or any(size < 1 for size in pixels):
            raise ConfigError(f"the sizes of a matched gallery must rise, not {pixels}")
        if any(not 0 <= weight <= 1 for _, weight in self.sizes):
            raise ConfigError(f"weights must be from 0 to 1, not {[weight for _, weight in self.sizes]}")

    def parts(self, encoder: Encoder) -> tuple[tuple[Encoder, Matching], ...]:
        """Who sees which of the sizes: a router's encoder for each, or the encoder all of them.

        A teacher sees none: its is the sharp row.

        Args:
            encoder: the one that enrols or searches, or a router.
        """
        found: dict[int, tuple[Encoder, list[tuple[int, float]]]] = {}
        for size in self.sizes:
            taken = encoder_for(encoder, size[0])
            if taken.card.sha256 != taken.card.space.teacher_sha256:
                found.setdefault(id(taken), (taken, []))[1].append(size)
        return tuple((taken, Matching(tuple(sizes))) for taken, sizes in found.values())

    @property
    def kept(self) -> tuple[int, ...]:
        """The sides in pixels at which photos are kept."""
        return tuple(pixels for pixels, weight in self.sizes if weight > 0)

    def match(self, encoder_sha256: str, pixels: float) -> Match | None:
        """What a face is compared with: the size nearest to its own by ratio; None for sharp photos alone.

        Args:
            encoder_sha256: the student whose part this is.
            pixels: side of the face, by which its encoder was chosen.
        """
        if not self.sizes:
            return None
        size, weight = min(self.sizes, key=lambda each: abs(log(each[0] / pixels)))
        return Match(encoder_sha256, size, weight) if weight > 0 else None


@cache
def shipped_matching(table: Path = TABLE) -> Matching:
    """The sizes and weights of the package.

    Raises:
        WeightsError: the table is missing or damaged.
    """
    try:
        sizes = json_file(table)["sizes"]
        return Matching(tuple((int(each["pixels"]), float(each["weight"])) for each in sizes))
    except (OSError, ConfigError, *MALFORMED) as error:
        raise WeightsError(
            f"{table} is no table of a matched gallery: {error!r}", fix="install fewpix again"
        ) from error


def mixed(sharp: NDArray[np.float32], small: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """The rows that stand for photos in a search.

    Args:
        sharp: (N, D) of the photos as they are, unit length.
        small: (N, D) of the same photos shrunk.
        weight: of the latter, 0 to 1.

    Returns:
        (N, D) float32 of unit length; where the two cancel out, the sharp row.
    """
    out = np.empty_like(sharp)
    for first in range(0, len(sharp), _ROWS):
        pairs = np.stack((sharp[first : first + _ROWS], small[first : first + _ROWS]), axis=1)
        count = len(pairs)
        out[first : first + count] = fuse(
            pairs.reshape(2 * count, -1), np.arange(0, 2 * count, 2), np.tile((1 - weight, weight), count)
        ).embeddings
    return out
