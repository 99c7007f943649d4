"""PReLUs that are spread for onnxruntime give the same numbers; others stay, and no model is lost by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from fewpix.embed import onnxruntime as module
from fewpix.embed.graph import graph_bytes
from fewpix.embed.onnxruntime import OnnxRuntimeEncoder
from fewpix.embed.prelu import STEEPEST, fuses_prelu, spread_prelu
from fewpix.models.shipped import STUDENTS, shipped
from fewpix.models.teacher import OnnxModel, foreign, sface
from tiny_student import orl_crops

Floats = NDArray[Any]

SLOPES = np.array([0.25, -1.5, 0.0, 1.0, 3.0], dtype=np.float32)
WIDTH = len(SLOPES)
SHAPED = SLOPES.reshape(WIDTH, 1, 1)
X86 = pytest.mark.skipif(not fuses_prelu(), reason="onnxruntime has no blocked layout here")


def behind_a_convolution(
    slopes: Floats, *, opset: int = 17, between: Sequence[str] = (), extra: Sequence[onnx.NodeProto] = ()
) -> bytes:
    """A 1×1 convolution that changes nothing, then perhaps other operations, then a PReLU."""
    kind = helper.np_dtype_to_tensor_dtype(slopes.dtype)
    x, y = (helper.make_tensor_value_info(name, kind, ["b", WIDTH, 3, 4]) for name in "xy")
    kernel = np.eye(WIDTH, dtype=slopes.dtype).reshape(WIDTH, WIDTH, 1, 1)
    weights = [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(slopes, "slopes")]
    nodes = [helper.make_node("Conv", ["x", "kernel"], ["t0"])]
    nodes += [helper.make_node(op, [f"t{n}"], [f"t{n + 1}"]) for n, op in enumerate(between)]
    nodes += [helper.make_node("PRelu", [f"t{len(between)}", "slopes"], ["y"]), *extra]
    graph = helper.make_graph(nodes, "g", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return bytes(model.SerializeToString())


def run(data: bytes, x: Floats) -> Floats:
    """In onnxruntime."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    out: Floats = session.run(None, {session.get_inputs()[0].name: x})[0]
    return out


def kinds(data: bytes) -> list[str]:
    """The nodes' operations."""
    return [node.op_type for node in onnx.load_model_from_string(data).graph.node]


@pytest.mark.parametrize("opset", [7, 9, 11, 12, 13, 17, 21])
def test_a_spread_prelu_gives_what_it_gave(opset: int) -> None:
    data = behind_a_convolution(SHAPED, opset=opset)
    spread = spread_prelu(data)
    assert kinds(data) == ["Conv", "PRelu"]
    assert kinds(spread) == ["Conv", "Relu", "Conv", "Conv", "Add"]
    x = np.random.default_rng(0).standard_normal((7, WIDTH, 3, 4)).astype(np.float32) * 10
    wanted = np.where(x > 0, x, SHAPED * x)
    np.testing.assert_array_equal(run(data, x), wanted)
    np.testing.assert_allclose(run(spread, x), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "data",
    [
        behind_a_convolution(SHAPED[:1]),  # one slope for all channels
        behind_a_convolution(SLOPES[:4].reshape(1, 1, 4)),  # slopes along the last side
        behind_a_convolution(np.tile(SHAPED, (1, 3, 4))),  # one per position
        behind_a_convolution(SHAPED.astype(np.float16)),
        behind_a_convolution(np.full_like(SHAPED, -2 * STEEPEST)),  # digits would be lost
        behind_a_convolution(SHAPED, between=["Sigmoid"]),  # not what a convolution or a BatchNorm gave
        behind_a_convolution(SHAPED, extra=[helper.make_node("Relu", ["t0"], ["fewpix/prelu1/a"])]),
        b"",
        b"not a model",
        behind_a_convolution(SHAPED)[:-20],
    ],
    ids=["one", "along", "position", "half", "steep", "sigmoid", "taken", "empty", "text", "cut"],
)
def test_everything_else_is_left_as_it_is(data: bytes) -> None:
    assert spread_prelu(data) is data


def test_a_broken_node_is_left_to_the_runtime() -> None:
    model = onnx.load_model_from_string(behind_a_convolution(SHAPED))
    del model.graph.node[1].input[1:]
    data = bytes(model.SerializeToString())
    assert spread_prelu(data) is data


@pytest.mark.needs("weights", "samples")
@pytest.mark.parametrize("name", [*STUDENTS, "teacher"])
def test_encoders_keep_their_embeddings_and_lose_their_prelus(name: str) -> None:
    model = sface() if name == "teacher" else foreign(shipped(f"{name}.onnx"))
    data = graph_bytes(model)
    spread = spread_prelu(data)
    assert kinds(data).count("PRelu") > 10
    assert "PRelu" not in kinds(spread)
    faces = model.card.preprocess.apply(orl_crops(24)[:12])
    rows = [run(form, faces) for form in (data, spread)]
    rows = [row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows]
    np.testing.assert_allclose(rows[1], rows[0], atol=3e-6)


@X86
@pytest.mark.needs("weights")
def test_an_encoder_runs_the_spread_form(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bytes] = []
    session = onnxruntime.InferenceSession

    def keep(data: bytes, *args: object, **options: object) -> object:
        given.append(data)
        return session(data, *args, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", keep)
    model: OnnxModel = foreign(shipped("fewpix-s.onnx"))
    OnnxRuntimeEncoder(model, threads=1)
    monkeypatch.setattr(module, "fuses_prelu", lambda: False)
    OnnxRuntimeEncoder(model, threads=1)
    assert ["PRelu" in kinds(data) for data in given] == [False, True]
