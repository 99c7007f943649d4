"""Opening an encoder by name or path: what was asked for, or one clear error."""

from __future__ import annotations

import importlib.util
import platform
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from fewpix.adapt.stats import LayerStats, NormState, source_state
from fewpix.embed.open import open_encoder
from fewpix.embed.router import Router
from fewpix.errors import ConfigError, InputError, UnavailableError, WeightsError
from fewpix.export.onnx import export_onnx
from fewpix.models.comparison import MACHINES
from fewpix.models.shipped import STUDENTS, WEIGHTS
from fewpix.models.teacher import SFACE_SHA256
from fewpix.models.weights import save_weights
from fewpix.models.zoo import tensors_of
from tiny_student import orl_crops, tiny_student

pytestmark = pytest.mark.needs("samples", "torch", "openvino")

AUTO = "openvino" if platform.machine().lower() in MACHINES else "onnxruntime"

shipped = pytest.mark.skipif(
    not (WEIGHTS / f"{STUDENTS[0]}.onnx").is_file(), reason="the package has no student weights yet"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same student as .safetensors and as .onnx."""
    folder = tmp_path_factory.mktemp("open")
    model, card = tiny_student(seed=3)
    save_weights(folder / "a.safetensors", tensors_of(model), card)
    export_onnx(folder / "a.safetensors", folder / "a.onnx", check=False)
    return folder / "a.safetensors", folder / "a.onnx"


def test_a_path_opens_in_the_runtimes_that_can_read_it(files: tuple[Path, Path]):
    weights, graph = files
    opened = [
        open_encoder(str(weights)),
        open_encoder(str(weights), runtime="torch", device="cpu"),
        open_encoder(str(graph)),
        open_encoder(str(graph), runtime="onnxruntime", threads=1),
        open_encoder(str(graph), runtime="openvino", threads=1),
    ]
    assert [item.runtime for item in opened] == ["torch", "torch", AUTO, "onnxruntime", "openvino"]
    assert len({item.card.sha256 for item in opened}) == 1
    rows = [item.embed(orl_crops(16)[:9]) for item in opened]
    for other in rows[1:]:
        np.testing.assert_allclose(other, rows[0], atol=1e-5)


def test_the_teacher():
    encoder = open_encoder("teacher", threads=1)
    assert (encoder.runtime, encoder.device) == (AUTO, "cpu")
    assert encoder.card.sha256 == encoder.card.space.teacher_sha256 == SFACE_SHA256
    rows = encoder.embed(orl_crops(92)[:20])
    assert rows.shape == (20, 128)
    similar = rows @ rows.T
    same = np.kron(np.eye(2, dtype=bool), np.ones((10, 10), dtype=bool))
    assert similar[same].mean() > similar[~same].mean() + 0.3


def test_the_teacher_gives_the_same_rows_in_any_batch_and_runtime():
    faces = [orl_crops(side)[40 * n] for n, side in enumerate((8, 12, 24, 60, 92))]
    encoder = open_encoder("teacher", threads=1)
    rows = encoder.embed(faces)
    assert np.array_equal(encoder.embed(faces[::-1]), rows[::-1])
    assert np.array_equal(encoder.embed(faces[3:4]), rows[3:4])
    other = open_encoder("sface", runtime="openvino", threads=1)
    np.testing.assert_allclose(other.embed(faces), rows, atol=1e-4)


@shipped
def test_the_shipped_student_in_every_runtime():
    faces = orl_crops(16)[::40]
    rows = [open_encoder(runtime=runtime).embed(faces) for runtime in ("auto", "openvino", "torch")]
    np.testing.assert_allclose(rows[1], rows[0], atol=1e-4)
    np.testing.assert_allclose(rows[2], rows[0], atol=1e-4)
    assert open_encoder().card.space == open_encoder("teacher").card.space


@shipped
def test_the_router_uses_all():
    router = open_encoder("auto", threads=1)
    assert isinstance(router, Router)
    faces = [orl_crops(side)[n] for n, side in enumerate((8, 30, 80, 12, 40, 92))]
    rows = router.embed(faces)
    for n, name in enumerate(("fewpix-s", "fewpix-l", "teacher") * 2):
        assert router.encoder(faces[n].shape[0]).card.name == open_encoder(name, threads=1).card.name
        assert np.array_equal(rows[n : n + 1], open_encoder(name, threads=1).embed(faces[n : n + 1]))


@shipped
@pytest.mark.parametrize("name", ["fewpix-s", "fewpix-l"])
def test_under_the_router_a_state_reaches_the_student_that_it_was_made_for(name: str):
    encoder = open_encoder(name, threads=1)
    state = source_state(encoder.card.sha256, count=9, source="camera", date="2026-01-01")
    router = open_encoder("auto", threads=1, state=state)
    assert isinstance(router, Router)
    assert {item.card.name: item.state_id for item in router.encoders if item.state_id} == {name: state.id}
    assert router.state_id == state.id


@shipped
def test_a_state_of_a_student_outside_of_the_router_is_refused_by_it():
    card = open_encoder("fewpix-xs", threads=1).card
    state = source_state(card.sha256, count=9, source="camera", date="2026-01-01")
    with pytest.raises(WeightsError, match="which the router does not use") as caught:
        open_encoder("auto", threads=1, state=state)
    assert "fewpix-s, fewpix-l" in caught.value.fix


@shipped
def test_a_state_of_nobody_is_refused_by_the_router():
    state = source_state("f" * 64, count=9, source="camera", date="2026-01-01")
    with pytest.raises(
        WeightsError, match="belongs to the model ffffffffffff, which the router does not use"
    ):
        open_encoder("auto", threads=1, state=state)


@pytest.mark.parametrize(
    ("model", "options", "error", "said"),
    [
        ("nobody", {}, InputError, "no model 'nobody'"),
        ("teacher", {"runtime": "tensorflow"}, ConfigError, "unknown runtime 'tensorflow'"),
        ("teacher", {"runtime": "torch"}, ConfigError, "torch cannot read the model sface"),
        ("auto", {"runtime": "torch"}, ConfigError, "torch cannot read the model sface"),
        ("teacher", {"device": "mps"}, UnavailableError, "no device 'mps'"),
        ("teacher", {"device": "cuda:99"}, UnavailableError, "cuda:99"),
        ("teacher", {"runtime": "openvino", "device": "cuda"}, UnavailableError, "CPU only"),
    ],
)
def test_what_cannot_be_opened(model: str, options: dict[str, str], error: type[Exception], said: str):
    with pytest.raises(error, match=said) as caught:
        open_encoder(model, **options)
    assert caught.value.fix


def test_files_that_a_runtime_cannot_read(files: tuple[Path, Path], tmp_path: Path):
    weights, graph = files
    with pytest.raises(ConfigError, match=r"onnxruntime cannot read a\.safetensors"):
        open_encoder(str(weights), runtime="onnxruntime")
    with pytest.raises(ConfigError, match=r"torch cannot read .*a\.onnx, which is an ONNX file"):
        open_encoder(str(graph), runtime="torch")
    with pytest.raises(ConfigError, match="torch's threads"):
        open_encoder(str(weights), threads=2)
    other = tmp_path / "a.bin"
    other.write_bytes(b"x")
    with pytest.raises(InputError, match="is neither"):
        open_encoder(str(other))


def test_damaged_files(files: tuple[Path, Path], tmp_path: Path):
    weights, graph = files
    for file, at in ((weights, -40), (graph, graph.stat().st_size // 2)):
        data = bytearray(file.read_bytes())
        data[at] ^= 0x11
        broken = tmp_path / file.name
        broken.write_bytes(bytes(data))
        with pytest.raises(WeightsError):
            open_encoder(str(broken))
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(graph.read_bytes()[:1000])
    with pytest.raises(WeightsError):
        open_encoder(str(cut))


@pytest.mark.parametrize(("runtime", "name"), [("openvino", "OpenVINO"), ("torch", "PyTorch")])
def test_a_runtime_that_is_not_installed_is_not_replaced(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, runtime: str, name: str
):
    find = importlib.util.find_spec

    def hide(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == runtime else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", hide)
    with pytest.raises(UnavailableError, match=f"{name} is not installed") as caught:
        open_encoder(str(files[0] if runtime == "torch" else files[1]), runtime=runtime)
    assert "pip install" in caught.value.fix
    assert caught.value.exit_code == 9


def test_a_state_of_another_model_is_refused():
    stats = LayerStats(np.zeros(3), np.ones(3), 40)
    state = NormState("f" * 64, "batch", 0.0, 40, "2026-01-01", "test", {"bn": stats})
    with pytest.raises(WeightsError, match="not for sface"):
        open_encoder("teacher", state=state)
