"""A recogniser of the MobileNet kind that is small enough for tests, as torch layers and as an ONNX file."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn


def tiny_teacher(dim: int, seed: int = 0) -> nn.Sequential:
    """Input (N, 3, 112, 112); its last two blocks are those of `lr28-tiny`, at twice the resolution."""
    torch.manual_seed(seed)

    def unit(inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
        conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups)
        return [conv, nn.BatchNorm2d(outside), nn.PReLU(outside)]

    layers = [
        *unit(3, 8, 3, 2),
        *(*unit(8, 8, 3, 2, 8), *unit(8, 16, 1)),
        *(*unit(16, 16, 3, 1, 16), *unit(16, 16, 1)),
        *(*unit(16, 16, 3, 2, 16), *unit(16, 24, 1)),
        *(nn.BatchNorm2d(24), nn.Flatten(), nn.Linear(24 * 14**2, dim), nn.BatchNorm1d(dim)),
    ]
    model = nn.Sequential(*layers)
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.PReLU):
                layer.weight.uniform_(0.1, 0.4)
        model.train()
        for _ in range(30):  # statistics that are its own, of smooth pictures
            model(nn.functional.interpolate(torch.randn(8, 3, 14, 14), size=112, mode="bilinear"))
    return model.eval()


def write_onnx(model: nn.Sequential, path: Path) -> Path:
    """The layers one after the other; a scale of 1/2 and a shift of 1 stand before them, as in SFace."""
    nodes, weights = [], {"one": torch.tensor([1.0]), "half": torch.tensor([0.5])}
    nodes.append(helper.make_node("Sub", ["x", "one"], ["shifted"]))
    nodes.append(helper.make_node("Mul", ["shifted", "half"], ["scaled"]))
    at = "scaled"
    for n, layer in enumerate(model):
        state = {f"{n}.{name}": value for name, value in layer.state_dict().items() if value.ndim}
        kind, more = "Flatten", {}
        if isinstance(layer, nn.Conv2d):
            side = layer.padding[0]
            kind = "Conv"
            more = {"strides": list(layer.stride), "pads": [int(side)] * 4, "group": layer.groups}
        elif isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d):
            kind, more = "BatchNormalization", {"epsilon": layer.eps}
        elif isinstance(layer, nn.PReLU):
            kind, state = "PRelu", {f"{n}.slope": layer.weight.view(-1, 1, 1)}
        elif isinstance(layer, nn.Linear):
            kind, more = "Gemm", {"transB": 1}
        weights |= state
        nodes.append(helper.make_node(kind, [at, *state], [f"y{n}"], **more))
        at = f"y{n}"
    last = model[-1]
    dim = last.out_features if isinstance(last, nn.Linear) else last.num_features
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info(at, onnx.TensorProto.FLOAT, ["n", dim])],
        [numpy_helper.from_array(value.detach().numpy(), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path
