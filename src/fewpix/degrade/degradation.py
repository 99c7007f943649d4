"""The low-resolution view of a picture: the same bytes for every model, in every run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fewpix.degrade.presets import family
from fewpix.degrade.seeds import per_item_rng
from fewpix.errors import ConfigError
from fewpix.image.resize import INTERPOLATION, Crop

SIDE = 112
"""Side in pixels of an aligned crop in the benchmarks."""

SMALLEST = 8
"""The smallest side that is evaluated."""


@dataclass(frozen=True)
class Degradation:
    """A family of `fewpix.degrade` and the seed of what is random in it.

    Args:
        family: a key of `fewpix.degrade.FAMILIES`; "area" is the protocol: down-scaling by area averaging,
            no more.
        seed: with a picture's name it decides what is drawn for that picture, whatever else is evaluated.

    Raises:
        ConfigError: unknown family.
    """

    family: str = "area"
    seed: int = 0

    def __post_init__(self) -> None:
        family(self.family, SMALLEST)

    @property
    def interpolation(self) -> str:
        """How pictures are resampled on the way down, and by the encoder to its input."""
        return INTERPOLATION

    def describe(self, size: int) -> str:
        """All steps down to `size` pixels, in words."""
        return family(self.family, size).describe()

    def apply(self, crop: Crop, name: str, size: int) -> Crop:
        """A crop made `size` pixels wide and high.

        Args:
            crop: (s, s, 3) uint8 BGR.
            name: of the picture in its benchmark; not its path on this machine.
            size: see `check_size`.

        Returns:
            (size, size, 3) uint8, a new array.
        """
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        return family(self.family, size).apply(crop, per_item_rng(self.seed, number))


def check_size(size: int) -> int:
    """A side in pixels that can be evaluated.

    Raises:
        ConfigError: below 8, or above the side of the benchmarks' crops.
    """
    if not SMALLEST <= size <= SIDE:
        raise ConfigError(f"size: {size} px is out of range", fix=f"use {SMALLEST} to {SIDE}")
    return size
