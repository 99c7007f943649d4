"""Models that load, and then fail: what a user did not write is never a bug in fewpix."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fewpix.cli import main
from linear_onnx import linear, weights, write_card, write_single

FACE = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("one").mkdir()
    cv2.imwrite("one/a.png", FACE)
    return tmp_path


def embed(model: str, *more: str) -> int:
    return main(["-q", "embed", "one", "--crops", "--model", model, "--out", "o.npz", "--runtime", *more])


def write(path: Path, *before: onnx.NodeProto) -> None:
    onnx.save(linear(weights(), before), str(write_card(path)))


def constant(name: str, value: object, kind: type) -> onnx.NodeProto:
    return helper.make_node(
        "Constant", [], [name], value=numpy_helper.from_array(np.array(value, kind), name)
    )


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_model_that_asks_for_terabytes_ends_with_6_and_its_name(
    runtime: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shape that is known while it runs only: onnxruntime's allocation fails then."""
    write(
        folder / "m.onnx",
        helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["i"], ["m"], keepdims=0, axes=[0, 1, 2, 3]),
        helper.make_node("Reshape", ["m", "one"], ["side"]),
        constant("one", [1], np.int64),
        constant("more", [4_000_000], np.int64),
        helper.make_node("Mul", ["side", "more"], ["far"]),
        helper.make_node("Concat", ["far", "more"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["z"]),
    )
    assert embed("m.onnx", runtime) == 6
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "linear" in err or "m.onnx" in err
    assert not Path("o.npz").exists()


def test_a_model_that_gives_zeros_or_nothing_finite(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for value, says in ((0.0, "length 0"), (np.nan, "not finite")):
        model = linear(np.full((3, 128), value, np.float32))
        onnx.save(model, str(write_card(folder / "m.onnx")))
        assert embed("m.onnx", "auto") == 6
        assert says in capsys.readouterr().err
        assert embed("m.onnx", "auto", "--skip-bad") == 6, "for every face"
        capsys.readouterr()
        enrol = ["enrol", "one", "--crops", "--name", "a", "--model", "m.onnx", "--gallery", f"{says[:3]}.db"]
        assert main(["-q", *enrol, "--accept-poor"]) == 6
        assert says in capsys.readouterr().err


def test_a_single_face_without_a_direction_is_left_out_where_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_single(folder / "m.onnx")
    cv2.imwrite(
        "one/b.png", np.zeros((112, 112, 3), np.uint8)
    )  # its mean colour is 0, and so is its embedding
    assert embed("m.onnx", "auto") == 6
    assert "length 0" in capsys.readouterr().err
    assert embed("m.onnx", "auto", "--skip-bad") == 0
    assert "left out b.png: the model linear gives a face" in capsys.readouterr().out
    with np.load("o.npz") as kept:
        assert kept["names"].tolist() == ["a.png"]
        assert kept["failed"].tolist() == ["b.png"]
        np.testing.assert_allclose(np.linalg.norm(kept["embeddings"], axis=1), 1, atol=1e-6)


def test_outputs_of_another_shape(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_single(folder / "m.onnx")
    write_card(folder / "m.onnx", dim=64)
    for runtime in ("onnxruntime", "openvino"):
        assert embed("m.onnx", runtime) == 6
        assert "64" in capsys.readouterr().err
    card = folder / "m.onnx.json"
    card.write_text("[" * 100_000)
    assert embed("m.onnx", "auto") == 6
    assert "nested" in capsys.readouterr().err
