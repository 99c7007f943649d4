"""No benchmark rots: every command in `results/commands.toml` runs, by its small settings, on toy data."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.again import unpack_lfw
from benchmarks.lib import toy
from benchmarks.lib.commands import Result, read_commands
from benchmarks.lib.envelope import Envelope, RunFacts
from fewpix.calibration.file import read_calibration
from project import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("samples", "torch", "openvino", "video", "postgres", "serve", "weights"),
]

TRIED = [each for each in read_commands() if each.command and not each.untried]
LONGEST_S = 900


@dataclass(frozen=True)
class Bench:
    """Toy data, a folder to work in, and a cache that all commands share."""

    data: Path
    work: Path
    cache: Path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    data, work, cache = (tmp_path_factory.mktemp(name) for name in ("data", "work", "cache"))
    toy.make(data)
    unpack_lfw(data, work)
    return Bench(data, work, cache)


@pytest.mark.parametrize("each", TRIED, ids=lambda each: each.file)
def test_a_command_makes_its_result(each: Result, bench: Bench, tmp_path: Path) -> None:
    made = tmp_path / Path(each.file).name
    words = each.words(bench.data, bench.work / "own", made)
    own = {"FEWPIX_CACHE": str(bench.cache), "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-1000:]}\n{done.stderr[-4000:]}"
    if each.file.startswith("../"):  # of the package
        read_calibration(made)
        return
    if words[2] != "fewpix":  # the verbs of fewpix have a schema of their own
        Envelope.model_validate_json(made.read_bytes())
    RunFacts.model_validate_json(made.with_suffix(".run.json").read_bytes())


def test_what_is_not_tried_has_a_reason() -> None:
    for each in read_commands():
        assert not each.untried or each.command, each.file
