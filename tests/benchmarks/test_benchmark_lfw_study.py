"""The LFW study on a few faces: what the existing code says, and parts make the same bytes as one go."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fewpix.degrade.degradation import Degradation
from fewpix.evaluate.benchmark import PAIRS
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.evaluate.result.file import read_result
from fewpix.evaluate.run import evaluate
from fewpix.evaluate.statistics.accuracy import fold_accuracy
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.image.resize import Crop, resize_square
from grey_encoder import Grey
from lfw_layout import lay_out, lay_out_folds

pytestmark = pytest.mark.needs("samples")

PICTURES, REPLICATES = 24, 40
Row = dict[str, Any]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The study with a small grid."""
    module = importlib.import_module("benchmarks.lfw.study")
    monkeypatch.setattr(module, "FAMILIES", ("area", "cctv", "dark"))
    monkeypatch.setattr(module, "SIZES", (12, 8, 112))
    return module


class Interrupted(Grey):
    """Ctrl-C while it embeds a face, after some others."""

    def __init__(self, name: str, after: int) -> None:
        super().__init__(name)
        self.after = after

    def embed(self, crops: Any) -> Any:
        if len(self.seen) + len(crops) > self.after:
            raise KeyboardInterrupt
        return super().embed(crops)


@pytest.fixture
def grey(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, Grey]:
    """All models are cheap ones of one space, and FaceBN is not there."""
    encoders = {name: Grey(f"{n}" * 64) for n, name in enumerate(bench.MODELS[:3])}
    monkeypatch.setattr(bench, "open_encoder", lambda name, **_: encoders[name])
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    monkeypatch.setattr(importlib.import_module("benchmarks.lfw.cells"), "CHUNK", 5)
    return encoders


def run(module: ModuleType, folder: Path, work: Path, out: Path, *words: object) -> int:
    line = [folder, "--work", work, "--out", out, "--replicates", REPLICATES]
    line += ["--models", "teacher,fewpix-s,fewpix-l", *words]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module.__name__, *(str(word) for word in line)])
        return int(module.main())


def by(rows: list[Row]) -> dict[tuple[str, int, str, str], Row]:
    return {(row["family"], row["size"], row["model"], row["protocol"]): row for row in rows}


def test_parts_and_an_interrupted_run_give_the_same_bytes_as_one_go(
    bench: ModuleType, grey: dict[str, Grey], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, whole, out = lay_out_folds(tmp_path / "lfw"), tmp_path / "whole.json", tmp_path / "out.json"
    assert run(bench, folder, tmp_path / "a", whole) == 0
    embedded = {name: len(encoder.seen) for name, encoder in grey.items()}
    assert run(bench, folder, tmp_path / "a", out) == 0
    assert {name: len(encoder.seen) for name, encoder in grey.items()} == embedded  # all were kept
    assert out.read_bytes() == whole.read_bytes()
    out.unlink()

    stopped = Interrupted(
        "0" * 64, after=72
    )  # 28 for the estimate of the time, 24 of the first cell, 20 of the second
    with monkeypatch.context() as patch:
        patch.setattr(bench, "open_encoder", lambda name, **_: stopped if name == "teacher" else grey[name])
        assert run(bench, folder, tmp_path / "b", out) == 130
    assert not out.exists()
    kept = list((tmp_path / "b").rglob("*.npz"))
    assert kept
    before = {path: path.read_bytes() for path in kept}
    assert run(bench, folder, tmp_path / "b", out, "--families", "dark", "--models", "fewpix-l") == 0
    assert len(read_result(out)["absent"]) == 7 * 4 - 3 - 2 - 1  # before, now, the sharp side
    assert run(bench, folder, tmp_path / "b", out, "--sizes", "8") == 0
    assert run(bench, folder, tmp_path / "b", out) == 0
    assert out.read_bytes() == whole.read_bytes()
    assert {path: path.read_bytes() for path in kept} == before


def test_a_damaged_part_is_made_again(bench: ModuleType, grey: dict[str, Grey], tmp_path: Path) -> None:
    folder, out = lay_out_folds(tmp_path / "lfw"), tmp_path / "out.json"
    assert run(bench, folder, tmp_path / "w", out, "--families", "area", "--sizes", 12) == 0
    first = out.read_bytes()
    path = sorted((tmp_path / "w").rglob("000001.npz"))[0]
    path.write_bytes(path.read_bytes()[:100])
    assert run(bench, folder, tmp_path / "w", out, "--families", "area", "--sizes", 12) == 0
    assert out.read_bytes() == first


def test_a_matched_gallery_is_clean_and_as_small_as_the_probe(
    bench: ModuleType, grey: dict[str, Grey], tmp_path: Path
) -> None:
    """Each protocol's scores, from pictures made small here."""
    folder, out = lay_out_folds(tmp_path / "lfw"), tmp_path / "out.json"
    assert run(bench, folder, tmp_path / "w", out, "--sizes", "12,112") == 0
    found = read_result(out)
    data = importlib.import_module("benchmarks.lib.lfw").LfwPairs.open(folder)
    crops = [data.crop(n)[0] for n in range(PICTURES)]
    encoder, pairs, cctv = Grey(), data.pairs, Degradation("cctv")

    def accuracy(first: list[Crop], second: list[Crop]) -> float:
        left, right = encoder.embed(first).astype(np.float64), encoder.embed(second).astype(np.float64)
        scores = (left[pairs.first] * right[pairs.second]).sum(axis=1)
        return fold_accuracy(scores, pairs.same, pairs.folds).accuracy

    probes = [cctv.apply(crop, name, 12) for crop, name in zip(crops, data.names, strict=True)]
    clean = [resize_square(crop, 12) for crop in crops]
    expected = {"hr-lr": accuracy(crops, probes), "lr-lr": accuracy(probes, probes)}
    expected["matched"] = accuracy(clean, probes)
    assert len(set(expected.values())) > 1  # the protocols differ on these faces
    rows = by(found["figures"])
    for model in grey:
        for protocol, value in expected.items():
            assert rows["cctv", 12, model, protocol]["accuracy"] == pytest.approx(value, abs=1e-6)
        change = rows["cctv", 12, model, "matched"]["minus_sharp_gallery"]
        assert change["accuracy"] == pytest.approx(expected["matched"] - expected["hr-lr"], abs=2e-6)
        assert ("area", 12, model, "matched") not in rows  # it would be lr-lr once more
        assert {row["protocol"] for row in found["figures"] if row["size"] == 112} == {"hr-lr", "lr-lr"}
    assert rows["area", 12, "fewpix-s", "lr-lr"]["accuracy"] == pytest.approx(
        accuracy(clean, clean), abs=1e-6
    )


def test_the_mean_over_families_and_the_worst_of_them(
    bench: ModuleType, grey: dict[str, Grey], tmp_path: Path
) -> None:
    folder, out = lay_out_folds(tmp_path / "lfw"), tmp_path / "out.json"
    assert run(bench, folder, tmp_path / "w", out, "--families", "area,dark", "--sizes", 12) == 0
    found = read_result(out)
    rows = by(found["figures"])
    for row in found["summary"]:
        own = {f: rows[f, 12, row["model"], row["protocol"]]["accuracy"] for f in row["families"]}
        assert set(own) == {"area", "dark"} - ({"area"} if row["protocol"] == "matched" else set())
        assert row["mean"]["accuracy"] == pytest.approx(np.mean(list(own.values())), abs=2e-6)
        assert row["mean"]["ci95"][0] <= row["mean"]["accuracy"] <= row["mean"]["ci95"][1]
        assert row["worst"]["accuracy"] == pytest.approx(min(own.values()), abs=2e-6)
    assert {"family": "cctv", "size": 12, "model": "teacher"} in found["absent"]


@pytest.mark.needs("torch")
@pytest.mark.slow
def test_real_models_as_the_existing_code_has_them(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The clean family is `evaluate lfw-table`'s; FaceBN is `facebn_shifts.py lfw`'s."""
    folder, out = lay_out_folds(tmp_path / "lfw"), tmp_path / "out.json"
    words = ("--sizes", 12, "--threads", 1, "--families")
    assert run(bench, folder, tmp_path / "w", out, *words, "dark", "--models", "fewpix-s+facebn") == 0
    # FaceBN's cell is kept, and in the result of a run that did not ask for it
    assert run(bench, folder, tmp_path / "w", out, *words, "area,dark", "--models", "teacher,fewpix-s") == 0
    found = read_result(out)
    encoders = {name: bench.open_encoder(name) for name in ("teacher", "fewpix-s")}
    others = dict.fromkeys(encoders, ("teacher", encoders["teacher"]))
    how = Plan(
        encoders,
        others,
        sizes=(12,),
        protocols=("hr-lr", "lr-lr"),
        baseline="teacher",
        fit="aligned",
        draws=Draws(REPLICATES),
    )
    table = evaluate(open_benchmark(PAIRS, "lfw", folder), how).measured()
    rows = by(found["figures"])
    for cell in table.cells:
        row, accuracy = rows["area", 12, cell.model, cell.part["protocol"]], cell.figure("accuracy")
        assert accuracy is not None
        assert row["accuracy"] == pytest.approx(accuracy.value, abs=1e-6)
        assert row["accuracy_ci95"] == pytest.approx(accuracy.ci95, abs=1e-6)
        tar = cell.figure("tar", "1e-3")
        assert tar is not None
        assert row["tar_at_far"]["1e-3"] == tar.value
    assert len(table.differences) == 2
    for one in table.differences:
        row = rows["area", 12, one.model, one.part["protocol"]]
        assert row["minus_baseline"]["ci95"] == pytest.approx(one.changes[0].ci95, abs=1e-6)

    shifts, result = importlib.import_module("benchmarks.facebn.shifts"), tmp_path / "shifts.json"
    words = ("--families", "dark", "--sizes", "12", "--arms", "excess", "--out", str(result))
    monkeypatch.setattr(sys, "argv", ["facebn_shifts", "lfw", str(folder), *words])
    assert shifts.main() == 0
    adapted = by(found["facebn"]["figures"])
    assert (found["facebn"]["fold"], found["facebn"]["adapting"], found["facebn"]["pairs"]) == (2, 8, 16)
    for other in read_result(result)["figures"]:
        if other["arm"] == "excess":
            for protocol in ("hr-lr", "lr-lr"):
                row = adapted[other["family"], 12, "fewpix-s+facebn", protocol]
                assert row["accuracy"] == pytest.approx(other[protocol], abs=1e-6)
                assert row["minus_unadapted"]["accuracy"] == pytest.approx(
                    other[f"{protocol}_change"]["mean"], abs=2e-6
                )
    (state,) = found["facebn"]["states"]
    assert state["weight"] == 0
    assert state["guard"]["people"]["faces"] == 8


def test_a_dry_run_says_what_is_missing_and_embeds_no_cell(
    bench: ModuleType, grey: dict[str, Grey], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = lay_out_folds(tmp_path / "lfw"), tmp_path / "out.json"
    assert run(bench, folder, tmp_path / "w", out, "--sizes", 12, "--families", "area") == 0
    capsys.readouterr()
    assert (
        run(bench, folder, tmp_path / "w", out, "--sizes", "12,8", "--families", "area,cctv", "--dry-run")
        == 0
    )
    said = capsys.readouterr().out.splitlines()
    assert "area 12 px teacher: kept" in said
    assert "cctv 8 px fewpix-l: about 0:00" in said
    assert said[-1].startswith("9 of 13 cells to make, about ")
    assert (
        len(list((tmp_path / "w").rglob("*.npz"))) == 4 * 5
    )  # three cells and the sharp side, 24 pictures in fives


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--families", "cctv,fog"), 5, "--families: fog is not in the study"),
        (("--sizes", "12,13"), 5, "--sizes: 13 is not in the study"),
        (("--models", ","), 5, "--models: nothing is not in the study"),
        (("--out", "here"), 3, "a result is a .json file"),
        (("--models", "fewpix-s+facebn"), 3, "leave FaceBN out with --models"),
    ],
)
def test_bad_input_is_named_before_anything_is_made(
    bench: ModuleType,
    words: tuple[str, ...],
    code: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = lay_out(tmp_path / "lfw")  # its two folds share people
    if "--models" in words:
        folder = lay_out_folds(tmp_path / "folds", folds=2)
    assert run(bench, folder, tmp_path / "w", tmp_path / "out.json", *words) == code
    assert message in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.npz"))


def test_a_picture_that_is_no_aligned_crop_and_a_work_folder_that_is_a_file(
    bench: ModuleType, grey: dict[str, Grey], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = lay_out_folds(tmp_path / "lfw"), tmp_path / "out.json"
    (tmp_path / "w").write_text("")
    assert run(bench, folder, tmp_path / "w", out) == 10
    assert "name a folder for the embeddings" in capsys.readouterr().err
    (folder / "p3" / "p3_0002.png").write_bytes((folder / "p3" / "p3_0002.png").read_bytes()[:50])
    assert run(bench, folder, tmp_path / "x", out) == 3
    assert "p3_0002.png" in capsys.readouterr().err
    assert not out.exists()
