"""JSON and TOML from elsewhere: what is believed, and that nothing else of fewpix reads any."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from fewpix.foreign import DEEPEST, MOST_TOML, json_file, json_of, toml_of
from project import SOURCE


def test_what_is_json_comes_back() -> None:
    value = {"a": [1, -2.5, None, True, "ü\n"], "b": {"": [[]]}, "c": 2**63 - 1}
    assert json_of(json.dumps(value)) == value
    assert json_of(json.dumps(value, ensure_ascii=False).encode("utf-8-sig")) == value, "as Notepad writes it"
    assert json_of('"\\ud83d\\ude00"') == "\N{GRINNING FACE}", "both halves of a surrogate pair"
    assert json_of("[" * DEEPEST + "]" * DEEPEST)
    assert toml_of('a = 1\nb = {c = [2.5, "x"]}\nd = 2026-11-29T10:00:00Z')["b"] == {"c": [2.5, "x"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "deep"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "deep"),
        ('{"a":' * 900 + "1" + "}" * 900, "deep"),
        ("9" * 5000, "too many digits"),
        ("-" + "9" * 5000, "too many digits"),
        ("9" * 19, "64 bits"),
        ("[1e999]", "not finite"),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "Infinity"),
        ('{"a": 1, "a": 2}', "twice"),
        ('"\\ud800"', "surrogate"),
        ('{"\\ud800": 1}', "surrogate"),
        ('"\\u0000"', "NUL"),
        (b"\xff\xfe", "UTF-8"),
        ('{"a": 1'.encode("utf-16"), "UTF-8"),
        ("", "Expecting value"),
        ("{]", "Expecting"),
    ],
)
def test_everything_else_is_a_value_error_with_its_reason(text: str | bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        json_of(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * 50_000 + "]" * 50_000, "deep"),
        ("a." * 2000 + "a = 1", "deep"),
        ("steps = " + "9" * 5000, "out of range"),
        ("a = 0x" + "f" * 40, "64 bits"),
        ("a = inf", "not finite"),
        ("a = nan", "not finite"),
        ("a = 1\na = 2", "overwrite"),
        ("a = 9999-99-99", "range|Invalid|Expected"),
        (b"a = '\xff'", "UTF-8"),
        ("#" * (MOST_TOML + 1), "more than"),
    ],
)
def test_toml_likewise(text: str | bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        toml_of(text)


def test_sizes_and_journals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 4 bytes"):
        json_of("[1, 2]", most=4)
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match="more than 4 bytes"):
        json_file(tmp_path / "a.json", most=4)
    assert json_file(tmp_path / "a.json") == [1, 2]
    (value,) = json_of("[NaN]", finite=False)
    assert value != value, "a loss that was no number, in a journal"


READERS = {"loads", "load", "JSONDecoder", "model_validate_json", "validate_json", "parse_raw"}


def test_nothing_else_reads_json_or_toml() -> None:
    wrong = []
    for file in sorted(SOURCE.rglob("*.py")):
        if file.name == "foreign.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in READERS:
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                if owner in ("json", "tomllib") or "json" in node.attr or node.attr == "parse_raw":
                    wrong.append(f"{file.relative_to(SOURCE)}:{node.lineno}")
            if isinstance(node, ast.ImportFrom) and node.module in ("json", "tomllib"):
                wrong.append(f"{file.relative_to(SOURCE)}:{node.lineno}")
            if isinstance(node, ast.Import) and any(alias.name == "tomllib" for alias in node.names):
                wrong.append(f"{file.relative_to(SOURCE)}:{node.lineno}")
    assert not wrong, "read with fewpix.foreign: " + ", ".join(wrong)
