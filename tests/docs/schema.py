"""The keys of results, and the measures, as tables made from the program. As a program it renews a document:

python tests/docs/schema.py docs/results.md
"""

from __future__ import annotations

import re
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path

from fewpix.evaluate.result import model as results
from fewpix.evaluate.result.model import Part
from fewpix.evaluate.result.words import MEASURES as WORDS

MEASURES = "measures"
"""What a document calls the table of the measures; the others are named as their models."""

_BLOCK = re.compile(r"(<!-- schema: (\w+) -->\n).*?(<!-- /schema -->)", re.DOTALL)


def models() -> Iterator[type[Part]]:
    """Every model with keys of its own."""
    for value in vars(results).values():
        if isinstance(value, type) and issubclass(value, Part) and value is not Part:
            yield value


def table(model: type[Part]) -> str:
    """The keys of one model, a line each."""
    lines = ["| key | value | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{field.alias or name}` | {words(field.annotation)} | {meaning} |")
    return "\n".join(lines)


def measures() -> str:
    """The measures, a line each."""
    lines = ["| measure | as it is shown | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {title.replace('{}', '…')} | {said} |" for name, (title, said) in WORDS.items()]
    return "\n".join(lines)


def words(kind: typing.Any) -> str:
    """A type, as a reader of JSON would say it."""
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inside)
    if origin in (types.UnionType, typing.Union):
        each = [words(one) for one in inside]
        return (", or " if " of: " in " ".join(each) else " or ").join(each)
    if origin is list:
        return f"list of: {words(inside[0])}"
    if origin is dict:
        return f"object of: {words(inside[1])}"
    if origin is tuple:
        return "`[low, high]`"
    if isinstance(kind, type) and issubclass(kind, Part):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return {int: "whole number", float: "number", str: "text", bool: "true or false", type(None): "null"}[
        kind
    ]


def renewed(text: str) -> str:
    """A document with its tables made anew."""
    made = {model.__name__: table(model) for model in models()} | {MEASURES: measures()}
    return _BLOCK.sub(lambda match: f"{match[1]}\n{made[match[2]]}\n\n{match[3]}", text)


def shown(text: str) -> list[str]:
    """What a document shows, in its order."""
    return [match[2] for match in _BLOCK.finditer(text)]


if __name__ == "__main__":
    for target in map(Path, sys.argv[1:]):
        target.write_text(renewed(target.read_text(encoding="utf-8")), encoding="utf-8")
