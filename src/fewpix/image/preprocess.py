"""What happens to a crop between the file and the first layer: it travels with the weights, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError
from fewpix.image.array import squares
from fewpix.image.resize import Crop, resize_square

LARGEST_SIDE = 2048
"""Of an input; face encoders take 112 to 256 pixels, and a batch must fit into memory."""


@dataclass(frozen=True)
class Preprocess:
    """Side, colour order and scaling of an encoder's input: (x − mean) / std per channel, x in 0..255.

    Args:
        side: side of the square input in pixels, at most `LARGEST_SIDE`.
        color: "rgb" or "bgr", the order of the channels that the encoder was trained with.
        mean: subtracted, in the order of `color`.
        std: divided by, in the order of `color`, each above 0.

    Raises:
        ConfigError: a value is out of range.
    """

    side: int
    color: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not 1 <= self.side <= LARGEST_SIDE:
            raise ConfigError(f"preprocess: side must be from 1 to {LARGEST_SIDE}, not {self.side}")
        if self.color not in ("rgb", "bgr"):
            raise ConfigError(f"preprocess: color must be 'rgb' or 'bgr', not {self.color!r}")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ConfigError("preprocess: mean and std need three numbers each, std above 0")

    def pixels(self, crops: Sequence[Crop]) -> NDArray[np.uint8]:
        """Crops resized once to the input's side (area down, cubic up) and put in colour order.

        Args:
            crops: each (s, s, 3) uint8 BGR; the sides may differ.

        Returns:
            (N, 3, side, side) uint8.

        Raises:
            InputError: one of them is not a square uint8 BGR image.
        """
        checked = squares(crops)
        out = np.empty((len(checked), 3, self.side, self.side), dtype=np.uint8)
        for n, crop in enumerate(checked):
            resized = resize_square(crop, self.side)
            out[n] = (resized[:, :, ::-1] if self.color == "rgb" else resized).transpose(2, 0, 1)
        return out

    def scale(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, 3, side, side) uint8 to the float32 that enters the first layer."""
        mean = np.asarray(self.mean, dtype=np.float32).reshape(1, 3, 1, 1)
        std = np.asarray(self.std, dtype=np.float32).reshape(1, 3, 1, 1)
        return np.asarray((pixels.astype(np.float32) - mean) / std, dtype=np.float32)

    def apply(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """`pixels`, then `scale`: (N, 3, side, side) float32."""
        return self.scale(self.pixels(crops))

    def to_json(self) -> dict[str, Any]:
        """The four fields as JSON values."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preprocess:
        """Read what `to_json` wrote.

        Raises:
            ConfigError: a key is missing, unknown, or of the wrong type.
        """
        known = {"side", "color", "mean", "std"}
        for key in sorted(set(data) ^ known):
            what = "missing" if key in known else "unknown"
            raise ConfigError(f"preprocess: {what} key '{key}'", fix=f"keys: {', '.join(sorted(known))}")
        try:
            mean, std = (tuple(float(value) for value in data[key]) for key in ("mean", "std"))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"preprocess: mean and std must be lists of numbers: {error}") from error
        if (
            type(data["side"]) is not int
            or not isinstance(data["color"], str)
            or len(mean) != 3
            or len(std) != 3
        ):
            raise ConfigError(
                "preprocess: side must be a whole number, color a text, mean and std three numbers"
            )
        return cls(data["side"], data["color"], (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))
