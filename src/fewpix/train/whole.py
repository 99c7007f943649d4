"""A student that begins as its teacher: every layer copied, to be tuned on small faces."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from fewpix.errors import ConfigError
from fewpix.image.preprocess import Preprocess
from fewpix.models.backbones import ConvBN, WholeStudent
from fewpix.models.chain import Scale, Shift, read_chain
from fewpix.train.dissect import FIX


def copy_teacher(
    student: WholeStudent, teacher: Path, preprocess: Preprocess, teacher_preprocess: Preprocess
) -> None:
    """Fill a student with a teacher's layers, in place; it then gives the teacher's embeddings.

    Colour order and scale of the input go into the first convolution, another ε of a BatchNorm into its
    variance.

    Args:
        student: to be filled.
        teacher: an ONNX file.
        preprocess: the student's.
        teacher_preprocess: the teacher's.

    Raises:
        ConfigError: the teacher has other layers than the student, or its input is centred elsewhere.
        WeightsError: it is not a chain of layers.
    """
    chain = read_chain(teacher)
    scale, start = _input(chain, preprocess, teacher_preprocess, teacher.name)
    theirs = [layer for layer in chain[start:] if not isinstance(layer, nn.Flatten)]
    ours = [part for layer in _convolutions(student) for part in (layer.conv, layer.bn, layer.act)]
    ours += [student.last[0], student.head.fc, student.head.bn]
    found, wanted = ([_shape(layer) for layer in layers] for layers in (theirs, ours))
    if found != wanted:
        at = next((n for n, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]), -1)
        what = f"layer {at} is {found[at]}, not {wanted[at]}" if at >= 0 else f"it has {len(found)} layers"
        raise ConfigError(f"{teacher.name} has not the layers of this student: {what}", fix=FIX)
    with torch.no_grad():
        for mine, its in zip(ours, theirs, strict=True):
            _copy(mine, its)
        first = student.entry.conv.weight
        order = [2, 1, 0] if teacher_preprocess.color != preprocess.color else [0, 1, 2]
        first.copy_(first[:, order] * torch.tensor(scale)[None, :, None, None])


def _convolutions(student: WholeStudent) -> list[ConvBN]:
    blocks = [part for block in student.blocks for part in (block.depth, block.point)]
    return [student.entry, *blocks]  # type: ignore[list-item]


def _input(
    chain: list[nn.Module], ours: Preprocess, theirs: Preprocess, name: str
) -> tuple[tuple[float, ...], int]:
    """By what the student's input is to be multiplied, per channel of the student, to be what the teacher's
    first convolution sees; and where in the chain that one is.

    Raises:
        ConfigError: an offset would be left, which zero padding does not have.
    """
    at = next((n for n, layer in enumerate(chain) if not isinstance(layer, Shift | Scale)), len(chain))
    flip = theirs.color != ours.color
    gains, rests = [], []
    for channel in range(3):
        its = 2 - channel if flip else channel
        # What the teacher's first convolution sees of the values that are −1, 0 and 1 for the student's.
        points = []
        for value in (-1.0, 0.0, 1.0):
            x = (value * ours.std[channel] + ours.mean[channel] - theirs.mean[its]) / theirs.std[its]
            points.append(float(nn.Sequential(*chain[:at])(torch.tensor(x))))
        gains.append((points[2] - points[0]) / 2)
        rests.append(points[1])
    if max(abs(rest) for rest in rests) > 1e-3 * min(abs(gain) for gain in gains):
        raise ConfigError(f"{name}: its input is not centred where the student's is", fix=FIX)
    if theirs.side != ours.side:
        raise ConfigError(f"{name} takes faces of {theirs.side} px, the student {ours.side}", fix=FIX)
    return tuple(gains), at


def _shape(layer: nn.Module) -> tuple[object, ...]:
    """What must agree for a layer to be copied."""
    if isinstance(layer, nn.Conv2d):
        return ("convolution", *layer.weight.shape, layer.stride, layer.bias is None)
    if isinstance(layer, nn.Linear):
        return ("linear", *layer.weight.shape)
    if isinstance(layer, nn.PReLU):
        return ("PReLU", layer.num_parameters)
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        return (type(layer).__name__, layer.num_features)
    return (type(layer).__name__,)


def _copy(mine: nn.Module, its: nn.Module) -> None:
    state = dict(its.state_dict())
    if isinstance(mine, nn.BatchNorm1d | nn.BatchNorm2d):
        assert isinstance(its, nn.BatchNorm1d | nn.BatchNorm2d)
        variance: Tensor = state["running_var"]
        state["running_var"] = (variance + (its.eps - mine.eps)).clamp_min(0)
    if isinstance(mine, nn.Linear) and "bias" not in state:
        state["bias"] = torch.zeros(mine.out_features)
    mine.load_state_dict(state)
