"""The students by name, and how one is built and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fewpix.errors import ConfigError, WeightsError
from fewpix.files import PathLike, path_of
from fewpix.image.preprocess import Preprocess
from fewpix.models.card import Card
from fewpix.models.weights import Tensors, load_weights

if TYPE_CHECKING:
    from torch import nn


class Architecture(Protocol):
    """What every student has: the side of its input in pixels, its preprocessing, and how it is built."""

    @property
    def side(self) -> int:
        """Of the input in pixels."""
        ...

    @property
    def preprocess(self) -> Preprocess:
        """RGB in −1..1 at that side."""
        ...

    def build(self, dim: int) -> nn.Module:
        """The module, randomly initialised, in training mode."""
        ...


@dataclass(frozen=True)
class _Input:
    """What students of all kinds take: RGB in −1..1 at their side."""

    side: int

    @property
    def preprocess(self) -> Preprocess:
        """RGB in −1..1 at the architecture's side."""
        return Preprocess(self.side, "rgb", (127.5, 127.5, 127.5), (127.5, 127.5, 127.5))


@dataclass(frozen=True)
class Plain(_Input):
    """A residual student that learns everything by itself: channels and blocks of its stages."""

    widths: tuple[int, ...]
    depths: tuple[int, ...]

    def build(self, dim: int) -> nn.Module:
        """See `backbones.ResidualStudent`."""
        from fewpix.models.backbones import ResidualStudent

        return ResidualStudent(self.widths, self.depths, self.side, dim)


@dataclass(frozen=True)
class Transplant(_Input):
    """A student with a teacher's deep layers behind a stem of its own, at 1/`coarser` of their resolution.

    `merged` says how many of the teacher's blocks each block of the trunk stands for, one each when empty;
    `entry` how many channels the trunk reads, those of its first block when 0.
    """

    stem: tuple[int, int]
    depth: int
    trunk: tuple[tuple[int, int], ...]
    rank: int
    coarser: int = 2
    merged: tuple[int, ...] = ()
    entry: int = 0

    def build(self, dim: int) -> nn.Module:
        """See `backbones.SeparableStudent`."""
        from fewpix.models.backbones import SeparableStudent

        return SeparableStudent(
            self.stem,
            self.depth,
            self.trunk,
            self.rank,
            self.side,
            dim,
            self.coarser,
            merged=self.merged,
            entry=self.entry,
        )


@dataclass(frozen=True)
class Whole(_Input):
    """A student with all layers of a teacher: channels of its first convolution, blocks, ε of BatchNorms."""

    first: int
    blocks: tuple[tuple[int, int], ...]
    eps: float = 1e-3

    def build(self, dim: int) -> nn.Module:
        """See `backbones.WholeStudent`."""
        from fewpix.models.backbones import WholeStudent

        return WholeStudent(self.first, self.blocks, self.side, dim, self.eps)


_SFACE = ((256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))

ARCHITECTURES: dict[str, Architecture] = {
    # All of SFace: 9.7 M parameters, 0.61 G multiply-adds a face, of whatever size it was.
    "sface": Whole(112, 32, ((64, 1), (128, 2), (128, 1), (256, 2), *_SFACE)),
    # SFace's last seven blocks at their own resolution: 3.9 M parameters, 0.43 G multiply-adds a face.
    "lr28-sface-l": Transplant(28, (32, 96), 2, _SFACE[2:], 72, 1),
    # Its last nine at half their resolution: 3.9 M parameters, 0.19 G multiply-adds.
    "lr28-sface": Transplant(28, (32, 96), 2, _SFACE, 112),
    # Its last eight at half their resolution, in four: 1.5 M parameters, 63 M multiply-adds.
    "lr28-sface-s": Transplant(
        28, (24, 64), 1, ((512, 2), (512, 1), (512, 1), (1024, 2)), 72, 2, (1, 2, 3, 2), 256
    ),
    # 2.9 M parameters, 72 M multiply-adds a face.
    "lr24-s": Plain(24, (32, 64, 128, 256), (0, 2, 3, 1)),
    # For tests: one of each kind, with 0.1 M parameters and less.
    "lr24-tiny": Plain(24, (8, 8, 16, 16), (0, 1, 0, 0)),
    "sface-tiny": Whole(112, 8, ((8, 2), (16, 2), (24, 2))),
    "lr28-tiny": Transplant(28, (8, 16), 1, ((16, 1), (24, 2)), 8),
}


def architecture(name: str) -> Architecture:
    """The architecture of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"unknown architecture '{name}'", fix=f"architectures: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def build(name: str, dim: int) -> nn.Module:
    """A student with PyTorch's random initialisation, in training mode; seed torch before.

    Raises:
        ConfigError: unknown architecture.
    """
    return architecture(name).build(dim)


def tensors_of(model: nn.Module) -> Tensors:
    """The float parameters and buffers of a model by name, as float32 arrays of their own."""
    return {
        name: value.detach().cpu().numpy().astype(np.float32)
        for name, value in model.state_dict().items()
        if value.is_floating_point()
    }


def fill(model: nn.Module, tensors: Mapping[str, np.ndarray], origin: str) -> None:
    """Copy tensors into a model; every name and shape must fit.

    Raises:
        WeightsError: a tensor is missing, left over or of another shape; it is named.
    """
    import torch

    state = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    for name in sorted(set(state) ^ set(tensors)):
        what = "lacks" if name in state else "has an unknown"
        raise WeightsError(f"{origin} {what} tensor '{name}': it is of another architecture")
    for name, value in state.items():
        if tuple(value.shape) != tuple(tensors[name].shape):
            shapes = f"{tuple(tensors[name].shape)}, not {tuple(value.shape)}"
            raise WeightsError(f"{origin}: tensor '{name}' is {shapes}: it is of another architecture")
    with torch.no_grad():
        for name, value in state.items():
            value.copy_(torch.from_numpy(np.array(tensors[name])))


def load_student(path: PathLike) -> tuple[nn.Module, Card]:
    """A student from its safetensors file, in evaluation mode.

    Raises:
        InputError: no such file.
        WeightsError: the file is damaged, or its tensors are not those of its card's architecture.
    """
    path = path_of(path)
    tensors, card = load_weights(path)
    try:
        model = build(card.arch, card.space.dim)
    except ConfigError as error:
        raise WeightsError(f"{path}: {error.what}", fix=error.fix) from error
    fill(model, tensors, str(path))
    return model.eval(), card
