"""The worst comparisons as pictures, drawn from the benchmark again: as the encoders saw them, and sharp."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np

from fewpix.errors import InputError
from fewpix.evaluate.native import Look
from fewpix.evaluate.pictures import ReadPicture
from fewpix.evaluate.report.blocks import FacePair, FacePairs, Tile
from fewpix.evaluate.schema.parts import Failure
from fewpix.evaluate.square import fitted
from fewpix.image.codec import Image, decode_image, encode_image
from fewpix.image.resize import resize_square

SHOWN_SIDE = 112
"""Of a face in a report, in pixels."""


class Faces:
    """Draws faces and counts those that are gone.

    Args:
        read: the pictures of the benchmark by their names.
    """

    def __init__(self, read: ReadPicture) -> None:
        self._read = read
        self.wanted: set[str] = set()
        self.gone: dict[str, str] = {}
        """Names of pictures that cannot be shown, and why."""

    def pairs(self, caption: str, failures: Sequence[Failure], looks: tuple[Look, Look]) -> FacePairs:
        """Comparisons side by side.

        Args:
            caption: what they have in common.
            failures: what to draw.
            looks: how the first and the second picture of each came to the encoders.
        """
        return FacePairs(caption, tuple(self._pair(failure, looks) for failure in failures))

    def _pair(self, failure: Failure, looks: tuple[Look, Look]) -> FacePair:
        names = (failure.first, failure.second)
        tiles = [self._tiles(name, look) for name, look in zip(names, looks, strict=True)]
        verdict = "wrong" if failure.wrong else "right"
        score = f"{round(failure.score, 3) + 0.0:.3f}"  # no minus before zeros
        caption = f"{score}, {verdict}"
        if failure.threshold is not None:
            sign = "at or above" if failure.score >= failure.threshold else "below"
            caption = f"{score}, {sign} {failure.threshold:.3f}: {verdict}"
        small = any(look.size is not None for look in looks)
        return FacePair(
            tuple(seen for seen, _ in tiles),
            tuple(sharp for _, sharp in tiles) if small else (),
            verdict,
            caption,
            names,
        )

    def _tiles(self, name: str, look: Look) -> tuple[Tile, Tile]:
        """A picture as it was seen, and as it is."""
        self.wanted.add(name)
        try:
            picture = decode_image(self._read(name), name)
        except InputError as error:
            self.gone[name] = error.what
            return _gone(name), _gone(name)
        square = fitted(look.fit)(picture, name)
        crop, _ = look.apply(picture, name)
        side = len(crop)
        alt = f"{name} as the encoder saw it, {side}×{side} pixels"
        # nearest neighbour shows every pixel, and nothing that the encoder did not get
        seen = _tile(resize_square(crop, SHOWN_SIDE), ".jpg", alt)
        if side < SHOWN_SIDE:
            enlarged = cv2.resize(crop, (SHOWN_SIDE, SHOWN_SIDE), interpolation=cv2.INTER_NEAREST_EXACT)
            seen = _tile(np.asarray(enlarged, dtype=np.uint8), ".png", alt)
        return seen, _tile(resize_square(square, SHOWN_SIDE), ".jpg", name)


def _tile(image: Image, suffix: str, alt: str) -> Tile:
    data = encode_image(image, suffix, 90)
    return Tile(f"face-{hashlib.sha256(data).hexdigest()[:12]}{suffix}", data, alt)


def _gone(name: str) -> Tile:
    return Tile("", b"", f"{name} is not there")
