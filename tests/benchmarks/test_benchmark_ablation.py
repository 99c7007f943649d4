"""The ablation on a few faces and three steps: every arm runs, and the figures are consistent."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.evaluate.result.file import read_result
from fewpix.image.codec import write_image
from fewpix.image.resize import resize_square
from fewpix.quickstart.faces import SampleFaces

pytestmark = pytest.mark.needs("samples", "torch")

PEOPLE = 6


def few_people() -> SampleFaces:
    """Ten pictures each, without looking for the faces in them."""
    count = 10 * PEOPLE
    orl = load_orl()
    return SampleFaces(
        pictures=tuple(orl.images[:count]),
        crops=tuple(resize_square(image[12:104], 112) for image in orl.images[:count]),
        people=orl.people[:count],
        names=tuple(orl.names[:count]),
        pixels=np.full(count, 92.0),
        points=np.zeros((count, 5, 2)),
        skipped=(),
    )


@pytest.mark.slow
def test_every_arm_is_trained_and_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bench = importlib.import_module("benchmarks.training.ablation")
    sets = importlib.import_module("benchmarks.training.ablation_sets")
    monkeypatch.setattr(bench, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(bench, "orl_faces", few_people)
    monkeypatch.setattr(sets, "LEARN", 2)
    for n in range(60, 400, 8):
        crop = resize_square(load_orl().images[n][12:104], 112)
        write_image(tmp_path / "faces" / f"{n:03d}.png", crop)
    arguments = [
        *("ablation", str(tmp_path / "faces"), "--work", str(tmp_path / "runs")),
        *("--out", str(tmp_path / "a.json"), "--arch", "lr24-tiny", "--steps", "3", "--batch", "16"),
        *("--precision", "fp32", "--seeds", "0", "1", "--sizes", "24"),
        *("--clusters", "8", "--holdout", "0.4", "--mixes", "20"),
    ]
    monkeypatch.setattr(sys, "argv", arguments)
    assert bench.main() == 0
    first = (tmp_path / "a.json").read_bytes()
    found = read_result(tmp_path / "a.json")
    arms = {"direct feed", *bench.ARMS, *bench.ADAPTED, bench.LAST, bench.TWICE, bench.SMALL}
    figures = {(row["set"], row["family"], row["size"], row["arm"]): row for row in found["figures"]}
    assert set(figures) == {
        (tests, family, size, arm)
        for tests in ("pool", "orl")
        for family in ("area", "cctv")
        for size in (24,)
        for arm in arms
        if (tests, arm) != ("pool", bench.SMALL)
    }
    # The direct feed is the teacher itself: nearly perfect where faces are large.
    assert figures["pool", "area", 24, "direct feed"]["rank1"]["mean"] > 0.9
    assert figures["pool", "area", 24, "direct feed"]["spearman"]["mean"] > 0.7
    for key, row in figures.items():
        assert ("cosine" in row) == (key[3] not in ("labels", "pseudo-labels", bench.SMALL))
        for metric in ("rank1", "tar", "tpir"):
            assert 0 <= row[metric]["mean"] <= 1
            assert row[metric]["mean"] == pytest.approx(np.mean(row[metric]["seeds"]), abs=0.05)
    for row in found["differences"]:
        mine, other = (
            figures[row["set"], row["family"], row["size"], row[who]]["rank1"]["seeds"]
            for who in ("arm", "against")
        )
        assert row["rank1"]["seeds"] == pytest.approx(np.subtract(mine, other), abs=1e-5)
        low, high = row["rank1"]["ci95"]
        assert low - 1e-9 <= row["rank1"]["mean"] <= high + 0.05
    assert len({digest for arm in found["arms"].values() for digest in arm["weights"]}) == 2 * len(bench.ARMS)

    # What is trained is not trained again, and gives the same figures.
    assert bench.main() == 0
    assert (tmp_path / "a.json").read_bytes() == first

    # An idea is trained beside the arm that it is to improve, and compared with that one alone.
    idea = next(iter(bench.IDEAS))
    monkeypatch.setattr(
        sys, "argv", [*arguments, "--arms", "ILD+RLD", idea, "--out", str(tmp_path / "b.json")]
    )
    assert bench.main() == 0
    judged = read_result(tmp_path / "b.json")
    assert set(judged["arms"]) == {"ILD+RLD", idea}
    assert judged["arms"]["ILD+RLD"] == found["arms"]["ILD+RLD"]
    assert {row["against"] for row in judged["differences"]} == {"ILD+RLD"}
    assert idea in {row["arm"] for row in judged["differences"]}


def test_a_verdict_needs_every_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = importlib.import_module("benchmarks.training.ablation")
    assert bench._verdict([0.1, 0.2, 0.1], [0.05, 0.2])["verdict"] == "better"
    assert bench._verdict([-0.1, -0.2], [-0.2, -0.05])["verdict"] == "worse"
    assert bench._verdict([0.3, 0.2, -0.01], [0.05, 0.2])["verdict"] == "no difference shown"
    assert bench._verdict([0.1, 0.2], [-0.01, 0.2])["verdict"] == "no difference shown"
