"""The journal: whole lines, in order, cut back to the checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fewpix.errors import StorageError
from fewpix.train.journal import Journal


def test_lines_are_appended_and_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "journal.jsonl")
    assert journal.lines() == []
    journal.append(0, "start", {"name": "Zoë"})
    journal.append(1, "step", {"total": 0.5, "lr": 1e-5})
    assert journal.lines() == [
        {"step": 0, "kind": "start", "name": "Zoë"},
        {"step": 1, "kind": "step", "total": 0.5, "lr": 1e-5},
    ]
    text = journal.path.read_bytes()
    assert text.endswith(b"\n")
    assert [json.loads(line)["step"] for line in text.splitlines()] == [0, 1]


def test_what_came_after_the_checkpoint_is_cut(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for step in range(6):
        journal.append(step, "step", {"total": step / 10})
    whole = journal.path.read_bytes()
    journal.cut(5)
    assert journal.path.read_bytes() == whole  # the lines themselves are not written otherwise
    journal.cut(3)
    assert [line["step"] for line in journal.lines()] == [0, 1, 2, 3]
    journal.append(4, "step", {"total": 0.4})
    journal.append(5, "step", {"total": 0.5})
    assert journal.path.read_bytes() == whole
    journal.cut(-1)
    assert journal.path.read_bytes() == b""


@pytest.mark.parametrize("torn", [b'{"kind": "step", "st', b"{", b"\x00" * 40, b""])
def test_a_torn_last_line_is_passed_over_and_cut_away(torn: bytes, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(1, "step", {})
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + torn)
    assert [line["step"] for line in journal.lines()] == [1]
    journal.cut(7)
    assert journal.path.read_bytes() == whole


def test_a_run_without_a_journal_starts_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.cut(-1)
    assert journal.path.read_bytes() == b""


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file" / "journal.jsonl", tmp_path):
        with pytest.raises(StorageError, match="free space and resume"):
            Journal(path).append(1, "step", {})
