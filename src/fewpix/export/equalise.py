"""Channels of like size, so that one scale for all channels of a map wastes no bits (arXiv 1906.04721).

Between a convolution, its PReLU and the next convolution, a channel may be divided by any number if the next
kernel is multiplied by it: PReLU lets a positive factor through. onnxruntime quantises a map by one scale; a
channel with a hundredth of the largest one's values would keep two bits of eight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

SHARE = 0.7
"""How much of a channel's size goes out of the map before a dense convolution; the rest stays, since the
next kernel, which is quantised by output channels, would take it up. A depthwise kernel takes all of it up at
no cost."""

_LEAST = 1e-4

Floats = NDArray[np.float32]


def equalise(model: onnx.ModelProto, batches: Sequence[Floats]) -> None:
    """Even out the channels of a student whose BatchNorms are folded, in place; it gives what it gave.

    A channel whose slope is above 1 is also turned: PReLU(x) with slope a is −a times PReLU(−x) with 1/a. So
    every PReLU that is reached is the larger of x and a·x.

    Args:
        model: an ONNX model with the input "faces", kernels and slopes as initialisers.
        batches: each (B, 3, side, side), what it will see.
    """
    from onnx import numpy_helper

    graph = model.graph
    weights = {item.name: item for item in graph.initializer}
    made = {name: node for node in graph.node for name in node.output}
    chains = []
    for act in graph.node:
        before = made.get(act.input[0]) if act.op_type == "PRelu" else None
        after = [node for node in graph.node if act.output[0] in node.input]
        alone = before is not None and sum(before.output[0] in node.input for node in graph.node) == 1
        if alone and before is not None and [before.op_type, *(n.op_type for n in after)] == ["Conv", "Conv"]:
            chains.append((before, act, after[0]))
    largest = _largest(model, [act.input[0] for _, act, _ in chains], batches)

    def value(name: str) -> Floats:
        return np.asarray(numpy_helper.to_array(weights[name]), dtype=np.float32)

    def put(name: str, array: NDArray[np.floating]) -> None:
        weights[name].CopyFrom(numpy_helper.from_array(array.astype(np.float32), name))

    for before, act, after in chains:
        size = np.maximum(largest[act.input[0]], _LEAST)
        kernel = value(after.input[1])
        depthwise = kernel.shape[1] == 1 < len(size)
        if not depthwise:
            reading = np.maximum(np.abs(kernel).max(axis=(0, 2, 3)), _LEAST)
            size = size**SHARE / reading ** (1 - SHARE)
        factor = size / np.exp(np.log(size).mean())
        slopes = value(act.input[1])
        turned = slopes.reshape(-1) > 1
        out = np.where(turned, -factor, factor)
        into = np.where(turned, -factor * slopes.reshape(-1), factor)
        put(before.input[1], value(before.input[1]) / out.reshape(-1, 1, 1, 1))
        for bias in before.input[2:]:
            put(bias, value(bias) / out)
        put(act.input[1], np.where(slopes > 1, 1 / np.maximum(slopes, 1), slopes))
        put(after.input[1], kernel * into.reshape((-1, 1, 1, 1) if depthwise else (1, -1, 1, 1)))


def _largest(
    model: onnx.ModelProto, names: Sequence[str], batches: Sequence[Floats]
) -> dict[str, NDArray[np.float64]]:
    """The largest absolute value in each channel of these maps, by name: (C,) each."""
    import onnx
    import onnxruntime

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    largest: dict[str, NDArray[np.float64]] = {}
    for batch in batches:
        for name, found in zip(names, session.run(list(names), {"faces": batch}), strict=True):
            top = np.abs(found).max(axis=(0, 2, 3)).astype(np.float64)
            largest[name] = np.maximum(largest.get(name, top), top)
    return largest
