"""`--report`, `fewpix report` and `fewpix compare` of every verb that is not `pairs` or `search`."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import ijb_layout
import numpy as np
import pytest
import uccs_layout
from fewpix.evaluate.schema.parsed import parsed
from orl_files import face_file
from pixels_model import write_two_models

from fewpix.cli import main
from fewpix.evaluate import template_pair_record
from fewpix.evaluate.readers.uccs_scores import ScoreRows, write_scores
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval

ROOT = Path(__file__).resolve().parent.parent.parent
PEOPLE = 8

pytestmark = pytest.mark.needs("samples", "torch", "report")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_two_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def ijb(tmp_path_factory: pytest.TempPathFactory) -> ijb_layout.Layout:
    return ijb_layout.lay_out(tmp_path_factory.mktemp("ijb") / "ijbc")


@pytest.fixture(scope="module")
def lfw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight people of ORL, two pictures each, in LFW's shape: two folds of four pairs of a kind."""
    folder = tmp_path_factory.mktemp("lfw")
    lines = ["2\t4"]
    for person in range(PEOPLE):
        for n in (1, 2):
            path = folder / f"P{person}" / f"P{person}_{n:04d}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(face_file(person, 4 * n, ".png", 112))
    for fold in (range(4), range(4, 8)):
        lines += [f"P{p}\t1\t2" for p in fold]
        lines += [f"P{p}\t1\tP{(p + 3) % PEOPLE}\t2" for p in fold]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    assert code == 0, done.err
    return done.out


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    found = main([str(word) for word in words])
    done = capsys.readouterr()
    assert (found, done.out) == (3, ""), done.err
    return done.err


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def cell(value: float, ci95: list[float]) -> str:
    """A figure as reports write it."""
    return f"{100 * value:.2f} ({100 * ci95[0]:.1f} to {100 * ci95[1]:.1f})"


def made_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report can be made again from its result, byte by byte."""
    again = folder.with_name("again")
    run(capsys, "report", folder / "result.json", "--out", again)
    for name in ("report.html", "report.md"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def reported(folder: Path) -> tuple[dict[str, Any], str]:
    """The result and the text of a report, whose page fetches nothing."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'<(script|link|iframe)|src="(?!data:)|@import|url\((?!#)', page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    result = read(folder / "result.json")
    parsed(result)
    return result, (folder / "report.md").read_text(encoding="utf-8")


def compared(files: list[Path], out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """The result of `compare`, and the text of its report."""
    run(capsys, "compare", *files, "--out", out.with_suffix(".json"), "--report", out)
    assert (out / "result.json").read_bytes() == out.with_suffix(".json").read_bytes()
    return reported(out)


@pytest.mark.parametrize("whole", [200_000, 12])
def test_pairs_of_templates(
    whole: int,
    ijb: ijb_layout.Layout,
    models: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All scores are kept and compared; of more pairs than `WHOLE`, here 12, those of one person."""
    monkeypatch.setattr(template_pair_record, "WHOLE", whole)
    words = ["evaluate", "template-pairs", "ijb", ijb.folder, "--fars", "0.25,0.05,0.001"]
    one, other = models
    text = run(capsys, *words, "--model", f"{one},{other}", "--report", tmp_path / "both")
    result, page = reported(tmp_path / "both")
    held = whole == 12
    for figures in result["figures"]:
        assert cell(figures["tar_at_far"]["2.5e-1"], figures["tar_at_far_ci95"]["2.5e-1"]) in page
        curve = figures["curve"]
        assert len(curve["far"]) > 2
        for tar, (low, high) in zip(curve["tar"], curve["tar_ci95"], strict=True):
            assert low <= tar <= high
            assert cell(tar, [low, high]) in page
        assert (figures["eer_ci95"] is None) == held
        assert sum(figures["histogram"]["mated"]) == 8
    assert "## ROC and DET" in page
    assert "TAR at FAR 1e-3 is not resolvable: 24 impostor pairs cannot show" in page
    assert ("thresholds held" in page) == held
    with np.load(tmp_path / "both/result.scores.npz") as arrays:
        assert arrays["scores"].shape == (2, 8 if held else 32)
        assert bool(arrays["same"].all()) == held
    (change,) = result["differences"]
    assert (change["eer"] is None) == held
    assert "flat.onnx minus pixels.onnx, in points" in text
    for name, model in (("one", one), ("other", other)):
        run(capsys, *words, "--model", model, "--out", tmp_path / f"{name}.json")
    found, page = compared([tmp_path / "other.json", tmp_path / "one.json"], tmp_path / "compared", capsys)
    assert found["of"] == "template-pairs-1"
    assert found["differences"] == result["differences"]
    tars = [figures["tar_at_far"]["2.5e-1"] for figures in result["figures"]]
    assert change["tar_at_far"]["2.5e-1"]["difference"] == pytest.approx(tars[1] - tars[0], abs=1e-6)
    low, high = change["tar_at_far"]["5e-2"]["ci95"]
    assert low <= change["tar_at_far"]["5e-2"]["difference"] <= high
    assert "## Compared with the second result" in page
    run(capsys, *words, "--model", one, "--fuse", "mean", "--out", tmp_path / "mean.json")
    err = refused(capsys, "compare", tmp_path / "one.json", tmp_path / "mean.json")
    assert "one.json and mean.json differ in fusion" in err


def test_each_model_may_see_the_other_templates_itself(
    ijb: ijb_layout.Layout, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "template-pairs", "ijb", ijb.folder, "--protocol", "hr-lr", "--size", "10"]
    words += ["--fars", "0.25"]
    one, other = models
    run(capsys, *words, "--model", f"{one},{other}", "--teacher", "same", "--out", tmp_path / "both.json")
    result = read(tmp_path / "both.json")
    for name, seen in result["teachers"].items():
        assert seen["sha256"] == result["models"][name]["sha256"]
        assert (seen["templates"], seen["pictures"]) == (4, 12)
    for model, figures in zip(models, result["figures"], strict=True):
        run(capsys, *words, "--model", model, "--teacher", model, "--out", tmp_path / "one.json")
        assert read(tmp_path / "one.json")["figures"] == [figures]


def test_too_many_pairs_of_templates_say_so(
    ijb: ijb_layout.Layout,
    models: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(template_pair_record, "WHOLE", 7)
    words = [
        "evaluate",
        "template-pairs",
        "ijb",
        ijb.folder,
        "--fars",
        "0.25",
        "--model",
        ",".join(map(str, models)),
    ]
    run(capsys, *words, "--out", tmp_path / "x.json")
    result = read(tmp_path / "x.json")
    parsed(result)
    assert (result["scores_sha256"], result["differences"]) == (None, [])
    assert not (tmp_path / "x.scores.npz").exists()
    err = refused(capsys, "compare", tmp_path / "x.json", tmp_path / "x.json")
    assert "x.json has no single scores: its 8 pairs of one person are more than are kept (compare its" in err


def test_searches_of_templates(
    ijb: ijb_layout.Layout, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "template-search", "ijb", ijb.folder, "--gallery-model", "same", "--ranks", "1,2"]
    words += ["--fpirs", "0.3,0.01"]
    one, other = models
    text = run(capsys, *words, "--model", f"{one},{other}", "--size", "8,12", "--report", tmp_path / "both")
    result, page = reported(tmp_path / "both")
    for figures in result["figures"]:
        for name, found in figures["galleries"].items():
            assert f"## Gallery {name}" in page
            for key, table in (("rank", "rank"), ("tpir_at_fpir", "TPIR")):
                for value, ci95 in zip(found[key].values(), found[f"{key}_ci95"].values(), strict=True):
                    assert cell(value, ci95) in page, table
            assert found["curve"]["fpir"]
            assert found["cmc"]["rank"] == [1, 2]
    assert "FPIR 1e-2 is not resolvable: 4 non-mated probes cannot show it" in page
    assert "## Galleries joined" in page
    assert [(one["size"], one["gallery"]) for one in result["differences"]] == [
        (8, "G1"),
        (8, "G2"),
        (12, "G1"),
        (12, "G2"),
    ]
    assert "flat.onnx minus pixels.onnx at 8 px, G1, in points" in text
    for name, model, size in (("one", one, "12"), ("other", other, "12,20")):
        run(capsys, *words, "--model", model, "--size", size, "--out", tmp_path / f"{name}.json")
    files = [tmp_path / "other.json", tmp_path / "one.json"]
    run(capsys, "compare", *files, "--out", tmp_path / "compared.json")
    found = read(tmp_path / "compared.json")
    parsed(found)
    assert found["differences"] == result["differences"][2:]
    assert found["first"]["sizes_alone"] == [20]
    assert "flat.onnx − pixels.onnx, G2" in page
    ranks = [figures["galleries"]["G1"]["rank"]["1"] for figures in result["figures"][2:]]
    assert found["differences"][0]["rank"]["1"]["difference"] == pytest.approx(ranks[1] - ranks[0], abs=1e-6)


ROWS = [
    # picture, detection score, x, similarities to persons 1 to 3
    ("aa.jpg", 0.9, 10, (0.8, 0.1, 0.2)),  # person 1: found
    ("bb.jpg", 0.7, 11, (0.6, 0.4, 0.1)),  # person 2, taken for person 1
    ("cc.jpg", 0.6, 90, (0.1, 0.1, 0.7)),  # no face there: an alarm at 0.7
    ("dd.jpg", 0.5, 10, (0.1, 0.2, 0.65)),  # person 3: found at 0.65
]


def scores(path: Path, *alike: tuple[float, float, float]) -> Path:
    """A score file of `ROWS`, the last of which have other similarities."""
    old = [row[3] for row in ROWS]
    like = [*old[: len(old) - len(alike)], *alike]
    names, sure, x = zip(*(row[:3] for row in ROWS), strict=True)
    side = [uccs_layout.SIDE] * len(ROWS)
    boxes = np.column_stack((x, [12] * len(ROWS), side, side)).astype(float)
    write_scores(path, [ScoreRows(names, np.array(sure), boxes, np.array(like))], people=3)
    return path


def test_score_files_of_uccs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = uccs_layout.lay_out(tmp_path / "uccs")
    words = ["evaluate", "uccs", layout.folder]
    more = ["--ranks", "1,2", "--rates", "0.01,0.25"]
    run(capsys, *words, scores(tmp_path / "a.csv"), *more, "--report", tmp_path / "a")
    run(capsys, *words, scores(tmp_path / "b.csv", (0.1, 0.2, 0.9)), *more, "--out", tmp_path / "b.json")
    # the stranger in the third picture scores so high that nobody is found without that alarm
    lines = [(0.1, 0.1, 0.95), (0.1, 0.2, 0.9)]
    run(capsys, *words, scores(tmp_path / "c.csv", *lines), *more, "--out", tmp_path / "c.json")
    made_again(tmp_path / "a", capsys)
    result, page = reported(tmp_path / "a")
    first = result["identification"]["1"]
    assert cell(first["rate"]["2.5e-1"], first["rate_ci95"]["2.5e-1"]) in page
    assert first["curve"]["rate_ci95"][-1][0] <= first["curve"]["rate"][-1]
    assert "## Identification" in page
    assert "![TPIR over FPIPI](pictures/plot-identification.svg)" in page
    assert "1e-2 false alarms a picture cannot be shown: 4 pictures cannot show fewer" in page
    found, page = compared([tmp_path / "c.json", tmp_path / "b.json"], tmp_path / "compared", capsys)
    (change,) = found["differences"]
    assert (change["model"], change["minus"]) == ("c.json", "b.json")
    tars = [read(tmp_path / f"{name}.json")["identification"]["1"]["rate"]["2.5e-1"] for name in "cb"]
    assert change["identification"]["1"]["2.5e-1"]["difference"] == pytest.approx(tars[0] - tars[1], abs=1e-6)
    assert change["detection"]["2.5e-1"]["difference"] == 0
    assert "found only by the first" in page
    run(capsys, *words, tmp_path / "a.csv", *more, "--iou", 0.4, "--out", tmp_path / "loose.json")
    err = refused(capsys, "compare", tmp_path / "b.json", tmp_path / "loose.json")
    assert "b.json and loose.json differ in iou: 0.5 and 0.4" in err


def test_the_interval_of_a_face_by_face_difference(tmp_path: Path) -> None:
    from fewpix.evaluate.uccs_difference import uccs_difference
    from fewpix.evaluate.uccs_record import UccsRecord

    rng = np.random.default_rng(3)
    people = rng.integers(-5, 30, 200)
    found = []
    for shift in (0.0, 0.3):
        at = np.where(rng.random(200) < 0.1, -np.inf, rng.normal(size=200) + shift)
        thresholds = np.array([0.5, np.nan])
        found.append(
            UccsRecord(np.arange(200), people, at, {1: at}, ("1e-2", "1e-3"), thresholds, {1: thresholds})
        )
    change = uccs_difference(*found, replicates=300, seed=4)
    known = people > 0
    hits = [(one.detected >= 0.5).astype(int) for one in found]
    difference = (hits[0] - hits[1])[known]
    assert list(change.identification[1]) == ["1e-2"]
    assert change.identification[1]["1e-2"].change.value == difference.mean()
    expected = mean_interval(difference, Clusters.of(people[known]), replicates=300, seed=4)
    assert change.identification[1]["1e-2"].change.ci95 == expected
    test = change.detection["1e-2"].mcnemar
    assert (test.only_first, test.only_second) == (
        ((hits[0] == 1) & (hits[1] == 0)).sum(),
        ((hits[0] == 0) & (hits[1] == 1)).sum(),
    )
    again = UccsRecord.from_arrays(found[0].arrays())
    for key, array in found[0].arrays().items():
        np.testing.assert_array_equal(again.arrays()[key], array)


def test_lfw_and_its_table(
    lfw: Path, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = models
    table = ["evaluate", "lfw-table", lfw, "--teacher", one, "--protocols", "lr-lr"]
    both = [*table, "--models", f"{one},{other}", "--baseline", one, "--sizes", "8,12"]
    run(capsys, *both, "--report", tmp_path / "table")
    result, page = reported(tmp_path / "table")
    for figures in result["figures"]:
        assert cell(figures["accuracy"], figures["accuracy_ci95"]) in page
    assert "![accuracy against the size of the small faces, lr-lr, by model]" in page
    assert "## Compared with pixels.onnx" in page
    for name, model in (("one", one), ("other", other)):
        words = [*table, "--models", model, "--baseline", model, "--sizes", "8"]
        run(capsys, *words, "--out", tmp_path / f"{name}.json")
    found, page = compared([tmp_path / "other.json", tmp_path / "one.json"], tmp_path / "compared", capsys)
    (change,) = found["differences"]
    known = result["figures"][1]["minus_baseline"]
    assert (change["protocol"], change["size"]) == ("lr-lr", 8)
    assert (change["accuracy"]["difference"], change["accuracy"]["ci95"]) == (
        known["accuracy"],
        known["ci95"],
    )
    assert "flat.onnx − pixels.onnx, lr-lr" in page
    single = ["evaluate", "lfw", lfw, "--size", 8, "--protocol", "lr-lr"]
    run(capsys, *single, "--model", one, "--report", tmp_path / "single")
    made_again(tmp_path / "single", capsys)
    result, page = reported(tmp_path / "single")
    assert cell(result["accuracy"], result["accuracy_ci95"]) in page
    run(capsys, *single, "--model", other, "--out", tmp_path / "flat.json")
    shutil.copy(tmp_path / "single/result.json", tmp_path / "x.json")
    shutil.copy(tmp_path / "single/result.scores.npz", tmp_path / "x.scores.npz")
    text = run(capsys, "compare", tmp_path / "flat.json", tmp_path / "x.json")
    assert "lfw: flat.json against x.json\nflat.onnx minus pixels.onnx at 8 px, in points\n" in text
    run(capsys, *single, "--model", other, "--family", "noise", "--out", tmp_path / "noise.json")
    err = refused(capsys, "compare", tmp_path / "noise.json", tmp_path / "x.json")
    assert "noise.json and x.json differ in family: noise and area" in err


def test_an_earlier_table_of_lfw_has_a_report_and_no_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ROOT / "results/lfw.json"
    run(capsys, "report", path, "--out", tmp_path / "report")
    text = (tmp_path / "report/report.md").read_text(encoding="utf-8")
    for figures in read(path)["figures"]:
        assert cell(figures["accuracy"], figures["accuracy_ci95"]) in text
    err = refused(capsys, "compare", path, path)
    assert "has no single scores: it was written before tables of LFW kept them (measure it again" in err


def test_how_a_score_file_was_made_cannot_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = ("pictures", "unreadable", "detections", "not_embedded", "people", "failed_people", "seed")
    made = {
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
    (tmp_path / "made.json").write_text(json.dumps(made))
    err = refused(capsys, "compare", tmp_path / "made.json", tmp_path / "made.json")
    assert "made.json says how a score file was made, and judges nothing" in err
