"""Options: shared ones are declared once, mean the same everywhere, and groups of them are one parameter."""

from __future__ import annotations

import ast
import inspect
import logging
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import pytest
from typer import Option

from all_verbs import ALL
from fewpix.cli.estimate_options import EstimateOptions
from fewpix.cli.groups import grouped, renamed
from fewpix.cli.targets import READS, parameters_of, roles_of
from fewpix.errors import ConfigError
from project import SOURCE

CLI = SOURCE / "cli"

MOST = 16
"""Parameters of a verb's function; beyond that, options that belong together are a group."""


def taken(annotation: Any) -> Any:
    """What an option takes, without `None` and without whether it may be given again."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    inner = [each for each in get_args(annotation) if each is not NoneType]
    return taken(inner[0]) if inner else annotation


def test_an_option_takes_the_same_everywhere() -> None:
    found: dict[str, dict[tuple[Any, Any], list[str]]] = defaultdict(lambda: defaultdict(list))
    for words, function in ALL.items():
        for name, each in parameters_of(function).items():
            options = [mark for mark in get_args(each.annotation) if type(mark).__name__ == "OptionInfo"]
            if options and not options[0].hidden:
                declared = [word for word in options[0].param_decls or () if word.startswith("--")]
                flag = (declared or [f"--{name.replace('_', '-')}"])[0].split("/")[0]
                reads = roles_of(function).get(name) == READS
                found[flag][taken(each.annotation), reads].append(words)
    clashes = {flag: dict(kinds) for flag, kinds in found.items() if len(kinds) > 1}
    assert not clashes


def test_no_verb_has_more_parameters_than_one_can_read() -> None:
    for file in sorted(CLI.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert len([*node.args.args, *node.args.kwonlyargs]) <= MOST, f"{file.name}: {node.name}"


@dataclass(frozen=True)
class Place:
    folder: Annotated[Path, Option(), READS]
    side: Annotated[int, Option()] = 3


def test_a_group_stands_for_its_options() -> None:
    seen = []

    @grouped
    def verb(place: Place, name: Annotated[str, Option()] = "x") -> None:
        """What it does."""
        seen.append((place, name))

    assert list(inspect.signature(verb).parameters) == ["folder", "side", "name"]
    assert inspect.unwrap(verb) is verb
    assert (verb.__name__, verb.__doc__) == ("verb", "What it does.")
    assert roles_of(verb) == {"folder": READS}
    verb(folder=Path("a"), side=4, name="y")
    assert seen == [(Place(Path("a"), 4), "y")]


def test_a_former_name_works_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert renamed("--old", "--new", None, 3) == 3
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "fewpix"):
        assert renamed("--old", "--new", 5, 3) == 5
        assert EstimateOptions(faces="7").most() == 7
        assert EstimateOptions(source="yard").way("folder")["source"] == "yard"
    assert [record.getMessage().split(" now")[0] for record in caplog.records] == [
        "--old is called --new",
        "--faces is called --most-faces",
        "--source is called --place",
    ]


def test_how_many_faces_are_used() -> None:
    assert EstimateOptions().most() == 512
    assert EstimateOptions(most_faces="all").most() is EstimateOptions(mode="ema").most() is None
    assert EstimateOptions(place="gate").way("folder")["source"] == "gate"
    for given in ("0", "x", "-1", "٣"):
        with pytest.raises(ConfigError, match="--most-faces"):
            EstimateOptions(most_faces=given).most()
