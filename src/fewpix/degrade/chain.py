"""A degradation chain: named, ordered steps that draw from one generator and describe themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fewpix.degrade.draws import Fixed
from fewpix.degrade.ops import side_of
from fewpix.degrade.step import OPERATIONS, Drawn, Step
from fewpix.errors import ConfigError
from fewpix.image.resize import Crop


@dataclass(frozen=True)
class Chain:
    """Steps applied in order to one crop; equal (chain, crop, generator state) give equal bytes.

    At most one step scales down, and it always happens (p = 1). Its side is drawn before everything else, so
    that blur that comes before it can be given in pixels of the output. Without such a step the output is as
    large as the input.

    Args:
        steps: the steps, first to last.
        name: shown in reports.

    Raises:
        ConfigError: two down-scaling steps, or one that only sometimes happens.

    Example:
        >>> import numpy as np
        >>> from fewpix.degrade import Chain, Choice, step
        >>> chain = Chain((step("downscale", side=Choice((8, 16))), step("jpeg", quality=40)), name="cctv")
        >>> chain.describe()
        'cctv: downscale side 8/16 → jpeg quality 40'
        >>> crop = np.zeros((112, 112, 3), np.uint8)
        >>> chain.apply(crop, np.random.default_rng(0)).shape
        (16, 16, 3)
    """

    steps: tuple[Step, ...]
    name: str = "custom"

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        scaling = [s for s in self.steps if s.op == "downscale"]
        if len(scaling) > 1:
            raise ConfigError(f"chain {self.name!r} has {len(scaling)} downscale steps", fix="keep one")
        if scaling and scaling[0].p < 1:
            raise ConfigError(f"chain {self.name!r}: downscale.p is {scaling[0].p}, must be 1")

    def apply(self, crop: Crop, rng: np.random.Generator) -> Crop:
        """Degrade one crop.

        Args:
            crop: (s, s, 3) uint8 BGR; never written to.
            rng: all randomness; see `fewpix.degrade.per_item_rng` for one that is independent of worker
            order.

        Returns:
            A new array (t, t, 3), t the drawn side.

        Raises:
            InputError: not a crop, or smaller than the drawn side.
        """
        out = crop
        for drawn in self.draw(side_of(crop), rng):
            if drawn is not None:
                out = drawn.run(out)
        return crop.copy() if out is crop else out

    def draw(self, side: int, rng: np.random.Generator) -> tuple[Drawn | None, ...]:
        """What `apply` would do to a crop of `side` pixels, step by step; None where a step does not happen.

        Args:
            side: of the crop in pixels.
            rng: all randomness.
        """
        sizes = next((s.sample(rng) for s in self.steps if s.op == "downscale"), None)
        output_side = int(sizes["side"]) if sizes is not None else side
        out: list[Drawn | None] = []
        for s in self.steps:
            if s.op == "downscale" and sizes is not None:
                out.append(s.drawn(sizes, rng, side=side, output_side=output_side))
                side = output_side
            elif s.p >= 1 or rng.random() < s.p:
                out.append(s.drawn(s.sample(rng), rng, side=side, output_side=output_side))
            else:
                out.append(None)
        return tuple(out)

    def apply_batch(self, crops: Sequence[Crop], rng: np.random.Generator) -> list[Crop]:
        """`apply` to each crop in turn with the one generator; the sides may differ, hence a list."""
        return [self.apply(crop, rng) for crop in crops]

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides in pixels that it may draw, smallest first; of a range, its ends; empty where it does not
        scale down.
        """
        scaling = next((dict(s.draws)["side"] for s in self.steps if s.op == "downscale"), None)
        return () if scaling is None else tuple(sorted(int(value) for value in scaling.support()))

    def at(self, side: int) -> Chain:
        """The same chain with one side for every face.

        Args:
            side: in pixels.
        """

        def fixed(s: Step) -> Step:
            return replace(s, draws=tuple((dict(s.draws) | {"side": Fixed(side)}).items()))

        steps = (fixed(s) if s.op == "downscale" else s for s in self.steps)
        return Chain(tuple(steps), f"{self.name}@{side}")

    def place(self, rng: np.random.Generator) -> Chain:
        """The chain as one camera is: which steps happen, and their parameters, are drawn once for all faces.

        What is a face's own stays drawn for each: how it is aligned, and where in a block it lies.

        Args:
            rng: all randomness.
        """
        steps = []
        for s in self.steps:
            known = OPERATIONS[s.op][1]
            if known and all(parameter.per_face for parameter in known.values()):
                steps.append(s)
            elif s.p >= 1 or rng.random() < s.p:
                fixed = {name: Fixed(value) for name, value in s.sample(rng).items()}
                draws = tuple((name, draw if known[name].per_face else fixed[name]) for name, draw in s.draws)
                steps.append(replace(s, p=1.0, draws=draws))
        return Chain(tuple(steps), f"{self.name}, one place")

    def describe(self) -> str:
        """One line for people: the name and every step with its probability, parameters and units."""
        return f"{self.name}: " + (" → ".join(str(s) for s in self.steps) or "nothing")

    def __str__(self) -> str:
        return self.describe()

    def to_json(self) -> dict[str, object]:
        """`{"name": ..., "steps": [...]}`, of plain JSON types."""
        return {"name": self.name, "steps": [s.to_json() for s in self.steps]}

    @classmethod
    def from_json(cls, data: object) -> Chain:
        """The inverse of `to_json`; also reads the same tables from TOML.

        Raises:
            ConfigError: an unknown key, operation or parameter, a wrong type or a value out of range; it is
            named.
        """
        if not isinstance(data, Mapping):
            raise ConfigError(f"a chain is a table with 'name' and 'steps', not {data!r}")
        for key in data:
            if key not in ("name", "steps"):
                raise ConfigError(f"chain: unknown key {key!r}", fix="it takes name, steps")
        name, steps = data.get("name", "custom"), data.get("steps")
        if not isinstance(name, str):
            raise ConfigError(f"chain.name: {name!r} is not text")
        if isinstance(steps, str) or not isinstance(steps, Sequence):
            raise ConfigError(f"chain {name!r}: steps: {steps!r} is not a list")
        where = f"chain {name!r} step"
        return cls(tuple(Step.from_json(s, f"{where} {n}") for n, s in enumerate(steps, 1)), name)
