"""The examples of the documents give what is shown below them, but for the figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from documents import ROOT, Block, called, commands, documents
from shell import ELLIPSIS, Shell, examples, prepare


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


@pytest.mark.slow
@pytest.mark.needs("samples", "torch", "openvino", "weights")
@pytest.mark.parametrize("name", [called(file) for file in documents() if examples(file)])
def test_examples_give_what_is_shown(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of form on purpose, `python tests/docs/shell.py FILE` writes the outputs anew."""
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    shell = Shell()
    for command in examples(ROOT / name):
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
