"""What makes an ONNX encoder fast on a CPU: a PReLU that onnxruntime can fuse, and enough faces per call."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

FACES_PER_CALL, FACES_PER_CHEAP_CALL = 4, 16
CHEAP = 100_000_000
"""Multiply-adds of a face. What a call costs beside its faces matters below that, if it has four."""

_AXIS, _ONE = "fewpix/axis", "fewpix/one"


def fuses_prelu() -> bool:
    """Whether onnxruntime keeps maps in blocks of channels on this processor; see `tune`."""
    return platform.machine().lower() in ("x86_64", "amd64")


def tune(data: bytes, *, spread: bool) -> tuple[bytes, int]:
    """An encoder as it runs fastest, and how many faces a call of it should get.

    With `spread`, every PReLU is written as a·x + (1 − a)·relu(x). On x86 onnxruntime keeps the maps between
    convolutions in blocks of channels, but leaves that layout before each PReLU and enters it again after,
    and its PReLU is slow besides: together half of an encoder's time (results/prelu.json). A product per
    channel is a depthwise 1×1 convolution there, and the sum is fused into the second one. What comes out
    differs by rounding.

    Faces per call are not as many as fit: they come one to a dozen at a time from a picture, and a call that
    is not full is filled up (`embed.protocol.in_batches`).

    Args:
        data: a serialised ONNX model.
        spread: the PReLUs whose input is (B, C, h, w) and whose slopes are (C, 1, 1).

    Returns:
        A serialised ONNX model, as it was where nothing is to be spread or where it cannot be read (the
        runtime will say why); 4 faces, or 16 where a face costs fewer multiply-adds than `CHEAP`.
    """
    import onnx

    try:
        model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(data))
    except Exception:  # protobuf and onnx raise families of their own
        return data, FACES_PER_CALL
    shapes = _shapes(model)
    cheap = 0 < multiply_adds(model, shapes) < CHEAP
    if spread and _spread_prelu(model, shapes):
        data = bytes(model.SerializeToString())
    return data, FACES_PER_CHEAP_CALL if cheap else FACES_PER_CALL


def multiply_adds(model: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Of the convolutions and matrix products of one face.

    Args:
        model: an encoder.
        shapes: of its tensors, by name, batch first; 0 for a side that is free.

    Returns:
        The number, or 0 where a shape is not known.
    """
    total = 0
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            continue
        weight, out = shapes.get(node.input[1], ()), shapes.get(node.output[0], ())
        if len(out) < 2 or not weight or not all((*weight, *out[1:])):
            return 0
        inside = math.prod(weight[1:]) if node.op_type == "Conv" else math.prod(weight) // out[-1]
        total += math.prod(out[1:]) * inside
    return total


def _spread_prelu(model: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """In place; whether there was one."""
    from onnx import TensorProto, helper

    graph = model.graph
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type != "PRelu" or not (width := _width(*(shapes.get(name, ()) for name in node.input))):
            nodes.append(node)
            continue
        x, slope, y = node.input[0], node.input[1], node.output[0]
        nodes += [
            helper.make_node("Unsqueeze", [slope, _AXIS], [f"{y}/a"]),
            helper.make_node("Sub", [_ONE, f"{y}/a"], [f"{y}/rest"]),
            helper.make_node("Relu", [x], [f"{y}/relu"]),
            helper.make_node("Conv", [f"{y}/relu", f"{y}/rest"], [f"{y}/above"], group=width),
            helper.make_node("Conv", [x, f"{y}/a"], [f"{y}/all"], group=width),
            helper.make_node("Add", [f"{y}/above", f"{y}/all"], [y]),
        ]
    if len(nodes) == len(graph.node):
        return False
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.append(helper.make_tensor(_AXIS, TensorProto.INT64, [1], [1]))
    graph.initializer.append(helper.make_tensor(_ONE, TensorProto.FLOAT, [], [1.0]))
    return True


def _width(x: tuple[int, ...], slope: tuple[int, ...]) -> int:
    """The channels of a PReLU that can be spread, else 0."""
    return slope[0] if len(x) == 4 and len(slope) == 3 and slope == (x[1], 1, 1) else 0


def _shapes(model: onnx.ModelProto) -> Mapping[str, tuple[int, ...]]:
    """Every tensor's shape by name, of a model in which they were inferred; 0 for a side that is free."""
    graph = model.graph
    found = {item.name: tuple(item.dims) for item in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.name not in found and value.type.tensor_type.HasField("shape"):
            found[value.name] = tuple(side.dim_value for side in value.type.tensor_type.shape.dim)
    return found
