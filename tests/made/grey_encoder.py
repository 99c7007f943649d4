"""An encoder that costs nothing: the 4x4 grey pixels of a crop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop, resize_square
from fewpix.models.card import Card
from fewpix.models.space import Space


class Grey:
    """`crops` holds every crop that it was given, and `seen` its side."""

    runtime, device, state_id = "test", "cpu", ""

    def __init__(self, sha256: str = "0" * 64, space: str = "0" * 64) -> None:
        plain = Preprocess(4, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        self.card = Card("grey", "test", sha256, Space(space, 16), plain)
        self.crops: list[Crop] = []

    @property
    def seen(self) -> list[int]:
        return [len(crop) for crop in self.crops]

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.crops += [crop.copy() for crop in crops]
        rows = np.array([resize_square(crop, 4).mean(axis=2).ravel() - 100.5 for crop in crops])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
