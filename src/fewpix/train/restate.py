"""BatchNorms with the statistics of what they will see, and outputs as they were."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def restate(student: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give every BatchNorm the statistics of its inputs, and its scale and shift what leaves its outputs as
    they were, in place.

    The statistics of layers that come from a teacher are those of sharp faces. A student that is suddenly
    normalised by those of small ones forgets much of what its teacher knows; one that keeps the teacher's
    cannot be adapted to a target (`fewpix.adapt`), whose statistics are mixed with the student's own.

    Args:
        student: in any mode; it is left in it.
        batches: preprocessed faces (B, 3, side, side) as they come in training.
    """
    norms = [layer for layer in student.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    sums = {layer: torch.zeros(2, layer.num_features, dtype=torch.float64) for layer in norms}
    counts = dict.fromkeys(norms, 0)

    def look(layer: nn.Module, args: tuple[Tensor]) -> None:
        assert isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
        where = [0, *range(2, args[0].ndim)]
        variance, mean = torch.var_mean(args[0], where, correction=0)
        # On the CPU: not every device calculates in float64.
        shift = mean.cpu().double() - layer.running_mean.cpu()  # type: ignore[union-attr]
        values = args[0].numel() // len(mean)
        sums[layer] += values * torch.stack([shift, variance.cpu().double() + shift.square()])
        counts[layer] += values

    hooks = [layer.register_forward_pre_hook(look) for layer in norms]
    was = student.training
    student.eval()
    with torch.no_grad():
        for batch in batches:
            student(batch)
        for layer in norms:
            shift, square = sums[layer] / counts[layer]
            variance = square - shift.square()
            before = (layer.running_var.cpu().double() + layer.eps).sqrt()  # type: ignore[union-attr]
            after = (variance + layer.eps).sqrt()
            layer.bias.copy_(layer.bias.cpu().double() + layer.weight.cpu().double() * shift / before)
            layer.weight.copy_(layer.weight.cpu().double() * after / before)
            layer.running_mean.copy_(layer.running_mean.cpu().double() + shift)  # type: ignore[union-attr]
            layer.running_var.copy_(variance)  # type: ignore[union-attr]
    for hook in hooks:
        hook.remove()
    student.train(was)
