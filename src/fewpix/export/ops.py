"""How each torch operation of a student is written in ONNX (opset 17).

Only what students use is here; an architecture with anything else is refused by name when it is exported.
Weights keep the names of the state_dict, and BatchNorm stays a node of its own with its statistics as
initialisers: that is where a NormState goes.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    import onnx

OPSET = 17


@dataclass
class Sheet:
    """The graph while it is written: nodes in order, weights by name."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)
    uses: Counter[str] = field(default_factory=Counter)

    def node(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Append one node; its output has the node's name, with a number when it is used again."""
        from onnx import helper

        self.uses[name] += 1
        output = name if self.uses[name] == 1 else f"{name}/{self.uses[name]}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def weight(self, name: str, value: torch.Tensor) -> str:
        """A weight as an initialiser: kernels and matrices as float16 with a Cast behind, vectors as float32.

        The maths stays in float32 and the file is half as large; the runtimes fold the Cast on loading.
        """
        import onnx

        array = value.detach().cpu().numpy().astype(np.float32)
        if array.ndim < 2:
            self.weights[name] = array
            return name
        self.weights[name] = array.astype(np.float16)
        return self.node("Cast", [name], f"{name}/float32", to=onnx.TensorProto.FLOAT)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A number that is not a weight, as a Constant node: initialisers are the state_dict only."""
        from onnx import numpy_helper

        return self.node("Constant", [], name, value=numpy_helper.from_array(value, name))


Writer = Callable[[Sheet, Any, str, str, int], str]
"""(sheet, module, its path, name of its input, rank of its input) -> name of its output."""


def _conv(sheet: Sheet, module: nn.Conv2d, path: str, x: str, rank: int) -> str:
    if isinstance(module.padding, str) or module.padding_mode != "zeros":
        raise NotImplementedError(f"{path}: padding {module.padding!r} {module.padding_mode}")
    inputs = [x, sheet.weight(f"{path}.weight", module.weight)]
    if module.bias is not None:
        inputs.append(sheet.weight(f"{path}.bias", module.bias))
    return sheet.node(
        "Conv",
        inputs,
        path,
        kernel_shape=list(module.kernel_size),
        strides=list(module.stride),
        pads=[*module.padding, *module.padding],
        dilations=list(module.dilation),
        group=module.groups,
    )


def _norm(sheet: Sheet, module: nn.BatchNorm1d | nn.BatchNorm2d, path: str, x: str, rank: int) -> str:
    if module.running_mean is None or module.running_var is None:
        raise NotImplementedError(f"{path}: a BatchNorm without running statistics")
    width = module.num_features
    scale = (
        sheet.constant(f"{path}/one", np.ones(width, dtype=np.float32))
        if module.weight is None
        else sheet.weight(f"{path}.weight", module.weight)
    )
    shift = (
        sheet.constant(f"{path}/zero", np.zeros(width, dtype=np.float32))
        if module.bias is None
        else sheet.weight(f"{path}.bias", module.bias)
    )
    mean = sheet.weight(f"{path}.running_mean", module.running_mean)
    var = sheet.weight(f"{path}.running_var", module.running_var)
    return sheet.node("BatchNormalization", [x, scale, shift, mean, var], path, epsilon=module.eps)


def _prelu(sheet: Sheet, module: nn.PReLU, path: str, x: str, rank: int) -> str:
    slope = sheet.weight(f"{path}.weight", module.weight)
    if module.num_parameters > 1 and rank > 2:
        # ONNX broadcasts from the last axis; the slopes belong to axis 1.
        axes = sheet.constant(f"{path}/axes", np.arange(1, rank - 1, dtype=np.int64))
        slope = sheet.node("Unsqueeze", [slope, axes], f"{path}/slope")
    return sheet.node("PRelu", [x, slope], path)


def _linear(sheet: Sheet, module: nn.Linear, path: str, x: str, rank: int) -> str:
    if rank != 2:
        raise NotImplementedError(f"{path}: a Linear layer on {rank} dimensions")
    inputs = [x, sheet.weight(f"{path}.weight", module.weight)]
    if module.bias is not None:
        inputs.append(sheet.weight(f"{path}.bias", module.bias))
    return sheet.node("Gemm", inputs, path, transB=1)


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _pool(sheet: Sheet, module: nn.AvgPool2d | nn.MaxPool2d, path: str, x: str, rank: int) -> str:
    average = isinstance(module, nn.AvgPool2d)
    if module.ceil_mode or (average and module.divisor_override) or getattr(module, "dilation", 1) != 1:
        raise NotImplementedError(f"{path}: pooling with ceil_mode, divisor_override or dilation")
    more = {"count_include_pad": int(module.count_include_pad)} if isinstance(module, nn.AvgPool2d) else {}
    return sheet.node(
        "AveragePool" if average else "MaxPool",
        [x],
        path,
        kernel_shape=_pair(module.kernel_size),
        strides=_pair(module.stride),
        pads=_pair(module.padding) * 2,
        **more,
    )


def _global_pool(sheet: Sheet, module: nn.AdaptiveAvgPool2d, path: str, x: str, rank: int) -> str:
    if _pair(module.output_size) != [1, 1]:
        raise NotImplementedError(f"{path}: adaptive pooling to {module.output_size}")
    return sheet.node("GlobalAveragePool", [x], path)


def _flatten(sheet: Sheet, module: nn.Flatten, path: str, x: str, rank: int) -> str:
    if module.start_dim != 1 or module.end_dim != -1:
        raise NotImplementedError(f"{path}: flattening other than from axis 1 to the last")
    return sheet.node("Flatten", [x], path, axis=1)


def _same(sheet: Sheet, module: nn.Module, path: str, x: str, rank: int) -> str:
    """Nothing to do when a trained model is used."""
    return x


MODULES: dict[type[nn.Module], Writer] = {
    nn.Conv2d: _conv,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.PReLU: _prelu,
    nn.ReLU: lambda sheet, module, path, x, rank: sheet.node("Relu", [x], path),
    nn.Sigmoid: lambda sheet, module, path, x, rank: sheet.node("Sigmoid", [x], path),
    nn.Linear: _linear,
    nn.AvgPool2d: _pool,
    nn.MaxPool2d: _pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.Flatten: _flatten,
    nn.Dropout: _same,
    nn.Dropout2d: _same,
    nn.Identity: _same,
}
"""Modules that are written as they are; all others are looked into."""

FUNCTIONS: dict[object, str] = {
    operator.add: "Add",
    operator.iadd: "Add",
    torch.add: "Add",
    "add": "Add",
    "add_": "Add",
    operator.mul: "Mul",
    operator.imul: "Mul",
    torch.mul: "Mul",
    "mul": "Mul",
    torch.relu: "Relu",
    functional.relu: "Relu",
    "relu": "Relu",
    torch.sigmoid: "Sigmoid",
    "sigmoid": "Sigmoid",
    torch.flatten: "Flatten",
    "flatten": "Flatten",
}
"""Functions and tensor methods between modules, by the ONNX operator that does the same."""

ARITY = {"Add": 2, "Mul": 2}
"""How many tensors an operator of `FUNCTIONS` takes, where it is not one."""
