"""`--report` and `fewpix report`: the pages of every kind of result, and that they can be made again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import bin_layout
import ijb_layout
import lfw_layout
import tinyface_layout
import uccs_layout
from evaluate_runs import printed, refused, value, written
from fewpix.evaluate.result.model import Figure, Result
from orl_files import put
from pixels_model import write_two_models
from project import ROOT

pytestmark = pytest.mark.needs("samples", "report")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_two_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def both(models: tuple[Path, Path]) -> str:
    return ",".join(map(str, models))


@pytest.fixture(scope="module")
def lfw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lfw_layout.lay_out_folds(tmp_path_factory.mktemp("lfw") / "lfw")


def shown(figure: Figure) -> str:
    """A figure as reports write it."""
    assert figure.value is not None
    ends = "" if figure.ci95 is None else " ({:.1f} to {:.1f})".format(*(100 * end for end in figure.ci95))
    return f"{100 * figure.value:.2f}{ends}"


def reported(folder: Path) -> tuple[Result, str]:
    """The result and the text of a report that shows every figure, and whose page fetches nothing."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'<(script|link|iframe)|src="(?!data:)|@import|url\((?!#)', page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    result, text = written(folder / "result.json"), (folder / "report.md").read_text(encoding="utf-8")
    for cell in result.cells:
        for figure in cell.figures:
            assert (shown(figure) if figure.value is not None else figure.reason) in text
        for curve in (cell.curve, cell.ranks):
            for y, ci95 in zip(curve.y, curve.ci95, strict=True) if curve else ():
                assert ci95 is None or ci95[0] <= y <= ci95[1]
                assert f"{100 * y:.2f}" in text
    for name in re.findall(r"\]\((pictures/[^)]+)\)", text):
        assert (folder / name).is_file()
    return result, text


def made_again(folder: Path, capsys: pytest.CaptureFixture[str], *words: object) -> None:
    """A report can be made again from its result, byte by byte."""
    again = folder.with_name(f"{folder.name}-again")
    out = printed(capsys, "report", folder / "result.json", "--out", again, *words)
    assert out.splitlines()[0] == str(again / "report.html")
    assert out.splitlines()[-1] == "  not shown: 0"
    for name in ("report.html", "report.md"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_pairs(lfw: Path, both: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two peers, each its own teacher, in one run."""
    folder = tmp_path / "report"
    words = ["evaluate", "pairs", "lfw", lfw, "--model", both, "--teacher", "same", "--size", "8,12"]
    words += ["--protocol", "hr-lr", "--fars", "0.3,1e-3", "--out", tmp_path / "x.json"]
    text = printed(capsys, *words, "--report", folder)
    for name in ("pixels.onnx", "flat.onnx"):
        assert f"\nthe other side of {name} seen by {name}\n" in text
    for kind in ("json", "scores.npz"):
        assert (folder / f"result.{kind}").read_bytes() == (tmp_path / f"x.{kind}").read_bytes()
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.html", "report.md", "pictures"} | {
        f"result.{kind}" for kind in ("json", "run.json", "scores.npz")
    }
    result, page = reported(folder)
    assert {name: other.model for name, other in result.others.items()} == result.models
    assert str(tmp_path).encode() not in (folder / "report.html").read_bytes()
    assert "against the size of the small faces, by model](" in page
    for part in ("## ROC and DET", "## Compared with pixels.onnx", "## Worst failures", "McNemar"):
        assert part in page
    assert "TAR at FAR 1e-3 cannot be shown: 12 impostor pairs cannot show" in page
    made_again(folder, capsys, "--pictures", lfw)
    plain = json.loads(printed(capsys, "report", tmp_path / "x.json", "--out", tmp_path / "plain", "--json"))
    assert plain["not shown"] == plain["pictures"] > 0


def test_the_short_form_of_lfw(
    lfw: Path, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "lfw", lfw, "--size", 8, "--protocol", "lr-lr", "--model", models[0]]
    printed(capsys, *words, "--json", "--report", tmp_path / "short")
    result, page = reported(tmp_path / "short")
    assert result.benchmark.kind == "lfw"
    assert page.startswith("# lfw: pairs, lr-lr\n")
    made_again(tmp_path / "short", capsys, "--pictures", lfw)


def test_an_open_search(both: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["picture,person,role"]
    for person in range(8):
        for n, role in ((0, "gallery"), (5, "probe"), (7, "probe")):
            put(tmp_path / f"{person}-{n}.png", person, n)
            if role == "probe" or person < 5:
                rows.append(f"{person}-{n}.png,p{person},{role}")
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "0-5.png").write_bytes(b"\x89PNG")
    words = ["evaluate", "search", "table", tmp_path / "table.csv", "--model", both, "--fpirs", "0.5,0.01"]
    words += ["--gallery-model", "same", "--size", 8, "--report", tmp_path / "report"]
    assert "1 failed to enrol, and count" in printed(capsys, *words)
    result, page = reported(tmp_path / "report")
    for cell in result.cells:
        tpir, worst = cell.figure("tpir", "5e-1"), cell.worst
        assert tpir is not None
        assert worst is not None
        value(cell, "auc")
        for one in worst.nonmated:
            assert one.threshold == tpir.threshold
            assert one.wrong == (one.score >= (one.threshold or 0))
            assert one.first[0] in "567"
            assert one.second[0] in "01234"
        for one in worst.mated:
            assert one.first[0] == one.second[0]
            assert one.first != "0-5.png"  # it has no score
        assert cell.histogram is not None
        assert (sum(cell.histogram.mated), sum(cell.histogram.nonmated)) == (9, 6)
    assert "## TPIR and DET" in page
    assert "TPIR at FPIR 1e-2 cannot be shown: 6 non-mated searches cannot show it" in page


def test_a_closed_search(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worst failures are pictures of the benchmark, and some are wrong where somebody is not found."""
    tiny = tinyface_layout.tinyface(tmp_path / "tiny")
    put(tiny / "Testing_Set/Probe/10_7.jpg", 3, 2)
    words = ["evaluate", "search", "tinyface", tiny, "--gallery-model", "same", "--allow-missing"]
    printed(capsys, *words, "--model", models[0], "--size", 9, "--report", tmp_path / "report")
    result, page = reported(tmp_path / "report")
    (cell,) = result.cells
    assert cell.worst is not None
    assert any(one.wrong for one in cell.worst.nonmated) == (value(cell, "rank", "1") < 1)
    for one in cell.worst.nonmated:
        assert (tiny / one.first).is_file()
        assert (tiny / one.second).is_file()
    assert "## CMC" in page
    assert "cannot be shown" not in page
    made_again(tmp_path / "report", capsys, "--pictures", tiny)


def test_templates(both: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of pairs the ROC; of searches each gallery, and both joined."""
    ijb = ijb_layout.lay_out(tmp_path / "ijbc").folder
    words = ["evaluate", "pairs", "ijb", ijb, "--fars", "0.25,0.001", "--model", both]
    printed(capsys, *words, "--report", tmp_path / "pairs")
    result, page = reported(tmp_path / "pairs")
    assert page.startswith("# ijbc: pairs of templates, native\n")
    assert "TAR at FAR 1e-3 cannot be shown: 24 impostor pairs cannot show" in page
    assert "## Worst failures" not in page  # a template is no single picture
    for cell in result.cells:
        assert cell.histogram is not None
        assert sum(cell.histogram.mated) == 8
    words = ["evaluate", "search", "ijb", ijb, "--gallery-model", "same", "--fpirs", "0.3,0.01"]
    printed(capsys, *words, "--model", both, "--size", 8, "--report", tmp_path / "search")
    result, page = reported(tmp_path / "search")
    assert [(one.size, *one.part.values()) for one in result.differences] == [(8, "G1"), (8, "G2")]
    assert "TPIR at FPIR 1e-2 cannot be shown in G1, G2: 4 non-mated searches cannot show it" in page
    assert "the galleries are searched as one, as public code does" in page
    assert "| flat.onnx − pixels.onnx | G2 |" in page
    made_again(tmp_path / "search", capsys)


def test_a_comparison(
    lfw: Path, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "lfw", lfw, "--size", 8, "--protocol", "lr-lr"]
    files = [tmp_path / f"{name}.json" for name in "ab"]
    for model, file in zip(models, files, strict=True):
        printed(capsys, *words, "--model", model, "--out", file)
    folder = tmp_path / "report"
    printed(capsys, "compare", *reversed(files), "--out", tmp_path / "c.json", "--report", folder)
    assert (folder / "result.json").read_bytes() == (tmp_path / "c.json").read_bytes()
    assert not (folder / "result.scores.npz").exists()
    result, page = reported(folder)
    assert len(result.compared) == 2
    assert "## Compared with the second result" in page
    assert "flat.onnx − pixels.onnx, 8 px: accuracy " in page
    assert "McNemar" in page
    made_again(folder, capsys)


def test_a_score_file_of_uccs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = uccs_layout.lay_out(tmp_path / "uccs").folder
    path = uccs_layout.scores(tmp_path / "a.csv")
    words = ["evaluate", "uccs", folder, path, "--ranks", "1,2", "--rates", "0.01,0.25"]
    printed(capsys, *words, "--report", tmp_path / "report")
    result, page = reported(tmp_path / "report")
    assert [cell.part["faces"] for cell in result.cells] == ["detection", "rank 1", "rank 2"]
    assert "found at 1e-2 false alarms a picture cannot be shown: 4 pictures cannot show fewer" in page
    assert "](pictures/plot-rates-0.svg)" in page
    made_again(tmp_path / "report", capsys)


def test_an_earlier_table_of_lfw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "results/lfw/table.json"
    printed(capsys, "report", path, "--out", tmp_path / "report")
    text = (tmp_path / "report/report.md").read_text(encoding="utf-8")
    for cell in written(path).cells:
        accuracy = cell.figure("accuracy")
        assert accuracy is not None
        assert shown(accuracy) in text


def test_pictures_of_a_bin_file(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bin_layout.write(tmp_path / "own.bin", (bin_layout.BINS, bin_layout.SAME))
    printed(capsys, "evaluate", "pairs", "bin", path, "--model", models[0], "--out", tmp_path / "x.json")
    words = ["report", tmp_path / "x.json", "--out", tmp_path / "report", "--json"]
    found = json.loads(printed(capsys, *words, "--pictures", path))
    assert found["pictures"] > 0
    assert found["not shown"] == 0
    assert str(tmp_path) not in (tmp_path / "report/report.md").read_text(encoding="utf-8")


def test_what_is_no_result_has_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("first,second")
    assert "is not JSON" in refused(capsys, 3, "report", tmp_path / "x.json", "--out", tmp_path / "report")
