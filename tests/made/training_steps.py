"""A recipe of a few steps, its batches, and all that a run's next step depends on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fewpix.train.checkpoint import Identity
from fewpix.train.recipe import Recipe, parse_recipe
from fewpix.train.step import Distiller

DIM, BATCH = 16, 6


RECIPE = """
name = "step"
[model]
arch = "lr24-tiny"
[objective]
cosine = { weight = 2.0 }
infonce = { weight = 1.0, temperature = 0.1 }
row-kl = { weight = 0.5 }
[optim]
lr = 1e-2
warmup = 3
ema = 0.5
clip = 1.5
weight_decay = 0.1
[run]
steps = 10
batch = 6
queue = 15
"""


def recipe(more: str = "", **changes: str) -> Recipe:
    text = RECIPE
    for old, new in changes.items():
        text = text.replace(f"{old} =", f"{old} = {new} #")
    return parse_recipe(text + more, "test")


def batch(n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Faces, their teacher embeddings and their keys."""
    generator = torch.Generator().manual_seed(n)
    faces = torch.randn(BATCH, 3, 24, 24, generator=generator)
    teacher = F.normalize(torch.randn(BATCH, DIM, generator=generator), dim=1)
    return faces, teacher, torch.arange(BATCH) + BATCH * n


IDENTITY = Identity("r" * 64, "lr24-tiny", "f" * 64, "t" * 64, torch.__version__, 2)


def everything(made: Distiller) -> dict[str, torch.Tensor]:
    """Every tensor that a run's next step depends on."""
    found = {f"student.{name}": value for name, value in made.student.state_dict().items()}
    found |= {f"average.{name}": value for name, value in made.average.state_dict().items()}
    found |= {f"objective.{name}": value for name, value in made.objective.state_dict().items()}
    for n, entry in made.optimiser.state_dict()["state"].items():
        found |= {f"optimiser.{n}.{name}": value for name, value in entry.items()}
    return found | {"queue": made.queue.vectors, "keys": made.queue.keys, "random": torch.get_rng_state()}
