"""A face as a part of a small picture: anywhere between the pixels, blurred, disturbed, compressed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from fewpix.degrade.chain import Chain
from fewpix.image.align import TEMPLATE_SIDE, Similarity
from fewpix.image.resize import Crop, resize_square
from fewpix.image.window import CENTRE

AROUND = TEMPLATE_SIDE // 2
"""Template pixels around a crop that are filled with something: what a picture has there is not known."""

_FINE = 2
"""A picture is made at this density, blurred, and averaged."""

_MIDDLE = complex((TEMPLATE_SIDE - 1) / 2, (TEMPLATE_SIDE - 1) / 2)


@dataclass(frozen=True)
class Spread:
    """How far off found points are.

    Args:
        move: standard deviation of each coordinate, in template pixels of a face that has 1 pixel: points
            are off by a share of a pixel, so that on small faces they are further off.
        vary: standard deviation of the logarithm of a factor on all errors of a face.
        growth: standard deviation of the relative size, for each template pixel of `move`.
        turn: of the angle in degrees, likewise.
    """

    move: float = 60.0
    vary: float = 0.4
    growth: float = 0.014
    turn: float = 1.2

    def draw(self, size: float, rng: np.random.Generator) -> Similarity:
        """From the template to where its points seem to be, about `CENTRE`.

        Args:
            size: of the face in pixels.
            rng: all randomness.
        """
        wide = min(self.move / size, 12.0) * math.exp(self.vary * rng.standard_normal())
        dx, dy, growth, angle = rng.standard_normal(4) * wide
        turn = (1 + self.growth * growth) * np.exp(1j * math.radians(self.turn * angle))
        return complex(turn), complex(CENTRE + dx + 1j * dy - turn * CENTRE)


def surrounded(crop: Crop) -> Crop:
    """(224, 224, 3) an aligned face of 112 px with its mirror image around it.

    Args:
        crop: (s, s, 3) uint8 BGR, of any side.
    """
    face = resize_square(crop, TEMPLATE_SIDE)
    return np.asarray(cv2.copyMakeBorder(face, *(AROUND,) * 4, cv2.BORDER_REFLECT), np.uint8)


def photograph(canvas: Crop, size: float, chain: Chain, rng: np.random.Generator) -> tuple[Crop, Similarity]:
    """A small picture of a face that lies anywhere between its pixels, and where the face is.

    Args:
        canvas: (224, 224, 3) uint8 BGR, a face of 112 px in the middle.
        size: of the face in the picture, in pixels.
        chain: its steps before and after `downscale`, but for `shift`.
        rng: all randomness.

    Returns:
        The picture, (P, P, 3), and the similarity from its pixels to the template's.
    """
    side = math.ceil(1.7 * size) + 2
    angle, phase = math.radians(8) * rng.standard_normal(), complex(*rng.uniform(-0.5, 0.5, 2))
    turn = size / TEMPLATE_SIDE * np.exp(1j * angle)
    middle = complex((side - 1) / 2, (side - 1) / 2) + phase
    to_picture = complex(turn), middle - complex(turn) * _MIDDLE  # from the template's pixels
    # The canvas lies `AROUND` pixels further right and down; the picture is made `_FINE` times as dense, and
    # sampled at least as densely as the canvas.
    dense = max(_FINE, math.ceil(TEMPLATE_SIDE / size))
    dense += dense % _FINE
    a = to_picture[0] * dense
    b = (to_picture[1] - to_picture[0] * complex(AROUND, AROUND) + 0.5 + 0.5j) * dense - (0.5 + 0.5j)
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    dense_picture = cv2.warpAffine(
        canvas, matrix, (side * dense,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    fine = np.asarray(
        cv2.resize(dense_picture, (side * _FINE,) * 2, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )
    for step in chain.steps:
        if step.op == "downscale":
            method = cv2.INTER_AREA if rng.random() < 0.85 else cv2.INTER_LINEAR
            fine = np.asarray(cv2.resize(fine, (side,) * 2, interpolation=method), dtype=np.uint8)
        elif step.op != "shift" and (step.p >= 1 or rng.random() < step.p):
            fine = step.run(fine, step.sample(rng), rng, output_side=side)
    return fine, (1 / to_picture[0], -to_picture[1] / to_picture[0])
