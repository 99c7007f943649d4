"""A student in int8: the same space, other weights, embeddings that are hardly moved, in every runtime."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, numpy_helper

import fewpix.export.int8 as int8_module
from calibration_made import data
from fewpix.adapt.stats import source_state
from fewpix.calibration.file import Calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.embed.int8 import rounded_once, whole_prelu
from fewpix.embed.open import open_encoder
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.export.equalise import equalise
from fewpix.export.graph import to_onnx
from fewpix.export.int8 import Int8Report, calibration_crops, export_int8
from fewpix.export.onnx import export_onnx
from fewpix.models.card import Card
from fewpix.models.teacher import foreign
from fewpix.models.weights import load_weights, save_weights
from fewpix.models.zoo import load_student, tensors_of
from int8_made import COUNT, orl_faces, tiny_int8, tiny_weights
from tiny_student import orl_crops, tiny_student

pytestmark = pytest.mark.needs("torch", "samples", "openvino")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Int8Report]:
    folder = tmp_path_factory.mktemp("int8")
    return folder, tiny_int8(folder)


def operations(data: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_model_from_string(data).graph.node]


def run(data: bytes, faces: np.ndarray) -> np.ndarray:
    """Unit embeddings of preprocessed faces by onnxruntime."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (rows,) = session.run(None, {"faces": faces})
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_its_card_says_what_it_is_and_what_it_was_calibrated_on(made: tuple[Path, Int8Report]) -> None:
    folder, report = made
    plain, card = load_weights(folder / "tiny.safetensors")[1], foreign(folder / "tiny-int8.onnx").card
    assert (card.int8, plain.int8) == (True, False)
    assert (card.name, card.space, card.preprocess) == ("tiny-0-int8", plain.space, plain.preprocess)
    assert card.sha256 == report.sha256 != plain.sha256
    assert card.provenance["recipe"] == plain.provenance["recipe"]
    assert card.provenance["int8"] == {
        "of": plain.sha256,
        "faces": COUNT,
        "faces_sha256": orl_faces().sha256,
        "seed": 0,
        "chain": "train",
    }
    assert set(report.cosine) == {"onnxruntime", "openvino"}
    assert json.loads(json.dumps(report.to_json()))["cosine"] == report.cosine
    assert "calibrated on 32 faces" in str(report)


def test_the_same_faces_and_seed_give_the_same_bytes(made: tuple[Path, Int8Report], tmp_path: Path) -> None:
    folder, report = made
    again = tiny_int8(tmp_path)
    before = (folder / "tiny-int8.onnx").read_bytes()
    assert (tmp_path / "tiny-int8.onnx").read_bytes() == before
    other = export_int8(folder / "tiny.safetensors", tmp_path / "b.onnx", orl_faces(), count=COUNT, seed=1)
    assert again.sha256 == report.sha256 != other.sha256


def test_kernels_are_bytes_but_the_first(made: tuple[Path, Int8Report]) -> None:
    graph = onnx.load(str(made[0] / "tiny-int8.onnx")).graph
    kernels = [item for item in graph.initializer if len(item.dims) in (2, 4)]
    (first,) = [item for item in kernels if item.data_type == TensorProto.FLOAT]
    assert first.dims[1] == 3
    assert {item.data_type for item in kernels if item is not first} == {TensorProto.INT8}
    scales = [item for item in graph.initializer if item.name.endswith("weight/float32_scale")]
    assert all(len(item.dims) == 1 and item.dims[0] > 1 for item in scales)  # by output channel


@pytest.mark.parametrize("arch", ["lr24-tiny", "lr28-tiny", "sface-tiny"])
def test_embeddings_are_hardly_moved_in_both_runtimes(arch: str, tmp_path: Path) -> None:
    tiny_int8(tmp_path, arch)
    export_onnx(tmp_path / "tiny.safetensors", tmp_path / "tiny.onnx", check=False)
    crops = [crop for side in (8, 16, 32) for crop in orl_crops(side)[5::50]]
    wanted = open_encoder(tmp_path / "tiny.onnx", runtime="onnxruntime").embed(crops)
    for runtime in ("onnxruntime", "openvino"):
        found = open_encoder(tmp_path / "tiny-int8.onnx", runtime=runtime).embed(crops)
        assert (found * wanted).sum(axis=1).mean() > 0.99, runtime
        assert not np.array_equal(found, wanted)


def test_runtimes_get_other_forms_of_the_same_numbers(made: tuple[Path, Int8Report]) -> None:
    path = made[0] / "tiny-int8.onnx"
    data = path.read_bytes()
    faces = foreign(path).card.preprocess.apply(orl_crops(16)[::40])
    whole, once = whole_prelu(data), rounded_once(data)
    # The first PReLU follows a convolution in float32, and stays.
    assert operations(data).count("PRelu") > operations(whole).count("PRelu") == 1
    assert operations(whole).count("Max") == operations(data).count("PRelu") - 1
    assert operations(once).count("PRelu") == operations(data).count("PRelu")
    assert operations(once).count("QuantizeLinear") < operations(data).count("QuantizeLinear")
    as_it_is = run(data, faces)
    for other in (whole, once):
        assert (run(other, faces) * as_it_is).sum(axis=1).min() > 0.99


def test_an_older_onnxruntime_gets_the_file(
    made: tuple[Path, Int8Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made[0] / "tiny-int8.onnx"
    for version in ("1.23.2", "1.20.0", "2.x"):
        monkeypatch.setattr(onnxruntime, "__version__", version)
        assert whole_prelu(path.read_bytes()) == path.read_bytes()
    assert open_encoder(path, runtime="onnxruntime").embed(orl_crops(16)[:2]).shape == (2, 32)


def test_channels_are_evened_out_and_nothing_is_changed(tmp_path: Path) -> None:
    model, card = tiny_student("lr28-tiny")
    batch = card.preprocess.apply(orl_crops(16)[::20])
    proto = _folded(to_onnx(model, card).SerializeToString(), tmp_path / "folded.onnx")
    (slopes,) = [item for item in proto.graph.initializer if item.name == _slopes(proto)]
    steep = numpy_helper.to_array(slopes).copy()
    steep[:2] = [[[1.5]], [[3.0]]]
    slopes.CopyFrom(numpy_helper.from_array(steep, slopes.name))
    before, kernels = run(proto.SerializeToString(), batch), _kernels(proto)
    equalise(proto, [batch])
    np.testing.assert_allclose(run(proto.SerializeToString(), batch), before, atol=2e-6)
    assert any(not np.array_equal(a, b) for a, b in zip(_kernels(proto), kernels, strict=True))
    found = next(numpy_helper.to_array(item) for item in proto.graph.initializer if item.name == slopes.name)
    np.testing.assert_allclose(found[:2].ravel(), [1 / 1.5, 1 / 3], rtol=1e-6)
    assert found.max() <= 1


def _folded(data: bytes, target: Path) -> onnx.ModelProto:
    """BatchNorms in their kernels, as onnxruntime's own optimisation puts them there."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return onnx.load(str(target))


def _slopes(proto: onnx.ModelProto) -> str:
    """Of the last PReLU, which lies between two convolutions."""
    return str([node for node in proto.graph.node if node.op_type == "PRelu"][-1].input[1])


def _kernels(proto: onnx.ModelProto) -> list[np.ndarray]:
    return [numpy_helper.to_array(item) for item in proto.graph.initializer if len(item.dims) == 4]


def test_faces_are_made_small_to_every_size_of_the_chain() -> None:
    crops = calibration_crops(orl_faces(12), "train", 18, 0)
    assert [crop.shape[0] for crop in crops] == [8, 10, 12, 14, 16, 20, 24, 28, 32] * 2
    again = calibration_crops(orl_faces(12), "train", 18, 0)
    assert all(np.array_equal(a, b) for a, b in zip(crops, again, strict=True))


def test_a_state_does_not_fit_it(made: tuple[Path, Int8Report]) -> None:
    folder, report = made
    for sha256 in (report.of, report.sha256):
        state = source_state(sha256, count=1, source="here", date="2026-11-30")
        for runtime in ("onnxruntime", "openvino"):
            with pytest.raises(WeightsError, match="tiny-0-int8 takes no state"):
                open_encoder(folder / "tiny-int8.onnx", runtime=runtime, state=state)


def test_rates_of_the_student_are_not_taken_for_its_own(made: tuple[Path, Int8Report]) -> None:
    folder, report = made
    values = data()
    values["encoders"][0]["sha256"] = report.of
    calibrated = Calibrated(Calibration.model_validate(values))
    plain, int8 = open_encoder(folder / "tiny.safetensors"), open_encoder(folder / "tiny-int8.onnx")
    assert (plain.card.sha256, calibrated.misfit(plain)) == (report.of, "")
    assert "other weights than those of tiny-0-int8" in calibrated.misfit(int8)
    assert calibrated.measured(report.of, "")
    assert not calibrated.measured(report.sha256, "")
    assert "another model" in calibrated.curve(report.sha256, "", 12).reason


def test_auto_takes_openvino_where_both_are_near(
    made: tuple[Path, Int8Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEWPIX_CACHE", str(tmp_path))
    monkeypatch.setattr("fewpix.models.comparison.platform.machine", lambda: "x86_64")
    assert open_encoder(made[0] / "tiny-int8.onnx").runtime == "openvino"


def test_a_damaged_file_is_refused(made: tuple[Path, Int8Report], tmp_path: Path) -> None:
    proto = onnx.load(str(made[0] / "tiny-int8.onnx"))
    item = next(item for item in proto.graph.initializer if item.data_type == TensorProto.INT8)
    value = numpy_helper.to_array(item).copy()
    value.flat[0] ^= 1
    item.CopyFrom(numpy_helper.from_array(value, item.name))
    onnx.save(proto, str(tmp_path / "a.onnx"))
    with pytest.raises(WeightsError, match="is damaged"):
        open_encoder(tmp_path / "a.onnx", runtime="onnxruntime")


def test_an_odd_graph_is_refused(made: tuple[Path, Int8Report], tmp_path: Path) -> None:
    proto = onnx.load(str(made[0] / "tiny-int8.onnx"))
    for node in proto.graph.node:
        if node.op_type == "DequantizeLinear":
            del node.input[2:]
    onnx.save(proto, str(tmp_path / "a.onnx"))
    with pytest.raises(WeightsError, match="onnxruntime cannot load"):
        open_encoder(tmp_path / "a.onnx", runtime="onnxruntime")


def test_what_is_too_far_off_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, target = tiny_weights(tmp_path), tmp_path / "a.onnx"
    target.write_bytes(b"before")
    monkeypatch.setattr(int8_module, "LEAST", 1.1)
    with pytest.raises(WeightsError, match="in int8, in onnxruntime, the embeddings of tiny-0"):
        export_int8(weights, target, orl_faces(), count=8)
    assert target.read_bytes() == b"before"
    assert "not compared" in str(export_int8(weights, target, orl_faces(), count=8, check=False))


def test_what_cannot_be_calibrated_is_refused(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path)
    with pytest.raises(ConfigError, match="at least 8, not 7"):
        export_int8(weights, tmp_path / "a.onnx", orl_faces(), count=7)
    with pytest.raises(InputError, match="no weights at"):
        export_int8(tmp_path / "absent.safetensors", tmp_path / "a.onnx", orl_faces())
    model, card = load_student(weights)
    bare = Card(card.name, card.arch, card.sha256, card.space, card.preprocess)
    save_weights(tmp_path / "bare.safetensors", tensors_of(model), bare)
    with pytest.raises(WeightsError, match="holds no recipe"):
        export_int8(tmp_path / "bare.safetensors", tmp_path / "a.onnx", orl_faces())
    assert not (tmp_path / "a.onnx").exists()
