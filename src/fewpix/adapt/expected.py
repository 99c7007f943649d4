"""What training faces look like at the input of one BatchNorm layer, and how far a place may lie from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError


@dataclass(frozen=True)
class Expected:
    """What training faces as many and as large as the target's look like at the input of one BatchNorm layer.

    Args:
        mean: (C,) float64, over all places of training.
        var: (C,) float64, likewise.
        mean_spread: (C,) float64, how far the mean of one place of training lies from `mean`, as a standard
            deviation: of the places, and of so few faces.
        var_spread: (C,) float64, the same of the logarithm of the variance.

    Raises:
        ConfigError: shapes differ, a value is not finite, or a variance or a spread is negative.
    """

    mean: NDArray[np.float64]
    var: NDArray[np.float64]
    mean_spread: NDArray[np.float64]
    var_spread: NDArray[np.float64]

    def __post_init__(self) -> None:
        hold(self, "expected")


def hold(record: Any, what: str) -> None:
    """Make the fields of a frozen record vectors that nobody can write to, `mean` the first of them.

    Args:
        record: all fields (C,).
        what: names it in messages.

    Raises:
        ConfigError: shapes differ, a value is not finite, or one of another field than `mean` is negative.
    """
    for name, value in vars(record).items():
        object.__setattr__(record, name, frozen(value))
    values = [*vars(record).values()]
    if len({value.shape for value in values}) != 1 or record.mean.ndim != 1:
        raise ConfigError(f"{what} statistics: {len(values)} vectors (C,) of one length are needed")
    if not np.isfinite(values).all() or (np.array(values[1:]) < 0).any():
        raise ConfigError(f"{what} statistics must be finite, and none but a mean negative")


def frozen(value: NDArray[Any]) -> NDArray[np.float64]:
    """A copy that nobody can write to."""
    copied = np.array(value, dtype=np.float64)
    copied.setflags(write=False)
    return copied
