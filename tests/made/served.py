"""`fewpix serve` as a process of its own, with models that cost nothing or with the shipped ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project import ROOT

_MADE = """
import sys
from fewpix.cli import main
from fewpix.serve import app
from tiny_service import opening
app.create_app.__defaults__ = (None, opening())
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def served(data: Path, *options: str, made: bool = True) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running service and its address; killed at the end, if it has not ended before.

    Args:
        data: its folder.
        options: of `fewpix serve`.
        made: with the models of `tiny_service`; else with those that the options name.
    """
    program = [sys.executable, *(("-c", _MADE) if made else ("-m", "fewpix"))]
    words = ["serve", "--data", str(data), "--port", "0", "--json", *options]
    places = [ROOT / "src", ROOT / "tests" / "made"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))}
    running = subprocess.Popen([*program, *words], stdout=subprocess.PIPE, text=True, env=env)
    assert running.stdout is not None
    try:
        first = running.stdout.readline()
        assert first, "the service ended at once"
        yield running, str(json.loads(first)["address"]).removesuffix("/v1/")
    finally:
        running.kill()
        running.wait()
        running.stdout.close()
