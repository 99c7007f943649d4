"""kill -9 inside a running write, again and again: what was acknowledged is there, and nothing half."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from project import ROOT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [pytest.param(20), pytest.param(1000, marks=pytest.mark.slow)])
def test_every_writer_that_is_killed_leaves_a_whole_gallery(tmp_path: Path, kills: int):
    program = ROOT / "tests" / "made" / "kill_writer.py"
    # A process of its own: forking one that has loaded other tests' threads is not safe.
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), str(kills), "0"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["kills"] == kills
    assert found["changes"] >= kills
