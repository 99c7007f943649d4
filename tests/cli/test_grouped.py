"""`cli.groups`: options in dataclasses, and that nobody can tell them from a verb's own."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from typer import Argument, Option, Typer
from typer.testing import CliRunner

from fewpix.cli.groups import grouped
from fewpix.cli.kinds import RESULT
from fewpix.cli.targets import READS, Writes, guarded, roles_of
from fewpix.errors import InputError


@dataclass(frozen=True)
class Size:
    """How large."""

    side: Annotated[int, Option(help="Of a square in pixels.")] = 8
    wide: Annotated[bool | None, Option("--wide/--narrow", help="Its shape.")] = None


@dataclass(frozen=True)
class Places:
    """What is read and written."""

    list_of: Annotated[Path | None, Option(help="Of names."), READS] = None
    out: Annotated[Path | None, Option(help="Of the result."), Writes(RESULT)] = None


calls: list[tuple[str, Size, Places, bool]] = []


@grouped
def verb(
    name: Annotated[str, Argument(help="Whose.")],
    size: Size,
    places: Places = Places(),
    loud: Annotated[bool, Option("--loud")] = False,
) -> None:
    """Say what was given."""
    calls.append((name, size, places, loud))


def run(*words: str) -> str:
    app = Typer(add_completion=False)
    app.command()(guarded(verb))
    calls.clear()
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "100", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_the_verb_gets_its_dataclasses() -> None:
    run("Ann")
    assert calls == [("Ann", Size(), Places(), False)]
    run("Ann", "--side", "12", "--narrow", "--list-of", "x.txt", "--loud")
    assert calls == [("Ann", Size(12, False), Places(Path("x.txt")), True)]


def test_help_shows_the_options_in_their_order() -> None:
    out = run("--help")
    assert "Say what was given." in out
    options = ["--side", "--wide", "--narrow", "--list-of", "--out", "--loud", "--replace"]
    found = [out.index(option) for option in options]
    assert found == sorted(found)
    for said in ("Of a square in pixels.", "[default: 8]", "Its shape.", "Of names.", "Of the result."):
        assert said in out


def test_the_signature_is_that_of_a_plain_verb() -> None:
    parameters = inspect.signature(verb).parameters
    assert list(parameters) == ["name", "side", "wide", "list_of", "out", "loud"]
    assert parameters["name"].default is inspect.Parameter.empty
    assert parameters["side"].default == 8
    assert (verb.__name__, verb.__doc__, verb.__module__) == ("verb", "Say what was given.", __name__)


def test_the_marks_of_paths_are_found(tmp_path: Path) -> None:
    roles = roles_of(verb)
    assert set(roles) == {"list_of", "out"}
    assert roles["list_of"] == READS
    assert isinstance(roles["out"], Writes)
    foreign = tmp_path / "x.json"
    foreign.write_text("what nobody wants to lose")
    with pytest.raises(InputError, match="exists and is not a result"):
        run("Ann", "--out", str(foreign))
    assert calls == []
    run("Ann", "--out", str(foreign), "--replace")
    assert calls == [("Ann", Size(), Places(None, foreign), False)]


def test_a_path_without_a_mark_is_refused_as_of_any_verb() -> None:
    @dataclass(frozen=True)
    class Unmarked:
        place: Annotated[Path | None, Option()] = None

    def unsafe(where: Unmarked) -> None:
        raise AssertionError

    unsafe.__annotations__["where"] = Unmarked
    with pytest.raises(TypeError, match="unsafe: mark 'place'"):
        guarded(grouped(unsafe))


def test_an_option_of_two_groups_is_refused() -> None:
    @dataclass(frozen=True)
    class Other:
        side: int = 4

    def twice(one: Size, other: Other) -> None:
        raise AssertionError

    def own(one: Size, side: int = 4) -> None:
        raise AssertionError

    twice.__annotations__["other"] = Other
    for function in (twice, own):
        with pytest.raises(ValueError, match="duplicate parameter name: 'side'"):
            grouped(function)
