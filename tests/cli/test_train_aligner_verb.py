"""`fewpix train-aligner`: from faces to a file that the detector can use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.cli import main
from fewpix.detect.aligner import Aligner
from orl_files import face_file

pytestmark = pytest.mark.needs("torch")

RECIPE = """
name = "tiny"
[model]
side = 16
widths = [4, 6, 6, 8]
hidden = 8
[data]
holdout = 0.1
[run]
steps = 3
batch = 8
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "faces").mkdir()
    for person in range(20):
        (tmp_path / "faces" / f"{person}.png").write_bytes(face_file(person, 0, ".png", 112))
    (tmp_path / "r.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def arguments(work: Path, *more: str) -> list[str]:
    faces, recipe, out = (str(work / name) for name in ("faces", "r.toml", "run"))
    return ["train-aligner", "--recipe", recipe, "--faces", faces, "--out", out, *more]


@pytest.mark.slow
def test_it_ends_in_a_file_that_can_be_used(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(work, "--json")) == 0
    facts = json.loads(capsys.readouterr().out)
    data = Path(facts["aligner"]).read_bytes()
    assert len(data) == facts["bytes"]
    assert Aligner(data, threads=1).side == 16
    assert set(facts["held_out"]["after"]) == {"8", "12", "16", "24", "32"}
    assert Aligner(data, threads=1).refine(np.zeros((20, 20, 3), np.uint8), []) == []
    # The same command again finds the run at its end, and gives the same file.
    assert main(arguments(work, "--json")) == 0
    assert Path(facts["aligner"]).read_bytes() == data


def test_a_wrong_recipe_is_named(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "r.toml").write_text(RECIPE.replace("steps = 3", "steps = -3"), encoding="utf-8")
    assert main(arguments(work)) == 5
    assert "run.steps" in capsys.readouterr().err
    (work / "r.toml").write_text(RECIPE + "[errors]\nmoves = 3\n", encoding="utf-8")
    assert main(arguments(work)) == 5
    assert "errors.moves" in capsys.readouterr().err
