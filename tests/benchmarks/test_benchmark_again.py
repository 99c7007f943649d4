"""Every result has its command, every command is understood by its program, and a stopped run goes on."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import again
from benchmarks.lib.commands import outdated, present, texts
from fewpix.cli import main as fewpix
from fewpix.embed.open import open_encoder
from fewpix.errors import InputError
from fewpix.models.shipped import STUDENTS
from project import ROOT

RESULTS = again.read_commands()
MADE = [each for each in RESULTS if not each.kept]


class UnderstoodError(Exception):
    """Raised in place of the work, once the options are read."""


def test_every_result_has_one_entry() -> None:
    folder = ROOT / "results"
    there = {p.relative_to(folder).as_posix() for p in folder.glob("*/*.json") if ".run" not in p.name}
    named = [each.file for each in RESULTS]
    assert len(named) == len(set(named))
    assert there == {name for name in named if not name.startswith("../")}
    assert all(bool(each.command) != bool(each.kept) for each in RESULTS)
    assert all((folder / name).is_file() for name in named)


def test_a_result_names_the_weights_of_its_students() -> None:
    digest = re.compile("[0-9a-f]{64}")
    for each in MADE:
        if set(each.of) & set(STUDENTS):
            assert any(digest.fullmatch(text) for text in texts(each.read())), each.file


def test_other_weights_make_a_result_older() -> None:
    digests = present()
    figures = {"models": {"fewpix-s": {"sha256": digests["fewpix-s"]}, "fewpix-l": "0" * 64}}
    assert outdated(["fewpix-s"], figures) == []
    assert outdated(["fewpix-s", "fewpix-l", "detector"], figures) == ["fewpix-l"]
    assert outdated(["fewpix-s", "fewpix-l"], {"models": {"auto": digests["auto"]}}) == []
    assert digests["auto"] == open_encoder("auto").card.sha256


@pytest.mark.parametrize("each", MADE, ids=lambda each: each.file)
def test_a_program_understands_its_command(
    each: again.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("whole112-0.tar", "faces112-0.tar", "photos.tar"):
        (tmp_path / name).touch()
    words = each.words(tmp_path, tmp_path / "work" / "x")
    assert not [word for word in words if "{" in word]
    if words[2] == "fewpix":
        assert words[3:6] == ["evaluate", "pairs", "lfw"]
        # The options are understood, and the pictures are not there.
        assert fewpix([*words[3:-1], str(tmp_path / "out.json")]) == InputError.exit_code
        return
    module = importlib.import_module(words[2])

    def stop(parsed: Callable[..., argparse.Namespace]) -> Callable[..., argparse.Namespace]:
        def read(*given: object) -> argparse.Namespace:
            parsed(*given)
            raise UnderstoodError

        return read

    monkeypatch.setattr(sys, "argv", [words[2], *words[3:]])
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop(argparse.ArgumentParser.parse_args))
    with pytest.raises(UnderstoodError):
        module.main()


def test_what_a_change_makes_stale_is_chosen() -> None:
    made = again.chosen(RESULTS, ["fewpix-xs"], [], timed=False)
    assert [each.file for each in made] == [
        "lfw/table_xs.json",
        "resolution/families_xs.json",
        "facebn/pool_xs.json",
        "speed/int8_xs.json",
    ]
    assert not [each for each in again.chosen(RESULTS, [], [], timed=False) if each.timed or each.kept]
    (one,) = again.chosen(RESULTS, [], ["speed/embed.json"], timed=False)
    assert one.timed
    with pytest.raises(InputError, match="no result is made of 'x'"):
        again.chosen(RESULTS, ["x"], [], timed=False)
    with pytest.raises(InputError, match="first pool, which is gone"):
        again.chosen(RESULTS, [], ["training/ablation.json"], timed=False)
    with pytest.raises(InputError, match=r"has no 'y\.json'"):
        again.chosen(RESULTS, [], ["y.json"], timed=False)


def test_a_run_goes_on_where_it_was_and_names_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(again, "ROOT", tmp_path)
    write = "open('{}', 'a').write('x')"
    good = again.Result(file="../good", command=f'python -c "{write.format("good")}"')
    bad = again.Result(file="../bad", command='python -c "raise SystemExit(4)"')
    assert again.make([bad, good], tmp_path, tmp_path / "work") == [bad]
    assert again.make([bad, good], tmp_path, tmp_path / "work") == [bad]
    assert (tmp_path / "good").read_text() == "x"
    assert json.loads((tmp_path / "work" / "made.json").read_bytes()) == ["../good"]
    told = capsys.readouterr().out
    assert "failed with 4" in told
    assert "2 of 2: ../good is made already" in told
