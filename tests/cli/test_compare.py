"""`fewpix compare`: two results comparison by comparison, and what cannot be compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ijb_layout
import lfw_layout
import tinyface_layout
from evaluate_runs import printed, refused, result, written
from fewpix.cli import main
from fewpix.evaluate.tasks import pairs as pair_task
from orl_files import put
from pixels_model import write_two_models
from project import ROOT

pytestmark = pytest.mark.needs("samples")

PEOPLE = 9
ALONE = {"one": [12], "other": [16], "visited": [20]}
"""Sizes in pixels that only this one of two results has."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_two_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of nine people of ORL in three folds."""
    folder = tmp_path_factory.mktemp("own")
    rows = ["first,second,same,fold"]
    for person in range(PEOPLE):
        for n in (1, 2):
            put(folder / f"s{person}/{n}.png", person, 4 * n)
        rows.append(f"s{person}/1.png,s{person}/2.png,1,{person % 3}")
        rows += [f"s{person}/1.png,s{(person + k) % PEOPLE}/2.png,0,{person % 3}" for k in (2, 4)]
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "pairs.csv"


@pytest.fixture(scope="module")
def ijb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ijb_layout.lay_out(tmp_path_factory.mktemp("ijb") / "ijbc").folder


@pytest.fixture(scope="module")
def measured(
    table: Path, ijb: Path, models: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Results of either model on pairs and searches, of pictures and of templates, and of both together."""
    folder, out = tmp_path_factory.mktemp("benchmarks"), tmp_path_factory.mktemp("results")
    tiny = tinyface_layout.tinyface(folder / "tiny")
    put(tiny / "Testing_Set/Probe/10_7.jpg", 3, 2)
    lfw = lfw_layout.lay_out_folds(folder / "lfw")
    pairs = ["pairs", "table", table, "--protocol", "lr-lr", "--fars", "0.2,1e-1"]
    search = ["search", "tinyface", tiny, "--gallery-model", "same", "--allow-missing", "--size", 9]
    templates = ["pairs", "ijb", ijb, "--fars", "0.25,0.05,0.001"]
    galleries = ["search", "ijb", ijb, "--gallery-model", "same", "--fpirs", "0.3,0.01"]
    short = ["lfw", lfw, "--size", 8, "--protocol", "lr-lr"]
    one, other = models
    for name, words in {
        "one": [*pairs, "--size", "8,12", "--model", one],
        "other": [*pairs, "--size", "8,16", "--model", other],
        "both": [*pairs, "--size", "8", "--model", f"{one},{other}"],
        "stretched": [*pairs, "--size", "8", "--model", one, "--fit", "stretch"],
        "noisy": [*pairs, "--size", "8", "--model", one, "--family", "noise"],
        "reseeded": [*pairs, "--size", "8", "--model", one, "--seed", "5"],
        "far": [*pairs, "--size", "24", "--model", one],
        "found": [*search, "--model", one, "--ranks", "1,3"],
        "sought": [*search, "--model", other, "--ranks", "1,2,3"],
        "searched": [*search, "--model", f"{one},{other}", "--ranks", "1,3"],
        "large": [*search, "--model", one, "--gallery-size", "12"],
        "templates": [*templates, "--model", one],
        "others": [*templates, "--model", other],
        "all": [*templates, "--model", f"{one},{other}"],
        "mean": [*templates, "--model", one, "--fuse", "mean"],
        "galleries": [*galleries, "--model", one, "--size", "12", "--ranks", "1,2"],
        "visited": [*galleries, "--model", other, "--size", "12,20", "--ranks", "1,2"],
        "toured": [*galleries, "--model", f"{one},{other}", "--size", "12", "--ranks", "1,2"],
        "short": [*short, "--model", one],
        "shorter": [*short, "--model", other],
    }.items():
        assert main([str(word) for word in ("evaluate", *words, "--out", out / f"{name}.json", "-q")]) == 0
    return out


@pytest.mark.parametrize(
    ("first", "second", "both", "measures"),
    [
        (
            "other",
            "one",
            "both",
            [("accuracy", ""), ("tar", "2e-1"), ("tar", "1e-1"), ("eer", ""), ("auc", "")],
        ),
        ("sought", "found", "searched", [("rank", "1"), ("rank", "3"), ("map", "")]),  # those of both
        ("others", "templates", "all", [("tar", "2.5e-1"), ("tar", "5e-2"), ("eer", ""), ("auc", "")]),
        ("visited", "galleries", "toured", [("tpir", "3e-1"), ("auc", ""), ("rank", "1"), ("rank", "2")]),
    ],
)
def test_two_results_differ_as_their_models_do_in_one_run(
    first: str,
    second: str,
    both: str,
    measures: list[tuple[str, str]],
    measured: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    files = [measured / f"{name}.json" for name in (first, second)]
    text = printed(capsys, "compare", *files, "--out", tmp_path / "c.json")
    found, run = written(tmp_path / "c.json"), written(measured / f"{both}.json")
    assert [(one.name, list(one.models)) for one in found.compared] == [
        (f"{first}.json", ["flat.onnx"]),
        (f"{second}.json", ["pixels.onnx"]),
    ]
    assert [one.sizes_alone for one in found.compared] == [ALONE.get(first, []), ALONE.get(second, [])]
    assert (found.cells, found.models, found.scores_sha256) == ([], {}, None)
    for one in found.differences:
        one.part.pop("protocol", None)
    assert found.differences == run.differences
    cells = {(cell.model, *cell.part.values()): cell for cell in run.cells}
    for one in found.differences:
        assert [(change.measure, change.at) for change in one.changes] == measures
        for change in one.changes:
            mine, theirs = (
                cells[name, *one.part.values()].figure(change.measure, change.at)
                for name in (one.model, one.minus)
            )
            assert mine is not None
            assert theirs is not None
            assert change.difference == pytest.approx((mine.value or 0) - (theirs.value or 0), abs=2e-6)
            assert change.ci95[0] <= change.difference <= change.ci95[1]
    assert f"\n{first}.json minus {second}.json\n" in text
    assert "\nflat.onnx minus pixels.onnx" in text
    assert (tmp_path / "c.run.json").is_file()
    assert not (tmp_path / "c.scores.npz").exists()


def test_the_short_form_of_lfw_is_compared_as_any_pairs(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result(capsys, "compare", measured / "shorter.json", measured / "short.json")
    (one,) = found.differences
    assert (one.model, one.minus, one.size) == ("flat.onnx", "pixels.onnx", 8)
    assert found.benchmark.kind == "lfw"


def test_sizes_that_only_one_has_are_named(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = measured / "one.json", measured / "other.json"
    text = printed(capsys, "compare", *files)
    assert "only in one.json, not compared: 12 px" in text
    assert "only in other.json, not compared: 16 px" in text
    found, again = result(capsys, "compare", *files), result(capsys, "compare", *reversed(files))
    assert [one.sizes_alone for one in found.compared] == [[12], [16]]
    assert [one.size for one in found.differences] == [8]
    first, second = found.differences[0].changes[0], again.differences[0].changes[0]
    assert first.measure == second.measure == "accuracy"
    assert first.difference == -second.difference
    assert first.mcnemar is not None
    assert second.mcnemar is not None
    assert first.mcnemar.only_first == second.mcnemar.only_second
    assert first.mcnemar.p == second.mcnemar.p


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        ("one", "found", "one.json is of pairs, found.json of search"),
        ("templates", "galleries", "templates.json is of pairs, galleries.json of search"),
        ("one", "templates", "differ in kind: table and ijbc"),
        ("one", "stretched", "differ in fit: pad and stretch"),
        ("one", "noisy", "differ in family: area and noise"),
        ("one", "reseeded", "one.json and reseeded.json differ in seed: 0 and 5"),
        ("templates", "mean", "templates.json and mean.json differ in fusion"),
        ("one", "far", "no size is in both: one.json has 8 px, lr-lr, 12 px, lr-lr, far.json 24 px, lr-lr"),
        ("one", "nobody", "there is no result"),
        (
            "found",
            "large",
            "differ in other_size: its own size and 12 (measure both with the same --gallery-",
        ),
    ],
)
def test_two_results_of_different_things(
    measured: Path, first: str, second: str, match: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [measured / f"{name}.json" for name in (first, second)]
    assert match in refused(capsys, 3, "compare", *files)


def test_other_pictures_are_another_benchmark(
    measured: Path, table: Path, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(table.parent, tmp_path / "own")
    put(tmp_path / "own/s3/2.png", 30, 1)
    words = ["--protocol", "lr-lr", "--size", 8, "--model", models[0], "--out", tmp_path / "x.json"]
    printed(capsys, "evaluate", "pairs", "table", tmp_path / "own/pairs.csv", *words)
    err = refused(capsys, 3, "compare", measured / "one.json", tmp_path / "x.json")
    assert "one.json and x.json differ in data_sha256: " in err


def test_scores_that_are_gone_or_changed(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in measured.glob("o*.*"):
        shutil.copy(path, tmp_path)
    words = ["compare", tmp_path / "one.json", tmp_path / "other.json"]
    scores = tmp_path / "other.scores.npz"
    content = scores.read_bytes()
    scores.write_bytes(content[:-30] + bytes(30))
    assert "other.scores.npz hashes to " in refused(capsys, 3, *words)
    scores.unlink()
    assert "keep both files together" in refused(capsys, 3, *words)
    payload = json.loads((tmp_path / "other.json").read_text())
    del payload["cells"]
    (tmp_path / "other.json").write_text(json.dumps(payload))
    assert "is not as evaluation-2 has it: cells: Field required" in refused(capsys, 3, *words)
    (tmp_path / "other.json").write_text("{}")
    assert "has the unknown schema None" in refused(capsys, 3, *words)


@pytest.mark.parametrize(
    "schema",
    ["pairs-1", "search-1", "template-pairs-1", "template-search-1", "uccs-1", "lfw-1", "comparison-1"],
)
def test_results_of_former_forms_are_to_be_measured_again(
    schema: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"schema": schema, "figures": []}))
    for words in (["compare", path, path], ["report", path, "--out", tmp_path / "report"]):
        err = refused(capsys, 3, *words)
        assert f"{path} has the unknown schema '{schema}'" in err
        assert "measure it again)" in err


def test_results_without_single_scores(
    measured: Path,
    ijb: Path,
    models: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An earlier table of LFW, too many pairs, a comparison, and how a score file was made."""
    former = json.loads((ROOT / "results/lfw/table_xs.json").read_bytes())
    del former["scores_sha256"]
    table = tmp_path / "table.json"
    table.write_text(json.dumps(former))
    err = refused(capsys, 3, "compare", table, table)
    assert "table.json has no single scores: it was written before they were kept" in err
    monkeypatch.setattr(pair_task, "WHOLE", 7)
    words = ["evaluate", "pairs", "ijb", ijb, "--fars", "0.25", "--model", ",".join(map(str, models))]
    printed(capsys, *words, "--out", tmp_path / "x.json")
    found = written(tmp_path / "x.json")
    assert (found.scores_sha256, len(found.cells)) == (None, 2)
    assert not (tmp_path / "x.scores.npz").exists()
    err = refused(capsys, 3, "compare", tmp_path / "x.json", tmp_path / "x.json")
    assert "or they are too many (measure it again with --out, or compare the intervals)" in err
    files = [measured / f"{name}.json" for name in ("other", "one")]
    printed(capsys, "compare", *files, "--out", tmp_path / "c.json")
    err = refused(capsys, 3, "compare", tmp_path / "c.json", files[0])
    assert "c.json is a comparison" in err
    (tmp_path / "made.json").write_text(json.dumps(made_scores()))
    err = refused(capsys, 3, "compare", tmp_path / "made.json", tmp_path / "made.json")
    assert "made.json says how a score file was made" in err


def made_scores() -> dict[str, Any]:
    """A result of `fewpix evaluate uccs-scores`."""
    counts = ("pictures", "unreadable", "detections", "not_embedded", "people", "failed_people", "seed")
    return {
        "schema": "uccs-scores-1",
        "benchmark": "uccs",
        **dict.fromkeys(counts, 3),
        **dict.fromkeys(("first_fault", "model", "gallery_model", "family", "interpolation"), "x"),
        "models": {},
        "size": None,
        "gallery_size": 8,
        "shrink": 0.5,
        "flip": False,
        "coverage": 1.0,
        "lists_sha256": "0" * 64,
    }


def test_of_many_pairs_those_of_one_person_are_compared(
    ijb: Path,
    models: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of more than `WHOLE`, here 12: thresholds are held, and EER and AUC have no interval."""
    monkeypatch.setattr(pair_task, "WHOLE", 12)
    words = ["evaluate", "pairs", "ijb", ijb, "--fars", "0.25,0.05,0.001", "--model"]
    for name, model in zip("ab", models, strict=True):
        printed(capsys, *words, model, "--out", tmp_path / f"{name}.json")
    with np.load(tmp_path / "a.scores.npz", allow_pickle=False) as arrays:
        assert (arrays["scores"].shape, bool(arrays["same"].all()), bool(arrays["whole"])) == (
            (1, 8),
            True,
            False,
        )
    run = result(capsys, *words, ",".join(map(str, models)))
    assert "thresholds held" in run.bootstrap.how
    for cell in run.cells:
        eer, tar = cell.figure("eer"), cell.figure("tar", "2.5e-1")
        assert eer is not None
        assert tar is not None
        assert (eer.ci95, tar.ci95 is None, bool(eer.reason)) == (None, False, True)
    found = result(capsys, "compare", tmp_path / "b.json", tmp_path / "a.json")
    assert [(one.measure, one.at) for one in found.differences[0].changes] == [
        ("tar", "2.5e-1"),
        ("tar", "5e-2"),
    ]
    for one, other in zip(found.differences[0].changes, run.differences[0].changes, strict=True):
        assert one.difference == pytest.approx(other.difference, abs=2e-6)
        assert one.ci95 == pytest.approx(other.ci95, abs=2e-6)
