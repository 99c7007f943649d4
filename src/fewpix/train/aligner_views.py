"""What the aligner learns from: sharp aligned faces, put into small pictures and cut out again, a little off.

A view is made as a photograph is: the face lies anywhere between the pixels of a picture and turned against
them; the picture is blurred, made small, disturbed and compressed as a whole; then the face is cut out by
points that are off as those of a detector are. How far off is known, since the face was aligned before. No
labels are needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.degrade import Chain, per_item_rng
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop, resize_square
from fewpix.image.window import CENTRE, cut_window

Similarity: TypeAlias = tuple[complex, complex]
"""z ↦ turn·z + move, points as complex numbers."""

_AROUND = TEMPLATE_SIDE // 2
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


@dataclass(frozen=True, eq=False)
class AlignerViews:
    """Views of a face set, each a pure function of seed, step and place in the batch.

    Args:
        faces: aligned, sharp.
        members: (n,) indices of those to learn from.
        chain: what happens to the picture; its `shift` is left out, since views have errors of their own.
        sizes: of the faces in pixels, from and to; the logarithm is uniform.
        spread: of the errors.
        side: of the network's input.
        strangers: share of the views that show no face, or one so far off that it must be found anew.
    """

    faces: FaceSet
    members: NDArray[np.int64]
    chain: Chain
    sizes: tuple[float, float]
    spread: Spread
    side: int
    strangers: float

    def make(self, seed: int, step: int, batch: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """A batch.

        Returns:
            (B, side, side, 3) uint8 BGR, and (B, 4) float32: growth, turn, moves to the right and downwards
            as shares and template pixels; NaN where there is no face.
        """
        pixels = np.empty((batch, self.side, self.side, 3), np.uint8)
        truth = np.empty((batch, 4), np.float32)
        for slot in range(batch):
            pixels[slot], truth[slot] = self.one(per_item_rng(seed, step, slot))
        return pixels, truth

    def one(self, rng: np.random.Generator) -> tuple[Crop, NDArray[np.float32]]:
        """One view with its truth, as in `make`."""
        low, high = self.sizes
        size = float(low * (high / low) ** rng.random())
        face = self._canvas(rng)
        picture, place = photograph(face, size, self.chain, rng)
        if rng.random() < self.strangers:
            turn, move = self._stranger(rng)
            truth = np.full(4, np.nan, np.float32)
        else:
            turn, move = self.spread.draw(size, rng)
            there = turn * CENTRE + move - CENTRE
            truth = np.array([turn.real - 1, turn.imag, there.real, there.imag], np.float32)
        # Found points lie at E(template): the picture is seen through E after the true alignment.
        seen = turn * place[0], turn * place[1] + move
        window = cut_window(picture, seen, self.side)
        if rng.random() < 0.5:
            return window, truth
        # The mirrored view turns and moves to the other side.
        return np.ascontiguousarray(window[:, ::-1]), truth * np.array([1, -1, -1, 1], dtype=np.float32)

    def _canvas(self, rng: np.random.Generator) -> Crop:
        """A face with something around it."""
        crop = resize_square(self.faces.crop(int(rng.choice(self.members))), TEMPLATE_SIDE)
        if rng.random() < 0.3:
            other = resize_square(self.faces.crop(int(rng.choice(self.members))), TEMPLATE_SIDE)
            whole = np.asarray(
                cv2.resize(other, (2 * TEMPLATE_SIDE,) * 2, interpolation=cv2.INTER_LINEAR), np.uint8
            )
            whole = np.ascontiguousarray(np.roll(whole, TEMPLATE_SIDE, axis=(0, 1)))
            whole[_AROUND:-_AROUND, _AROUND:-_AROUND] = crop
            return whole
        kind = cv2.BORDER_REFLECT if rng.random() < 0.6 else cv2.BORDER_REPLICATE
        return np.asarray(cv2.copyMakeBorder(crop, *(_AROUND,) * 4, kind), np.uint8)

    def _stranger(self, rng: np.random.Generator) -> Similarity:
        """A place where no face lies as in the template: beside it, turned, much too large or small."""
        kind, angle = rng.integers(4), rng.uniform(0, 2 * np.pi)
        turn: complex = 1.0
        where = 0j
        if kind == 0:
            where = rng.uniform(55, 90) * np.exp(1j * angle)
        elif kind == 1:
            turn = np.exp(1j * rng.uniform(np.pi / 2.5, 2 * np.pi - np.pi / 2.5))
        elif kind == 2:
            turn, where = rng.uniform(2.2, 4.5), 20 * np.exp(1j * angle)
        else:
            turn, where = rng.uniform(0.25, 0.45), 30 * np.exp(1j * angle)
        return complex(turn), complex(CENTRE + where - turn * CENTRE)


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
    # The canvas lies `_AROUND` pixels further right and down; the picture is made `_FINE` times as dense, and
    # sampled at least as densely as the canvas.
    dense = max(_FINE, math.ceil(TEMPLATE_SIDE / size))
    dense += dense % _FINE
    a = to_picture[0] * dense
    b = (to_picture[1] - to_picture[0] * complex(_AROUND, _AROUND) + 0.5 + 0.5j) * dense - (0.5 + 0.5j)
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
