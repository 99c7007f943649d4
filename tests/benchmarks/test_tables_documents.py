"""Tables in documents are what the results say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lib.commands import present
from benchmarks.tables.documents import TABLES, Rendered, render, update
from benchmarks.tables.figures import ABLATED, ablation, ablation_differences
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.result.file import Run, write_result
from fewpix.evaluate.result.model import Cell, Change, Difference
from project import ROOT
from result_made import cell, difference, result
from result_made import figure as measured


def figure(model: str, size: int, accuracy: float, change: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "model": model,
        "size": size,
        "protocol": "hr-lr",
        "accuracy": accuracy,
        "accuracy_ci95": [accuracy - 0.01, accuracy + 0.01],
        "tar_at_far": {"1e-3": 0.5},
        "minus_baseline": change,
    }


def row(model: str, size: int, accuracy: float) -> Cell:
    """Of a result of `fewpix evaluate pairs lfw`."""
    interval = (accuracy - 0.01, accuracy + 0.01)
    return cell(
        model, size, [measured("accuracy", value=accuracy, ci95=interval), measured("tar", "1e-3", 0.5)]
    )


def minus(
    model: str, size: int, mean: float, low: float, high: float, *, other: str = "teacher"
) -> Difference:
    """What a model changes against the baseline."""
    changed = Change(measure="accuracy", at="", difference=mean, ci95=(low, high), mcnemar=None)
    return difference(model, other, size, changed)


def table_of_lfw(cells: list[Cell], differences: list[Difference], *, flip: bool = False) -> dict[str, Any]:
    """A result with one protocol."""
    how = {"protocols": ["hr-lr"], "flip": flip}
    found = result("pairs", cells, treatment=how, differences=differences)
    facts = found.benchmark.model_copy(update={"comparisons": {"same": 3000, "different": 3000}})
    return found.model_copy(update={"benchmark": facts}).model_dump(mode="json", by_alias=True)


RESULT = table_of_lfw(
    [
        row("fewpix-s", 16, 0.93),
        row("teacher", 16, 0.95),
        row("fewpix-s", 8, 0.84),
        row("teacher", 8, 0.71),
    ],
    [minus("fewpix-s", 16, -0.02, -0.03, -0.01), minus("fewpix-s", 8, 0.13, 0.12, 0.14)],
)
TABLE = """\
| px | fewpix-s | direct feed | fewpix-s − direct feed |
| --- | --: | --: | --: |
| 8 | 84.0 (83.0–85.0) / 50.0 | 71.0 (70.0–72.0) / 50.0 | **+13.0 (+12.0 to +14.0)** |
| 16 | 93.0 (92.0–94.0) / 50.0 | 95.0 (94.0–96.0) / 50.0 | *-2.0 (-3.0 to -1.0)* |"""
DOCUMENT = "# Title\n\n<!-- table: lfw-hr-lr -->\nold\n<!-- /table -->\n\nThe end.\n"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    write_result(folder / "lfw/table.json", RESULT, Run.since(time.monotonic()))
    return folder


def test_a_table_stands_between_its_markers(results: Path) -> None:
    made = render(DOCUMENT, results, "README.md")
    assert made.startswith(f"# Title\n\n<!-- table: lfw-hr-lr -->\n\n{TABLE}\n\nAccuracy in %")
    assert "6,000 pairs of LFW, no flip" in made
    assert made.endswith("\n\n<!-- /table -->\n\nThe end.\n")
    assert "\nold\n" not in made
    assert render(made, results, "README.md") == made


def test_a_table_tells_figures_of_other_weights(tmp_path: Path) -> None:
    said = "Measured with other weights of fewpix-l and fewpix-s than the package holds."
    facts = RESULT["models"]["fewpix-s"]
    for digest, told in ((facts["sha256"], True), (present()["auto"], False)):
        models = {**RESULT["models"], "fewpix-s": {**facts, "sha256": digest}}
        folder = tmp_path / str(told)
        write_result(folder / "lfw/table.json", {**RESULT, "models": models}, Run.since(time.monotonic()))
        assert (said in render(DOCUMENT, folder, "README.md")) == told


def test_a_document_without_tables_is_left_alone(results: Path) -> None:
    text = "# Title\n\nTables stand between `<!-- table: NAME -->` and `<!-- /table -->`.\r\n"
    assert render(text, results, "README.md") == text


def change(mean: float, low: float, high: float) -> dict[str, Any]:
    return {"mean": mean, "ci95": [low, high]}


def test_tables_of_the_ways_of_adapting(tmp_path: Path) -> None:
    """All of them over all shifts, and the default one shift by shift."""
    metrics = {"rank1": 0.5, "cosine": 0.4}
    rows: list[dict[str, Any]] = []
    for size, gain in ((8, 0.02), (16, -0.03)):
        rows.append({"family": "noise", "size": size, "arm": "source", **metrics})
        moved = {f"{name}_change": change(gain, gain - 0.01, gain + 0.01) for name in metrics}
        rows.append({"family": "noise", "size": size, "arm": "excess", **metrics, **moved})
    worst = {"family": "noise", "size": 16, **change(-0.03, -0.04, -0.02)}
    total = {"change": -0.005, "ci95": [-0.02, 0.01], "cells": 2, "helps": 1, "hurts": 1, "worst": worst}
    result = {"figures": rows, "summary": {"excess": {"rank1": total, "cosine": total}}}
    write_result(tmp_path / "facebn/pool.json", result, Run.since(time.monotonic()))
    made = render(
        "<!-- table: facebn-pool -->\n<!-- /table -->\n<!-- table: facebn-pool-shifts -->\n<!-- /table -->\n",
        tmp_path,
        "method.md",
    )
    assert "| `excess` | -0.5 (-2.0 to +1.0) | 1 / 1, of 2 | -3.0 (noise, 16 px) |" in made
    assert "| family | 8 px | 16 px |" in made
    assert "| noise | 50.0 **+2.0 (+1.0 to +3.0)** | 50.0 *-3.0 (-4.0 to -2.0)* |" in made


def test_tables_of_the_families(tmp_path: Path) -> None:
    """A family per row beside the baseline; in the end the mean and the worst."""

    def row(family: str, model: str, rank1: float, interval: list[float] | None = None) -> dict[str, Any]:
        against = {"minus_baseline": {"rank1": 0.0, "ci95": interval}} if interval else {}
        return {"family": family, "size": 8, "model": model, "rank1": rank1, **against}

    result = {
        "data": {"held_out": 500},
        "settings": {"baseline": "teacher", "unseen": ["cctv"]},
        "figures": [
            row("area", "fewpix-s", 0.6, [0.4, 0.6]),
            row("area", "teacher", 0.1),
            row("cctv", "fewpix-s", 0.2, [-0.2, -0.1]),
            row("cctv", "teacher", 0.35),
            row("grey", "fewpix-s", 0.5, [-0.1, 0.1]),
            row("grey", "teacher", 0.5),
        ],
        "summary": [
            {"model": "fewpix-s", "size": 8, "mean": 0.433, "worst": {"family": "cctv", "rank1": 0.2}},
            {"model": "teacher", "size": 8, "mean": 0.317, "worst": {"family": "area", "rank1": 0.1}},
        ],
    }
    write_result(tmp_path / "resolution/families.json", result, Run.since(time.monotonic()))
    made = render("<!-- table: families -->\n<!-- /table -->\n", tmp_path, "method.md")
    for line in (
        "| family | 8 px |",
        "| area | **60.0** / 10.0 |",
        "| cctv † | *20.0* / 35.0 |",
        "| grey | 50.0 / 50.0 |",
        "| mean | 43.3 / 31.7 |",
        "| worst of fewpix-s | cctv, 20.0 |",
    ):
        assert f"\n{line}\n" in made
    assert "fewpix-s / direct feed, among 500 held-out faces" in made


def test_a_table_of_the_length_of_embeddings(tmp_path: Path) -> None:
    """A row for each family and model; bold where the interval lies above chance, in italics where below."""

    def row(family: str, size: int, auc: float, interval: list[float]) -> dict[str, Any]:
        length = {"auc": auc, "auc_ci95": interval, "rank1_of_kept": 0.75}
        return {"family": family, "size": size, "model": "fewpix-s", "rank1": 0.7, "length": length}

    result = {
        "data": {"held_out": 500},
        "figures": [
            row("area", 8, 0.6, [0.51, 0.7]),
            row("area", 16, 0.5, [0.4, 0.6]),
            row("cctv", 8, 0.3, [0.2, 0.4]),
            row("cctv", 16, 0.6, [0.5, 0.7]),
        ],
    }
    write_result(tmp_path / "gallery/norm_quality.json", result, Run.since(time.monotonic()))
    made = render("<!-- table: norm-quality -->\n<!-- /table -->\n", tmp_path, "method.md")
    for line in (
        "| family | model | 8 px | 16 px |",
        "| area | fewpix-s | **0.60 (0.51 to 0.70)**, 70.0 → 75.0 | 0.50 (0.40 to 0.60), 70.0 → 75.0 |",
        "| cctv | fewpix-s | *0.30 (0.20 to 0.40)*, 70.0 → 75.0 | 0.60 (0.50 to 0.70), 70.0 → 75.0 |",
    ):
        assert f"\n{line}\n" in made
    assert "500 held-out faces of the pool" in made


def detection(pictures: str) -> dict[str, object]:
    """A result of `detect_small.py` with two methods and two widths."""
    figures = [
        {
            "pictures": pictures,
            "face_width": width,
            "method": method,
            "faces": 24 + width,
            "recall": recall,
            "false_alarms_per_picture": 0.5 * width,
            "point_error_px112": None if recall == 0 else 30 / width,
        }
        for width in (8, 20)
        for method, recall in (("YuNet", 0.0 if width == 8 else 0.25), ("fewpix", 0.875))
    ]
    return {
        "figures": figures,
        "settings": {"min_score": 0.6, "picture": [1280, 720]},
        "without_faces": [
            {"pictures": "photographs", "count": 6, "method": method, "false_alarms": alarms}
            for method, alarms in (("YuNet", 3), ("fewpix", 0))
        ],
        "cpu_ms_per_picture": {"YuNet": 22.4, "fewpix": 260.6},
        "scales": {"fewpix": [0.25, 1, 1.4142]},
    }


def test_a_table_of_the_aligner(tmp_path: Path) -> None:
    row = {"jpeg": 75, "size": 12, "error": 7.26, "found": 0.8, "stated": None}
    figures = [
        {**row, "points": "search"},
        {**row, "points": "detector", "error": 2.34, "found": 0.75, "stated": 2.0},
        {**row, "points": "search", "jpeg": None, "size": 8},
    ]
    alarms = {"noise": {"0.45": 3.0, "0.6": 1.0}}
    result = {"figures": figures, "false_alarms": alarms, "data": {"faces": 60}}
    write_result(tmp_path / "detection/points.json", result, Run.since(time.monotonic()))
    made = render("<!-- table: detect-aligner -->\n<!-- /table -->\n", tmp_path, "small_faces.md")
    for line in (
        "|  | 12 px |",
        "| counted as faces, % | 75 |",
        "| error of the points, search | 7.3 |",
        "| error of the points, aligner | 2.3 |",
        "60 faces a column",
        "noise: 1.",
    ):
        assert line in made


def test_tables_of_small_faces(tmp_path: Path) -> None:
    write_result(tmp_path / "detection/small_faces.json", detection("photos"), Run.since(time.monotonic()))
    made = {
        name: render(f"<!-- table: {name} -->\n<!-- /table -->\n", tmp_path, "method.md")
        for name in ("detect-photos", "detect-points", "detect-cost")
    }
    assert "|  | 20 px | 8 px |" in made["detect-photos"]
    assert "| YuNet | 25.0 / 10.00 | 0.0 / 4.00 |" in made["detect-photos"]
    assert "| fewpix | 87.5 / 10.00 | 87.5 / 4.00 |" in made["detect-photos"]
    assert "32 to 44 a column" in made["detect-photos"]
    assert "| YuNet | 1.5 | – |" in made["detect-points"]
    assert "| fewpix | 1.5 | 3.8 |" in made["detect-points"]
    assert "|  | ms | scales | 6 photographs |" in made["detect-cost"]
    assert "| YuNet | 22 | – | 3 |" in made["detect-cost"]
    assert "| fewpix | 261 | 0.25, 1, 1.4 | 0 |" in made["detect-cost"]
    with pytest.raises(InputError, match="lacks what the table 'detect-orl' shows"):
        render("<!-- table: detect-orl -->\n<!-- /table -->\n", tmp_path, "method.md")


def test_tables_of_the_ablation(tmp_path: Path) -> None:
    def value(mean: float, seeds: list[float], **more: Any) -> dict[str, Any]:
        return {"mean": mean, "seeds": seeds, **more}

    cell = {"set": "pool", "family": "area", "size": 16}
    own_space = {m: value(0.25, [0.2, 0.3]) for m in ("rank1", "tar", "tpir", "spearman")}
    figures = [
        {**cell, "set": tests, "arm": arm, **scores}
        for tests in ("pool", "orl")
        for arm, scores in (("labels", own_space), ("ILD", {m: value(0.5, [0.4, 0.6]) for m in ABLATED}))
    ]
    verdicts = ((8, 0.1, "better"), (16, -0.1, "worse"), (24, 0.1, "no difference shown"))
    differences = [
        {
            **cell,
            "size": size,
            "arm": "ILD",
            "against": "direct feed",
            "rank1": value(mean, [mean], ci95=[mean - 0.05, mean + 0.05], verdict=verdict),
        }
        for size, mean, verdict in verdicts
    ]
    differences += [{**row, "against": "labels"} for row in differences]
    settings = {"seeds": [0, 1], "arch": "lr24-s", "steps": 1000, "batch": 128, "fpir": 0.1}
    result = {"settings": settings, "figures": figures, "differences": differences}
    assert ablation(result, "orl", "area", 16).split("\n")[2:4] == [
        "| labels | 25.0 (20.0–30.0) | 25.0 (20.0–30.0) | 25.0 (20.0–30.0) | – | 25.0 (20.0–30.0) |",
        "| ILD | " + " | ".join(["50.0 (40.0–60.0)"] * 5) + " |",
    ]
    assert "mean over 2 seeds (lowest to highest); pool, area, 16 px; `lr24-s`, 1,000 steps of 128" in (
        ablation(result, "pool", "area", 16)
    )
    with pytest.raises(KeyError):
        ablation(result, "orl", "cctv", 16)
    # On the pool an arm outside the teacher's space would look for pictures among themselves.
    pool = ablation(result, "pool", "area", 16)
    assert [line.split(" ")[1] for line in pool.split("\n")[2:-2]] == ["ILD"]
    assert "Arms trained with labels are left out" in pool
    lines = ablation_differences(result, "pool", "area", "rank1").split("\n")
    assert lines[2] == (
        "| ILD − direct feed | **+10.0 (+5.0 to +15.0)** | *-10.0 (-15.0 to -5.0)* | +10.0 (+5.0 to +15.0) |"
    )
    assert not any("labels" in line for line in lines)


def study() -> dict[str, Any]:
    """An LFW study of three families, with fewpix-l in one of them only."""

    def row(family: str, model: str, accuracy: float, gain: float | None, **more: Any) -> dict[str, Any]:
        minus = None if gain is None else {"accuracy": gain, "ci95": [gain - 0.01, gain + 0.01]}
        return {**figure(model, 8, accuracy, minus), "family": family, **more}

    def mean(model: str, families: list[str], protocol: str, accuracy: float, **more: Any) -> dict[str, Any]:
        return {
            "protocol": protocol,
            "size": 8,
            "model": model,
            "families": families,
            "mean": {"accuracy": accuracy, "ci95": [accuracy - 0.01, accuracy + 0.01]},
            "worst": {"family": families[-1], "accuracy": accuracy - 0.1},
            **more,
        }

    worse = {"accuracy": -0.02, "ci95": [-0.03, -0.01]}
    better = {"accuracy": 0.03, "ci95": [0.02, 0.04]}
    every = ["area", "cctv", "dark"]
    gallery = {"protocol": "matched", "minus_sharp_gallery": worse}
    adapted = {"size": 8, "protocol": "hr-lr", "model": "fewpix-s+facebn"}
    return {
        "data": {"pairs": 6000},
        "settings": {"baseline": "teacher", "families": dict.fromkeys(every, ""), "unseen": ["cctv"]},
        "figures": [
            row("area", "teacher", 0.7, None),
            row("area", "fewpix-s", 0.85, 0.15),
            row("area", "fewpix-l", 0.8, 0.1),
            row("cctv", "teacher", 0.6, None),
            row("cctv", "fewpix-s", 0.59, -0.02),
            row("cctv", "fewpix-s", 0.57, -0.02, **gallery),
            row("cctv", "teacher", 0.6, None, **gallery),
        ],
        "summary": [
            mean("teacher", every, "hr-lr", 0.65),
            mean("fewpix-s", every, "hr-lr", 0.72, minus_baseline=better),
            mean("fewpix-l", ["area"], "hr-lr", 0.8, minus_baseline=better),
            mean("teacher", ["cctv", "dark"], "matched", 0.63, minus_sharp_gallery=worse),
            mean("fewpix-s", ["cctv"], "matched", 0.57, minus_sharp_gallery=worse),
        ],
        "facebn": {
            "model": "fewpix-s",
            "arm": "prior+1d",
            "adapting": 770,
            "pairs": 5400,
            "states": [
                {"family": "area", "size": 8, "guard": {"reasons": ["harm"]}},
                {"family": "dark", "size": 8, "guard": {"reasons": []}},
            ],
            "figures": [
                {**adapted, "family": "area", "accuracy": 0.83, "minus_unadapted": worse},
                {**adapted, "family": "dark", "accuracy": 0.63, "minus_unadapted": better},
            ],
        },
    }


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "study-clean",
            [
                "| hr-lr | 8 | 80.0 (79.0–81.0) / 50.0 | 85.0 (84.0–86.0) / 50.0 | 70.0 (69.0–71.0) / 50.0 "
                "| **+10.0 (+9.0 to +11.0)** | **+15.0 (+14.0 to +16.0)** |"
            ],
        ),
        (
            "study-hr-lr",
            [
                "| 8 | 80.0 (79.0–81.0) [1 of 3 families] | 72.0 (71.0–73.0) | 65.0 (64.0–66.0) "
                "| **+3.0 (+2.0 to +4.0)** | **+3.0 (+2.0 to +4.0)** | area, 70.0 | dark, 62.0 | dark, 55.0 |"
            ],
        ),
        ("study-families", ["| area | **85.0** / 70.0 |", "| cctv † | *59.0* / 60.0 |"]),
        (
            "study-matched",
            [
                "| 8 | – | – | – | 57.0 (56.0–58.0) [1 of 2 families] | *-2.0 (-3.0 to -1.0)* | 0 / 1, of 1 "
                "| 63.0 (62.0–64.0) | *-2.0 (-3.0 to -1.0)* | 0 / 1, of 1 |"
            ],
        ),
        (
            "study-facebn-hr-lr",
            ["| area | 85.0 *-2.0 (-3.0 to -1.0)* ‡ |", "| dark | 60.0 **+3.0 (+2.0 to +4.0)** |"],
        ),
    ],
)
def test_tables_of_the_lfw_study(tmp_path: Path, name: str, lines: list[str]) -> None:
    """What was not measured is a dash, and a mean over fewer families says so."""
    write_result(tmp_path / "lfw/study.json", study(), Run.since(time.monotonic()))
    made = render(f"<!-- table: {name} -->\n<!-- /table -->\n", tmp_path, "lfw_study.md")
    assert [line for line in made.split("\n") if line.startswith("| ")][2:] == lines


@pytest.mark.parametrize("name", ["study-lr-lr", "study-facebn-lr-lr"])
def test_a_table_of_the_lfw_study_without_a_row_is_refused(tmp_path: Path, name: str) -> None:
    write_result(tmp_path / "lfw/study.json", study(), Run.since(time.monotonic()))
    with pytest.raises(InputError, match=f"lacks what the table '{name}' shows"):
        render(f"<!-- table: {name} -->\n<!-- /table -->\n", tmp_path, "lfw_study.md")


def test_another_baseline_is_named(tmp_path: Path) -> None:
    found = table_of_lfw(
        [row("fewpix-s", 8, 0.84), row("teacher", 8, 0.71)],
        [minus("teacher", 8, -0.13, -0.14, -0.12, other="fewpix-s")],
        flip=True,
    )
    write_result(tmp_path / "lfw/table.json", found, Run.since(time.monotonic()))
    made = render(DOCUMENT, tmp_path, "README.md")
    assert "| px | teacher | fewpix-s | teacher − fewpix-s |" in made
    assert "with flip" in made


def test_update_writes_what_changed_and_check_refuses_it(results: Path, tmp_path: Path) -> None:
    document, other = tmp_path / "README.md", tmp_path / "other.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    other.write_text("no table\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"the tables of .*README\.md are not those of"):
        update([other, document], results, check=True)
    assert document.read_text(encoding="utf-8") == DOCUMENT
    done = update([document, other], results)
    assert (done.written, done.current) == (("README.md",), ("other.md",))
    assert str(done) == "README.md: tables replaced\nother.md: up to date"
    assert update([document, other], results, check=True) == Rendered(("README.md", "other.md"), ())


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("<!-- table: nothing -->\n<!-- /table -->\n", ConfigError, "line 1: unknown table 'nothing'"),
        ("\n<!-- table: lfw-hr-lr -->\n", ConfigError, "line 2: the table 'lfw-hr-lr' is not closed"),
        (
            "<!-- table: lfw-lr-lr -->\n<!-- /table -->\n",
            InputError,
            "lacks what the table 'lfw-lr-lr' shows",
        ),
    ],
)
def test_faults_are_named(results: Path, text: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        render(text, results, "README.md")


def test_a_missing_result_or_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no result .*lfw/table\.json"):
        render(DOCUMENT, tmp_path, "README.md")
    with pytest.raises(InputError, match="cannot read"):
        update([tmp_path / "README.md"], tmp_path)


def test_the_committed_documents_show_the_committed_results() -> None:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    shown = update(documents, ROOT / "results", check=True)
    assert shown.written == ()
    text = "\n".join(path.read_text(encoding="utf-8") for path in documents)
    measured = {
        name
        for name, (file, _) in TABLES.items()
        if all((ROOT / "results" / each).is_file() for each in ([file] if isinstance(file, str) else file))
    }
    assert {"lfw-hr-lr", "lfw-lr-lr"} <= measured
    assert {name for name in TABLES if f"<!-- table: {name} -->" in text} == measured


def test_tables_of_a_large_gallery_and_a_video(tmp_path: Path) -> None:
    row = {"at_a_time": 16, "ms_per_query": 2.0, "widened": 3, "differ": 0}
    times = [
        {"way": "one read of 8 bits", "at_a_time": 1, "ms": 5.0},
        {"way": "fewpix", "at_a_time": 16, "ms": 2.0},
        {"way": "NumPy, float32", "at_a_time": 16, "ms": 15.0},
    ]
    settings = {"rows": 1_000_000, "dim": 128, "queries": 1000, "k": 5}
    search = {"settings": settings, "figures": [row], "times": times}
    stages = {"decode": 6.62, "detect": 303.26}
    video = {
        "settings": {"frames": 50, "threads": 2},
        "figures": {
            "ms_per_frame": stages,
            "ms_per_frame_whole": 309.9,
            "faces_per_frame": 9.72,
            "tracks": 10,
        },
    }
    ms = {"mean": 700.4, "p95": 801.0, "cpu_mean": 640.0, "cpu_p95": 700.0}
    common = {"runtime": "openvino", "people": 16, "tracks_found": 16, "switches": 1, "ms": ms}
    common |= {"sights_in_a_track": 0.9876, "longest_wait_of_new_s": 0.36}
    ways = [
        {"way": "every pixel", **common},
        {"way": "attention", **common, "of_every_pixel": dict.fromkeys(ms, 0.25)},
    ]
    settings = {"seconds": 2.4, "rate": 25.0, "threads": 2, "wait": 0.4}
    real = {"question": "?", "settings": settings, "figures": ways}
    write_result(tmp_path / "video/real_time.json", real, Run.since(time.monotonic()))
    write_result(tmp_path / "gallery/search.json", search, Run.since(time.monotonic()))
    write_result(tmp_path / "detection/video_stages.json", video, Run.since(time.monotonic()))
    made = {
        name: render(f"<!-- table: {name} -->\n<!-- /table -->\n", tmp_path, "scale.md")
        for name in ("gallery-search", "video-stages", "real-time")
    }
    assert (
        "| OpenVINO, attention | 700 | 801 | 640 | 0.25 | 16 of 16 | 98.8 | 1 | 0.36 |" in made["real-time"]
    )
    assert "\n| NumPy, float32 | 15.0, 3.0 × |\n" in made["gallery-search"]
    assert "1,000,000 embeddings of 128 numbers, the 5 best" in made["gallery-search"]
    assert "Of 1 times 1,000 queries 0 found other people" in made["gallery-search"]
    assert "\n| decode | detect | whole |\n" in made["video-stages"]
    assert "\n| 6.6 | 303.3 | 309.9 |\n" in made["video-stages"]


def test_tables_of_how_fast_encoders_are(tmp_path: Path) -> None:
    def row(rate: float, plain: float) -> dict[str, float]:
        return {"faces_per_second": rate, "times_teacher": 7.0, "times_plain_teacher": plain}

    speed = {
        "settings": {"threads": 2, "side": 24},
        "figures": {
            "onnxruntime": {"teacher": row(200, 2.0), "teacher as its file is": row(100, 1.0)},
            "openvino": {"teacher": row(220.4, 1.0)},
        },
    }
    forms = {"as it is": 600.4, "spread": 1200.6}
    prelu = {
        "settings": {"threads": 2},
        "figures": {"fewpix-xs": {"faces_per_second": forms, "times": 2.0, "times_quartiles": [1.95, 2.04]}},
    }
    write_result(tmp_path / "speed/embed.json", speed, Run.since(time.monotonic()))
    write_result(tmp_path / "speed/prelu.json", prelu, Run.since(time.monotonic()))
    made = {
        name: render(f"<!-- table: {name} -->\n<!-- /table -->\n", tmp_path, "models.md")
        for name in ("embed-speed", "spread-prelu")
    }
    assert "\n| teacher | 200, 2.0 × | 220, 1.0 × |\n" in made["embed-speed"]
    assert "\n| teacher as its file is | 100, 1.0 × | – |\n" in made["embed-speed"]
    assert "\n| fewpix-xs | 600 | 1,201 | 2.00 (1.95–2.04) |\n" in made["spread-prelu"]


def test_a_table_of_what_files_and_found_landmarks_cost(tmp_path: Path) -> None:
    figures = [
        {
            "model": model,
            "size": 12,
            "jpeg": jpeg,
            "points": points,
            "rank1": rank1,
            "rank1_ci95": [0.25, 0.75],
        }
        for points, jpeg, ours, theirs in (
            ("true", None, 0.875, 0.625),
            ("true", 75, 0.5, 0.375),
            ("found", None, 0.75, 0.5),
            ("found", 75, 0.25, 0.125),
        )
        for model, rank1 in (("fewpix-s", ours), ("teacher", theirs))
    ]
    payload = {"data": {"set": "ORL", "people": 40, "probes": 360}, "figures": figures}
    write_result(tmp_path / "detection/found_faces.json", payload, Run.since(time.monotonic()))
    made = render("<!-- table: found-faces -->\n<!-- /table -->\n", tmp_path, "photos.md")
    assert "\n| px | points | no JPEG | JPEG 75 |\n" in made
    assert "\n| 12 | true | 87.5 (25.0–75.0) / 62.5 | 50.0 (25.0–75.0) / 37.5 |\n" in made
    assert "\n| 12 | found | 75.0 (25.0–75.0) / 50.0 | 25.0 (25.0–75.0) / 12.5 |\n" in made
    assert "360 pictures of 40 people of ORL" in made
