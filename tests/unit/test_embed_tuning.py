"""What `fewpix.embed.tuning` does to an encoder: the same numbers, sooner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from fewpix.embed.tuning import FACES_PER_CALL, FACES_PER_CHEAP_CALL, _shapes, multiply_adds, tune
from fewpix.models.shipped import STUDENTS, shipped
from fewpix.models.zoo import load_student

SLOPES = np.array([0.25, -1.5, 0.0, 1.0, 3.0], dtype=np.float32)


def graph(slope: NDArray[np.float32], shape: list[int | str]) -> bytes:
    """One PReLU."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    node = helper.make_node("PRelu", ["x", "slope"], ["y"])
    made = helper.make_graph([node], "g", [x], [y], [numpy_helper.from_array(slope, "slope")])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def run(data: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """In onnxruntime."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    out: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: x})[0]
    return out


def kinds(data: bytes) -> list[str]:
    """The nodes' operations."""
    return [node.op_type for node in onnx.load_model_from_string(data).graph.node]


def test_a_spread_prelu_gives_what_it_gave():
    data = graph(SLOPES.reshape(5, 1, 1), ["batch", 5, 3, 4])
    spread, _ = tune(data, spread=True)
    assert "PRelu" not in kinds(spread)
    x = np.random.default_rng(0).standard_normal((7, 5, 3, 4)).astype(np.float32) * 10
    slopes = SLOPES.reshape(1, 5, 1, 1)
    wanted = np.where(x > 0, x, slopes * x)
    np.testing.assert_array_equal(run(data, x), wanted)
    np.testing.assert_allclose(run(spread, x), wanted, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("slope", "shape"),
    [
        (SLOPES[:1].reshape(1, 1, 1), ["batch", 5, 3, 4]),  # one slope for all channels
        (SLOPES.reshape(5, 1, 1), [5, 3, 4]),  # no batch
        (SLOPES, ["batch", 5]),  # behind the last map
        (SLOPES, ["batch", 4, 3, 5]),  # slopes along the last side
        (np.tile(SLOPES.reshape(5, 1, 1), (1, 3, 4)), ["batch", 5, 3, 4]),  # one per position
    ],
)
def test_other_prelus_stay(slope: NDArray[np.float32], shape: list[int | str]):
    data = graph(slope, shape)
    assert tune(data, spread=True) == (data, FACES_PER_CALL)


def test_what_is_no_model_is_left_to_the_runtime():
    for data in (b"", b"not a model", graph(SLOPES.reshape(5, 1, 1), ["batch", 5, 3, 4])[:-20]):
        assert tune(data, spread=True) == (data, FACES_PER_CALL)


@pytest.mark.parametrize("name", STUDENTS)
def test_students_keep_their_embeddings_and_lose_their_prelus(name: str):
    data = shipped(f"{name}.onnx").read_bytes()
    spread, faces = tune(data, spread=True)
    assert kinds(data).count("PRelu") > 10
    assert "PRelu" not in kinds(spread)
    assert tune(data, spread=False) == (data, faces)
    side = onnx.load_model_from_string(data).graph.input[0].type.tensor_type.shape.dim[2].dim_value
    x = np.random.default_rng(0).standard_normal((faces, 3, side, side)).astype(np.float32)
    a, b = run(data, x), run(spread, x)
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert cosine.min() > 1 - 1e-5


def counted(path: Path) -> int:
    """Multiply-adds of a face in torch, by watching it."""
    model, card = load_student(path)
    total = 0

    def look(layer: nn.Module, args: tuple[torch.Tensor], out: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        total += out[0].numel() * layer.weight[0].numel()

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(look)
    side = card.preprocess.side
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, side, side))
    return total


@pytest.mark.parametrize(
    ("name", "faces"),
    [("fewpix-xs", FACES_PER_CHEAP_CALL), ("fewpix-s", FACES_PER_CALL), ("fewpix-l", FACES_PER_CALL)],
)
def test_multiply_adds_decide_how_many_faces_a_call_gets(name: str, faces: int):
    data = shipped(f"{name}.onnx").read_bytes()
    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(data))
    assert multiply_adds(model, _shapes(model)) == counted(shipped(f"{name}.safetensors"))
    assert tune(data, spread=False)[1] == faces


def test_nobody_guesses_where_a_shape_is_unknown():
    model = onnx.load_model_from_string(shipped("fewpix-s.onnx").read_bytes())
    assert multiply_adds(model, {}) == 0
