"""What the guard needs a model for: embeddings under its own statistics, and under a state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fewpix.adapt.apply import adapted, restored
from fewpix.adapt.guard import Verdict
from fewpix.adapt.harm import MAX_FACES, MINIMUM, Harm, judge_harm, lightly
from fewpix.adapt.people import judge_people
from fewpix.adapt.stats import NormState

CHUNK = 64
"""Faces per forward pass."""

Make = Callable[[Tensor], NormState]
"""Estimates a state of some of the faces, with the options that will be used for all of them."""


def judge(model: nn.Module, faces: Tensor, make: Make, *, seed: int = 0) -> Verdict:
    """Look for one person only, and for harm, before an adaptation is allowed. The model is as before.

    Harm is judged on a third of the faces, drawn by the seed, under a state made of the other two thirds in
    their order.

    Args:
        model: the student with its own statistics.
        faces: (N, 3, side, side) float32 as its first layer takes them.
        make: estimates the state; called once, without the third, where there are faces enough.
        seed: of the third, the views and the bootstrap.
    """
    people = None
    if len(faces) > 1:
        with restored(model):
            people = judge_people(embed(model, faces))
    if len(faces) < MINIMUM:
        return Verdict(people, None)
    return Verdict(people, judge_split(model, faces, make, seed=seed))


def judge_split(model: nn.Module, faces: Tensor, make: Make, *, seed: int = 0) -> Harm:
    """The second half of `judge`."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(faces))
    held = len(faces) // 3
    kept = torch.from_numpy(np.sort(order[held:])).to(faces.device)
    out = torch.from_numpy(np.sort(order[: min(held, MAX_FACES)])).to(faces.device)
    state = make(faces[kept])
    return judge_state(model, faces[out], state, seed=seed)


def judge_state(model: nn.Module, faces: Tensor, state: NormState, *, seed: int = 0) -> Harm:
    """The d' of faces that the state was not made of, before and after.

    Args:
        model: the student with its own statistics.
        faces: (H, 3, side, side), three or more.
        state: what is judged.
        seed: of the views and the bootstrap.
    """
    rng = np.random.default_rng(seed)
    pixels = faces.detach().cpu().numpy()
    views = [
        torch.from_numpy(lightly(pixels, rng, mirror=mirror)).to(faces.dtype) for mirror in (False, True)
    ]
    with restored(model):
        before = embed(model, views[0]), embed(model, views[1])
    with adapted(model, state):
        after = embed(model, views[0]), embed(model, views[1])
    return judge_harm(before, after, seed=seed)


def embed(model: nn.Module, faces: Tensor) -> NDArray[np.float32]:
    """Unit embeddings (N, D) under the statistics that the model has now; it must be in eval mode."""
    device = next(model.parameters()).device
    with torch.no_grad():
        rows = [
            torch.nn.functional.normalize(model(part.to(device)).float(), dim=1).cpu()
            for part in torch.split(faces, CHUNK)
        ]
    return np.asarray(torch.cat(rows).numpy(), dtype=np.float32)
