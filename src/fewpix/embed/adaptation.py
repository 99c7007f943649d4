"""From a student's weights and crops of a target to the NormState that fits them."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fewpix.adapt.reference import reference_of
from fewpix.adapt.stats import NormState
from fewpix.embed.open import STUDENTS, TEACHERS
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ConfigError, GuardError, InputError
from fewpix.files import PathLike, path_of
from fewpix.image.resize import Crop
from fewpix.optional import require
from fewpix.progress import Advance, Told

FACES = 512
"""Faces that a state is estimated from at most when nothing is said: they go through the model at once, and
the states that were measured came from fewer (281 in results/facebn/pool.json). What more of them bring is
measured by benchmarks/facebn/faces.py."""

MODES = ("excess", "source", "prior", "alpha", "batch", "ema")

UNRATED_STATE = (
    "faces seen under it are not named by the shipped calibration, which was measured without a state: "
    "measure on faces of strangers by `{}` and give FILE to `identify --calibration`, or decide by "
    "--threshold"
)
"""What is said of a state when it is stored, with the command that helps."""

MOMENTUM = 0.1
"""For "ema" when nothing is said: what a full batch brings in."""


def student_weights(model: PathLike) -> Path:
    """The safetensors file of a student, which is what is adapted; its states fit every other form of it.

    Args:
        model: the name of a shipped student, or a path.

    Raises:
        ConfigError: a model that has no BatchNorm statistics to adapt, or not in this form.
        InputError: no model of this name or at this path.
    """
    model = os.fspath(path_of(model))
    if model in STUDENTS:
        from fewpix.models.shipped import shipped

        return shipped(f"{model}.safetensors")
    if model in TEACHERS or model == "auto":
        raise ConfigError(f"'{model}' cannot be adapted", fix="adapt a student, such as fewpix-s")
    path = Path(model)
    if path.suffix == ".onnx":
        raise ConfigError(
            f"adapting needs the weights of {path.name} as .safetensors",
            fix="name the file that it was exported from; the state fits both, unless one is in int8",
        )
    if not path.is_file():
        known = ", ".join(STUDENTS)
        raise InputError(f"no student '{model}'", fix=f"one of {known}, or the path of a .safetensors file")
    return path


def adapted_weights(model: PathLike, encoder: Encoder) -> Path:
    """The safetensors file of the student whose state is learned from the faces that an encoder gets.

    Args:
        model: what the encoder was opened by; "auto" stands for the student of the smallest faces.
        encoder: the one in use, or a router.

    Raises:
        ConfigError: as `student_weights`.
        InputError: as `student_weights`.
    """
    return student_weights(encoder_for(encoder, 0.0).card.name if model == "auto" else model)


def adapt_to(
    weights: PathLike,
    crops: Sequence[Crop],
    *,
    source: str,
    pixels: Sequence[float] | None = None,
    mode: str | None = None,
    prior_faces: float | None = None,
    weight: float | None = None,
    momentum: float | None = None,
    layers: Sequence[str] = (),
    final: bool | None = None,
    minimum: int | None = None,
    force: bool = False,
    memory_mb: int | None = None,
    told: Told | None = None,
) -> NormState:
    """Estimate a NormState on unlabelled crops of the target, after the guard has looked at it.

    Args:
        weights: a student's `.safetensors` file.
        crops: aligned faces as they come from the target, each (s, s, 3) uint8 BGR; not made smaller here.
            For "ema" in the order in which they came.
        source: where they come from, in words; kept in the state.
        pixels: how large each face was in its picture; the crops' sides when None.
        mode: one of `MODES`; see `adapt.estimate.estimate` and `adapt.estimate.follow`, also for the other
            arguments. When None, "alpha" if a weight is given, "prior" if its faces are; otherwise "excess"
            where a reference lies beside the weights, "prior" where none does.
        prior_faces: for "prior": how many faces the source's statistics are worth.
        weight: for "alpha": the source's weight itself.
        momentum: for "ema": what a full batch brings in.
        layers: names or patterns of the layers that adapt; all when empty.
        final: whether a BatchNorm1d at the model's end is among them; when None, in mode "excess" only.
        minimum: how many different faces it takes; the guard's default when None.
        force: adapt also where the guard finds one person only, or harm; its reasons are kept in the state.
        memory_mb: activations that may be held at once, 1024 when None; see `estimate`.
        told: told how far it is, in the stages "statistics" and "guard".

    Raises:
        ConfigError: an option is unknown or contradicts another.
        GuardError: too few faces; or one person only, or harm, without `force`.
        InputError: mode "excess" is asked for, and no reference lies beside the weights.
        UnavailableError: torch is not installed.
        WeightsError: the weights are damaged.
    """
    weights = path_of(weights)
    if mode is not None and mode not in MODES:
        raise ConfigError(f"unknown mode '{mode}'", fix=f"one of {', '.join(MODES)}")
    if momentum is not None and mode != "ema":
        raise ConfigError("only mode 'ema' takes a momentum", fix="use mode 'ema', or leave it out")
    if mode == "ema" and (prior_faces is not None or weight is not None):
        raise ConfigError("mode 'ema' takes no weight of the source", fix="use mode 'prior', or --momentum")
    if not crops:
        raise GuardError("there are no faces to adapt to", fix="collect faces of the target")
    require("torch")
    from fewpix.adapt.estimate import estimate, follow, judge
    from fewpix.adapt.estimate.offline import MEMORY_MB
    from fewpix.adapt.guard import MINIMUM_FACES
    from fewpix.models.zoo import load_student

    model, card = load_student(weights)
    sizes = [crop.shape[0] for crop in crops] if pixels is None else list(pixels)
    asked = mode == "excess" or (mode is None and weight is None and prior_faces is None)
    reference = reference_of(weights, card.sha256) if asked else None
    if mode == "excess" and reference is None:
        raise InputError(
            f"{weights.name} has no reference beside it, which mode 'excess' needs",
            fix="make one with `fewpix reference`, or use --mode prior",
        )
    # A tensor beside the model's own, so that the numbers need not know on which device it lies.
    faces = next(model.parameters()).new_tensor(card.preprocess.apply(crops))
    common: dict[str, Any] = {
        "model_sha256": card.sha256,
        "source": source,
        "layers": tuple(layers) or "all",
    }
    if mode == "ema":
        rate = MOMENTUM if momentum is None else momentum
        make: Callable[..., NormState] = partial(follow, model, momentum=rate, final=bool(final), **common)
    else:
        common |= {"mode": mode, "prior_faces": prior_faces, "weight": weight, "final": final}
        common["memory_mb"] = MEMORY_MB if memory_mb is None else memory_mb
        make = partial(estimate, model, expected=reference.at(sizes) if reference else None, **common)
    stage = {} if mode == "ema" else {"advance": _stage(told, "statistics")}
    state = make(faces, minimum=MINIMUM_FACES if minimum is None else minimum, **stage)
    reasons: tuple[str, ...] = ()
    if state.mode != "source":
        stage = {} if mode == "ema" else {"advance": _stage(told, "guard")}
        verdict = judge(model, faces, partial(make, minimum=1, **stage))
        reasons = verdict.reasons
        if not force:
            verdict.check()
    return replace(state, pixels=(math.floor(min(sizes)), math.ceil(max(sizes))), forced=reasons)


def _stage(told: Told | None, name: str) -> Advance:
    """What a stage is to tell."""
    return lambda done, total: told(done, total, "", name) if told else None


def chosen_faces(count: int, most: int | None, *, seed: int = 0) -> list[int]:
    """Which of so many faces a state is estimated from: a random choice, in their order.

    Args:
        count: how many there are.
        most: how many are taken at most; None for all of them.
        seed: of the choice.

    Raises:
        ConfigError: `most` is below 1.
    """
    if most is not None and most < 1:
        raise ConfigError(f"--most-faces must be at least 1, not {most}")
    if most is None or count <= most:
        return list(range(count))
    return sorted(int(n) for n in np.random.default_rng(seed).choice(count, most, replace=False))


@dataclass(frozen=True)
class Adapted:
    """A state that was written.

    Args:
        path: its file.
        state: what is in it.
        failed: images that were left out, each with the reason.
        dry_run: nothing was written.
        among: how many images the folder holds, of which some were drawn; 0 where all were taken.
    """

    path: str
    state: NormState
    failed: tuple[tuple[str, str], ...] = ()
    dry_run: bool = False
    among: int = 0

    def to_json(self) -> dict[str, Any]:
        """The state without its moments, its file, and the images left out."""
        return {
            "path": self.path,
            **self.state.to_json(),
            "failed": [name for name, _ in self.failed],
            "dry_run": self.dry_run,
            "note": self.note,
            "among": self.among or self.state.count + len(self.failed),
        }

    @property
    def note(self) -> str:
        """What the state does to rates, and the command that helps."""
        return UNRATED_STATE.format(
            f"fewpix calibrate --impostors FACES --state {shlex.quote(self.path)} --out FILE"
        )

    def __str__(self) -> str:
        first = f"{self.path}{' would get' if self.dry_run else ''}: {self.state}"
        if self.among:
            first += f"\n  a random choice of {self.among:,} images; --most-faces all takes them all"
        return "\n".join([first, *(f"left out {n}: {why}" for n, why in self.failed), f"  {self.note}"])
