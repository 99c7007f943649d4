"""Which runtime "auto" takes: OpenVINO, once it was seen to give what onnxruntime gives."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import fewpix.embed.fastest as fastest_module
import fewpix.models.comparison as comparison
from fewpix.embed.fastest import Choice, fastest
from fewpix.embed.open import open_encoder
from fewpix.export.onnx import export_onnx
from fewpix.models.teacher import OnnxModel, foreign
from fewpix.models.weights import save_weights
from fewpix.models.zoo import tensors_of
from tiny_student import tiny_student

pytestmark = pytest.mark.needs("torch", "openvino")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    folder = tmp_path_factory.mktemp("fastest")
    student, card = tiny_student(seed=4)
    save_weights(folder / "a.safetensors", tensors_of(student), card)
    export_onnx(folder / "a.safetensors", folder / "a.onnx", check=False)
    return foreign(folder / "a.onnx")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEWPIX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(comparison.platform, "machine", lambda: "x86_64")
    return tmp_path / "cache"


def fake(rows: np.ndarray):
    return lambda model: SimpleNamespace(embed=lambda crops: rows)


def test_openvino_is_taken_where_it_gives_the_same(model: OnnxModel, monkeypatch: pytest.MonkeyPatch):
    choice = fastest(model)
    assert choice.runtime == "openvino"
    assert choice.difference is not None
    assert 0 <= choice.difference < 1e-5
    assert "differs from onnxruntime by" in choice.why

    def again(model: OnnxModel) -> dict[str, object]:
        raise AssertionError("it was compared before")

    monkeypatch.setattr(fastest_module, "_compare", again)
    assert fastest(model, "cpu") == choice
    assert open_encoder(str(model.path)).runtime == "openvino"
    assert open_encoder(str(model.path), runtime="onnxruntime").runtime == "onnxruntime"


@pytest.mark.parametrize("rows", [np.full((8, 4), 0.5), np.full((8, 4), np.nan)])
def test_another_result_is_not_taken(model: OnnxModel, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fewpix.embed.onnxruntime.OnnxRuntimeEncoder", fake(np.zeros((8, 4))))
    monkeypatch.setattr("fewpix.embed.openvino.OpenVinoEncoder", fake(rows))
    for _ in range(2):  # the second time out of the cache
        choice = fastest(model)
        assert choice.runtime == "onnxruntime"
        assert "OpenVINO differs" in choice.why


def test_a_model_that_onnxruntime_cannot_run_goes_no_further(
    model: OnnxModel, monkeypatch: pytest.MonkeyPatch
):
    def fails(model: OnnxModel):
        raise RuntimeError("no memory")

    def never(model: OnnxModel):
        raise AssertionError("it was given to OpenVINO")

    monkeypatch.setattr("fewpix.embed.onnxruntime.OnnxRuntimeEncoder", fails)
    monkeypatch.setattr("fewpix.embed.openvino.OpenVinoEncoder", never)
    assert fastest(model) == Choice("onnxruntime", "OpenVINO cannot run it: no memory")


def test_where_it_is_not_asked(model: OnnxModel, monkeypatch: pytest.MonkeyPatch):
    assert "not on cuda:0" in fastest(model, "cuda:0").why
    monkeypatch.setattr(comparison.platform, "machine", lambda: "aarch64")
    assert "not measured on aarch64" in fastest(model).why
    monkeypatch.setattr(comparison.platform, "machine", lambda: "AMD64")

    def absent(name: str) -> str:
        if name == "openvino":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(comparison, "version", absent)
    assert fastest(model) == Choice("onnxruntime", "OpenVINO is not installed")


def test_another_version_is_compared_again_and_a_damaged_note_too(
    model: OnnxModel, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[str] = []

    def compared(model: OnnxModel) -> dict[str, object]:
        seen.append(model.card.sha256)
        return {"difference": 1e-6}

    monkeypatch.setattr(fastest_module, "_compare", compared)
    assert fastest(model) == fastest(model)
    assert len(seen) == 1
    (note,) = (cache / "runtimes").iterdir()
    for text in ("", "[" * 100_000, "7", "{}"):
        note.write_text(text)
        fastest(model)
        assert json.loads(note.read_text()) == {"difference": 1e-6}
    assert len(seen) == 5
    monkeypatch.setattr(comparison, "version", lambda name: "0.1")
    fastest(model)
    assert len(seen) == 6


def test_a_cache_that_cannot_be_written_costs_time_only(model: OnnxModel, cache: Path):
    cache.write_text("a file where the folder would be")
    assert fastest(model).runtime == "openvino"
