"""A student in int8 in the form that each runtime is fast with.

The file rounds every map to 8 bits in front of a PReLU and again behind it, which every runtime reads and
none is fast with. Both forms here hold the same kernels, and round once where the file rounds twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

BYTES_SINCE = (1, 24)
"""The onnxruntime from which on `Max` takes uint8 (https://github.com/microsoft/onnxruntime/pull/26386)."""

_HEAVY = ("Conv", "Gemm", "Flatten")
"""What is calculated in int8, or hands on to it."""


def rounded_once(data: bytes) -> bytes:
    """Without the roundings that do not stand in front of a convolution or matrix.

    OpenVINO fuses a PReLU into the convolution before it, if nothing is rounded between the two.

    Args:
        data: a serialised ONNX model, as `fewpix export --int8` writes it.

    Returns:
        A serialised ONNX model.
    """
    graph = _Graph(data)
    for node in list(graph.nodes):
        before = graph.made.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
        if before is None or before.op_type != "QuantizeLinear":
            continue
        if not any(user.op_type in _HEAVY for user in graph.users(node.output[0])):
            graph.redirect(node.output[0], before.input[0])
    return graph.finished()


def whole_prelu(data: bytes) -> bytes:
    """PReLUs in whole numbers: the larger of x and a·x, both in the scale of x.

    onnxruntime has no PReLU in int8: it would leave whole numbers, and its own layout, for each of them.

    Args:
        data: a serialised ONNX model, as `fewpix export --int8` writes it.

    Returns:
        A serialised ONNX model; `data` itself where this onnxruntime lacks the operations. A PReLU stays that
        has a slope above 1, or whose input is no rounded map.
    """
    if not _has_bytes():
        return data
    from onnx import helper

    graph = _Graph(data)
    for number, node in enumerate(list(graph.nodes)):
        before = graph.made.get(node.input[0]) if node.op_type == "PRelu" else None
        slopes = graph.constant(node.input[1]) if before is not None else None
        if before is None or before.op_type != "DequantizeLinear" or slopes is None or slopes.max() > 1:
            continue
        x, scale, zero = before.input
        part = f"fewpix/prelu{number}"
        low, high = min(float(slopes.min()), 0.0), max(float(slopes.max()), 1e-6)
        step = np.float32((high - low) / 255)
        shift = np.uint8(round(-low / step))
        rounded = np.clip(np.round(slopes / step) + shift, 0, 255).astype(np.uint8)
        names = [
            graph.add(f"{part}/{name}", value)
            for name, value in (("slope", rounded[None]), ("step", step), ("shift", shift))
        ]
        graph.insert(
            node,
            helper.make_node(
                "QLinearMul",
                [x, scale, zero, *names, scale, zero],
                [f"{part}/less"],
                domain="com.microsoft",
            ),
            helper.make_node("Max", [x, f"{part}/less"], [f"{part}/whole"]),
            helper.make_node("DequantizeLinear", [f"{part}/whole", scale, zero], [f"{part}/float"]),
        )
        for user in graph.users(node.output[0]):
            if user.op_type == "QuantizeLinear":
                for after in graph.users(user.output[0]):
                    graph.redirect(after.output[0], f"{part}/float")
        graph.redirect(node.output[0], f"{part}/float")
    if all(known.domain != "com.microsoft" for known in graph.model.opset_import):
        graph.model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    graph.round_biases()
    return graph.finished()


def _has_bytes() -> bool:
    """Whether this onnxruntime takes the larger of two uint8."""
    import onnxruntime

    parts = onnxruntime.__version__.split(".")[:2]
    return all(part.isdigit() for part in parts) and tuple(map(int, parts)) >= BYTES_SINCE


class _Graph:
    """A model while it is written anew.

    Args:
        data: a serialised ONNX model.
    """

    def __init__(self, data: bytes) -> None:
        import onnx

        self.model = onnx.load_model_from_string(data)
        self.nodes: list[onnx.NodeProto] = list(self.model.graph.node)
        self.made = {name: node for node in self.nodes for name in node.output}
        self._constants = {item.name: item for item in self.model.graph.initializer}

    def users(self, name: str) -> list[onnx.NodeProto]:
        """The nodes that read a tensor."""
        return [node for node in self.nodes if name in node.input]

    def constant(self, name: str) -> NDArray[Any] | None:
        """A weight; None for what is none."""
        from onnx import numpy_helper

        found = self._constants.get(name)
        return None if found is None else np.asarray(numpy_helper.to_array(found))

    def add(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """A new weight, or another value for one that there is; its name."""
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = self.model.graph.initializer.add()
        self._constants[name].CopyFrom(numpy_helper.from_array(np.asarray(value), name))
        return name

    def insert(self, place: onnx.NodeProto, *nodes: onnx.NodeProto) -> None:
        """New nodes in front of one."""
        at = next(n for n, node in enumerate(self.nodes) if node is place)
        self.nodes[at:at] = nodes
        self.made |= {name: node for node in nodes for name in node.output}

    def redirect(self, old: str, new: str) -> None:
        """Whoever reads one tensor reads another."""
        for node in self.users(old):
            node.input[:] = [new if name == old else name for name in node.input]

    def round_biases(self) -> None:
        """A bias counts in scales of the input times scales of the kernel, which may be others now."""
        for node in self.nodes:
            read = [self.made.get(name) for name in node.input] if node.op_type in ("Conv", "Gemm") else []
            if len(read) < 3 or any(one is None or one.op_type != "DequantizeLinear" for one in read):
                continue
            (x, x_scale), (_, w_scale), (bias, b_scale) = (list(one.input)[:2] for one in read if one)
            del x
            values = [self.constant(name) for name in (x_scale, w_scale, bias, b_scale)]
            of_x, of_w, whole, old = (np.asarray(value) for value in values)
            new = (of_x * of_w).astype(np.float32)
            if not np.array_equal(new, old):
                limit = np.iinfo(np.int32)
                moved = np.clip(np.round(whole * old.astype(np.float64) / new), limit.min, limit.max)
                self.add(bias, moved.astype(np.int32))
                self.add(b_scale, new)

    def finished(self) -> bytes:
        """Serialised, without nodes that nobody reads."""
        ends = {value.name for value in self.model.graph.output}
        nodes: list[onnx.NodeProto] = []
        for node in reversed(self.nodes):
            if not ends.isdisjoint(node.output):
                nodes.append(node)
                ends.update(node.input)
        del self.model.graph.node[:]
        self.model.graph.node.extend(reversed(nodes))
        return bytes(self.model.SerializeToString())
