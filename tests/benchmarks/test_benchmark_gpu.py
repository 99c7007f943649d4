"""The benchmark of a step on a device, and the command for ten minutes on a GPU; here on the CPU."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from fewpix.data.faces import load_faces
from fewpix.evaluate.result.file import read_result
from fewpix.image.codec import write_image
from tiny_student import POOL_RECIPE, orl_crops

pytestmark = pytest.mark.needs("samples", "torch")

RECIPE = POOL_RECIPE.replace("holdout = 0.75", "holdout = 0.25\nflip = false").replace(
    "steps = 1", "steps = 9\nbatch = 4"
)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Forty faces in a folder of one source, and a recipe."""
    for n, crop in enumerate(orl_crops(40)[::10]):
        write_image(tmp_path / "faces" / "orl" / f"{n:03d}.png", crop)
    (tmp_path / "tiny.toml").write_text(RECIPE)
    return tmp_path


def test_a_step_and_its_parts(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    bench = importlib.import_module("benchmarks.training.gpu_step")
    out = folder / "gpu_train.json"
    words = [
        "x",
        str(folder / "faces"),
        "--recipe",
        str(folder / "tiny.toml"),
        "--device",
        "cpu",
        "--steps",
        "2",
    ]
    monkeypatch.setattr("sys.argv", [*words, "--out", str(out)])
    bench.main()
    found = read_result(out)
    assert found["settings"]["workers"] == 0
    figures = found["figures"]
    assert figures["faces_per_second"] > 0
    assert 0 <= figures["not_matrix_work"] < 1
    assert set(figures["milliseconds"]) == {
        "draw_in_one_process",
        "make_small",
        "forward_and_backward",
        "learn",
    }
    assert all(value > 0 for value in figures["milliseconds"].values())


def test_faces_are_packed_and_students_trained_from_the_pack_alone(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = importlib.import_module("benchmarks.training.gpu_distil")
    packed, out, recipe = folder / "packed", folder / "runs", str(folder / "tiny.toml")
    words = ["pack", str(folder / "faces"), "--recipe", recipe, "--cache", str(folder / "cache.db")]
    assert bench.main([*words, "--mib", "0.12", "--out", str(packed)]) == 0
    assert sum(path.stat().st_size for path in packed.iterdir()) <= 0.12 * 2**20
    faces = load_faces([packed / "faces.tar"])
    assert 4 < len(faces) <= 30  # fewer than the 30 that the split leaves to learn from would fit
    assert "faces to learn from" in capsys.readouterr().out

    def never(*_: object) -> None:
        raise AssertionError("the teacher was asked")

    class Deaf:
        card = bench.open_encoder("teacher").card
        embed = never

    monkeypatch.setattr(bench, "open_encoder", lambda name: Deaf())
    words = ["train", str(packed), "--device", "cpu", "--trial", "1", "4", "--seconds", "1"]
    assert bench.main([*words, "--recipes", "no-such.toml", recipe, "--out", str(out)]) == 3
    told = capsys.readouterr()
    assert "no-such.toml" in told.err
    assert "steps of 4" in told.out
    assert (out / "tiny" / "tiny.safetensors").is_file()
    steps = json.loads((out / "tiny" / "recipe.json").read_text())["run"]["steps"]
    assert steps >= 4
