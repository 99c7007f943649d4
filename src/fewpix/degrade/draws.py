"""How a parameter of a degradation is drawn: fixed, uniform, log-uniform or a weighted choice."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from fewpix.errors import ConfigError

Value: TypeAlias = float | int | str
"""One drawn parameter."""


def _number(value: object, where: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{where}: {value!r} is not a finite number")
    return value


@dataclass(frozen=True)
class Fixed:
    """Always the same value."""

    value: Value

    def sample(self, rng: np.random.Generator, integer: bool = False) -> Value:
        """The value; nothing is drawn."""
        return self.value

    def support(self) -> tuple[Value, ...]:
        """The values at which limits are checked."""
        return (self.value,)

    def to_json(self) -> Value:
        """A bare number or string."""
        return self.value

    def __str__(self) -> str:
        return f"{self.value:g}" if isinstance(self.value, float) else str(self.value)


@dataclass(frozen=True)
class Uniform:
    """Uniform on [low, high]; for an integer parameter every whole number from low to high is equally likely.

    With `log`, the logarithm is uniform (low above 0): for factors, where 1/2 and 2 are equally far from 1.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        _number(self.low, "low")
        _number(self.high, "high")
        if self.high < self.low:
            raise ConfigError(f"a range must go up, not from {self.low} to {self.high}")
        if self.log and self.low <= 0:
            raise ConfigError(f"a log-uniform range must start above 0, not at {self.low}")

    def sample(self, rng: np.random.Generator, integer: bool = False) -> Value:
        """One value; takes one number from `rng`."""
        u = rng.random()
        if self.log:
            value = float(self.low * (self.high / self.low) ** u)
            return round(value) if integer else value
        if integer:
            return int(self.low) + int((int(self.high) - int(self.low) + 1) * u)
        return float(self.low + (self.high - self.low) * u)

    def support(self) -> tuple[Value, ...]:
        """The values at which limits are checked."""
        return (self.low, self.high)

    def to_json(self) -> dict[str, list[float]]:
        """`{"uniform": [low, high]}` or `{"log_uniform": [low, high]}`."""
        return {"log_uniform" if self.log else "uniform": [self.low, self.high]}

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}" + (" log" if self.log else "")


@dataclass(frozen=True)
class Choice:
    """One of several values, equally likely or in proportion to `weights`."""

    values: tuple[Value, ...]
    weights: tuple[float, ...] | None = None
    _steps: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ConfigError("a choice needs at least one value")
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(self.weights))
        weights = self.weights if self.weights is not None else (1.0,) * len(self.values)
        if len(weights) != len(self.values):
            raise ConfigError(f"a choice of {len(self.values)} values has {len(weights)} weights")
        if any(_number(w, "weights") < 0 for w in weights) or sum(weights) <= 0:
            raise ConfigError(
                f"the weights of a choice must be at least 0 with a positive sum, not {weights}"
            )
        total, so_far, steps = math.fsum(weights), 0.0, []
        last = max(n for n, weight in enumerate(weights) if weight > 0)
        for n, weight in enumerate(weights[:-1]):
            so_far += weight
            # Rounding must not leave a gap below 1 in which a value of weight 0 would be drawn.
            steps.append(so_far / total if n < last else math.inf)
        object.__setattr__(self, "_steps", tuple(steps))

    def sample(self, rng: np.random.Generator, integer: bool = False) -> Value:
        """One value; takes one number from `rng`."""
        return self.values[bisect_right(self._steps, rng.random())]

    def support(self) -> tuple[Value, ...]:
        """The values at which limits are checked."""
        return self.values

    def to_json(self) -> dict[str, list[Value] | list[float]]:
        """`{"choice": [...]}`, with `"weights": [...]` where there are any."""
        out: dict[str, list[Value] | list[float]] = {"choice": list(self.values)}
        if self.weights is not None:
            out["weights"] = list(self.weights)
        return out

    def __str__(self) -> str:
        if self.weights is None:
            return "/".join(str(v) for v in self.values)
        return "/".join(f"{v}(×{w:g})" for v, w in zip(self.values, self.weights, strict=True))


Draw: TypeAlias = Fixed | Uniform | Choice
"""A distribution of one parameter."""


def parse_draw(data: object, where: str) -> Draw:
    """Read a draw from JSON or TOML data.

    It is a number, a string, `{"uniform": [a, b]}`, `{"log_uniform": [a, b]}` or `{"choice": [...]}`, the
    last with `"weights": [...]` if wanted.

    Args:
        data: the parsed value.
        where: names the parameter in errors.

    Raises:
        ConfigError: anything else, naming the key.
    """
    if isinstance(data, str) or (isinstance(data, int | float) and not isinstance(data, bool)):
        return Fixed(data if isinstance(data, str) else _number(data, where))
    if not isinstance(data, dict):
        raise ConfigError(
            f"{where}: {data!r} is neither a value nor a table of uniform, log_uniform or choice"
        )
    kinds = [key for key in ("uniform", "log_uniform", "choice") if key in data]
    allowed = {"choice", "weights"} if kinds == ["choice"] else set(kinds)
    unknown = sorted(str(key) for key in data if key not in allowed)
    if len(kinds) != 1 or unknown:
        what = f"unknown key {unknown[0]!r}" if unknown else "needs one key"
        raise ConfigError(
            f"{where}: {what}", fix="use exactly one of uniform, log_uniform, choice (+ weights)"
        )
    for key, values in data.items():
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise ConfigError(f"{where}.{key}: {values!r} is not a list")
    try:
        if kinds == ["choice"]:
            values = tuple(v if isinstance(v, str) else _number(v, "choice") for v in data["choice"])
            weights = data.get("weights")
            return Choice(values, None if weights is None else tuple(_number(w, "weights") for w in weights))
        ends = [_number(v, kinds[0]) for v in data[kinds[0]]]
        if len(ends) != 2:
            raise ConfigError(f"{kinds[0]} needs two numbers, not {len(ends)}")
        return Uniform(ends[0], ends[1], log=kinds[0] == "log_uniform")
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.what}", fix=error.fix) from None
