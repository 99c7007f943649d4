"""Tables about quality, from results whose every figure is known."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tables.documents import render
from fewpix.evaluate.result.file import Run, write_result


def made(folder: Path, file: str, result: dict[str, Any], table: str) -> str:
    write_result(folder / file, result, Run.since(time.monotonic()))
    return render(f"<!-- table: {table} -->\n<!-- /table -->\n", folder, "method.md")


def estimate(median: float, near: float | None = None, **facts: Any) -> dict[str, Any]:
    row = {"median": median, "deciles": [median - 1, median + 2], **facts}
    return row if near is None else {**row, "near": near}


def gain(mean: float) -> dict[str, Any]:
    return {"mean": mean, "ci95": [mean - 0.05, mean + 0.05]}


RESOLUTION = {
    "data": {"estimated": 100, "held_out": 561},
    "settings": {"within": 1.5},
    "figures": [
        estimate(8.2, 1.0, kernel="nearest", condition="clean", size=8),
        estimate(12.6, 0.8, kernel="nearest", condition="clean", size=12),
        estimate(8.0, 0.9, kernel="none", condition="clean", size=8),
        estimate(11.0, 0.9, kernel="none", condition="clean", size=12),
        estimate(101.0, kernel="none", condition="clean", size=112),
        estimate(20.0, kernel="blur", condition="clean", sigma=2.0),
    ],
}

ROUTING = {
    "data": {"routed": 150, "held_out": 561},
    "settings": {"picture": 100},
    "figures": [
        {
            "picture": "bicubic",
            "size": size,
            "nominal": {"cosine": 0.5, "rank1": 0.4},
            **{
                arm: {"rank1": 0.6, "cosine_gain": gain(change), "rank1_gain": gain(0.2)}
                for arm, change in (("effective", change), ("cautious", 0.01))
            },
        }
        for size, change in ((8, 0.2), (32, -0.1))
    ],
}


def test_estimates_by_kernel_and_size(tmp_path: Path) -> None:
    text = made(tmp_path, "resolution/effective.json", RESOLUTION, "effective-resolution")
    for line in (
        "|  | 8 px | 12 px |",
        "| nearest, clean | 8 (7–10) | 13 (12–15) |",
        "| not enlarged, clean | 8 (7–10) | 11 (10–13) |",
    ):
        assert f"\n{line}\n" in text
    for part in (
        "100 held-out faces",
        "90.0 % are off by less than a factor of 1.5",
        "101 (100–103) (clean)",
        "2 → 20 (19–22)",
    ):
        assert part in text


def test_what_the_router_gains(tmp_path: Path) -> None:
    """Bold where the interval lies above 0, in italics where below."""
    text = made(tmp_path, "resolution/routing.json", ROUTING, "effective-routing")
    for line in (
        "| bicubic | effective | 0.500 **+0.200**, 40.0 → 60.0 | 0.500 *-0.100*, 40.0 → 60.0 |",
        "| bicubic | cautious | 0.500 +0.010, 40.0 → 60.0 | 0.500 +0.010, 40.0 → 60.0 |",
    ):
        assert f"\n{line}\n" in text


ENROLMENT = {
    "data": {"people": 200},
    "settings": {"fmr": 0.001},
    "figures": [
        {
            "photograph": kind,
            "effective": 12.2,
            "deciles": [10.0, 15.0],
            "routed_by": way,
            "probe": probe,
            "rank1_change": gain(change),
            "false_match_rate": 0.02,
            "false_match_change": gain(alarms),
        }
        for kind, way, change, alarms in (("12 px", "size", -0.3, 0.1), ("12 px", "detail", 0.0, 0.0))
        for probe in (12, 16)
    ],
}

TEMPLATES = {
    "figures": [
        {
            "poor": 8,
            "probe": 12,
            "weights": name,
            "rank1": 0.9,
            "lead": 0.25,
            "against_score": gain(change),
        }
        for name, change in (("equal", 0.0), ("quality", 0.1))
    ],
}


def test_costs_of_poor_photographs(tmp_path: Path) -> None:
    text = made(tmp_path, "gallery/poor_enrolment.json", ENROLMENT, "poor-enrolment")
    for line in (
        "| photograph | effective px | encoder by | probes of 12 px | probes of 16 px |",
        "| 12 px | 12 (10 to 15) | size |" + 2 * " *-30.0 (-35.0 to -25.0)*, *2.0 %* |",
        "| 12 px | 12 (10 to 15) | detail |" + 2 * " +0.0 (-5.0 to +5.0), 2.0 % |",
    ):
        assert f"\n{line}\n" in text
    assert "one in 1,000 comparisons" in text
    weights = made(tmp_path, "gallery/template_quality.json", TEMPLATES, "template-weights")
    assert "\n| 12 px | equal | 90.0 +0.0 (-5.0 to +5.0), 0.250 |\n" in weights
    assert "\n| 12 px | quality | 90.0 **+10.0 (+5.0 to +15.0)**, 0.250 |\n" in weights


def test_landmarks_that_are_off(tmp_path: Path) -> None:
    figures = [
        {"model": "fewpix-s", "size": 8, "noise": 3.0, "way": "single", "cosine": 0.5, "rank1": 0.6},
        {
            "model": "fewpix-s", "size": 8, "noise": 3.0, "way": "jittered", "cosine": 0.6, "rank1": 0.7,
            "cosine_gain": gain(0.1), "rank1_gain": gain(0.1),
        },
    ]  # fmt: skip
    result = {"data": {"probes": 100, "held_out": 561}, "figures": figures}
    text = made(tmp_path, "detection/landmark_noise.json", result, "landmark-noise")
    assert "\n| 3 | single | 0.500, 60.0 |\n| 3 | jittered | **+0.100**, 70.0 |\n" in text
    with pytest.raises(Exception, match="landmark-noise-l"):
        made(tmp_path, "detection/landmark_noise_l.json", result, "landmark-noise-l")


def test_what_a_matched_gallery_brings_and_costs(tmp_path: Path) -> None:
    def arm(rank1: float, change: float) -> dict[str, Any]:
        of = {"mean": change, "ci95": [change - 0.01, change + 0.01]}
        return {"rank1": rank1, "tar": rank1 / 2, "rank1_minus_sharp": of, "tar_minus_sharp": of}

    result = {
        "data": {
            "people": 350,
            "enrolled": 360,
            "probes": 1300,
            "choose": {"people": 340, "probes": 1200, "seen": True},
        },
        "settings": {"far": 1e-3},
        "cost": {
            "sizes": [8, 24],
            "sharp": {"bytes_per_photo": 2048, "cpu_ms_per_photo": 10},
            "matched": {"bytes_per_photo": 4096, "cpu_ms_per_photo": 70},
        },
        "figures": [
            {
                "size": size,
                "model": "fewpix-s",
                "weight": weight,
                "people": 350,
                "figures": [
                    {"kind": kind, "sharp": arm(0.2, 0), "half": arm(0.3, 0.1), "chosen": arm(0.15, -0.05)}
                    for kind in ("area", "train-photo")
                ],
            }
            for size, weight in ((8, 0.3), (24, 0.0))
        ],
    }
    text = made(tmp_path, "gallery/matched.json", result, "matched-gallery")
    for line in (
        "| 8 | fewpix-s | 0.3 | clean | 20.0 → **30.0** | 10.0 → **15.0** | 20.0 → *15.0* | 10.0 → *7.5* |",
        "| 24 | fewpix-s | none | as found | 20.0 → **30.0** | 10.0 → **15.0** "
        "| 20.0 → *15.0* | 10.0 → *7.5* |",
    ):
        assert f"\n{line}\n" in text
    assert "1,300 probes of 350 people of the pool whom no student was trained on, one sharp" in text
    assert "340 other people chose the weight, whom the student was trained on." in text
    assert "has 2.0 kB a photograph without and 4.0 with rows of 2 sizes" in text
