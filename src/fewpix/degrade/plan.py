"""What is to be done to a batch, drawn on the host: for each step of a chain, which faces and what values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.degrade.chain import Chain
from fewpix.degrade.ops import INTERPOLATIONS
from fewpix.degrade.seeds import per_item_rng
from fewpix.degrade.step import OPERATIONS, Drawn

METHODS = tuple(INTERPOLATIONS)
"""Down-scaling by number: what stands for a name among the values of a stage."""


@dataclass(frozen=True)
class Stage:
    """One step of a chain, for those faces of a batch to which it happens.

    Args:
        op: a key of `OPERATIONS`.
        slots: (n,) the faces' places in the batch, ascending.
        values: (k, n) float32, the k parameters in the operation's order; lengths in pixels, names as their
            place in `METHODS`.
        noise: (n, 3, s, s) float32 of deviation 1, s the largest of these faces' sides; smaller faces have
            theirs in the first rows and columns.
    """

    op: str
    slots: NDArray[np.int64]
    values: NDArray[np.float32]
    noise: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Plan:
    """Everything drawn for one batch of B crops of one side.

    Args:
        sides: (B,) of the faces in the end, in pixels.
        stages: in the chain's order; a step that happens to no face is left out.
    """

    sides: NDArray[np.int64]
    stages: tuple[Stage, ...]


def draw_plan(chain: Chain, side: int, seed: int, keys: Sequence[tuple[int, ...]]) -> Plan:
    """Draw what `chain.apply` would with `per_item_rng(seed, *key)` for each face.

    Args:
        chain: the degradation.
        side: of all crops in pixels.
        seed: of the run.
        keys: of the B faces.
    """
    drawn = [chain.draw(side, per_item_rng(seed, *key)) for key in keys]
    scaling = [n for n, step in enumerate(chain.steps) if step.op == "downscale"]
    sides = [_value(one[scaling[0]], "side") if scaling else side for one in drawn]
    stages = []
    for number, step in enumerate(chain.steps):
        here = [(slot, done) for slot, one in enumerate(drawn) if (done := one[number]) is not None]
        if here:
            stages.append(_stage(step.op, [slot for slot, _ in here], [done for _, done in here]))
    return Plan(np.array(sides, dtype=np.int64), tuple(stages))


def _stage(op: str, slots: list[int], drawn: list[Drawn]) -> Stage:
    names = tuple(OPERATIONS[op][1])
    values = np.array([[_value(one, name) for one in drawn] for name in names], dtype=np.float32)
    fields = [one.noise for one in drawn if one.noise is not None]
    noise = None
    if fields:
        largest = max(len(field) for field in fields)
        noise = np.zeros((len(fields), 3, largest, largest), dtype=np.float32)
        for n, field in enumerate(fields):
            noise[n, :, : len(field), : len(field)] = field.transpose(2, 0, 1)
    return Stage(op, np.array(slots, dtype=np.int64), values.reshape(len(names), len(drawn)), noise)


def _value(drawn: Drawn | None, name: str) -> float:
    assert drawn is not None
    value = drawn.values[name]
    return METHODS.index(value) if isinstance(value, str) else value
