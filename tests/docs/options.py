"""The options of the verbs as tables, made from the verbs themselves. As a program it renews documents:

    python tests/docs/options.py docs/cli/*.md
    python tests/docs/options.py --check docs/cli/*.md    ends with 1 where one is out of date

A table stands between `<!-- options: WHAT -->` and `<!-- /options -->`. WHAT is

- a verb, such as `evaluate pairs`, or several with commas between them: the options that they have in common;
  after `but` stand verbs whose options are left out;
- `gallery *`: the options of all verbs of that group, with the verbs that know them;
- `readers`, in place of a verb: the options of single readers;
- `benchmarks`: the table of these readers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fewpix.cli import VERBS
from fewpix.cli.verbs import command
from fewpix.evaluate.readers.registry import CHECK, PAIRS, READERS, SEARCH

SHARED = frozenset({"--json", "--replace", "--help"})
"""Options of all verbs, which the index explains."""

BENCHMARKS, OF_READERS = "benchmarks", "readers"

_BLOCK = re.compile(r"(<!-- options: ([^>]+) -->\n).*?(<!-- /options -->)", re.DOTALL)

Options = dict[str, tuple[str, str]]
"""Name → the default and the help."""


def verbs() -> Iterator[str]:
    """Every verb that has options, as a user writes it."""
    for name in VERBS:
        yield from _leaves(name, command(name))


def _leaves(path: str, parser: Any) -> Iterator[str]:
    if not hasattr(parser, "commands"):
        yield path
        return
    for name, inside in parser.commands.items():
        yield from _leaves(f"{path} {name}", inside)


@cache
def _parser(path: str) -> Any:
    first, *rest = path.split()
    found = command(first)
    for name in rest:
        found = found.commands[name]
    return found


def options(name: str) -> Options:
    """Those of a verb; of `readers`, those that single readers know."""
    if name == OF_READERS:
        known = {
            f"--{word}"
            for kind in READERS.values()
            for task in (PAIRS, SEARCH)
            for word in _known(kind, task)
        }
        known = {word.replace("_", "-") for word in known}
        return {key: value for key, value in options("evaluate search").items() if key.split("`")[1] in known}
    found: Options = {}
    for one in _parser(name).params:
        if one.param_type_name != "option" or SHARED & set(one.opts):
            continue
        words = ", ".join(f"`{word}`" for word in (*one.opts, *one.secondary_opts))
        found[words] = (_default(one), " ".join((one.help or "").split()))
    return found


def _default(option: Any) -> str:
    """What is taken where it is not given; the help says it where it is no plain value."""
    if option.required:
        return "needed"
    if option.default is None or option.default == "" or isinstance(option.default, bool):
        return ""
    if isinstance(option.default, (list, tuple)):
        return ", ".join(f"`{value}`" for value in option.default)
    return f"`{option.default}`"


def _known(reader: Any, task: str) -> tuple[str, ...]:
    return reader.tasks[task].known if task in reader.tasks else ()


def benchmarks() -> str:
    """The readers: what each reads, and with which options each task takes it."""
    lines = ["| KIND | PATH | `data check` | `evaluate pairs` | `evaluate search` |", "|---|---|---|---|---|"]
    for name, reader in READERS.items():
        cells = []
        for task in (CHECK, PAIRS, SEARCH):
            if task not in reader.tasks:
                cells.append("–")
                continue
            found = reader.tasks[task]
            words = [f"`--{word}`{'!' if word in found.required else ''}" for word in found.known]
            cells.append(", ".join(["yes", *words]))
        lines.append(f"| `{name}` | {reader.holds} | {' | '.join(cells)} |")
    return "\n".join(lines)


def group(name: str) -> str:
    """The options of every verb of a group, equal ones once."""
    known: dict[tuple[str, tuple[str, str]], list[str]] = {}
    inside = [verb for verb in verbs() if verb.startswith(f"{name} ")]
    for verb in inside:
        for row in options(verb).items():
            known.setdefault(row, []).append(verb.removeprefix(f"{name} "))
    lines = ["| option | default | meaning | of |", "|---|---|---|---|"]
    for (option, value), of in known.items():
        lines.append(f"{_row(option, value)} {'all' if len(of) == len(inside) else ', '.join(of)} |")
    return "\n".join(lines)


def table(what: str) -> str:
    """The table that stands for WHAT, see above."""
    if what == BENCHMARKS:
        return benchmarks()
    if what.endswith(" *"):
        return group(what.removesuffix(" *"))
    first, *more = (options(name) for name in _these(what))
    left_out = [options(name) for name in _others(what)]
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for name, value in first.items():
        if all(one.get(name) == value for one in more) and all(one.get(name) != value for one in left_out):
            lines.append(_row(name, value))
    return "\n".join(lines)


def _row(name: str, value: tuple[str, str]) -> str:
    default, meaning = (text.replace("|", "\\|") for text in value)
    return f"| {name} | {default} | {meaning} |"


def _these(what: str) -> list[str]:
    return [name.strip() for name in what.partition(" but ")[0].split(",")]


def _others(what: str) -> list[str]:
    return [name.strip() for name in what.partition(" but ")[2].split(",") if name.strip()]


def renewed(text: str) -> str:
    """A document with its tables made anew."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{table(match[2])}\n\n{match[3]}", text)


def shown(text: str) -> set[tuple[str, str]]:
    """Every verb with every option that a document has a row of, or refers to another verb for."""
    found: set[tuple[str, str]] = set()
    referred: list[tuple[str, str]] = []
    for match in _BLOCK.finditer(text):
        what = match[2]
        if what == BENCHMARKS:
            continue
        if what.endswith(" *"):
            these = [verb for verb in verbs() if verb.startswith(what[:-1])]
        else:
            these = ["evaluate pairs", "evaluate search"] if what == OF_READERS else _these(what)
            referred += [(verb, other) for verb in these for other in _others(what) if other != OF_READERS]
        rows = re.findall(r"^\| (`--[^|]*?) \|", match[0], re.MULTILINE)
        found |= {(verb, row) for verb in these for row in rows if row in options(verb)}
    for verb, other in referred:
        equal = {name for name, value in options(verb).items() if options(other).get(name) == value}
        found |= {(verb, name) for name in equal if (other, name) in found}
    return found


def main(words: list[str]) -> int:
    """Renew the documents, or name those that are out of date."""
    check, stale = "--check" in words, 0
    for path in (Path(word) for word in words if word != "--check"):
        text = path.read_text(encoding="utf-8")
        made = renewed(text)
        if made == text:
            continue
        if check:
            stale += 1
            sys.stderr.write(f"{path}: python tests/docs/options.py {path}\n")
        else:
            path.write_text(made, encoding="utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
