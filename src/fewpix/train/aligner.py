"""Train the aligner by a recipe: from sharp aligned faces to an ONNX file, resumable at any time."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from fewpix.data.faces import FaceSet
from fewpix.degrade import PRESETS, per_item_rng
from fewpix.degrade.photograph import Spread
from fewpix.errors import ConfigError, WeightsError
from fewpix.files import atomic
from fewpix.image.align import TEMPLATE
from fewpix.image.window import CENTRE
from fewpix.models.aligner import AlignerNet, displacement
from fewpix.train.aligner_recipe import AlignerRecipe
from fewpix.train.aligner_views import AlignerViews
from fewpix.train.checkpoint import below
from fewpix.train.journal import Journal
from fewpix.train.optimise import decay_groups, moments_of, move_average, restore_moments
from fewpix.train.schedule import ema_decay, lr_factor

SIZES = (8, 12, 16, 24, 32)
"""Sizes in pixels at which held-out faces are scored."""

SCORED = 400
"""Held-out faces that are scored at each size."""

_TRAIN, _HELD, _SPLIT = 0, 1, 2  # name the random streams

_OFFSETS = torch.tensor(TEMPLATE - [CENTRE.real, CENTRE.imag], dtype=torch.float32)


@dataclass(frozen=True)
class AlignerScore:
    """How far off points are on held-out faces, by size.

    Args:
        before: median error of the points as they were found, in template pixels, the mean over five points.
        after: of the points that the aligner gives, one look.
        sigma: median of what the aligner says of its own error, likewise.
        faces: share of the views whose score is on the right side of a half.
    """

    before: dict[int, float]
    after: dict[int, float]
    sigma: dict[int, float]
    faces: dict[int, float]

    def to_json(self) -> dict[str, Any]:
        """The fields, sizes as texts."""
        return {name: {str(k): round(v, 4) for k, v in values.items()} for name, values in vars(self).items()}

    def __str__(self) -> str:
        parts = [f"{size} px {self.before[size]:.1f} → {self.after[size]:.1f}" for size in self.before]
        return "median error in template pixels: " + ", ".join(parts)


class AlignerTraining:
    """A network, its averaged copy, its optimiser and its place in the run."""

    def __init__(self, recipe: AlignerRecipe) -> None:
        torch.manual_seed(recipe.run.seed)
        self.recipe = recipe
        self.net = AlignerNet(recipe.model.widths, recipe.model.hidden, recipe.model.side)
        self.net = self.net.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)
        groups = decay_groups(self.net.parameters(), recipe.optim.weight_decay)
        self.optimiser = torch.optim.AdamW(groups, lr=recipe.optim.lr, fused=True)
        self.step = 0

    def train_step(self, pixels: NDArray[np.uint8], truth: NDArray[np.float32]) -> dict[str, float]:
        """Learn from one batch, as `AlignerViews.make` gives it."""
        optim = self.recipe.optim
        for group in self.optimiser.param_groups:
            group["lr"] = optim.lr * lr_factor(self.step, self.recipe.run.steps, optim.warmup)
        outputs = self.net(to_input(pixels))
        off, faces = squared_error(outputs, torch.from_numpy(truth))
        # The likelihood of an error in the plane whose variance the network states itself.
        variance = outputs[faces, 4].clamp(-4, 8)
        place = (off / variance.exp() / 2 + variance).mean()
        face = F.binary_cross_entropy_with_logits(outputs[:, 5], faces.float())
        total = place + face
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        move_average(self.average, self.net, 1 - ema_decay(self.step, optim.ema))
        self.step += 1
        values = {"total": total, "place": place, "face": face, "off": off.mean().sqrt(), "gradient": norm}
        return {name: float(value.detach()) for name, value in values.items()}

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a run needs to go on."""
        out = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        out |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        out |= {f"optimiser.{name}": value for name, value in moments_of(self.optimiser).items()}
        return out

    def restore(self, tensors: dict[str, Tensor], step: int) -> None:
        """The inverse of `tensors`."""
        self.net.load_state_dict(below(tensors, "net."))
        self.average.load_state_dict(below(tensors, "average."))
        restore_moments(self.optimiser, below(tensors, "optimiser."))
        self.step = step


def to_input(pixels: NDArray[np.uint8]) -> Tensor:
    """(B, side, side, 3) uint8 BGR to what the network takes, (B, 3, side, side) float32 RGB in −1..1."""
    planes = np.ascontiguousarray(pixels[..., ::-1].transpose(0, 3, 1, 2)).astype(np.float32)
    return torch.from_numpy(planes / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def squared_error(outputs: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared distance of the five points from where they are, in template pixels.

    Args:
        outputs: (B, 6) of the network.
        truth: (B, 4) as `AlignerViews.make` gives it.

    Returns:
        (F,) of the F views that show a face, and (B,) which they are.
    """
    faces = torch.isfinite(truth[:, 0])
    there = torch.cat([truth[faces, :2] * 10, truth[faces, 2:] / 8], dim=1)
    away = displacement(outputs[faces], _OFFSETS) - displacement(there, _OFFSETS)
    return away.square().sum(2).mean(1), faces


def held_out_faces(recipe: AlignerRecipe, faces: int) -> NDArray[np.int64]:
    """(H,) indices of the faces that a run never learns from, of so many in the order of their keys."""
    order = np.random.default_rng([recipe.run.seed, _SPLIT]).permutation(faces)
    return np.sort(order[: round(recipe.data.holdout * faces)])


def train_aligner(
    recipe: AlignerRecipe,
    faces: FaceSet,
    out: Path,
    *,
    resume: bool = True,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> tuple[AlignerTraining, AlignerScore | None]:
    """Run a recipe.

    Args:
        recipe: what to do.
        faces: aligned, sharp; nothing else is asked of them.
        out: the run's folder: `checkpoint.safetensors` and `journal.jsonl`.
        resume: go on from the checkpoint in `out`, if there is one.
        on_progress: called with (steps done, all of them, a note).

    Raises:
        ConfigError: the recipe does not fit, or `out` holds another recipe's run, or the loss is no number.
        WeightsError: the checkpoint is damaged.
        StorageError: the disk is full; the last checkpoint is whole.
    """
    if recipe.data.chain not in PRESETS:
        raise ConfigError(f"data.chain: no chain '{recipe.data.chain}'", fix=f"chains: {', '.join(PRESETS)}")
    identity = json.dumps({"recipe": recipe.sha256, "faces": faces.sha256}, sort_keys=True)
    training, checkpoint = AlignerTraining(recipe), out / "checkpoint.safetensors"
    journal = Journal(out / "journal.jsonl")
    if resume and checkpoint.is_file():
        _load(checkpoint, training, identity)
    journal.cut(training.step if training.step else -1)
    held = held_out_faces(recipe, len(faces))
    members = np.setdiff1d(np.arange(len(faces)), held)
    spread = Spread(**recipe.errors.model_dump())
    low, high = recipe.data.sizes

    def views(of: NDArray[np.int64], sizes: tuple[float, float]) -> AlignerViews:
        chain, strangers = PRESETS[recipe.data.chain], recipe.data.strangers
        return AlignerViews(faces, of, chain, sizes, spread, recipe.model.side, strangers)

    def scored() -> AlignerScore:
        return score_aligner(training.average, {size: views(held, (float(size),) * 2) for size in SIZES})

    drawn, run = views(members, (low, high)), recipe.run
    score: AlignerScore | None = None
    with ThreadPoolExecutor(1, "views") as pool:
        following = pool.submit(drawn.make, run.seed, training.step, run.batch)
        while training.step < run.steps:
            batch = following.result()
            following = pool.submit(drawn.make, run.seed, training.step + 1, run.batch)
            values = training.train_step(*batch)
            step, last = training.step, training.step == run.steps
            if not math.isfinite(values["total"]):
                raise ConfigError(f"the loss is no longer a number at step {step}", fix="lower optim.lr")
            if step % run.log_every == 0 or last:
                journal.append(step, "step", {name: round(value, 5) for name, value in values.items()})
            score = None
            if len(held) and (step % run.evaluate_every == 0 or last):
                score = scored()
                journal.append(step, "held out", score.to_json())
            if step % run.checkpoint_every == 0 or last:
                data = {name: value.detach().contiguous() for name, value in training.tensors().items()}
                with atomic(checkpoint) as part:
                    part.write_bytes(save(data, {"identity": identity, "step": str(step)}))
            if on_progress:
                on_progress(step, run.steps, f"off by {values['off']:.1f}")
        following.cancel()
    return training, scored() if score is None and len(held) else score


@torch.no_grad()
def score_aligner(net: nn.Module, views: dict[int, AlignerViews]) -> AlignerScore:
    """Score a network on views of each size; equal views for equal arguments.

    Args:
        net: in eval mode.
        views: of held-out faces, by size.
    """
    before, after, sigma, right = {}, {}, {}, {}
    for size, of in views.items():
        made = [of.one(per_item_rng(0, _HELD, size, n)) for n in range(SCORED)]
        truth = torch.from_numpy(np.stack([each for _, each in made]))
        outputs = net(to_input(np.stack([pixels for pixels, _ in made])))
        off, faces = squared_error(outputs, truth)
        found, _ = squared_error(torch.zeros_like(outputs), truth)
        before[size], after[size] = (float(value.sqrt().median()) for value in (found, off))
        sigma[size] = float((outputs[faces, 4] / 2).exp().median() * math.sqrt(2))
        right[size] = float(((outputs[:, 5] > 0) == faces).float().mean())
    return AlignerScore(before, after, sigma, right)


def _load(path: Path, training: AlignerTraining, identity: str) -> None:
    try:
        with safe_open(str(path), framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a checkpoint: {error}", fix="delete it to start anew") from error
    if facts.get("identity") != identity:
        raise ConfigError(
            f"the run in {path.parent} was started with another recipe or other faces",
            fix="name another folder, or start anew with --fresh",
        )
    training.restore(tensors, int(facts["step"]))
