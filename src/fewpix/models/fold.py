"""Fold a quantised ONNX model to plain float32, so that every runtime can load it and batch it.

The OpenCV Zoo ships SFace and YuNet with block-quantised weights behind `DequantizeLinear` nodes and lists
SFace's weights as graph inputs; onnxruntime and OpenVINO cannot run such files as they are. Folding evaluates
the constants once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fewpix.config import cache_dir
from fewpix.errors import WeightsError
from fewpix.files import atomic, sha256_file
from fewpix.models.onnx_file import read_onnx

if TYPE_CHECKING:
    import onnx


def folded(source: Path, sha256: str, *, any_size: bool = False) -> Path:
    """The folded form of `source` in the user cache; made when absent, and again when damaged.

    The folded file's own hash lies beside it, so that a damaged cache is noticed before it computes anything.

    Args:
        source: an ONNX model.
        sha256: its `content_sha256`.
        any_size: see `fold_constants`.

    Raises:
        WeightsError: see `fold_constants`.
    """
    name = f"{sha256[:16]}{'-any-size' if any_size else ''}.onnx"
    target = cache_dir() / "folded" / name
    seal = target.with_suffix(".sha256")
    if target.is_file() and seal.is_file() and seal.read_text().strip() == sha256_file(target):
        return target
    fold_constants(source, target, any_size=any_size)
    with atomic(seal) as part:
        part.write_text(sha256_file(target))
    return target


def fold_constants(source: Path, target: Path, *, any_size: bool = False) -> None:
    """Write `source` to `target` with its constant sub-graphs evaluated and a free batch dimension.

    Folded are `Constant`, `DequantizeLinear` (per tensor, per axis, or in blocks) and `Reshape` nodes whose
    inputs are all constant; `Dropout` goes; weights leave the list of graph inputs, also those that no node
    reads. Everything else is kept as it is.

    Args:
        source: an ONNX model.
        target: where the folded model goes; written atomically.
        any_size: free height and width of the picture too, for a network that only convolves.

    Raises:
        InputError: `source` cannot be read.
        WeightsError: `source` is not an ONNX model, or the folded model is not valid.
    """
    import onnx
    from onnx import numpy_helper

    model = read_onnx(source)
    graph = model.graph
    constants: dict[str, NDArray[Any]] = {
        item.name: numpy_helper.to_array(item) for item in graph.initializer
    }
    kept = _without_dropout([node for node in graph.node if not _evaluate(node, constants)])
    needed = {name for node in kept for name in node.input}
    inputs = [value for value in graph.input if value.name in needed and value.name not in constants]

    del graph.node[:]
    graph.node.extend(kept)
    del graph.initializer[:]
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        for name, value in constants.items()
        if name in needed
    )
    del graph.input[:]
    graph.input.extend(inputs)
    del graph.value_info[:]  # inferred shapes of the old graph, with the old batch size in them
    for value in [*graph.input, *graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    if any_size:
        _free_size(graph)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise WeightsError(f"{source} cannot be folded: {error}") from error
    with atomic(target) as part:
        onnx.save(model, str(part))


def _free_size(graph: onnx.GraphProto) -> None:
    """Free height and width of the input, and all but the batch and the last dimension of the outputs.

    A `Reshape` to (1, -1, ...) would put all pictures of a batch into one; it keeps the batch instead.
    """
    from onnx import numpy_helper

    _, _, height, width = graph.input[0].type.tensor_type.shape.dim
    height.dim_param, width.dim_param = "height", "width"
    for value in graph.output:
        for side in value.type.tensor_type.shape.dim[1:-1]:
            side.Clear()
    shapes = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    for item in graph.initializer:
        wanted = numpy_helper.to_array(item).tolist() if item.name in shapes else []
        if wanted[:2] == [1, -1]:
            item.CopyFrom(numpy_helper.from_array(np.array([0, *wanted[1:]], np.int64), item.name))


def _without_dropout(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """The nodes without `Dropout`: it does nothing at inference, and onnxruntime refuses SFace's ratio."""
    passed: dict[str, str] = {}
    kept = []
    for node in nodes:
        for n, name in enumerate(node.input):
            node.input[n] = passed.get(name, name)
        if node.op_type == "Dropout":
            passed[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    return kept


def _evaluate(node: onnx.NodeProto, constants: dict[str, NDArray[Any]]) -> bool:
    """Add the node's value to `constants` if it is constant; whether it was."""
    from onnx import numpy_helper

    if node.op_type == "Constant":
        tensor = next((item.t for item in node.attribute if item.name == "value"), None)
        if tensor is None:  # a number or a text given another way; it may stay a node
            return False
        constants[node.output[0]] = numpy_helper.to_array(tensor)
        return True
    if not all(name in constants for name in node.input):
        return False
    if node.op_type == "DequantizeLinear":
        axis = next((item.i for item in node.attribute if item.name == "axis"), 1)
        block = next((item.i for item in node.attribute if item.name == "block_size"), 0)
        values = [constants[name] for name in node.input]
        zero = values[2] if len(values) > 2 else np.zeros_like(values[1], dtype=values[0].dtype)
        constants[node.output[0]] = dequantize(values[0], values[1], zero, axis=axis, block=block)
        return True
    if node.op_type == "Reshape":
        value, wanted = constants[node.input[0]], constants[node.input[1]].tolist()
        if not any(item.name == "allowzero" and item.i for item in node.attribute):
            wanted = [n or value.shape[place] for place, n in enumerate(wanted)]  # 0 keeps a side
        constants[node.output[0]] = value.reshape(wanted)
        return True
    return False


def dequantize(
    values: NDArray[Any], scale: NDArray[Any], zero: NDArray[Any], *, axis: int = 1, block: int = 0
) -> NDArray[np.float32]:
    """(values - zero) * scale as float32, the ONNX operator `DequantizeLinear` of opset 21.

    Args:
        values: quantised integers of any shape.
        scale: a scalar, one value per index of `axis`, or with `block` one per `block` indices of it.
        zero: the integers that mean 0, of the shape of `scale`.
        axis: the axis that `scale` runs along.
        block: how many indices share a scale; 0 when not blocked.

    Returns:
        An array of the shape of `values`.
    """
    if block:
        length = values.shape[axis]
        scale = np.repeat(scale, block, axis=axis).take(range(length), axis=axis)
        zero = np.repeat(zero, block, axis=axis).take(range(length), axis=axis)
    elif scale.ndim == 1 and scale.size > 1:
        shape = [1] * values.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    shifted = values.astype(np.float32) - zero.astype(np.float32)
    return np.asarray(shifted * scale, dtype=np.float32)
