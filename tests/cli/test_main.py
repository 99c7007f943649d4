"""The frame of the command line: help, endings, exit codes, and what goes where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer

from fewpix import __version__
from fewpix.cli import VERBS, main
from fewpix.cli.output import emit, progress
from fewpix.cli.verbosity import is_quiet, take_verbosity
from fewpix.cli.verbs import command
from fewpix.errors import (
    ConfigError,
    FewpixError,
    GuardError,
    ImageError,
    InputError,
    NoFaceError,
    SpaceError,
    StorageError,
    UnavailableError,
    WeightsError,
)

Install = Callable[[Callable[..., Any]], None]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    import logging

    logger = logging.getLogger("fewpix")
    before = logger.level, logger.handlers[:], logger.propagate
    yield
    logger.level, logger.handlers[:], logger.propagate = before


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a function in the place of the verb `doctor`."""

    def put(function: Callable[..., Any]) -> None:
        module = ModuleType("fewpix_test_verb")
        module.verb = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "fewpix_test_verb", module)
        monkeypatch.setitem(VERBS, "doctor", ("fewpix_test_verb:verb", "a test"))

    return put


def raising(error: BaseException) -> Callable[[], None]:
    def verb() -> None:
        raise error

    return verb


def test_help_lists_all_twenty_verbs_with_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    verbs = [
        "quickstart",
        "distil",
        "train-aligner",
        "adapt",
        "reference",
        "evaluate",
        "compare",
        "report",
        "data",
        "crop",
        "embed",
        "export",
        "enrol",
        "identify",
        "verify",
        "calibrate",
        "gallery",
        "serve",
        "keys",
        "doctor",
    ]
    assert list(VERBS) == verbs
    for verb in verbs:
        (line,) = [line for line in lines if line.split()[:1] == [verb]]
        assert len(line.split()) > 3, line


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_can_be_loaded_and_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: fewpix {verb}")
    assert "--json" in _options(command(verb))


def _options(parser: Any) -> set[str]:
    """The options of a verb; of its parts, those that all of them have."""
    parts = [_options(part) for part in getattr(parser, "commands", {}).values()]
    own = {option for parameter in parser.params for option in parameter.opts}
    return own | set.intersection(*parts) if parts else own


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fewpix {__version__}\n"


def test_without_a_verb_it_shows_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Usage:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["docter"], "did you mean 'doctor'"),
        (["--jsn"], "unknown option '--jsn'"),
        (["doctor", "--jsn"], "--jsn"),
        (["doctor", "extra"], "extra"),
        (["export"], "weights"),
        (["quickstart", "--seed", "x"], "--seed"),
    ],
)
def test_usage_errors_are_one_line_and_end_with_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    done = capsys.readouterr()
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert says in done.err


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FewpixError, 1),
        (InputError, 3),
        (ImageError, 3),
        (NoFaceError, 4),
        (ConfigError, 5),
        (WeightsError, 6),
        (SpaceError, 7),
        (GuardError, 8),
        (UnavailableError, 9),
        (StorageError, 10),
    ],
)
def test_errors_are_one_line_with_the_code_of_their_class(
    kind: type[FewpixError], code: int, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(raising(kind("a file\nwith \x1b[31mred\x07 name is bad", fix="mend it")))
    assert main(["doctor"]) == code
    done = capsys.readouterr()
    assert done.out == ""
    assert done.err == "error: a file with \\x1b[31mred\\x07 name is bad (mend it)\n"


def test_every_error_class_has_a_code_of_its_own_or_its_parents() -> None:
    def classes(kind: type[FewpixError]) -> Iterator[type[FewpixError]]:
        yield kind
        for below in kind.__subclasses__():
            yield from classes(below)

    named = [kind for kind in classes(FewpixError) if kind.__module__.startswith("fewpix.")]
    own = [kind.exit_code for kind in named if "exit_code" in vars(kind) and kind is not ImageError]
    assert ImageError.exit_code == InputError.exit_code
    assert len(own) >= 9
    assert len(set(own)) == len(own)
    assert not set(own) & {0, 2, 130, 141}


def test_an_unforeseen_error_is_called_a_bug(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(raising(ZeroDivisionError("by zero")))
    assert main(["doctor"]) == 1
    err = capsys.readouterr().err
    assert err == "this is a bug in fewpix: ZeroDivisionError: by zero (-vv shows where)\n"


def test_vv_shows_the_traceback_of_a_bug(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(raising(ZeroDivisionError("by zero")))
    assert main(["-vv", "doctor"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1] == "this is a bug in fewpix: ZeroDivisionError: by zero"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (KeyboardInterrupt(), "interrupted; what was written before is whole\n"),
        (KeyboardInterrupt("run it again to go on"), "interrupted; run it again to go on\n"),
    ],
)
def test_ctrl_c(
    error: KeyboardInterrupt, says: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install(raising(error))
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == says


def test_a_verb_can_end_with_a_code(install: Install) -> None:
    install(raising(typer.Exit(9)))
    assert main(["doctor"]) == 9


def test_a_full_device_behind_stdout(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(raising(OSError(28, "No space left on device")))
    assert main(["doctor"]) == 10
    assert capsys.readouterr().err.startswith("error: cannot write the result")


class Figures:
    """A result."""

    def to_json(self) -> dict[str, Any]:
        return {"b": 1, "a": [0.5, None]}

    def __str__(self) -> str:
        return "two figures"


def test_results_go_to_stdout_and_progress_to_stderr(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    def verb(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
        with progress("counting", 3, as_json=as_json) as bar:
            bar(1, note="one")
            bar(3)
        emit(Figures(), as_json)

    install(verb)
    assert main(["doctor"]) == 0
    done = capsys.readouterr()
    assert (done.out, done.err) == ("two figures\n", "counting ...\n")
    assert main(["doctor", "--json"]) == 0
    done = capsys.readouterr()
    assert json.loads(done.out) == {"b": 1, "a": [0.5, None]}
    assert (done.out.count("\n"), done.err) == (1, "")
    assert main(["doctor", "-q"]) == 0
    done = capsys.readouterr()
    assert (done.out, done.err) == ("two figures\n", "")


def test_plain_progress_says_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr("fewpix.cli.output.is_quiet", lambda: False)
    monkeypatch.setattr("fewpix.cli.output.time.monotonic", lambda: clock[0])
    with progress("counting", 40) as bar:
        for seconds, done in ((1.0, 1), (3.0, 2), (11.0, 10), (30.0, 39), (40.0, 40)):
            clock[0] = seconds
            bar(done, note="files")
    with progress("listening") as bar:
        clock[0] = 60.0
        bar(7)
    with progress("learning", 1000) as bar:
        clock[0] = 80.0
        bar(10)
    assert capsys.readouterr().err.splitlines() == [
        *(
            "counting ...",
            "counting: 10 of 40 files, about 33 s left",
            "counting: 39 of 40 files, about 1 s left",
        ),
        *("counting: 40 of 40 files", "listening ...", "listening: 7"),
        # One report says where a run is, not how fast it goes.
        *("learning ...", "learning: 10 of 1000"),
    ]


def test_the_time_left_is_of_this_stage_of_this_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slow teacher, then training that goes on at step 200: 800 steps of 1.8 s are 24 minutes."""
    clock = [0.0]
    monkeypatch.setattr("fewpix.cli.output.is_quiet", lambda: False)
    monkeypatch.setattr("fewpix.cli.output.time.monotonic", lambda: clock[0])
    with progress("distil") as bar:
        for done in range(64, 1001, 64):
            clock[0] += 20.0
            bar(done, 1000, stage="teacher embeddings")
        for done in range(201, 241):
            clock[0] += 1.8
            bar(done, 1000, "loss 2.000", "training")
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "distil, teacher embeddings: 64 of 1000"
    assert lines[3] == "distil, teacher embeddings: 192 of 1000, about 4 min left of this stage"
    first = lines.index("distil, training: 206 of 1000 loss 2.000, about 24 min left of this stage")
    for line in lines[first:]:
        assert line.startswith("distil, training: ")
        assert line.endswith(("about 24 min left of this stage", "about 23 min left of this stage"))
    assert first == 1 + 15  # one line for each report of the teacher, and none of training before


def test_json_refuses_what_json_has_not() -> None:
    class Endless(Figures):
        def to_json(self) -> dict[str, Any]:
            return {"a": float("inf")}

    with pytest.raises(ValueError, match="JSON"):
        emit(Endless(), as_json=True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_progress_on_a_terminal_is_a_bar() -> None:
    import pty

    ours, theirs = pty.openpty()
    code = """
from fewpix.cli.output import progress
with progress("learning") as bar:
    bar(5, 10, note="[loss] 2.5")
"""
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run([sys.executable, "-c", code], stderr=theirs, env=environment, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "learning" in shown
    assert "5/10" in shown
    assert "[loss] 2.5" in shown


@pytest.mark.parametrize(
    ("words", "rest", "level"),
    [
        (["a", "-v"], ["a"], 20),
        (["-v", "a", "--verbose"], ["a"], 10),
        (["-vv", "a"], ["a"], 10),
        (["a", "-q"], ["a"], 40),
        (["-q", "a", "-vv"], ["a"], 40),
        (["a", "--", "-v"], ["a", "--", "-v"], 30),
    ],
)
def test_verbosity_stands_anywhere(words: list[str], rest: list[str], level: int) -> None:
    assert take_verbosity(words) == (rest, level)


def test_quiet_is_seen_by_the_verb(install: Install) -> None:
    seen = []
    install(lambda: seen.append(is_quiet()))
    main(["doctor"])
    main(["doctor", "-q"])
    assert seen == [False, True]


def fewpix(*words: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fewpix", *words], text=True, stderr=subprocess.PIPE, **more
    )


def test_a_broken_pipe_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    done = fewpix("--help", stdout=write)
    os.close(write)
    assert done.communicate()[1] == ""
    assert done.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout() -> None:
    with Path("/dev/full").open("w") as full:
        done = fewpix("--help", stdout=full)
        err = done.communicate()[1]
    assert done.returncode == 10
    assert err.count("\n") == 1
    assert err.startswith("error: cannot write the result")
