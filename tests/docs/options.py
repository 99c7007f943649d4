"""The options of the verbs as tables, made from the verbs themselves. As a program it renews documents:

    python tests/docs/options.py docs/cli/*.md
    python tests/docs/options.py --check docs/cli/*.md    ends with 1 where one is out of date

A table stands between `<!-- options: WHAT -->` and `<!-- /options -->`. WHAT is a verb, such as `adapt`, or
several with commas between them; `gallery *` are all verbs of a group. Of several verbs the table says which
knows an option, and those of most verbs come first. `benchmarks` is the table of the readers of `evaluate`.
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

BENCHMARKS = "benchmarks"

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


def options(verb: str) -> Options:
    """Those of a verb, but for `SHARED`."""
    found: Options = {}
    for one in _parser(verb).params:
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


def benchmarks() -> str:
    """The readers: what each reads, and with which options each task takes it."""
    lines = ["| KIND | PATH | `data check` | `evaluate pairs` | `evaluate search` |", "|---|---|---|---|---|"]
    for name, (holds, tasks) in READERS.items():
        cells = []
        for task in (CHECK, PAIRS, SEARCH):
            if task not in tasks:
                cells.append("–")
                continue
            found = tasks[task]
            words = [f"`--{word}`{'!' if word in found.required else ''}" for word in found.known]
            cells.append(", ".join(["yes", *words]))
        lines.append(f"| `{name}` | {holds} | {' | '.join(cells)} |")
    return "\n".join(lines)


def named(what: str) -> list[tuple[str, str]]:
    """The verbs of a table: each as a user writes it, and as the table calls it."""
    found = []
    for word in (word.strip() for word in what.split(",")):
        if word.endswith(" *"):
            prefix = word[:-1]
            found += [(verb, verb.removeprefix(prefix)) for verb in verbs() if verb.startswith(prefix)]
        else:
            found.append((word, word))
    return found


def table(what: str) -> str:
    """The table that stands for WHAT, see above."""
    if what == BENCHMARKS:
        return benchmarks()
    known: dict[tuple[str, tuple[str, str]], list[str]] = {}
    these = named(what)
    for verb, called in these:
        for row in options(verb).items():
            known.setdefault(row, []).append(called)
    several = len(these) > 1
    lines = ["| option | default | meaning |", "|---|---|---|"]
    if several:
        lines = [f"{line} of |" if "option" in line else f"{line}---|" for line in lines]
    for (option, value), of in sorted(known.items(), key=lambda item: -len(item[1])):
        default, meaning = (text.replace("|", "\\|") for text in value)
        who = f" {'all' if len(of) == len(these) else ', '.join(of)} |" if several else ""
        lines.append(f"| {option} | {default} | {meaning} |{who}")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """A document with its tables made anew."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{table(match[2])}\n\n{match[3]}", text)


def shown(text: str) -> set[str]:
    """The verbs that a document has the options of."""
    return {verb for match in _BLOCK.finditer(text) if match[2] != BENCHMARKS for verb, _ in named(match[2])}


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
