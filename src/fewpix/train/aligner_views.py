"""What the aligner learns from: sharp aligned faces, put into small pictures and cut out again, a little off.

A view is made as a photograph is: the face lies anywhere between the pixels of a picture and turned against
them; the picture is blurred, made small, disturbed and compressed as a whole; then the face is cut out by
points that are off as those of a detector are. How far off is known, since the face was aligned before. No
labels are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.degrade import Chain, per_item_rng
from fewpix.degrade.photograph import AROUND, Spread, photograph
from fewpix.image.align import TEMPLATE_SIDE, Similarity
from fewpix.image.resize import Crop, resize_square
from fewpix.image.window import CENTRE, cut_window


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
            whole[AROUND:-AROUND, AROUND:-AROUND] = crop
            return whole
        kind = cv2.BORDER_REFLECT if rng.random() < 0.6 else cv2.BORDER_REPLICATE
        return np.asarray(cv2.copyMakeBorder(crop, *(AROUND,) * 4, kind), np.uint8)

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
