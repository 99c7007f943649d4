"""A command of `fewpix`, run in this process."""

from __future__ import annotations

import pytest

from fewpix.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command; what was printed before it is dropped."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err
