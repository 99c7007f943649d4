"""`--report`, `fewpix report` and `fewpix compare`: reports of whole runs, and two results pair by pair."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import bin_layout
import numpy as np
import pytest
import tinyface_layout
from fewpix.evaluate.schema.comparison import Comparison
from orl_files import put
from pixels_model import write_two_models

from fewpix.cli import main

pytestmark = pytest.mark.needs("samples", "report")

PEOPLE = 9


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
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tinyface_layout.tinyface(tmp_path_factory.mktemp("tinyface"))
    put(folder / "Testing_Set/Probe/10_7.jpg", 3, 2)
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command prints that has to work."""
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    assert code == 0, done.err
    return done.out


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: object) -> str:
    """The one line of a command that has to fail."""
    found = main([str(word) for word in words])
    done = capsys.readouterr()
    assert (found, done.out, done.err.count("\n")) == (code, "", 1), done.err
    return done.err


@pytest.fixture(scope="module")
def measured(
    table: Path, tiny: Path, models: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Results of either model on pairs and on searches, and of both together."""
    out = tmp_path_factory.mktemp("results")
    pairs = ["evaluate", "pairs", "table", table, "--protocol", "lr-lr", "--fars", "0.2,1e-1"]
    search = ["evaluate", "search", "tinyface", tiny, "--gallery-model", "same", "--allow-missing"]
    one, other = models
    for name, words in {
        "one": [*pairs, "--size", "8,12", "--model", one],
        "other": [*pairs, "--size", "8,16", "--model", other],
        "both": [*pairs, "--size", "8", "--model", f"{one},{other}"],
        "stretched": [*pairs, "--size", "8", "--model", one, "--fit", "stretch"],
        "far": [*pairs, "--size", "24", "--model", one],
        "found": [*search, "--size", "9", "--model", one, "--ranks", "1,3"],
        "sought": [*search, "--size", "9", "--model", other, "--ranks", "1,2,3"],
        "reseeded": [*search, "--size", "9", "--model", one, "--seed", "5"],
        "large": [*search, "--size", "9", "--model", one, "--gallery-size", "12"],
        "searched": [*search, "--size", "9", "--model", f"{one},{other}", "--ranks", "1,3"],
    }.items():
        assert main([str(word) for word in (*words, "--out", out / f"{name}.json", "-q")]) == 0
    return out


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_two_results_differ_as_their_models_do_in_one_run(
    measured: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for first, second, both in (("other", "one", "both"), ("sought", "found", "searched")):
        files = [measured / f"{name}.json" for name in (first, second)]
        text = run(capsys, "compare", *files, "--out", tmp_path / "c.json")
        found = read(tmp_path / "c.json")
        Comparison.model_validate(found)
        assert found["differences"] == read(measured / f"{both}.json")["differences"]
        assert "flat.onnx minus pixels.onnx at " in text
        assert (tmp_path / "c.run.json").is_file()
        assert not (tmp_path / "c.scores.npz").exists()
    assert found["of"] == "search-1"
    assert list(found["differences"][0]["rank"]) == ["1", "3"]  # those that both report


def test_sizes_that_only_one_has_are_named(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "compare", measured / "one.json", measured / "other.json")
    assert "only in one.json, not compared: 12 px" in text
    assert "only in other.json, not compared: 16 px" in text
    found = json.loads(run(capsys, "compare", measured / "one.json", measured / "other.json", "--json"))
    assert (found["first"]["sizes_alone"], found["second"]["sizes_alone"]) == ([12], [16])
    assert [one["size"] for one in found["differences"]] == [8]
    again = json.loads(run(capsys, "compare", measured / "other.json", measured / "one.json", "--json"))
    (one,), (other,) = found["differences"], again["differences"]
    assert one["accuracy"]["difference"] == -other["accuracy"]["difference"]
    assert one["mcnemar"]["only_first"] == other["mcnemar"]["only_second"]
    assert one["mcnemar"]["p"] == other["mcnemar"]["p"]


def test_the_scores_beside_a_result_are_those_of_its_figures(measured: Path) -> None:
    with np.load(measured / "both.scores.npz", allow_pickle=False) as arrays:
        scores, same = arrays["scores"], arrays["same"]
    for row, cell in zip(scores, read(measured / "both.json")["figures"], strict=True):
        above = row[same][:, None] > row[~same][None]
        assert cell["auc"] == pytest.approx(above.mean(), abs=1e-6)
        assert cell["worst"]["mated"][0]["score"] == pytest.approx(row[same].min(), abs=1e-6)
        assert cell["worst"]["nonmated"][0]["score"] == pytest.approx(row[~same].max(), abs=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        ("one", "found", "one.json is of pairs-1, found.json of search-1"),
        ("one", "stretched", "differ in fit: pad and stretch"),
        ("one", "far", "no size is in both: one.json has 8 px, 12 px, far.json 24 px"),
        ("one", "nobody", "there is no result"),
        ("found", "reseeded", "found.json and reseeded.json differ in seed: 0 and 5"),
        ("found", "large", "the galleries of found.json and large.json were seen as they are and 12 px"),
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
    run(capsys, "evaluate", "pairs", "table", tmp_path / "own/pairs.csv", *words)
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
    payload = read(tmp_path / "other.json")
    del payload["figures"]
    (tmp_path / "other.json").write_text(json.dumps(payload))
    assert "is not as pairs-1 has it: figures: Field required" in refused(capsys, 3, *words)
    (tmp_path / "other.json").write_text("{}")
    assert "says of itself None" in refused(capsys, 3, *words)


def test_a_run_with_a_report(
    table: Path, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two peers under hr-lr, each its own teacher, in one run; the report can be made again."""
    words = ["evaluate", "pairs", "table", table, "--model", f"{models[0]},{models[1]}", "--teacher", "same"]
    words += ["--protocol", "hr-lr", "--size", "8,12", "--out", tmp_path / "x.json"]
    text = run(capsys, *words, "--report", tmp_path / "report")
    assert "as it is, to its teacher; " in text
    report = tmp_path / "report"
    for kind in ("json", "scores.npz"):
        assert (report / f"result.{kind}").read_bytes() == (tmp_path / f"x.{kind}").read_bytes()
    result = read(report / "result.json")
    assert result["teachers"] == result["models"]
    assert str(tmp_path).encode() not in (report / "report.html").read_bytes()
    out = run(
        capsys, "report", report / "result.json", "--out", tmp_path / "again", "--pictures", table.parent
    )
    assert out.splitlines()[0] == str(tmp_path / "again" / "report.html")
    assert out.splitlines()[-1] == "  not shown: 0"
    for name in ("report.html", "report.md"):
        assert (tmp_path / "again" / name).read_bytes() == (report / name).read_bytes()
    plain = json.loads(run(capsys, "report", tmp_path / "x.json", "--out", tmp_path / "plain", "--json"))
    assert plain["not shown"] == plain["pictures"] > 0


def test_reports_of_searches_and_comparisons(
    measured: Path, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "search"
    run(capsys, "report", measured / "searched.json", "--out", out, "--pictures", tiny)
    text = (out / "report.md").read_text(encoding="utf-8")
    result = read(measured / "searched.json")
    for cell in result["figures"]:
        low, high = cell["rank_ci95"]["1"]
        assert f"{100 * cell['rank']['1']:.2f} ({100 * low:.1f} to {100 * high:.1f})" in text
        worst = cell["worst"]["nonmated"][0]
        assert any(one["wrong"] for one in cell["worst"]["nonmated"]) == (cell["rank"]["1"] < 1)
        assert (tiny / worst["first"]).is_file()
        assert (tiny / worst["second"]).is_file()
    assert "## CMC" in text
    assert "cannot be shown" not in text
    files = [measured / f"{name}.json" for name in ("other", "one")]
    run(capsys, "compare", *files, "--out", tmp_path / "c.json", "--report", tmp_path / "compared")
    assert (tmp_path / "compared/result.json").read_bytes() == (tmp_path / "c.json").read_bytes()
    page = (tmp_path / "compared/report.html").read_text(encoding="utf-8")
    assert "flat.onnx minus pixels.onnx at 8 px: accuracy " in page
    assert "McNemar" in page


def test_an_open_search_with_a_report(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["picture,person,role"]
    for person in range(8):
        for n, role in ((0, "gallery"), (5, "probe"), (7, "probe")):
            put(tmp_path / f"{person}-{n}.png", person, n)
            if role == "probe" or person < 5:
                rows.append(f"{person}-{n}.png,p{person},{role}")
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "0-5.png").write_bytes(b"\x89PNG")
    words = [
        "evaluate",
        "search",
        "table",
        tmp_path / "table.csv",
        "--model",
        models[0],
        "--fpirs",
        "0.5,0.01",
    ]
    words += ["--gallery-model", "same", "--size", "8,12", "--report", tmp_path / "report"]
    text = run(capsys, *words)
    assert "1 failed to enrol, and count" in text
    result = read(tmp_path / "report/result.json")
    for cell in result["figures"]:
        assert cell["tpir_at_fpir_ci95"]["5e-1"][0] <= cell["tpir_at_fpir"]["5e-1"]
        assert cell["auc_ci95"][0] <= cell["auc"] <= cell["auc_ci95"][1]
        threshold = cell["thresholds"]["5e-1"]
        for worst in cell["worst"]["nonmated"]:
            assert worst["threshold"] == threshold
            assert worst["wrong"] == (worst["score"] >= threshold)
            assert worst["first"][0] in "567"
            assert worst["second"][0] in "01234"
        for worst in cell["worst"]["mated"]:
            assert worst["first"][0] == worst["second"][0]
            assert worst["first"] != "0-5.png"  # it has no score
        assert sum(cell["histogram"]["mated"]) == 9
        assert sum(cell["histogram"]["nonmated"]) == 6
    page = (tmp_path / "report/report.md").read_text(encoding="utf-8")
    assert "## TPIR and DET" in page
    assert "FPIR 1e-2 is not resolvable: 6 non-mated searches cannot show it" in page


def test_pictures_of_a_bin_file(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bin_layout.write(tmp_path / "own.bin", (bin_layout.BINS, bin_layout.SAME))
    run(capsys, "evaluate", "pairs", "bin", path, "--model", models[0], "--out", tmp_path / "x.json")
    words = ["report", tmp_path / "x.json", "--out", tmp_path / "report", "--json"]
    found = json.loads(run(capsys, *words, "--pictures", path))
    assert found["pictures"] > 0
    assert found["not shown"] == 0
    assert str(tmp_path) not in (tmp_path / "report/report.md").read_text(encoding="utf-8")


def test_what_cannot_be_reported_is_refused_before_anything_is_measured(
    table: Path, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "pairs", "table", table, "--model", models[0]]
    (tmp_path / "file").touch()
    assert "file is a file" in refused(capsys, 10, *words, "--report", tmp_path / "file")
    assert "cannot write" in refused(capsys, 10, *words, "--report", tmp_path / "file/below")
    err = refused(capsys, 5, *words, "--protocol", "hr-lr", "--teacher", "same,same")
    assert "teacher: 2 for 1 models" in err
    err = refused(capsys, 3, "report", table, "--out", tmp_path / "x")
    assert "is not JSON" in err
