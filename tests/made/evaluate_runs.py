"""Verbs of `fewpix evaluate` run in this process, and what their results say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from fewpix.cli import main
from fewpix.evaluate.result.model import Cell, Result
from fewpix.evaluate.result.read import parsed


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command prints that has to work."""
    code, out, err = run(capsys, *words)
    assert code == 0, err
    return out


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: object) -> str:
    """The one line of a command that has to fail."""
    found, out, err = run(capsys, *words)
    assert (found, out, err.count("\n")) == (code, "", 1), err
    return err


def result(capsys: pytest.CaptureFixture[str], *words: object) -> Result:
    """What a command prints with `--json`: one line in its form."""
    code, out, err = run(capsys, *words, "--json")
    assert (code, err, out.count("\n")) == (0, "", 1), err
    return shown(json.loads(out))


def written(path: Path) -> Result:
    """A result file."""
    return shown(json.loads(path.read_text(encoding="utf-8")))


def shown(payload: Mapping[str, object]) -> Result:
    """A result with figures."""
    found = parsed(payload)
    assert isinstance(found, Result)
    return found


def values(cell: Cell, measure: str) -> dict[str, float | None]:
    """What a measure is at each of its rates or ranks."""
    return {one.at: one.value for one in cell.figures if one.measure == measure}


def reasons(cell: Cell, measure: str) -> dict[str, str]:
    """Why a measure has no value, or no interval, where it has none."""
    return {one.at: one.reason for one in cell.figures if one.measure == measure and one.reason}


def value(cell: Cell, measure: str, at: str = "") -> float:
    """Of a figure that is there and lies in its interval."""
    one = cell.figure(measure, at)
    assert one is not None
    assert one.value is not None
    if one.ci95 is not None:
        assert one.ci95[0] <= one.value <= one.ci95[1]
    return one.value
