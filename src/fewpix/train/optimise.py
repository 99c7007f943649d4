"""What trainings share beside the gradient step: groups of decay, averaged weights, and the moments kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn


def decay_groups(parameters: Iterable[nn.Parameter], weight_decay: float) -> list[dict[str, object]]:
    """Weight decay for kernels and matrices only: BatchNorm, biases and PReLU slopes are kept free."""
    trained = [p for p in parameters if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


@torch.no_grad()
def move_average(average: nn.Module, towards: nn.Module, share: float) -> None:
    """Move an averaged copy by a share of its way to a model, BatchNorm statistics included."""
    pairs = list(zip(average.state_dict().values(), towards.state_dict().values(), strict=True))
    floats = [pair for pair in pairs if pair[0].is_floating_point()]
    # One call for all of them: on a GPU hundreds of small ones take longer than the step.
    torch._foreach_lerp_([kept for kept, _ in floats], [new for _, new in floats], share)
    counts = [pair for pair in pairs if not pair[0].is_floating_point()]
    torch._foreach_copy_([kept for kept, _ in counts], [new for _, new in counts])


def moments_of(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser keeps of each parameter, as tensors called `NUMBER.FIELD`."""
    state = optimiser.state_dict()["state"]
    return {f"{n}.{name}": value for n, entry in state.items() for name, value in entry.items()}


def restore_moments(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `moments_of`.

    Raises:
        ValueError: a tensor is called otherwise.
    """
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, field = name.split(".")
        # The fused optimiser walks memory, not indices: moments must lie in the order of their parameter.
        like = parameters[int(number)]
        placed = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        state.setdefault(int(number), {})[field] = placed
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
