"""Forward passes that measure BatchNorm inputs on the way, and exchange statistics as they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

import torch
from torch import Tensor, nn

from fewpix.adapt.apply import Norm, mixed_with, norm_layers
from fewpix.adapt.estimate.moments import Moments
from fewpix.adapt.stats import LayerStats
from fewpix.errors import ConfigError
from fewpix.progress import Advance


def reached(model: nn.Module, face: Tensor) -> dict[str, int]:
    """BatchNorm layers in the order in which a pass reaches them, with the values that enter per image.

    Raises:
        ConfigError: a layer is used twice: its statistics would be those of two different inputs.
    """
    sizes: dict[str, int] = {}

    def note(name: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if name in sizes:
            raise ConfigError(f"the layer '{name}' is used twice in a forward pass and cannot be adapted")
        sizes[name] = inputs[0][0].numel()

    with ExitStack() as hooks:
        for name, layer in norm_layers(model).items():
            hooks.callback(layer.register_forward_pre_hook(partial(note, name)).remove)
        model(face.to(_device(model)))
    return sizes


class _ReachedError(Exception):
    """Ends a forward pass at the layer that is being measured."""


def one_pass(model: nn.Module, chunks: Sequence[Tensor], layers: Mapping[str, Norm]) -> dict[str, LayerStats]:
    """Measure all layers in one pass under the model's present statistics."""
    moments = {name: Moments() for name in layers}

    def measure(name: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        moments[name].add(inputs[0])

    _run(model, chunks, {name: partial(measure, name) for name in layers})
    return {name: item.result() for name, item in moments.items()}


def flowing(
    model: nn.Module,
    faces: Tensor,
    layers: Mapping[str, Norm],
    weight: float,
    blend: Callable[[str, LayerStats], LayerStats],
    advance: Advance = lambda done, total: None,
) -> dict[str, LayerStats]:
    """Measure all layers in one pass of the whole set; each is exchanged before it normalises that set.

    Args:
        model: with the source's statistics in all `layers`.
        faces: (N, 3, side, side), all at once.
        layers: by name.
        weight: of the source in what a layer normalises with.
        blend: what to make of a layer's moments before they are used.
        advance: told after every layer.
    """
    found: dict[str, LayerStats] = {}

    def measure(name: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        moments = Moments()
        moments.add(inputs[0])
        found[name] = blend(name, moments.result())
        exchange(layers[name], found[name], weight)
        advance(len(found), len(layers))

    _run(model, [faces], {name: partial(measure, name) for name in layers})
    return found


def up_to(
    model: nn.Module, chunks: Sequence[Tensor], name: str, told: Callable[[], object] = lambda: None
) -> LayerStats:
    """Measure one layer under the model's present statistics; what lies behind the layer is not run.

    `told` is called after every chunk.
    """
    moments = Moments()

    def measure(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        moments.add(inputs[0])
        told()
        raise _ReachedError

    _run(model, chunks, {name: measure})
    return moments.result()


def _run(model: nn.Module, chunks: Sequence[Tensor], hooks: Mapping[str, Callable[..., None]]) -> None:
    """Forward passes with a hook before each of some layers."""
    modules, device = dict(model.named_modules()), _device(model)
    with ExitStack() as stack:
        for name, hook in hooks.items():
            stack.callback(modules[name].register_forward_pre_hook(hook).remove)
        for chunk in chunks:
            try:
                model(chunk.to(device))
            except _ReachedError:
                continue


def exchange(layer: Norm, target: LayerStats, weight: float) -> None:
    """Let the layer use the mixture from here on; called once per layer, while it still has the source's."""
    mean, var = layer.running_mean, layer.running_var
    assert mean is not None
    assert var is not None
    layer.running_mean, layer.running_var = mixed_with((mean, var), target, weight)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
