"""The examples of the documents give what is shown below them, but for the figures."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from documents import ROOT, Block, Command, blocks, commands
from test_docs_src import needs_weights

from fewpix.cli import main

SKIPPED = "not run"
ELLIPSIS = "..."
"""A line that stands for any number of lines."""


class Shell:
    """Runs one command after the other in the current folder.

    Args:
        capsys: what a verb prints is read from it.
    """

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._code = 0

    def run(self, text: str) -> list[str]:
        """What a reader sees: stdout, and errors but not progress."""
        words = shlex.split(text)
        if words == ["echo", "$?"]:
            return [str(self._code)]
        if words[0] == "python":
            done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout.splitlines()
        assert words[0] == "fewpix", text
        pretty = words[-4:] == ["|", "python", "-m", "json.tool"]
        self._capsys.readouterr()
        self._code = main([*words[1 : -4 if pretty else None]])
        done = self._capsys.readouterr()
        out = json.dumps(json.loads(done.out), indent=4) if pretty else done.out
        return [*out.splitlines(), *(line for line in done.err.splitlines() if line.startswith("error:"))]


def shape(line: str) -> str:
    """A line without what differs from run to run: hashes, figures, sizes of blanks, people's numbers."""
    line = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b", "HASH", line)
    line = re.sub(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?", "N", line)
    line = re.sub(r"\b(unknown|sN) {3}", "NAME   ", line)  # a decision, which new weights may change
    return " ".join(line.split())


def alike(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Whether the found lines have the expected shapes, an ellipsis standing for any lines."""
    if not expected:
        return not found
    if expected[0].strip() == ELLIPSIS:
        return any(alike(expected[1:], found[n:]) for n in range(len(found) + 1))
    return bool(found) and shape(expected[0]) == shape(found[0]) and alike(expected[1:], found[1:])


def examples(name: str) -> list[Command]:
    """The commands of a document that can be run in a test."""
    wanted = [b for b in blocks(ROOT / "docs" / name, "console") if not b.note.startswith(SKIPPED)]
    return [command for block in wanted for command in commands(block)]


@pytest.mark.slow
@pytest.mark.needs("samples", "torch")
@pytest.mark.parametrize("name", ["cli.md", "your_own_weights.md"])
def test_examples_give_what_is_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_weights()
    monkeypatch.chdir(tmp_path)
    for folder in ("docs_src", "recipes"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    shell = Shell(capsys)
    for command in examples(name):
        found = shell.run(command.text)
        shown = [line for line in command.output if line.strip()]
        assert alike(shown, [line for line in found if line.strip()]), "\n".join([str(command), *found])


def test_what_counts_as_alike() -> None:
    shown = ["4 faces", ELLIPSIS, "state 0e4a0e08f139923f, +0.5"]
    assert alike(shown, ["12 faces", "a", "b", "state bf4e63ee9545c31a, -10.25"])
    assert alike(shown, ["12 faces", "state bf4e63ee9545c31a, -10.25"])
    assert not alike(shown, ["12 people", "state bf4e63ee9545c31a, -10.25"])
    assert not alike(shown, ["12 faces", "state bf4e63ee9545c31a, -10.25", "more"])


def test_commands_are_read_with_their_output() -> None:
    block = Block(ROOT / "x.md", 10, "console", ("$ a \\", "    b", "one", "", "$ c"), "")
    first, second = commands(block)
    assert (first.text, first.output, first.line) == ("a b", ("one", ""), 10)
    assert (second.text, second.output, second.line) == ("c", (), 14)
