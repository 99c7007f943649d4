"""Whether an exported file gives the embeddings of the weights it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.errors import WeightsError
from fewpix.image.resize import Crop

TOLERANCE = 1e-4
"""The largest difference of a number of a normalised embedding that counts as the same."""


def probe_crops(seed: int = 0) -> list[Crop]:
    """12 synthetic crops of 8 to 112 px, smooth, noisy, black and white: parity needs no faces."""
    rng = np.random.default_rng(seed)
    crops: list[Crop] = []
    for side in (8, 12, 16, 24, 32, 112):
        coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
        crops.append(np.asarray(smooth, dtype=np.uint8))
    crops += [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in (8, 16, 24, 32)]
    crops += [np.full((24, 24, 3), value, dtype=np.uint8) for value in (0, 255)]
    return crops


def difference(reference: Encoder, other: Encoder, crops: Sequence[Crop]) -> float:
    """The largest absolute difference between two encoders' normalised embeddings."""
    return float(np.abs(reference.embed(crops) - other.embed(crops)).max())


def check_parity(
    reference: Encoder, others: Mapping[str, Encoder], crops: Sequence[Crop]
) -> dict[str, float]:
    """The difference of each of `others` from `reference`.

    Raises:
        WeightsError: one is above `TOLERANCE`.
    """
    found = {name: difference(reference, other, crops) for name, other in others.items()}
    for name, value in found.items():
        if not value <= TOLERANCE:
            raise WeightsError(
                f"the exported model differs from torch by {value:.1e} in {name}, more than {TOLERANCE:.0e}",
                fix="report it with the weights' hash; nothing was written",
            )
    return found
