"""Commands in the documents exist: their verbs, options and values, and what they lean on."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

import fewpix.errors
from documents import ROOT, Command, blocks, called, commands, documents
from fewpix.cli import USAGE, VERBS
from fewpix.cli.ending import BROKEN_PIPE, BUG, INTERRUPTED, ended
from fewpix.cli.verbosity import take_verbosity
from fewpix.cli.verbs import command
from fewpix.evaluate.result.words import ShortForm
from result_made import pairs

COMMANDS = [item for file in documents() for block in blocks(file, "console") for item in commands(block)]
PROGRAMS = {"fewpix", "make", "python", "pip", "echo", "torchrun", "ray"}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = set(PROJECT["optional-dependencies"])


def stages(text: str) -> list[list[str]]:
    """The words of each command of a pipeline or list."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;"):
            found.append([])
        else:
            found[-1].append(word)
    return found


def parsed(words: list[str]) -> None:
    """Let the verb's own parser read the words; it raises when it cannot."""
    verb, *rest = take_verbosity(words)[0]
    if verb.startswith("-"):
        assert verb in ("--help", "--version"), verb
        return
    assert verb in VERBS, f"no verb {verb}"
    parser: Any = command(verb)
    if "--help" in rest:
        rest = [word for word in rest if word != "--help"]
        assert not rest, "--help with other words is not checked"
        return
    context = parser.make_context(f"fewpix {verb}", rest)
    while hasattr(parser, "resolve_command"):
        name, parser, rest = parser.resolve_command(context, [*context._protected_args, *context.args])
        context = parser.make_context(name, rest, parent=context)


def test_there_are_commands_to_check() -> None:
    assert {"docs/cli/photos.md", "docs/your_own_weights.md"} <= {
        called(item.block.file) for item in COMMANDS
    }
    shown = {stage[1] for item in COMMANDS for stage in stages(item.text) if stage[0] == "fewpix"}
    assert shown >= set(VERBS), "docs/cli shows every verb"


@pytest.mark.parametrize("item", COMMANDS, ids=str)
def test_a_command_is_one_that_exists(item: Command) -> None:
    for words in stages(item.text):
        program = Path(words[0]).name
        assert program in PROGRAMS, f"{item}: unknown program {program}"
        if program == "torchrun":
            assert "fewpix" in words, item
            words, program = words[words.index("fewpix") :], "fewpix"
        if program == "fewpix":
            parsed(words[1:])
        if program == "make":
            assert set(words[1:]) <= TARGETS, item
        if program == "python" and words[1] not in ("-c", "-m"):
            assert (ROOT / words[1]).is_file(), item
        if program == "pip":
            named = {extra for part in re.findall(r"\[(.*?)\]", " ".join(words)) for extra in part.split(",")}
            assert named <= EXTRAS, item


def test_a_wrong_option_would_be_found() -> None:
    for wrong in ("embed F --crops --out X --quality 3", "evaluate lfw F --sizes 8", "verify", "embed"):
        with pytest.raises(Exception, match=r"(?i)option|parameter") as caught:
            parsed(wrong.split())
        assert ended(caught.value) == USAGE


def table(name: str, heading: str) -> dict[str, list[str]]:
    """The first table below a heading of a document: first cell to the others."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    part = text.split(f"\n{heading}\n", 1)[1]
    rows = re.search(r"^\|.*\n\|[-| :]+\|\n((?:\|.*\n)+)", part, re.MULTILINE)
    assert rows is not None, heading
    cells = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in rows[1].splitlines()]
    return {first: rest for first, *rest in cells}


def names(cells: Any) -> set[str]:
    """Everything between backticks."""
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_exit_codes_are_those_of_the_errors() -> None:
    shown = {int(code): names(cells[:1]) for code, cells in table("cli/README.md", "## Exit codes").items()}
    expected: dict[int, set[str]] = {code: set() for code in (0, BUG, USAGE, INTERRUPTED, BROKEN_PIPE)}
    for name, error in vars(fewpix.errors).items():
        if (
            isinstance(error, type)
            and issubclass(error, fewpix.errors.FewpixError)
            and error.exit_code != BUG
        ):
            expected.setdefault(error.exit_code, set()).add(name)
    assert shown == expected


def sample(page: str, verb: str) -> Any:
    """The JSON that a page shows of a verb."""
    for block in blocks(ROOT / "docs" / page, "console"):
        for item in commands(block):
            if item.text.startswith(f"fewpix {verb} ") and item.text.endswith("--json | python -m json.tool"):
                return json.loads("\n".join(item.output))
    raise AssertionError(f"{page} shows no JSON of {verb}")


def test_the_short_form_that_is_shown_has_the_keys_of_one() -> None:
    """Of results in the one form: test_docs_schema.py."""
    assert set(sample("cli/evaluating.md", "evaluate lfw")) == set(ShortForm(pairs()).to_json())


@pytest.mark.parametrize(
    ("page", "verb"),
    [("cli/photos.md", "embed"), ("cli/photos.md", "identify"), ("cli/enrolling.md", "gallery list")],
)
def test_the_tables_of_keys_are_complete(page: str, verb: str) -> None:
    """What is shown is what the command prints, see test_docs_run.py; other results: test_docs_schema.py."""
    shown = names(table(page, f"### `fewpix {verb} --json`"))
    found = sample(page, verb)
    keys = set(found)
    for part in found.get("faces", []):
        keys |= set(part)
        for candidate in part.get("candidates", []):
            keys |= set(candidate)
    assert shown - {"name", "score"} == keys - {"name", "score"}


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchor(heading: str) -> str:
    """A heading as GitHub's anchors have it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("file", documents(), ids=called)
def test_links_lead_somewhere(file: Path) -> None:
    for target in LINK.findall(file.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        path, _, part = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), f"{called(file)}: {target}"
        if part:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert part in {anchor(heading) for heading in headings}, f"{called(file)}: {target}"
