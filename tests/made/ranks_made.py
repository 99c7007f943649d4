"""A student that learns from noise, for processes that learn together: imported by each of them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fewpix.models.zoo import build
from fewpix.train.ranks import Ranks
from fewpix.train.recipe import parse_recipe
from fewpix.train.step import Distiller

DIM, BATCH = 16, 8
TERMS = """
name = "together"
[model]
arch = "lr24-tiny"
[objective]
cosine = { weight = 2.0 }
infonce = { temperature = 0.2 }
row-kl = {}
crrcd = { anchors = 3, width = 4 }
[optim]
lr = 1e-3
clip = 0.5
[run]
steps = 5
batch = 8
queue = 12
"""


def learnt(ranks: Ranks, steps: int) -> dict[str, Tensor]:
    """The tensors of a student in float64 after so many steps; from the second on, batches meet the queue."""
    torch.manual_seed(3)
    student = build("lr24-tiny", DIM).double()
    distiller = Distiller(student, parse_recipe(TERMS, "x"), DIM, torch.device("cpu"), ranks=ranks)
    distiller.objective.double()
    rng = torch.Generator().manual_seed(5)
    for step in range(steps):
        faces = torch.randn(BATCH, 3, 24, 24, generator=rng, dtype=torch.float64)
        teacher = F.normalize(torch.randn(BATCH, DIM, generator=rng, dtype=torch.float64), dim=1)
        keys = torch.arange(BATCH) + 3 * step
        distiller.train_step(faces[ranks.part(BATCH)], teacher, keys)
    own = {f"student.{name}": tensor for name, tensor in distiller.student.state_dict().items()}
    return own | {f"objective.{name}": tensor for name, tensor in distiller.objective.state_dict().items()}
