"""Reading a recogniser without branches from ONNX into torch layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fewpix.errors import WeightsError

pytestmark = pytest.mark.needs("torch")

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402
from torch import nn  # noqa: E402

from fewpix.models.chain import read_chain  # noqa: E402
from fewpix.models.teacher import sface  # noqa: E402
from tiny_teacher import tiny_teacher, write_onnx  # noqa: E402


def both(path: Path, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What torch and onnxruntime make of it."""
    with torch.no_grad():
        ours = nn.Sequential(*read_chain(path))(torch.from_numpy(x)).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return ours, session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.needs("samples")
def test_sface_in_torch_is_sface() -> None:
    x = np.random.default_rng(0).uniform(0, 255, (2, 3, 112, 112)).astype(np.float32)
    ours, theirs = both(sface().path, x)
    assert ours.shape == (2, 128)
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_every_kind_of_layer_is_read(tmp_path: Path) -> None:
    path = write_onnx(tiny_teacher(16), tmp_path / "t.onnx")
    x = np.random.default_rng(0).normal(size=(3, 3, 112, 112)).astype(np.float32)
    ours, theirs = both(path, x)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    layers = read_chain(path)
    assert not any(layer.training for layer in layers)
    assert not any(value.requires_grad for layer in layers for value in layer.parameters())


def changed(tmp_path: Path, change: str) -> Path:
    path = write_onnx(tiny_teacher(16), tmp_path / "t.onnx")
    model = onnx.load(str(path))
    nodes = model.graph.node
    if change == "branch":
        nodes.insert(4, helper.make_node("Add", [nodes[3].output[0], nodes[2].output[0]], ["sum"]))
        nodes[5].input[0] = "sum"
    elif change == "operation":
        nodes.insert(4, helper.make_node("Relu", [nodes[3].output[0]], ["relu"]))
        nodes[5].input[0] = "relu"
    elif change == "constant":
        value = numpy_helper.from_array(np.ones(1, np.float32))
        nodes.insert(0, helper.make_node("Constant", [], ["c"], value=value))
    elif change == "two outputs":
        model.graph.output.append(helper.make_tensor_value_info("y3", onnx.TensorProto.FLOAT, None))
    elif change == "dilation":
        nodes[2].attribute.append(helper.make_attribute("dilations", [2, 2]))
    else:
        model.graph.initializer.append(numpy_helper.from_array(np.ones(8, np.float32), "ones"))
        nodes[1].input[1] = "ones"  # a factor per channel is not what SFace has
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("branch", r"t\.onnx: Add 'sum' is not next in a chain"),
        ("operation", r"t\.onnx: Relu 'relu' with .* is not read"),
        ("dilation", r"t\.onnx: Conv 'y0' with .*dilations.* is not read"),
        ("constant", r"t\.onnx: Constant 'c' is not next in a chain"),
        ("two outputs", r"t\.onnx: its output is not the end of one chain"),
        ("vector", r"t\.onnx: Mul 'scaled' with .* is not read"),
    ],
)
def test_what_it_does_not_know_is_named(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        read_chain(changed(tmp_path, change))


def test_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "t.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsError, match=r"t\.onnx is not an ONNX model"):
        read_chain(tmp_path / "t.onnx")
