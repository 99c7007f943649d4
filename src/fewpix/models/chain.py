"""A recogniser without branches, read from its ONNX file into torch layers, in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from fewpix.errors import WeightsError
from fewpix.models.onnx_file import read_onnx

if TYPE_CHECKING:
    import onnx


class Shift(nn.Module):
    """x + constant."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same."""
        return x + self.by


class Scale(nn.Module):
    """x · constant."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same."""
        return x * self.by


def read_chain(path: Path) -> list[nn.Module]:
    """The layers of an ONNX model whose every node reads the one before.

    They are Conv, BatchNormalization, PRelu, Flatten, Gemm, and Sub or Mul with a constant, with which SFace
    scales its input.

    Args:
        path: the ONNX file.

    Returns:
        Modules in evaluation mode; `nn.Sequential(*layers)` is the model. No random number is drawn.

    Raises:
        WeightsError: not an ONNX file; another operation, or a branch, which is named.
    """
    from onnx import numpy_helper

    graph = read_onnx(path).graph
    weights = {item.name: np.array(numpy_helper.to_array(item)) for item in graph.initializer}
    at = next((item.name for item in graph.input if item.name not in weights), "")
    layers: list[nn.Module] = []
    flat = False
    for node in graph.node:
        if list(node.input[:1]) != [at] or any(name not in weights for name in node.input[1:]):
            raise WeightsError(f"{path}: {node.op_type} '{node.output[0]}' is not next in a chain of layers")
        values = [weights[name] for name in node.input[1:]]
        with torch.random.fork_rng(devices=[]):  # building a layer draws numbers; who only reads must not
            layers.append(_layer(node, values, flat, path))
        at, flat = node.output[0], flat or node.op_type == "Flatten"
    if [item.name for item in graph.output] != [at]:
        raise WeightsError(f"{path}: its output is not the end of one chain of layers")
    return [layer.eval().requires_grad_(False) for layer in layers]


def _layer(node: onnx.NodeProto, values: list[np.ndarray[Any, Any]], flat: bool, path: Path) -> nn.Module:
    """One node as a module."""
    from onnx import helper

    given = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    tensors = [torch.from_numpy(value.astype(np.float32)) for value in values]
    if node.op_type == "Sub" and values[0].size == 1:
        return Shift(-float(values[0].item()))
    if node.op_type == "Mul" and values[0].size == 1:
        return Scale(float(values[0].item()))
    if node.op_type == "Conv":
        kernel, groups, stride = tensors[0], given.get("group", 1), given.get("strides", [1, 1])
        side, pads = kernel.shape[2], given.get("pads", [0] * 4)
        if kernel.shape[3] == side and set(pads) == {side // 2} and set(given.get("dilations", [1])) == {1}:
            inside = kernel.shape[1] * groups
            conv = nn.Conv2d(
                inside, len(kernel), side, tuple(stride), side // 2, groups=groups, bias=len(tensors) > 1
            )
            return _filled(conv, *tensors)
    if node.op_type == "BatchNormalization":
        norm = (nn.BatchNorm1d if flat else nn.BatchNorm2d)(len(tensors[0]), eps=given.get("epsilon", 1e-5))
        return _filled(norm, *tensors)
    if node.op_type == "PRelu":
        return _filled(nn.PReLU(tensors[0].numel()), tensors[0].flatten())
    if node.op_type == "Flatten" and given.get("axis", 1) == 1:
        return nn.Flatten()
    if (
        node.op_type == "Gemm"
        and given.get("transB") == 1
        and {given.get("alpha"), given.get("beta")} <= {1.0, None}
    ):
        linear = nn.Linear(tensors[0].shape[1], len(tensors[0]), bias=len(tensors) > 1)
        return _filled(linear, *tensors)
    raise WeightsError(f"{path}: {node.op_type} '{node.output[0]}' with {given} is not read into torch")


def _filled(module: nn.Module, *tensors: Tensor) -> nn.Module:
    """The module with these parameters and buffers, in the order in which ONNX and torch both have them."""
    with torch.no_grad():
        for name, value in zip(("weight", "bias", "running_mean", "running_var"), tensors, strict=False):
            getattr(module, name).copy_(value)
    return module
