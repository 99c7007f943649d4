"""A small student with random weights and statistics, and faces for it."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fewpix.data.orl import load_orl
from fewpix.image.resize import Crop, resize_square
from fewpix.models.card import Card
from fewpix.models.space import Space
from fewpix.models.weights import Tensors, digest, rounded
from fewpix.models.zoo import architecture, build, fill, tensors_of

SPACE = Space("a" * 64, 32)


def tiny_student(arch: str = "lr24-tiny", seed: int = 0) -> tuple[nn.Module, Card]:
    """A student in eval mode whose kernels hold float16 values, as a reader of a weights file gets it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(arch, SPACE.dim)
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                nn.init.normal_(layer.bias, 0, 0.2)
                nn.init.uniform_(layer.weight, 0.7, 1.3)
                assert layer.running_mean is not None
                assert layer.running_var is not None
                layer.running_mean.normal_(0, 0.5)
                layer.running_var.uniform_(0.2, 2)
    tensors: Tensors = rounded(tensors_of(model))
    fill(model, tensors, "tiny")
    preprocess = architecture(arch).preprocess
    card = Card(f"tiny-{seed}", arch, digest(tensors), SPACE, preprocess, terms="for tests")
    return model.eval(), card


POOL_RECIPE = """
name = "tiny"
[model]
arch = "lr24-tiny"
[data]
holdout = 0.75
component_similarity = 0.95
[objective]
cosine = { weight = 1.0 }
[run]
steps = 1
"""
"""Of a student that was never shown most of a few faces, for benchmarks on what is held out."""


@cache
def orl_crops(side: int = 24) -> tuple[Crop, ...]:
    """The 400 ORL pictures, their middle square made `side` px."""
    return tuple(resize_square(image[12:104], side) for image in load_orl().images)


def shifted(crops: tuple[Crop, ...], seed: int = 0) -> tuple[Crop, ...]:
    """The same faces through a bad camera: dark, flat, noisy."""
    rng = np.random.default_rng(seed)
    dark = [crop * 0.3 + 12 + rng.normal(0, 9, crop.shape) for crop in crops]
    return tuple(np.clip(crop, 0, 255).astype(np.uint8) for crop in dark)


def inputs(card: Card, crops: tuple[Crop, ...]) -> Tensor:
    """What enters the first layer: (N, 3, side, side) float32."""
    return torch.from_numpy(card.preprocess.apply(crops))


def layer_inputs(model: nn.Module, faces: Tensor) -> dict[str, NDArray[np.float64]]:
    """What enters each BatchNorm layer, (values, C) float64, channels last."""
    found: dict[str, NDArray[np.float64]] = {}

    def keep(name: str, x: Tensor) -> None:
        found[name] = x.double().transpose(0, 1).flatten(1).T.numpy()

    hooks = [
        layer.register_forward_pre_hook(lambda module, args, name=name: keep(name, args[0]))
        for name, layer in model.named_modules()
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    with torch.no_grad():
        model(faces)
    for hook in hooks:
        hook.remove()
    return found
