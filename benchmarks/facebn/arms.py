"""What the FaceBN benchmarks share: the ways of adapting that are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.lib.lfw import LfwPairs
from fewpix.adapt.apply import restored
from fewpix.adapt.estimate import estimate, follow
from fewpix.adapt.estimate.passes import reached
from fewpix.adapt.reference import Reference
from fewpix.adapt.stats import NormState
from fewpix.models.card import Card


@dataclass(frozen=True)
class Arm:
    """One way of adapting.

    Args:
        mode: of `estimate`, or "ema"; "excess" takes what is familiar from the student's reference.
        weight: of the source, for "alpha".
        final: whether the BatchNorm1d at the end takes part.
        spread: what the spreads of "excess" are multiplied by; 0 takes nothing for familiar but the size.
        half: "early" or "late": only the first or the last half of the layers in the order of the forward
            pass; "" for all.
    """

    mode: str
    weight: float | None = None
    final: bool = False
    spread: float = 1.0
    half: str = ""


ARMS: dict[str, Arm] = {
    "source": Arm("source"),
    "prior": Arm("prior"),
    "prior+1d": Arm("prior", final=True),
    "alpha0.9+1d": Arm("alpha", 0.9, final=True),
    "alpha0.5": Arm("alpha", 0.5),
    "alpha0.5+1d": Arm("alpha", 0.5, final=True),
    "alpha0.5-early": Arm("alpha", 0.5, half="early"),
    "alpha0.5-late+1d": Arm("alpha", 0.5, final=True, half="late"),
    "batch": Arm("batch"),
    "batch+1d": Arm("batch", final=True),
    "ema": Arm("ema"),
    "ema+1d": Arm("ema", final=True),
    "excess": Arm("excess", final=True),
    "excess-1d": Arm("excess"),
    "excess-half": Arm("excess", final=True, spread=0.5),
    "excess-none": Arm("excess", final=True, spread=0.0),
}
"""By name; `+1d` says that the BatchNorm1d at the end adapts too, `-1d` that it does not in a mode where it
does by itself."""


def state_of(
    arm: Arm,
    model: nn.Module,
    card: Card,
    faces: Tensor,
    source: str,
    reference: Reference | None = None,
    size: int = 0,
) -> NormState:
    """The state of an arm, without the guard, which is judged apart.

    Args:
        arm: how to adapt.
        model: the student.
        card: its card.
        faces: (N, 3, side, side).
        source: in words.
        reference: the student's; only "excess" needs it.
        size: of the faces in pixels.
    """
    layers: Any = "all"
    if arm.half:
        with restored(model), torch.no_grad():
            order = list(reached(model, faces[:1]))
        middle = len(order) // 2
        layers = order[:middle] if arm.half == "early" else order[middle:]
        if not arm.final and arm.half == "late":
            layers = layers[:-1]  # a layer that is named takes part, so the last one must not be named
    common: dict[str, Any] = {
        "model_sha256": card.sha256,
        "source": source,
        "layers": layers,
        "final": arm.final,
        "minimum": 1,
        "date": "2000-01-01",
    }
    if arm.mode == "ema":
        return follow(model, faces, **common)
    mode: Any = arm.mode
    if mode == "excess":
        assert reference is not None
        expected = reference.at([size] * len(faces))
        common["expected"] = {
            name: replace(
                layer, mean_spread=arm.spread * layer.mean_spread, var_spread=arm.spread * layer.var_spread
            )
            for name, layer in expected.items()
        }
    # All faces at once: in chunks every layer takes a pass of its own, with the same result.
    return estimate(model, faces, mode=mode, weight=arm.weight, memory_mb=8192, **common)


def of_other_people(
    data: LfwPairs, fold: int, scored: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pictures that pairs are scored with, and those of a fold that show none of the people in them.

    Args:
        data: LFW.
        fold: of the pairs whose pictures statistics come from.
        scored: (P,) which pairs are scored.

    Returns:
        Numbers of pictures, sorted: the scored pictures, and those to adapt to; either may be empty.
    """
    people, pairs = data.clusters(), data.pairs
    pictures = np.concatenate((pairs.first, pairs.second))
    person = np.concatenate((people.first, people.second))
    looked, there = np.tile(scored, 2), np.tile(data.folds == fold, 2)
    strange = ~np.isin(person, person[looked])
    return np.unique(pictures[looked]), np.unique(pictures[there & strange])


def cells(
    families: Sequence[str], sizes: Sequence[int], arms: Sequence[str]
) -> Iterator[tuple[str, int, list[str]]]:
    """Every family at every size, with the arms in the order of `ARMS`, the source first."""
    order = [name for name in ARMS if name in arms or name == "source"]
    for family in families:
        for size in sizes:
            yield family, size, order
