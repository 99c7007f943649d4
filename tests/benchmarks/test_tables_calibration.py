"""Stated and observed rates as tables."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.tables.documents import render
from fewpix.evaluate.result.file import Run, write_result


def figure(
    pixels: int, people: int, stated: float, observed: float, agrees: bool, in_range: bool = True
) -> dict[str, object]:
    return {
        "pixels": pixels,
        "people": people,
        "stated": stated,
        "observed": observed,
        "observed_ci95": [observed / 2, observed * 2],
        "agrees": agrees,
        "in_range": in_range,
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    figures = [
        figure(8, 1, 0.01, 0.012, True),
        figure(8, 1, 0.1, 0.25, False, False),
        figure(16, 1, 0.1, 0.11, True),
        figure(16, 1000, 0.1, 0.05, True),
        figure(16, 100, 0.1, 0.3, False),
    ]
    payload = {
        "calibration": {"independent_pairs": 6400, "independent_searches": 6500},
        "data": {"people": 4000},
        "figures": figures,
    }
    write_result(tmp_path / "calibration/lfw.json", payload, Run.since(time.monotonic()))
    return tmp_path


def test_pairs_have_a_row_per_size_and_what_no_population_explains_is_bold(results: Path):
    made = render("<!-- table: calibration-lfw-fmr -->\n<!-- /table -->", results, "x.md")
    assert (
        "| px | stated 10 % | stated 1 % |\n"
        "| --- | --: | --: |\n"
        "| 8 | **25 (12–50)** | 1.2 (0.6–2.4) |\n"
        "| 16 | 11 (5.5–22) | – |\n"
    ) in made
    assert "6,400 independent pairs" in made
    assert "95 % interval: 1 of 3; in bold where the rate is not so among" in made
    assert "populations either: 1." in made
    assert "4,000 people observed" in made


def test_searches_have_a_row_per_size_and_gallery_and_what_others_explain_is_in_italics(results: Path):
    made = render("<!-- table: calibration-lfw-fpir -->\n<!-- /table -->", results, "x.md")
    assert "| px | enrolled | stated 10 % |" in made
    assert "| 16 | 100 | *30 (15–60)* |\n| 16 | 1,000 | 5 (2.5–10) |" in made
    assert "6,500 people searched for" in made
    assert "interval: 1 of 2;" in made
    assert "populations either: 0." in made


def test_larger_galleries_are_told_by_rule_and_by_how_much_larger(tmp_path: Path):
    figures = [
        {
            "way": way,
            "measured": 300,
            "people": 300 * times,
            "pixels": 16,
            "stated": 0.1,
            "observed": observed,
            "holds": observed < 0.2,
        }
        for way in ("bound", "line")
        for times, observed in ((10, 0.08), (10, 0.05), (20, 0.3))
    ]
    payload = {"data": {"strangers": [{"name": "LFW", "probes": 1000}]}, "figures": figures}
    write_result(tmp_path / "calibration/larger.json", payload, Run.since(time.monotonic()))
    text = render("<!-- table: calibration-larger -->\n<!-- /table -->", tmp_path, "x.md")
    assert "| 1 − (1 − FPIR)^k | 10 | 2 of 2 | 0.50 | 0.80 | 0.80 |" in text
    assert "| straight line | 20 | 0 of 1 | 3.00 | 3.00 | 3.00 |" in text
    assert "1,000 of LFW" in text
