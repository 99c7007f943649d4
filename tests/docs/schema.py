"""The keys of results as tables, made from the models that check them. As a program it renews a document:

python tests/docs/schema.py docs/results.md
"""

from __future__ import annotations

import re
import sys
import types
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from fewpix.evaluate.schema.parts import Part

MODULES = ("pairs", "search", "comparison", "lfw", "templates", "uccs", "parts")

_BLOCK = re.compile(r"(<!-- schema: (\w+) (\w+) -->\n).*?(<!-- /schema -->)", re.DOTALL)


def models() -> Iterator[tuple[str, type[Part]]]:
    """Every model with keys of its own, by the name of its module."""
    for name in MODULES:
        module = import_module(f"fewpix.evaluate.schema.{name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Part) and value.__module__ == module.__name__:
                yield name, value


def table(model: type[Part]) -> str:
    """The keys of one model, a line each."""
    lines = ["| key | value | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{field.alias or name}` | {words(field.annotation)} | {meaning} |")
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
    known = {(module, model.__name__): model for module, model in models()}

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{table(known[match[2], match[3]])}\n\n{match[4]}"

    return _BLOCK.sub(made, text)


def shown(text: str) -> set[tuple[str, str]]:
    """Which models a document shows."""
    return {(match[2], match[3]) for match in _BLOCK.finditer(text)}


if __name__ == "__main__":
    for target in map(Path, sys.argv[1:]):
        target.write_text(renewed(target.read_text(encoding="utf-8")), encoding="utf-8")
