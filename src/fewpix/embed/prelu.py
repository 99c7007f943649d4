"""PReLU in the form that onnxruntime is fast with."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

STEEPEST = 4.0
"""The largest slope that is spread: a·x + (1 − a)·x loses digits as |a| grows."""


def fuses_prelu() -> bool:
    """Whether onnxruntime keeps maps in blocks of channels on this processor; see `spread_prelu`."""
    return platform.machine().lower() in ("x86_64", "amd64")


def spread_prelu(data: bytes) -> bytes:
    """Write the PReLUs behind convolutions as a·x + (1 − a)·relu(x).

    On x86 onnxruntime keeps the maps between convolutions in blocks of channels, but leaves that layout
    before each PReLU and enters it again after, and its PReLU is slow besides: together 40 to 50 % of an
    encoder's time (results/speed/prelu.json). A product per channel is a depthwise 1×1 convolution there, and
    the sum is fused into the second one. What comes out differs by rounding. onnxruntime takes the same way
    with a `Mul` per channel (https://github.com/microsoft/onnxruntime/pull/27691).

    Args:
        data: a serialised ONNX model.

    Returns:
        A serialised ONNX model; `data` itself where there is nothing to spread, or where it cannot be read,
        which the runtime will say better. A PReLU stays whose slopes are not float32 constants, one per
        channel of a picture's map, or are above `STEEPEST`.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(data)
        spread = _spread(model)
    except Exception:  # of protobuf, onnx and numpy, at whatever a broken model holds
        return data
    return bytes(model.SerializeToString()) if spread else data


def _spread(model: onnx.ModelProto) -> int:
    """In place; how many were."""
    from onnx import helper, numpy_helper

    graph = model.graph
    made = {name: node for node in graph.node for name in node.output}
    constants = {item.name: item for item in graph.initializer}
    find = _Finder(made, constants)
    taken = {*made, *constants, *(value.name for value in graph.input)}
    nodes: list[onnx.NodeProto] = []
    for number, node in enumerate(graph.node):
        slopes = find.slopes(node)
        names = {part: f"fewpix/prelu{number}/{part}" for part in ("a", "rest", "relu", "above", "all")}
        if slopes is None or not taken.isdisjoint(names.values()):
            nodes.append(node)
            continue
        width = len(slopes)
        for part, value in (("a", slopes), ("rest", 1 - slopes)):
            graph.initializer.append(numpy_helper.from_array(value.reshape(-1, 1, 1, 1), names[part]))
        nodes += [
            helper.make_node("Relu", [node.input[0]], [names["relu"]]),
            helper.make_node("Conv", [names["relu"], names["rest"]], [names["above"]], group=width),
            helper.make_node("Conv", [node.input[0], names["a"]], [names["all"]], group=width),
            helper.make_node("Add", [names["above"], names["all"]], [node.output[0]]),
        ]
    spread = (len(nodes) - len(graph.node)) // 3
    if spread:
        del graph.node[:]
        graph.node.extend(nodes)
    return spread


@dataclass(frozen=True)
class _Finder:
    """What is known of tensors without running anything.

    Args:
        made: the node that makes a tensor, by its name.
        constants: the weights by name.
    """

    made: Mapping[str, onnx.NodeProto]
    constants: Mapping[str, onnx.TensorProto]

    def slopes(self, node: onnx.NodeProto) -> NDArray[np.float32] | None:
        """(C,) of a PReLU that can be spread; None for any other node."""
        if node.op_type != "PRelu" or node.domain not in ("", "ai.onnx"):
            return None
        values = self.value(node.input[1])
        width = self.width(node.input[0])
        if values is None or values.dtype != np.float32 or values.shape != (width, 1, 1):
            return None
        return values.reshape(-1) if np.abs(values).max() <= STEEPEST else None

    def value(self, name: str) -> NDArray[Any] | None:
        """Of a weight or constant, also behind the casts and new axes of an exported student."""
        from onnx import helper, numpy_helper

        if name in self.constants:
            return np.asarray(numpy_helper.to_array(self.constants[name]))
        node = self.made.get(name)
        if node is None or node.op_type not in ("Constant", "Cast", "Unsqueeze"):
            return None
        given = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type == "Constant":
            return np.asarray(numpy_helper.to_array(given["value"])) if "value" in given else None
        inner = self.value(node.input[0])
        if inner is None:
            return None
        if node.op_type == "Cast":
            return inner.astype(helper.tensor_dtype_to_np_dtype(given["to"]))
        axes = self.value(node.input[1]) if len(node.input) > 1 else np.asarray(given["axes"])
        return None if axes is None else np.expand_dims(inner, tuple(int(axis) for axis in axes))

    def width(self, name: str) -> int:
        """Channels of a map (B, C, h, w) that a convolution made; 0 for another tensor."""
        node = self.made.get(name)
        if node is None:
            return 0
        if node.op_type == "Conv":
            kernel = self.value(node.input[1])
            return len(kernel) if kernel is not None and kernel.ndim == 4 else 0
        same = ("BatchNormalization", "PRelu", "Add")  # as wide as what they are given
        return self.width(node.input[0]) if node.op_type in same else 0
