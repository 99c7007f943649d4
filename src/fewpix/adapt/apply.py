"""Putting a NormState into a torch model: for a while (`adapted`), or for good in a copy (`fold`)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from fewpix.adapt.stats import LayerStats, NormState, mix
from fewpix.errors import WeightsError

Norm = nn.BatchNorm1d | nn.BatchNorm2d
Statistics = tuple[torch.Tensor, torch.Tensor]

_MARK = "_fewpix_adapted"


def norm_layers(model: nn.Module) -> dict[str, Norm]:
    """The BatchNorm layers that keep running statistics, by module path, in order of definition."""
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, Norm) and module.running_mean is not None and module.running_var is not None
    }


@contextmanager
def adapted(model: nn.Module, state: NormState) -> Iterator[nn.Module]:
    """Run `model` under `state` inside the block; afterwards its buffers are the very tensors they were.

    The model is in eval mode inside, since in training mode BatchNorm would use and change its statistics;
    each module's mode is restored as well. Whether the state belongs to these weights is checked where there
    is a card (`embed`); here the layers' names and widths are.

    Args:
        model: the student; changed inside the block only, also when the block raises.
        state: what to apply.

    Raises:
        WeightsError: the model has not the state's layers, or is already inside such a block.
    """
    mixed = mixed_statistics(model, state)
    with restored(model) as layers:
        put(layers, mixed)
        yield model


@contextmanager
def restored(model: nn.Module) -> Iterator[dict[str, Norm]]:
    """Put the model into eval mode and let statistics be exchanged inside; all is as before afterwards.

    Yields:
        The model's BatchNorm layers by name.

    Raises:
        WeightsError: the model is already inside such a block: what counts as its source would be unclear.
    """
    if _MARK in model.__dict__:
        raise WeightsError(
            "the model is already under a state", fix="leave one `adapted` block before the next"
        )
    layers = norm_layers(model)
    before = {
        name: (layer.running_mean, layer.running_var, layer.num_batches_tracked)
        for name, layer in layers.items()
    }
    modes = [(module, module.training) for module in model.modules()]
    model.__dict__[_MARK] = True
    try:
        model.eval()
        for layer in layers.values():
            # Copies, so that even a pass in training mode, which writes in place, cannot reach the originals.
            for buffer in ("running_mean", "running_var", "num_batches_tracked"):
                setattr(layer, buffer, getattr(layer, buffer).clone())
        yield layers
    finally:
        for name, (mean, var, batches) in before.items():
            layers[name].running_mean, layers[name].running_var = mean, var
            layers[name].num_batches_tracked = batches
        for module, training in modes:
            module.training = training
        del model.__dict__[_MARK]


def fold(model: nn.Module, state: NormState | None) -> nn.Module:
    """A copy of `model` whose statistics are those of the mixture; an ordinary model, to be used or exported.

    Args:
        model: the student; not changed.
        state: what to apply; None gives a plain copy.

    Raises:
        WeightsError: the model has not the state's layers.
    """
    twin = copy.deepcopy(model)
    if state is not None:
        put(norm_layers(twin), mixed_statistics(model, state))
    return twin


def mixed_statistics(model: nn.Module, state: NormState) -> dict[str, Statistics]:
    """Mean and variance of the mixture per layer of the state, in the dtype and on the device of the layer.

    Raises:
        WeightsError: the model has not the state's layers, or of another width.
    """
    layers = norm_layers(model)
    result: dict[str, Statistics] = {}
    for name, target in state.layers.items():
        layer = layers.get(name)
        if layer is None or layer.num_features != target.mean.size:
            raise WeightsError(
                f"the state {state.id} has a layer '{name}' of width {target.mean.size}, the model has not",
                fix="run `fewpix adapt` with this model",
            )
        mean, var = layer.running_mean, layer.running_var
        assert mean is not None
        assert var is not None
        result[name] = mixed_with((mean, var), target, state.weight)
    return result


def mixed_with(source: Statistics, target: LayerStats, weight: float) -> Statistics:
    """`stats.mix` for torch: calculated in float64, given back as the source's dtype and on its device."""
    mean, var = source
    mixed_mean, mixed_var = mix(mean.detach().cpu().numpy(), var.detach().cpu().numpy(), target, weight)
    return (
        torch.from_numpy(mixed_mean).to(mean.dtype).to(mean.device),
        torch.from_numpy(mixed_var).to(var.dtype).to(var.device),
    )


def put(layers: Mapping[str, Norm], statistics: Mapping[str, Statistics]) -> None:
    """Exchange the buffers' tensors; the old ones are left untouched for whoever keeps them."""
    for name, (mean, var) in statistics.items():
        layers[name].running_mean, layers[name].running_var = mean, var
