"""Runs the commands of the documents. As a program it puts what they print into the documents:

    python tests/docs/shell.py README.md docs/cli/*.md docs/your_own_weights.md

Blocks that are not run, and outputs that are shortened by a line `...`, stay as they are.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from documents import ROOT, Command, blocks, commands
from fewpix.cli import main

SKIPPED = "not run"
"""How the comment before a block begins whose commands take too long."""

ELLIPSIS = "..."
"""A line of output that stands for any number of lines."""


class Shell:
    """Runs one command after the other in the current folder, verbs of fewpix in this process."""

    def __init__(self) -> None:
        self._code = 0

    def run(self, text: str) -> list[str]:
        """The lines that a reader sees: stdout and errors, but no progress."""
        words = shlex.split(text)
        if words == ["echo", "$?"]:
            return [str(self._code)]
        if words[0] == "python":
            done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout.splitlines()
        assert words[0] == "fewpix", text
        pretty = words[-4:] == ["|", "python", "-m", "json.tool"]
        with redirect_stdout(io.StringIO()) as stdout, redirect_stderr(io.StringIO()) as stderr:
            self._code = main(words[1 : -4 if pretty else None])
        out = stdout.getvalue()
        if pretty:
            out = json.dumps(json.loads(out), indent=4)
        errors = [line for line in stderr.getvalue().splitlines() if line.startswith("error:")]
        return [*out.splitlines(), *errors]


def examples(file: Path) -> list[Command]:
    """The commands of a document, without those in blocks that are not run."""
    wanted = [block for block in blocks(file, "console") if not block.note.startswith(SKIPPED)]
    return [command for block in wanted for command in commands(block)]


def prepare(folder: Path) -> None:
    """Let `folder` look like a checkout to the commands."""
    for name in ("docs_src", "recipes"):
        (folder / name).symlink_to(ROOT / name)


def rewritten(file: Path) -> str:
    """The document with new outputs; the commands run in the current folder."""
    lines, shell = file.read_text(encoding="utf-8").splitlines(), Shell()
    made: list[str] = []
    place = 0
    for command in examples(file):
        first = command.line - 1
        while lines[first].endswith("\\"):
            first += 1
        made += lines[place : first + 1]
        found = shell.run(command.text)
        made += command.output if ELLIPSIS in command.output else found
        place = first + 1 + len(command.output)
    return "\n".join([*made, *lines[place:]]) + "\n"


if __name__ == "__main__":
    for target in [Path(word).resolve() for word in sys.argv[1:]]:
        with tempfile.TemporaryDirectory() as temporary:
            prepare(Path(temporary))
            os.chdir(temporary)
            target.write_text(rewritten(target), encoding="utf-8")
            os.chdir(ROOT)
