"""How many pixels a face would need to hold the detail that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import WeightsError
from fewpix.foreign import MALFORMED, json_file
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.array import square
from fewpix.image.resize import Crop
from fewpix.quality.spectrum import spectrum

TABLE = Path(__file__).parent.parent / "weights" / "resolution.json"

SMALLEST = 6.0
"""The estimate's lower end; nothing smaller was shown when it was fitted. Its upper end is 112."""


@dataclass(frozen=True, eq=False)
class Estimator:
    """A small regression from the spectrum of a face to its effective resolution.

    log2(pixels) = out · tanh(hidden · (spectrum − mean)/spread + bias) + offset. Fitted by
    `benchmarks/resolution/effective.py`, which also says how far off it is.

    Args:
        mean: (F,) of the spectra that it was fitted on.
        spread: (F,) their standard deviation.
        hidden: (H, F).
        bias: (H,).
        out: (H,).
        offset: log2 of pixels.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    hidden: NDArray[np.float64]
    bias: NDArray[np.float64]
    out: NDArray[np.float64]
    offset: float

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Estimator:
        """From the keys of `to_json`.

        Raises:
            ValueError: a number is missing or not finite, or the parts do not fit one another.
        """
        parts = {name: np.array(value[name], dtype=np.float64) for name in _ARRAYS}
        offset = float(value["offset"])
        units, features = parts["hidden"].shape
        wanted = {"mean": (features,), "spread": (features,), "bias": (units,), "out": (units,)}
        if any(parts[name].shape != shape for name, shape in wanted.items()):
            raise ValueError("its parts do not fit one another")
        if not np.isfinite(offset) or not all(np.isfinite(part).all() for part in parts.values()):
            raise ValueError("a number is not finite")
        return cls(**parts, offset=offset)

    def to_json(self) -> dict[str, Any]:
        """The numbers, to a ten-thousandth."""
        return {
            **{name: getattr(self, name).round(4).tolist() for name in _ARRAYS},
            "offset": round(self.offset, 4),
        }

    def pixels(self, spectra: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N,) effective pixels, 6 to 112, of spectra (N, F)."""
        inner = np.tanh((spectra - self.mean) / self.spread @ self.hidden.T + self.bias)
        return np.clip(2.0 ** (inner @ self.out + self.offset), SMALLEST, float(TEMPLATE_SIDE))


_ARRAYS = ("mean", "spread", "hidden", "bias", "out")


def effective_pixels(crop: Crop) -> float:
    """How wide, in pixels, a sharp face is that holds as much detail: 12 for one of 12 px enlarged to 100.

    Blur counts like enlargement. Noise and strong compression hide detail and are mistaken for it, so that
    the estimate is worse there; docs/small_faces.md has the figures. A detailed background counts as detail.

    Args:
        crop: (s, s, 3) uint8 BGR, an aligned face at any side from that of its own pixels up.

    Returns:
        6 to 112; not more than that of what the crop could hold, which its pixels say.

    Raises:
        InputError: not a square picture.
        WeightsError: the package's table is missing or damaged.
    """
    crop = square(crop)
    return float(min(_estimator().pixels(spectrum(crop)[None])[0], max(crop.shape[0], SMALLEST)))


@lru_cache(maxsize=1)
def _estimator() -> Estimator:
    return read_estimator()


def read_estimator(table: Path = TABLE) -> Estimator:
    """The fitted numbers of the package.

    Raises:
        WeightsError: the table is missing or damaged.
    """
    try:
        return Estimator.from_json(json_file(table))
    except (OSError, *MALFORMED) as error:
        raise WeightsError(
            f"{table} is no table of an estimator: {error!r}", fix="install fewpix again"
        ) from error
