"""One sight of a face in a track, how much it is worth, and the best few of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from fewpix.identify.faces import AlignedFace, Found
from fewpix.image.codec import Image

KEPT = 12
"""Sights of a face that make its template."""

APART = 0.1
"""Seconds between two of them: neighbouring frames show the same noise twice."""

_SURROUNDINGS, _LARGEST_PATCH = 1.5, 96


@dataclass(frozen=True, eq=False)
class Sample:
    """A face in one frame.

    Args:
        time: seconds.
        face: cut out for its encoder.
        patch: the face with some surroundings in the frame's own pixels, for people to look at.
        weight: what it counts in the template.
    """

    time: float
    face: AlignedFace
    patch: Image
    weight: float


def patch(image: Image, box: tuple[float, float, float, float]) -> Image:
    """The square around a face with some surroundings; the border repeats, and large faces are made small."""
    x, y, width, height = box
    side = max(1, round(_SURROUNDINGS * max(width, height)))
    left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    part = image[rows[:, None], columns]
    if side <= _LARGEST_PATCH:
        return part
    small = cv2.resize(part, (_LARGEST_PATCH, _LARGEST_PATCH), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


class Best:
    """The most valuable sights of a track, not two of them within a moment.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._samples: list[Sample] = []

    def wants(self, time: float, worth: float) -> bool:
        """Whether a sight of this weight would be kept, asked before it is cut out."""
        near = self._near(time)
        if near is not None:
            return worth > near.weight
        return len(self._samples) < self._most or worth > self._samples[-1].weight

    def add(self, sample: Sample) -> None:
        """Keep a sight that is wanted."""
        near = self._near(sample.time)
        if near is not None:
            self._samples.remove(near)
        self._samples.append(sample)
        self._samples.sort(key=lambda item: (-item.weight, item.time))
        del self._samples[self._most :]

    def __iter__(self) -> Iterator[Sample]:
        """By falling weight."""
        return iter(self._samples)

    def _near(self, time: float) -> Sample | None:
        return next((item for item in self._samples if abs(item.time - time) < APART - 1e-6), None)


def box_of(face: Found) -> tuple[float, float, float, float]:
    """The box as plain floats."""
    x, y, width, height = (float(value) for value in face.box)
    return x, y, width, height
