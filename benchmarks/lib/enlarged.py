"""What benchmarks about quality share: small faces that are passed off as large ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from fewpix.degrade import ops
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE, align
from fewpix.image.resize import Crop

KERNELS: Mapping[str, int] = MappingProxyType(
    {
        "nearest": cv2.INTER_NEAREST,
        "bilinear": cv2.INTER_LINEAR,
        "bicubic": cv2.INTER_CUBIC,
        "lanczos": cv2.INTER_LANCZOS4,
    }
)
"""Ways of enlarging, by name."""

WHOLE = ("celeba", "wild")
"""Sources of the pool with whole, sharp faces; what is cut tight has smeared borders."""


@dataclass(frozen=True)
class Enlargement:
    """A way to a large picture of a small face.

    Args:
        size: of the face that is shown, in pixels.
        side: of the picture that it is enlarged to; `size` for none.
        kernel: see `KERNELS`.
        jpeg: quality of the enlarged file; None for none.
        noise: standard deviation of what is added to the enlarged picture, in grey levels.
        first: quality of the file of the small picture; None for none.
    """

    size: int
    side: int
    kernel: str = "bicubic"
    jpeg: int | None = None
    noise: float = 0.0
    first: int | None = None

    def picture(self, face: Crop, rng: np.random.Generator) -> Crop:
        """(side, side, 3) the face made small and large again.

        Args:
            face: (112, 112, 3) uint8 BGR.
            rng: of the noise.
        """
        made = face if self.size == face.shape[0] else ops.downscale(face, self.size)
        if self.first is not None:
            made = ops.jpeg(made, self.first)
        if self.side > made.shape[0]:
            made = np.asarray(
                cv2.resize(made, (self.side, self.side), interpolation=KERNELS[self.kernel]), dtype=np.uint8
            )
        if self.noise:
            made = ops.sensor_noise(made, rng, self.noise, 0.0)
        return made if self.jpeg is None else ops.jpeg(made, self.jpeg)


def cut(picture: Crop, side: int, points: np.ndarray | None = None) -> Crop:
    """Align a picture that is a face and nothing else, as a detector's find would be.

    Args:
        picture: (s, s, 3) uint8 BGR.
        side: of the crop.
        points: (5, 2) in pixels of the picture; those of the template when None.
    """
    return align(picture, exact_points(picture.shape[0]) if points is None else points, side)


def exact_points(side: int) -> np.ndarray:
    """(5, 2) the template's points in a crop of this side."""
    return np.asarray((TEMPLATE + 0.5) * side / TEMPLATE_SIDE - 0.5)
