"""One step of a degradation chain: an operation, how its parameters are drawn, and how often it happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fewpix.degrade import camera, compress, ops
from fewpix.degrade.draws import Choice, Draw, Fixed, Uniform, Value, parse_draw
from fewpix.errors import ConfigError
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.resize import Crop


@dataclass(frozen=True)
class Parameter:
    """What a parameter may be: numbers from low to high (whole ones where `integer`), or one of `names`.

    `unit` says what a length is measured in: `output` pixels are those of the image the chain ends with,
    since a camera's blur has a size on the sensor, not on the face; `template` pixels are 1/112 of the crop's
    side. With `per_face` it is drawn for every face anew, also at one place (`Chain.place`).
    """

    low: float = -math.inf
    high: float = math.inf
    integer: bool = False
    names: tuple[str, ...] = ()
    default: Value | None = None
    unit: Literal["", "output", "template"] = ""
    per_face: bool = False

    def fault(self, value: Value) -> str:
        """Why `value` is not allowed; empty when it is."""
        if self.names:
            return "" if value in self.names else f"{value!r} is not one of {', '.join(self.names)}"
        if isinstance(value, bool | str) or not math.isfinite(value):
            return f"{value!r} is not a finite number"
        if self.integer and value != int(value):
            return f"{value!r} is not a whole number"
        return "" if self.low <= value <= self.high else f"{value!r} is outside {self.low:g} to {self.high:g}"


_TURN = Parameter(-360, 360)
_MOVE = Parameter(-TEMPLATE_SIDE, TEMPLATE_SIDE, unit="template", per_face=True)
_IN_BLOCK = Parameter(0, compress.MACROBLOCK - 1, integer=True, per_face=True)
_TINY = 1e-3

OPERATIONS: dict[str, tuple[Callable[..., Crop], dict[str, Parameter]]] = {
    "shift": (
        ops.shift,
        {
            "dx": _MOVE,
            "dy": _MOVE,
            "scale": Parameter(0.5, 2, default=1.0, per_face=True),
            "angle": Parameter(-360, 360, default=0.0, per_face=True),
        },
    ),
    "defocus": (ops.defocus, {"radius": Parameter(0, 16, unit="output")}),
    "motion_blur": (ops.motion_blur, {"length": Parameter(0, 32, unit="output"), "angle": _TURN}),
    "downscale": (
        ops.downscale,
        {
            "side": Parameter(8, 1024, integer=True),
            "interpolation": Parameter(names=tuple(ops.INTERPOLATIONS), default="area"),
        },
    ),
    "sensor_noise": (ops.sensor_noise, {"read": Parameter(0, 255), "shot": Parameter(0, 255)}),
    "gamma": (ops.gamma, {"g": Parameter(_TINY, 1 / _TINY)}),
    "contrast": (ops.contrast, {"gain": Parameter(0, 255), "offset": Parameter(-255, 255)}),
    "grey": (ops.grey, {}),
    "jpeg": (ops.jpeg, {"quality": Parameter(1, 100, integer=True)}),
    "sharpen": (camera.sharpen, {"amount": Parameter(0, 16), "radius": Parameter(0, 16, unit="output")}),
    "interlace": (camera.interlace, {"dx": Parameter(-16, 16, unit="output")}),
    "infrared": (camera.infrared, {}),
    "crispen": (compress.crispen, {"amount": Parameter(0, 16)}),
    "photo_jpeg": (
        compress.photo_jpeg,
        {"quality": Parameter(1, 100, integer=True), "left": _IN_BLOCK, "top": _IN_BLOCK},
    ),
    "video_frame": (
        compress.video_frame,
        {"qp": Parameter(0, 51, integer=True), "left": _IN_BLOCK, "top": _IN_BLOCK},
    ),
}
"""Every operation a chain may name, with its parameters in the order in which they are drawn."""


@dataclass(frozen=True)
class Drawn:
    """One operation on one crop, with nothing left to chance.

    Args:
        op: a key of `OPERATIONS`.
        values: its parameters, lengths in pixels of the crop.
        noise: (s, s, 3) float32 of deviation 1, where the operation adds noise.
    """

    op: str
    values: Mapping[str, Value]
    noise: NDArray[np.float32] | None = None

    def run(self, crop: Crop) -> Crop:
        """Do it to (s, s, 3) uint8 BGR."""
        if self.noise is not None:
            return ops.add_noise(crop, self.noise, **self.values)  # type: ignore[arg-type]
        return OPERATIONS[self.op][0](crop, **self.values)


@dataclass(frozen=True)
class Step:
    """An operation with distributions of its parameters, done with probability `p`; build it with `step`.

    `draws` holds (parameter, distribution) pairs; they are put into the operation's own order and defaults
    are filled in, so that equal settings give equal steps and equal random streams.

    Raises:
        ConfigError: unknown operation or parameter, one missing, or a value out of its limits; it is named.
    """

    op: str
    draws: tuple[tuple[str, Draw], ...] = ()
    p: float = 1.0

    def __post_init__(self) -> None:
        if self.op not in OPERATIONS:
            raise ConfigError(f"unknown operation {self.op!r}", fix=f"use one of {', '.join(OPERATIONS)}")
        if isinstance(self.p, bool) or not isinstance(self.p, int | float) or not 0 <= self.p <= 1:
            raise ConfigError(f"{self.op}.p: {self.p!r} is not a probability from 0 to 1")
        known, given = OPERATIONS[self.op][1], dict(self.draws)
        for name in given:
            if name not in known:
                names = ", ".join(["p", *known])
                raise ConfigError(f"{self.op}: unknown parameter {name!r}", fix=f"it takes {names}")
        ordered: list[tuple[str, Draw]] = []
        for name, parameter in known.items():
            if name not in given:
                if parameter.default is None:
                    raise ConfigError(f"{self.op}: parameter {name!r} is missing")
                given[name] = Fixed(parameter.default)
            for value in given[name].support():
                if fault := parameter.fault(value):
                    raise ConfigError(f"{self.op}.{name}: {fault}")
            ordered.append((name, given[name]))
        object.__setattr__(self, "draws", tuple(ordered))

    def sample(self, rng: np.random.Generator) -> dict[str, Value]:
        """Draw every parameter, in the operation's order and in the step's own units."""
        known = OPERATIONS[self.op][1]
        drawn = {name: draw.sample(rng, known[name].integer) for name, draw in self.draws}
        # JSON and TOML may say 16.0 where a whole number is meant.
        return {name: int(value) if known[name].integer else value for name, value in drawn.items()}

    def run(
        self, crop: Crop, values: Mapping[str, Value], rng: np.random.Generator, *, output_side: int
    ) -> Crop:
        """Apply the operation with drawn `values`, lengths converted to pixels of `crop`.

        Args:
            crop: (s, s, 3) uint8 BGR.
            values: from `sample`.
            rng: for operations that add noise.
            output_side: side in pixels of the image that the chain ends with.
        """
        return self.drawn(values, rng, side=crop.shape[0], output_side=output_side).run(crop)

    def drawn(
        self, values: Mapping[str, Value], rng: np.random.Generator, *, side: int, output_side: int
    ) -> Drawn:
        """What is to be done to a crop, with everything random in it drawn: `run` without the crop.

        Args:
            values: from `sample`.
            rng: for operations that add noise.
            side: of the crop in pixels.
            output_side: side in pixels of the image that the chain ends with.
        """
        known = OPERATIONS[self.op][1]
        pixel = {"": 1.0, "output": side / output_side, "template": side / TEMPLATE_SIDE}
        scaled: dict[str, Value] = {}
        for name, value in values.items():
            unit = known[name].unit
            scaled[name] = value * pixel[unit] if unit and not isinstance(value, str) else value
        noise = rng.standard_normal((side, side, 3), np.float32) if self.op == "sensor_noise" else None
        return Drawn(self.op, scaled, noise)

    def to_json(self) -> dict[str, object]:
        """`{"op": ..., "p": ..., parameter: draw, ...}`; all parameters, defaults too."""
        return {"op": self.op, "p": self.p, **{name: draw.to_json() for name, draw in self.draws}}

    @classmethod
    def from_json(cls, data: object, where: str = "step") -> Step:
        """The inverse of `to_json`; `p` may be left out (1), defaults too.

        Raises:
            ConfigError: naming `where` and the key.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("op"), str):
            raise ConfigError(f"{where}: needs a table with a key 'op', not {data!r}")
        op = data["op"]
        rest = {str(key): value for key, value in data.items() if key not in ("op", "p")}
        unknown = [key for key in rest if op in OPERATIONS and key not in OPERATIONS[op][1]]
        try:
            draws = {
                key: Fixed(0) if key in unknown else parse_draw(v, f"{op}.{key}") for key, v in rest.items()
            }
            return cls(op, tuple(draws.items()), data.get("p", 1.0))
        except ConfigError as error:
            raise ConfigError(f"{where}: {error.what}", fix=error.fix) from None

    def __str__(self) -> str:
        """For example `jpeg [p 0.3] quality 30..95`."""
        known = OPERATIONS[self.op][1]
        parts = [
            f"{name} {draw}" + (f" {known[name].unit} px" if known[name].unit else "")
            for name, draw in self.draws
            if draw != Fixed(known[name].default or 0) or known[name].default is None
        ]
        head = self.op if self.p == 1 else f"{self.op} [p {self.p:g}]"
        return " ".join([head, ", ".join(parts)]).rstrip()


def step(op: str, *, p: float = 1.0, **parameters: Value | Draw) -> Step:
    """A step by keywords: `step("jpeg", p=0.3, quality=Uniform(30, 95))`; bare values are fixed."""
    draws = {k: v if isinstance(v, Fixed | Uniform | Choice) else Fixed(v) for k, v in parameters.items()}
    return Step(op, tuple(draws.items()), p)
