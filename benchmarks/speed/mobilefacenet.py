"""MobileFaceNet (arXiv 1804.07573, table 1) as an ONNX graph with random weights: its cost, not its worth.

BatchNorm is folded into the convolutions, as every deployed file has it. A face takes 221 million
multiply-adds, which the paper states.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

SIDE, DIM = 112, 128

BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, how often, and the stride of the first one."""


@dataclass
class _Graph:
    """Layers one behind the other, and what they weigh."""

    nodes: list[NodeProto] = field(default_factory=list)
    tensors: list[TensorProto] = field(default_factory=list)
    last: str = "face"
    channels: int = 3
    side: int = SIDE
    multiply_adds: int = 0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, kind: str, *others: str, **attributes: object) -> None:
        """A layer behind the last one."""
        made = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *others], [made], **attributes))
        self.last = made

    def tensor(self, values: NDArray[np.float32]) -> str:
        """Weights, by their name."""
        name = f"w{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def conv(
        self, channels: int, kernel: int, stride: int = 1, *, depthwise: bool = False, whole: bool = False
    ) -> None:
        """A convolution with its bias; `whole` reads the picture to a single pixel."""
        groups = self.channels if depthwise else 1
        fan = self.channels // groups * kernel * kernel
        shape = (channels, self.channels // groups, kernel, kernel)
        weights = self.tensor(self.random.standard_normal(shape) / np.sqrt(fan))
        pad = 0 if whole else kernel // 2
        self.add(
            "Conv",
            weights,
            self.tensor(np.zeros(channels)),
            group=groups,
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        self.side = (self.side + 2 * pad - kernel) // stride + 1
        self.channels = channels
        self.multiply_adds += channels * fan * self.side * self.side

    def active(self) -> None:
        """A PReLU."""
        self.add("PRelu", self.tensor(np.full((self.channels, 1, 1), 0.25)))

    def bottleneck(self, expansion: int, channels: int, stride: int) -> None:
        """Wider, in depth, and narrow again; beside a short cut where nothing changes its size."""
        before, same = self.last, stride == 1 and channels == self.channels
        self.conv(expansion * self.channels, 1)
        self.active()
        self.conv(self.channels, 3, stride, depthwise=True)
        self.active()
        self.conv(channels, 1)
        if same:
            self.add("Add", before)


def mobilefacenet() -> tuple[ModelProto, int]:
    """The graph, (N, 3, 112, 112) to (N, 128), and its multiply-adds per face."""
    graph = _Graph()
    graph.conv(64, 3, 2)
    graph.active()
    graph.conv(64, 3, depthwise=True)
    graph.active()
    for expansion, channels, count, stride in BOTTLENECKS:
        for n in range(count):
            graph.bottleneck(expansion, channels, 1 if n else stride)
    graph.conv(512, 1)
    graph.active()
    graph.conv(512, 7, depthwise=True, whole=True)
    graph.conv(DIM, 1)
    graph.add("Flatten")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "mobilefacenet",
            [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info(graph.last, TensorProto.FLOAT, ["n", DIM])],
            graph.tensors,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    return model, graph.multiply_adds
