"""What int8 loses: each precision by its own threshold, the worst case named, and the table that says it."""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.lib import int8 as lib
from benchmarks.lib.pool import HeldOutFaces
from benchmarks.speed import int8 as bench
from benchmarks.tables.int8 import int8_loss, int8_speed
from fewpix.embed.open import open_encoder
from fewpix.evaluate.statistics.bootstrap import Clusters
from int8_made import orl_faces

pytestmark = pytest.mark.needs("torch", "samples")

PEOPLE = 12


@pytest.fixture(scope="module")
def found() -> HeldOutFaces:
    faces = orl_faces(PEOPLE)
    teacher = open_encoder("teacher", runtime="onnxruntime")
    everybody = np.arange(PEOPLE)
    return HeldOutFaces(
        faces, everybody, teacher.embed([faces.crop(n) for n in range(PEOPLE)]), everybody // 2
    )


def test_smaller_faces_are_seen_more_often(found: HeldOutFaces) -> None:
    assert [bench.views_at(size, 24) for size in (8, 12, 16, 24, 32)] == [24, 11, 6, 3, 3]
    assert [bench.views_at(size, 2) for size in (8, 32)] == [2, 2]
    first, second = bench.seen(found, 16, 2, seed=0)
    assert {crop.shape for crop in first + second} == {(16, 16, 3)}
    assert any(not np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    again = list(bench.seen(found, 16, 2, seed=0))
    assert all(np.array_equal(a, b) for a, b in zip(first + second, again[0] + again[1], strict=True))


def test_a_face_counts_by_its_views_under_a_threshold_of_its_precision(
    found: HeldOutFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "FAR", 0.05)
    encoder = open_encoder("teacher", runtime="onnxruntime")
    # Twice the scores: ranks and TAR by a threshold of its own stay, the cosine does not.
    double = SimpleNamespace(embed=lambda crops: 2 * encoder.embed(crops))
    given = argparse.Namespace(views=2, seed=0)
    by = bench.measure({"float32": encoder, "double": double}, found, 32, given)
    for measure in ("rank1", "tar"):
        np.testing.assert_array_equal(by["float32"][measure], by["double"][measure])
    np.testing.assert_allclose(by["double"]["cosine"], 2 * by["float32"]["cosine"], rtol=1e-6)

    scores = [encoder.embed(crops) @ found.teacher.T for crops in bench.seen(found, 32, 2, 0)]
    other = found.component[:, None] != found.component[None, :]
    highest = np.sort(np.concatenate([view[other] for view in scores]))[::-1]
    threshold = highest[round(0.05 * len(highest)) - 1]
    wanted = np.mean([np.diagonal(view) >= threshold for view in scores], axis=0)
    np.testing.assert_array_equal(by["float32"]["tar"], wanted)


def test_the_worst_upper_end_decides() -> None:
    figures = [row(size, runtime, end) for size, runtime, end in made()]
    (first, second) = bench.summary(figures)
    assert first == {
        "runtime": "onnxruntime",
        "worst": {"measure": "tar", "size": 16, "loss_at_most": 0.002},
        "small_enough": True,
    }
    assert (second["worst"]["loss_at_most"], second["small_enough"]) == (0.004, False)


def test_a_loss_is_what_float32_has_more() -> None:
    before = {name: np.array([1.0, 1.0, 0.0, 1.0]) for name in bench.MEASURES}
    after = {name: np.array([1.0, 0.0, 0.0, 0.0]) for name in bench.MEASURES}
    found = bench._row(before, after, Clusters.of(np.arange(4)), seed=0)["rank1"]
    assert (found["float32"], found["int8"], found["loss"]["mean"]) == (0.75, 0.25, 0.5)
    low, high = found["loss"]["ci95"]
    assert 0 <= low < 0.5 < high <= 1


def test_instructions_are_those_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni avx512f\n"
    monkeypatch.setattr("pathlib.Path.read_text", lambda self, encoding: text)
    assert lib.instructions() == ["avx2", "avx512f", "avx512_vnni"]


def test_a_table_says_what_is_lost_and_marks_what_may_be_too_much() -> None:
    result = {
        "models": {"fewpix-s": "0" * 64, "fewpix-s-int8": {"sha256": "1" * 64}},
        "data": {"held_out": 1069},
        "settings": {"far": 1e-3, "limit": 0.003, "instructions": ["avx2", "avx512_vnni"]},
        "figures": [row(size, runtime, end) for size, runtime, end in made()],
    }
    text = int8_loss(result)
    assert (
        "\n| fewpix-s | 16 | 75.0 | 0.00 (-0.20 to 0.10) | 0.00 (-0.20 to 0.10) | 50.0 "
        "| 0.05 (-0.10 to 0.20) | *0.05 (-0.10 to 0.40)* |" in text
    )
    assert "held-out faces of the pool: 1,069 for fewpix-s, among" in text
    assert "avx512_vnni" in text


def made() -> list[tuple[int, str, float]]:
    return [
        (8, "onnxruntime", 0.001),
        (8, "openvino", 0.001),
        (16, "onnxruntime", 0.002),
        (16, "openvino", 0.004),
    ]


def row(size: int, runtime: str, end: float) -> dict[str, Any]:
    def loss(mean: float, low: float, high: float) -> dict[str, Any]:
        return {"mean": mean, "ci95": [low, high]}

    return {
        "size": size,
        "runtime": runtime,
        "rank1": {"float32": 0.75, "int8": 0.75, "loss": loss(0.0, -0.002, 0.001)},
        "tar": {"float32": 0.5, "int8": 0.4995, "loss": loss(0.0005, -0.001, end)},
    }


def test_the_table_of_how_fast_it_is() -> None:
    row = {"faces_per_second": 2388.4, "times_sface": {"median": 30.13, "quartiles": [29.7, 30.3]}}
    settings = {"threads": 2, "side": 24, "rounds": 11, "instructions": ["avx2"]}
    figures = {runtime: {"fewpix-xs-int8": row} for runtime in ("onnxruntime", "openvino")}
    text = int8_speed({"figures": figures, "settings": settings})
    assert "|  | onnxruntime | OpenVINO |" in text
    assert "| fewpix-xs-int8 | 2,388, 30.1 × | 2,388, 30.1 × |" in text
    assert text.endswith("Medians of 11 rounds in turns, on a processor with avx2.")
