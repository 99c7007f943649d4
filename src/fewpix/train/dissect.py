"""A teacher of the MobileNet kind in parts: what a student's stem stands for, what its trunk takes over."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import torch
from torch import nn

from fewpix.errors import ConfigError
from fewpix.models.backbones import Separable, SeparableStudent
from fewpix.models.chain import read_chain
from fewpix.train.solve import coarsened

FIX = 'set model.init to "random", or choose another model.arch'


@dataclass(frozen=True)
class Unit:
    """A convolution of the teacher with what follows it."""

    conv: nn.Conv2d
    norm: nn.BatchNorm2d
    act: nn.PReLU

    @property
    def raw(self) -> nn.Sequential:
        """What comes before the activation."""
        return nn.Sequential(self.conv, self.norm)


@dataclass(frozen=True)
class Dissected:
    """A teacher in parts.

    Args:
        name: of its file.
        before: the layers that the stem stands for, but for the last convolution among them.
        entry: that convolution, whose map the trunk reads.
        trunk: for each convolution of the student's trunk, those that it stands for: one, or several in a
            row.
        norm: BatchNorm behind them, if there is one.
        linear: from all positions of the last map to the embedding.
        last: its BatchNorm.
    """

    name: str
    before: nn.Sequential
    entry: Unit
    trunk: tuple[tuple[Unit, ...], ...]
    norm: nn.BatchNorm2d | None
    linear: nn.Linear
    last: nn.BatchNorm1d

    @property
    def after(self) -> nn.Sequential:
        """Everything behind the trunk."""
        return nn.Sequential(*([self.norm] if self.norm else []), nn.Flatten(), self.linear, self.last)

    @property
    def whole(self) -> nn.Sequential:
        """The teacher."""
        units = (self.entry, *(unit for row in self.trunk for unit in row))
        layers = [layer for unit in units for layer in (unit.raw, unit.act)]
        return nn.Sequential(self.before, *layers, self.after)


def dissect(student: SeparableStudent, teacher: Path, side: int) -> Dissected:
    """Find the student's trunk in a teacher.

    Args:
        student: to be filled.
        teacher: an ONNX file.
        side: of the faces that it takes.

    Raises:
        ConfigError: the teacher's last layers are not those of the student's trunk, or are of another
            resolution than it was built for.
        WeightsError: the teacher is not a chain of layers.
    """
    layers = read_chain(teacher)
    rows = _stood_for(student)
    wanted = [shape for row in rows for shape in row]
    places = [n for n, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)][-len(wanted) - 1 :]
    units = [
        Unit(*layers[n : n + 3])  # type: ignore[arg-type]
        for n in places
        if [type(layer) for layer in layers[n : n + 3]] == [nn.Conv2d, nn.BatchNorm2d, nn.PReLU]
    ]
    end = layers[places[-1] + 3 :] if places else []
    kinds = [type(layer) for layer in end]
    if (
        [_shape(unit.conv) for unit in units[1:]] != wanted
        or any(unit.act.num_parameters != unit.conv.out_channels for unit in units)
        or [n - places[0] for n in places] != list(range(0, 3 * len(places), 3))
        or kinds[-3:] != [nn.Flatten, nn.Linear, nn.BatchNorm1d]
        or kinds[:-3] not in ([], [nn.BatchNorm2d])
    ):
        raise ConfigError(f"{teacher.name} does not end with the layers of this student's trunk", fix=FIX)
    norm, linear, last = end[0] if len(end) == 4 else None, end[-2], end[-1]
    before, rest = nn.Sequential(*layers[: places[0]]), iter(units[1:])
    trunk = tuple(tuple(islice(rest, len(row))) for row in rows)
    found = Dissected(teacher.name, before, units[0], trunk, norm, linear, last)  # type: ignore[arg-type]
    _try(found, student, side)
    return found


def _stood_for(student: SeparableStudent) -> list[list[tuple[object, ...]]]:
    """By convolution of the trunk, the shapes of those of the teacher that it stands for.

    Of several blocks in a row, a block's depthwise convolution stands for the first one, and its pointwise
    convolution for all that follow it; the blocks behind the first keep width and resolution.
    """
    rows: list[list[tuple[object, ...]]] = []
    for block, merged in zip(student.trunk, student.merged, strict=True):
        assert isinstance(block, Separable)
        width, once = block.point.conv.out_channels, (1, 1)
        more = [(width, 1, 3, 3, once, (1, 1)), (width, width, 1, 1, once, (0, 0))] * (merged - 1)
        rows += [[_shape(block.depth.conv)], [_shape(block.point.conv), *more]]
    return rows


def _shape(conv: nn.Conv2d) -> tuple[object, ...]:
    return (*conv.weight.shape, conv.stride, conv.padding)


def _try(found: Dissected, student: SeparableStudent, side: int) -> None:
    """One black face through both.

    Raises:
        ConfigError: maps or embeddings are of other sizes.
    """
    was = student.training
    student.eval()
    try:
        with torch.no_grad():
            entry = found.entry.raw(found.before(torch.zeros(1, 3, side, side)))
            x = entry
            for unit in chain.from_iterable(found.trunk):
                x = unit.act(unit.raw(x))
            theirs = (
                coarsened(entry, student.coarser).shape[1:],
                coarsened(x, student.coarser).shape[1:],
                found.after(x).shape[1:],
            )
            stem = student.stem(torch.zeros(1, 3, student.side, student.side))
            deep = student.trunk(stem)
            ours = (stem.shape[1:], deep.shape[1:], student.head(student.squeeze(deep)).shape[1:])
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{found.name} takes no faces of {side} px: {reason}", fix=FIX) from error
    finally:
        student.train(was)
    if theirs != ours:
        share = "half of " if student.coarser == 2 else ""
        raise ConfigError(f"{share}the maps of {found.name} are {theirs}, the student has {ours}", fix=FIX)
