"""A chain applied to many crops at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fewpix.degrade.chain import Chain
from fewpix.degrade.plan import Plan, Stage
from fewpix.errors import ConfigError
from fewpix.train.batched import grey, optics
from fewpix.train.batched.codec import Codec
from fewpix.train.batched.resample import Bank, fitted, resample, scaled

COVERED = (
    *("shift", "defocus", "motion_blur", "downscale", "sensor_noise", "gamma", "contrast", "grey"),
    *("crispen", "jpeg", "photo_jpeg", "video_frame"),
)
"""The operations that have a twin here; the others are in test families only."""


class BatchedChain:
    """`Chain.apply` for whole batches on a device; what was drawn comes as a `Plan`.

    A batch is a float32 tensor (B, 3, S, S) of whole grey levels, blue first. After the down-scaling, faces
    of different sides lie in the first rows and columns of canvases of the largest side that may be drawn.

    Args:
        chain: its steps.
        side: of the sharp crops in pixels.
        target: side in pixels that the views are brought to in the end, as `resize_square` does.
        device: where to compute.

    Raises:
        ConfigError: an operation has no twin in torch.
    """

    def __init__(self, chain: Chain, side: int, target: int, device: torch.device) -> None:
        for s in chain.steps:
            if s.op not in COVERED:
                raise ConfigError(
                    f"chain {chain.name!r}: {s.op} cannot be done in batches",
                    fix="make the views on the host, or take a chain without it",
                )
        self.side, self.device, self._target = side, device, target
        self._canvas = max(chain.sides, default=side)
        self._scaled = Bank(self._canvas, side, scaled, device)
        self._fitted = Bank(target, self._canvas, fitted, device)
        self._codecs = {n: Codec(n, device) for n in {side, self._canvas}}

    @torch.no_grad()
    def apply(self, crops: Tensor, plan: Plan) -> Tensor:
        """Degrade, and bring to the target's side.

        Args:
            crops: (B, 3, side, side) uint8, blue first.
            plan: from `draw_plan`, of the same faces.

        Returns:
            (B, 3, target, target) float32, whole grey levels, blue first.
        """
        x = self.degrade(crops, plan)
        keys = [(int(side), self._target) for side in plan.sides]
        return grey.whole(resample(x, self._fitted(keys)))

    @torch.no_grad()
    def degrade(self, crops: Tensor, plan: Plan) -> Tensor:
        """As `apply`, at the faces' own sides, `plan.sides`: (B, 3, S, S), S the largest that may be."""
        x = crops.to(torch.float32)
        known = np.full(len(x), self.side, dtype=np.int64)
        sides = self._there(known)
        for stage in plan.stages:
            if stage.op == "downscale":
                keys = [(self.side, int(side), int(method)) for side, method in stage.values.T]
                x = grey.whole(resample(x, self._scaled(keys)))
                known = plan.sides
                sides = self._there(known)
                continue
            slots = self._there(stage.slots)
            done = self._run(stage, x[slots], sides[slots], known[stage.slots])
            x = x.index_copy(0, slots, done)
        return x

    def _run(self, stage: Stage, x: Tensor, sides: Tensor, known: np.ndarray) -> Tensor:
        """One operation on the faces to which it happens."""
        values = self._there(stage.values).unbind()
        codec = self._codecs[x.shape[-1]]

        def noise() -> Tensor:
            assert stage.noise is not None
            return grey.add_noise(x, self._there(stage.noise), *values)

        def known_places() -> np.ndarray:
            return np.stack([known, *stage.values[1:].astype(np.int64)])

        largest = float(stage.values[0].max()) if len(stage.values) else 0.0
        twins: dict[str, Callable[[], Tensor]] = {
            "shift": lambda: optics.shift(x, *values),
            "defocus": lambda: optics.blur(x, optics.discs(values[0], max(0, math.ceil(largest - 0.5)))),
            "motion_blur": lambda: optics.blur(x, optics.lines(values[0], values[1], math.ceil(largest / 2))),
            "sensor_noise": noise,
            "gamma": lambda: grey.gamma(x, *values),
            "contrast": lambda: grey.contrast(x, *values),
            "grey": lambda: grey.grey(x),
            "crispen": lambda: grey.crispen(x, sides, *values),
            "jpeg": lambda: codec.jpeg(x, sides, known, *values),
            "photo_jpeg": lambda: codec.photo_jpeg(x, sides, known_places(), *values),
            "video_frame": lambda: codec.video_frame(x, sides, known_places(), *values),
        }
        return twins[stage.op]()

    def _there(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device, non_blocking=True)
