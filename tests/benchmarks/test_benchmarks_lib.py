"""All benchmarks go one way: they start, by shared options, and their results have one form."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benchmarks.lib.envelope import Envelope, RunFacts
from benchmarks.lib.run import each, guarded, options, run
from fewpix.errors import InputError
from fewpix.evaluate.result.file import read_result
from fewpix.evaluate.result.read import parsed
from project import ROOT

BENCHMARKS = ROOT / "benchmarks"
STARTED = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts): file
    for file in sorted(BENCHMARKS.rglob("*.py"))
    if "__main__" in file.read_text(encoding="utf-8")
}
"""Every benchmark that is run, by the name that `python -m` takes."""

RESULTS = sorted((ROOT / "results").rglob("*.json"))
OF_A_VERB = {"lfw/router.json", "lfw/table.json", "lfw/table_xs.json"}
"""Written by `fewpix evaluate lfw`, whose files have a schema of their own (`fewpix.evaluate.result`)."""


@pytest.mark.needs("torch", "report", "video", "samples")
def test_every_benchmark_starts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("OMP_WAIT_POLICY", "THP_MEM_ALLOC_ENABLE", "MALLOC_ARENA_MAX"):
        monkeypatch.setenv(name, "1")  # those that are for a run's process are not for that of the tests
    for name in STARTED:
        monkeypatch.setattr(sys, "argv", [name, "--help"])
        with pytest.raises(SystemExit) as ended:
            importlib.import_module(name).main()
        assert ended.value.code == 0, name
        assert "--help" in capsys.readouterr().out, name


def test_every_benchmark_has_its_options_and_its_end_from_lib() -> None:
    assert len(STARTED) > 35
    for name, file in STARTED.items():
        assert "options(" in file.read_text(encoding="utf-8"), name
    for file in sorted(BENCHMARKS.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if file.parent.name != "lib":
            found = [word for word in ("ArgumentParser(", "write_result", "Run.since") if word in text]
            assert not found, f"{file.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: str(file.relative_to(ROOT / "results")))
def test_every_result_has_the_form_of_all(file: Path) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))
    name = file.relative_to(ROOT / "results").as_posix()
    if name.endswith(".run.json"):
        RunFacts.model_validate(found)
        assert file.with_name(file.name.replace(".run.json", ".json")).is_file()
        return
    assert file.with_suffix(".run.json").is_file()
    if name in OF_A_VERB:
        assert parsed(read_result(file))
    else:
        Envelope.model_validate(found)


RESULT: dict[str, Any] = {"question": "which?", "figures": [{"size": 8}], "models": {"one": "a" * 64}}


@pytest.mark.parametrize(
    "change",
    [
        {"question": ""},
        {"figures": []},
        {"figures": {}},
        {"models": {"one": "abc"}},
        {"date": "2026-01-02"},
        {"settings": {"duration_s": 3.0}},
    ],
    ids=repr,
)
def test_what_is_no_result_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    assert Envelope.model_validate(RESULT).question == "which?"
    with pytest.raises(ValidationError):
        run(tmp_path / "x.json", lambda: {**RESULT, **change}, each(str))
    assert not list(tmp_path.iterdir())


def test_figures_by_name_are_said_with_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = {**RESULT, "figures": {"plain": 1, "fast": 2}}
    assert run(tmp_path / "x.json", lambda: result, each(lambda pair: f"{pair[0]}: {pair[1]}")) == 0
    assert capsys.readouterr().out == "plain: 1\nfast: 2\n"


def test_shared_options_take_a_benchmarks_own_defaults() -> None:
    given = options(None, "faces", "--threads", "--seed", threads=2).parse_args(
        ["a.tar", "b.tar", "--seed", "3"]
    )
    assert (given.faces, given.threads, given.seed) == ([Path("a.tar"), Path("b.tar")], 2, 3)


@pytest.mark.parametrize(
    ("raised", "code", "says"), [(InputError("no"), 3, "no"), (KeyboardInterrupt(), 130, "kept in w")]
)
def test_what_goes_wrong_is_said(
    raised: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise raised

    assert guarded(work, Path("w")) == code
    assert says in capsys.readouterr().err
