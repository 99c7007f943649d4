"""What a terminal would obey, or nobody could see, is written out, wherever it stands in what is printed."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
import unicodedata
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

import fewpix
from fewpix.cli.output import emit
from fewpix.cli.printed import printed
from fewpix.errors import FewpixError, InputError
from fewpix.printable import escaped
from project import SOURCE

HOSTILE = "a\x1b[31m\u202eb\u200b\nforged: 1 photo\x85\u2028"
SHOWN = r"a\x1b[31m\u202eb\u200b\nforged: 1 photo\x85\u2028"

# Marks of Arabic, Syriac, Kaithi and Egyptian that are of category Cf, and are seen.
SEEN = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


def test_every_control_and_format_character_is_escaped() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cs", "Zl", "Zp") or (
            kind == "Cf" and character not in SEEN and not 0x13430 <= code < 0x13440
        ):
            assert escaped(character) != character, hex(code)
        if kind[0] in "LNPS" and code not in (0x115F, 0x1160, 0x3164, 0xFFA0, 0xFFFC, 0xFFFD):
            assert escaped(character) == character, hex(code)
    assert escaped(HOSTILE) == SHOWN
    assert escaped("a\nb\x1b", lines=True) == "a\nb\\x1b"
    assert escaped("José, 山田\u3000太郎 \N{GRINNING FACE}") == "José, 山田\u3000太郎 \N{GRINNING FACE}"


@dataclasses.dataclass(frozen=True)
class Inner:
    name: str
    error: FewpixError


@dataclasses.dataclass(frozen=True)
class Outer:
    path: Path
    inner: tuple[Inner, ...]
    by_name: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {}

    def __str__(self) -> str:
        return "\n".join(
            [str(self.path), *(f"{i.name}: {i.error}" for i in self.inner), *map(str, self.by_name.items())]
        )


def test_texts_are_escaped_wherever_they_lie(capsys: pytest.CaptureFixture[str]) -> None:
    error = InputError(HOSTILE, fix=HOSTILE)
    value = Outer(Path(HOSTILE), (Inner(HOSTILE, error),), {HOSTILE: [{"x": HOSTILE}]})
    emit(value, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == SHOWN
    assert lines[1] == f"{SHOWN}: {SHOWN} ({SHOWN})"
    assert len(lines) == 3
    assert value.inner[0].name == HOSTILE, "the result itself is as it was"
    assert printed(MappingProxyType({"a": PurePosixPath(HOSTILE)})) == {"a": PurePosixPath(SHOWN)}


def test_what_needs_nothing_is_not_copied() -> None:
    value = Outer(Path("a"), (Inner("b", InputError("c")),), {"d": [1, {"e": "f"}]})
    assert printed(value) is value


def test_a_value_that_holds_itself_ends() -> None:
    value: list[Any] = ["a"]
    value.append(value)
    printed(value)


def results() -> list[type]:
    """Every dataclass of the package that is printed: it has `to_json` and `__str__` of its own."""
    found = []
    for module in pkgutil.walk_packages(fewpix.__path__, "fewpix."):
        if ".train" in module.name or ".losses" in module.name:
            continue
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            own = kind.__module__ == module.name and dataclasses.is_dataclass(kind)
            if own and "__str__" in vars(kind):
                found.append(kind)
    return sorted(set(found), key=lambda kind: (kind.__module__, kind.__qualname__))


RESULTS = results()
UNFIT = (TypeError, ValueError, AttributeError, LookupError, NameError, AssertionError, StopIteration)
"""What a result raises that texts and numbers alone do not make."""


def hostile(hint: Any, depth: int = 0) -> Any:
    """A value of a type, with every text in it hostile; None where none can be made."""
    origin, of = get_origin(hint), get_args(hint)
    if hint is str or hint is Any:
        return HOSTILE
    if hint in (int, float, bool):
        return hint(1)
    if isinstance(hint, type) and issubclass(hint, PurePosixPath | Path):
        return Path(HOSTILE)
    if origin is tuple and of:
        return tuple(hostile(one, depth) for one in of if one is not Ellipsis)
    if origin is not None and isinstance(origin, type) and issubclass(origin, MappingProxyType | dict):
        return {hostile(of[0], depth): hostile(of[1], depth)}
    if origin is not None and getattr(origin, "__name__", "") == "Mapping":
        return {hostile(of[0], depth): hostile(of[1], depth)}
    if origin is not None and getattr(origin, "__name__", "") in ("Sequence", "list"):
        return [hostile(of[0], depth)]
    if of and type(None) in of:
        return hostile(next(one for one in of if one is not type(None)), depth)
    if isinstance(hint, type) and issubclass(hint, FewpixError):
        return hint(HOSTILE, fix=HOSTILE)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and depth < 4:
        return made(hint, depth + 1)
    return None


def made(kind: type, depth: int = 0) -> Any:
    """An object of a dataclass whose texts are all hostile, made without its checks."""
    value = object.__new__(kind)
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(value, field.name, hostile(hints[field.name], depth))
    return value


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: f"{kind.__module__[7:]}.{kind.__qualname__}")
def test_no_result_prints_a_hostile_text_as_it_is(kind: type, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        value = made(kind)
        tame = str(value)
    except UNFIT:
        pytest.skip("it cannot be made from texts and numbers alone")
    emit(value, as_json=False)
    shown = capsys.readouterr().out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e]", shown)
    assert "\nforged" not in shown
    assert ("forged" in tame) == ("forged" in shown)


def test_most_results_could_be_tried() -> None:
    tried = 0
    for kind in RESULTS:
        try:
            tried += bool(str(made(kind)) or True)
        except UNFIT:
            continue
    assert tried >= 25
    assert len(RESULTS) >= 40


def test_nothing_else_prints() -> None:
    allowed = {"cli/terminal.py", "cli/confirm.py"}  # the latter asks, with a text that it has escaped
    wrong = []
    for file in sorted(SOURCE.rglob("*.py")):
        place = file.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or place in allowed:
                continue
            name = ast.unparse(node.func)
            if name in ("print", "print_exception") or name.endswith(
                (
                    ".echo",
                    ".secho",
                    "stdout.write",
                    "stderr.write",
                    ".print_exception",
                    ".print_exc",
                    ".confirm",
                )
            ):
                wrong.append(f"{place}:{node.lineno}")
    assert not wrong, "print with fewpix.cli.terminal: " + ", ".join(wrong)
