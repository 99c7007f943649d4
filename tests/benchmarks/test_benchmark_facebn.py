"""The FaceBN benchmarks on a few faces and a student with random weights: the figures are consistent."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fewpix.data.faces import load_faces
from fewpix.data.orl import load_orl
from fewpix.evaluate.result.file import read_result
from fewpix.image.codec import write_image
from fewpix.image.resize import resize_square
from fewpix.models.card import Card
from fewpix.models.teacher import sface
from fewpix.models.weights import save_weights
from fewpix.train.recipe import parse_recipe
from lfw_layout import lay_out_folds
from tiny_student import POOL_RECIPE, orl_crops

pytestmark = pytest.mark.needs("samples", "torch")

ARMS = ("prior+1d", "alpha0.5-early", "alpha0.5-late+1d", "ema")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.setattr(importlib.import_module("benchmarks.lib.pool"), "cache_dir", lambda: tmp_path)
    return importlib.import_module("benchmarks.facebn.shifts")


def student(folder: Path, faces_sha256: str) -> Path:
    import torch

    from fewpix.models.zoo import architecture, build, tensors_of

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build("lr24-tiny", 128)
    provenance = {
        "recipe": parse_recipe(POOL_RECIPE, "here").model_dump(mode="json"),
        "faces_sha256": faces_sha256,
    }
    preprocess = architecture("lr24-tiny").preprocess
    card = Card("tiny", "lr24-tiny", "", sface().card.space, preprocess, "tests", provenance)
    save_weights(folder / "tiny.safetensors", tensors_of(model), card)
    return folder / "tiny.safetensors"


def run(module: ModuleType, monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", [module.__name__, *(str(word) for word in words)])
    return int(module.main())


def pool(tmp_path: Path) -> tuple[Path, Path]:
    """A pool of 80 sharp faces and a student that has seen nothing of it."""
    for n, image in enumerate(load_orl().images[::5]):
        write_image(tmp_path / "pool" / f"{n:03d}.png", resize_square(image[12:104], 112))
    return tmp_path / "pool", student(tmp_path, load_faces([tmp_path / "pool"]).sha256)


@pytest.mark.slow
def test_the_pool(bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    faces, weights = pool(tmp_path)
    out = tmp_path / "results" / "pool.json"
    words = (faces, "--model", weights, "--families", "area", "cctv", "--sizes", 12, "--arms", *ARMS)
    assert run(bench, monkeypatch, "pool", *words, "--out", out) == 0
    found = read_result(out)
    assert {(row["family"], row["size"], row["arm"]) for row in found["figures"]} == {
        (family, 12, arm) for family in ("area", "cctv") for arm in ("source", *ARMS)
    }
    assert found["data"]["adapting"] + found["data"]["scored"] == round(0.75 * 80)
    by = {(row["family"], row["arm"]): row for row in found["figures"]}
    for arm in ARMS:
        for metric in ("rank1", "cosine"):
            changes = []
            for family in ("area", "cctv"):
                row = by[family, arm]
                low, high = row[f"{metric}_change"]["ci95"]
                change = row[f"{metric}_change"]["mean"]
                assert low <= change <= high
                assert change == pytest.approx(row[metric] - by[family, "source"][metric], abs=3e-6)
                assert row["guard"]["harm"]["faces"] == found["data"]["adapting"] // 3
                changes.append(change)
            summary = found["summary"][arm][metric]
            assert summary["change"] == pytest.approx(np.mean(changes), abs=3e-6)
            assert summary["worst"]["mean"] == min(changes)
            assert summary["cells"] == 2
            assert summary["helps"] + summary["hurts"] <= 2
    assert by["cctv", "prior+1d"]["weight"] == pytest.approx(
        256 / (256 + found["data"]["adapting"]), abs=1e-6
    )
    assert found["guard"]["cosine"]["cells"] == 2 * len(ARMS)
    again = tmp_path / "again.json"
    words = (faces, "--model", weights, "--families", "cctv", "--sizes", 12, "--arms", "ema")
    assert run(bench, monkeypatch, "pool", *words, "--no-guard", "--out", again) == 0
    assert "guard" not in read_result(again)
    repeated = [row for row in found["figures"] if row["family"] == "cctv" and row["arm"] == "ema"]
    for row in repeated:
        del row["guard"]
    assert [row for row in read_result(again)["figures"] if row["arm"] == "ema"] == repeated


@pytest.mark.slow
def test_the_families(bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every figure is that of a search done by hand; the teacher finds large faces, random weights nobody."""
    module = importlib.import_module("benchmarks.resolution.families")
    faces, weights = pool(tmp_path)
    out = tmp_path / "results" / "families.json"
    words = (faces, "--models", f"{weights},teacher", "--families", "area", "cctv", "--sizes", 12, 24)
    assert run(module, monkeypatch, *words, "--out", out) == 0
    found = read_result(out)
    by = {(row["family"], row["size"], row["model"]): row for row in found["figures"]}
    assert len(by) == 2 * 2 * 2
    assert by["area", 24, "teacher"]["rank1"] > 0.9 > 0.3 > by["area", 24, "tiny"]["rank1"]
    for (family, size, model), row in by.items():
        low, high = row["rank1_ci95"]
        assert low <= row["rank1"] <= high
        if model != "teacher":
            other = by[family, size, "teacher"]["rank1"]
            assert row["minus_baseline"]["rank1"] == pytest.approx(row["rank1"] - other, abs=3e-6)
    for row in found["summary"]:
        own = [by[family, row["size"], row["model"]]["rank1"] for family in ("area", "cctv")]
        assert row["mean"] == pytest.approx(np.mean(own), abs=3e-6)
        assert row["worst"]["rank1"] == min(own)
    pool_set = load_faces([faces])
    held = found["data"]["held_out"]
    assert held == round(0.75 * 80)
    assert found["data"]["sha256"] == pool_set.sha256
    assert run(module, monkeypatch, faces, "--models", "teacher", "--out", out) != 0


def test_lfw(bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Statistics from the last fold's people only, scores from the others."""
    folder = lay_out_folds(tmp_path / "lfw")
    weights, out = student(tmp_path, ""), tmp_path / "lfw.json"
    words = ("lfw", folder, "--model", weights, "--families", "dark", "--sizes", 12, "--arms", "batch+1d")
    assert run(bench, monkeypatch, *words, "--out", out) == 0
    found = read_result(out)
    assert found["data"] | {"list_sha256": ""} == {"list_sha256": "", "fold": 2, "adapting": 8, "pairs": 16}
    source, batch = found["figures"]
    assert (source["arm"], batch["arm"]) == ("source", "batch+1d")
    for protocol in ("hr-lr", "lr-lr"):
        assert 0 <= source[protocol] <= 1
        change = batch[f"{protocol}_change"]
        assert change["mean"] == pytest.approx(batch[protocol] - source[protocol], abs=3e-6)
        assert change["ci95"][0] <= change["mean"] <= change["ci95"][1]
    assert run(bench, monkeypatch, *words, "--limit", 2, "--fold", 0, "--out", out) == 0
    found = read_result(out)
    assert (found["data"]["fold"], found["data"]["pairs"]) == (0, 8)


def test_the_guards_cosine(bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    faces, weights = pool(tmp_path)
    module, out = importlib.import_module("benchmarks.facebn.guard"), tmp_path / "guard.json"
    words = (faces, "--model", weights, "--families", "area", "--sizes", 16, "--people", 1)
    assert run(module, monkeypatch, *words, "--out", out) == 0
    found = read_result(out)
    assert found["data"]["people"] == 1
    (row,) = found["figures"]
    for kind in ("one_person", "many_people"):
        rates = [row[kind][str(cosine)] for cosine in (0.1, 0.15, 0.2, 0.25, 0.3)]
        assert rates == sorted(rates, reverse=True)
        assert found["called_one_person"][kind] == row[kind]


def test_other_faces_than_the_students_are_refused(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(tmp_path / "pool" / "a.png", orl_crops()[0])
    weights, out = student(tmp_path, "0" * 64), tmp_path / "x.json"
    assert run(bench, monkeypatch, "pool", tmp_path / "pool", "--model", weights, "--out", out) == 3
    assert "not the faces" in capsys.readouterr().err
    assert not out.exists()
