"""JSON and TOML that somebody else may have written: read in this one place, believed only within limits.

What comes back holds nothing that surprises later: no number that is not finite or does not fit into 64 bits,
no text that cannot be encoded, no key twice, and no nesting that a recursive reader could not follow.
Everything else is a `ValueError` with a short reason, which each caller turns into its own error.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

MOST_BYTES = 1 << 26
"""The largest text that is read when the caller names no other limit: 64 MiB."""

MOST_TOML = 1 << 20
"""The largest TOML text: 1 MiB; tomllib takes quadratic time on some texts."""

DEEPEST = 64
"""Lists and objects within one another."""

MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What Python raises where a value that was read is not of the shape that its reader expects."""

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_ESCAPES = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")  # of NUL, and of halves of a surrogate pair


def json_of(data: str | bytes, *, most: int = MOST_BYTES, finite: bool = True) -> Any:
    """The value of a JSON text.

    Args:
        data: the text, or its bytes in UTF-8, with or without a byte order mark.
        most: the largest number of bytes or characters.
        finite: whether NaN and infinities are refused, which JSON does not have but Python writes.

    Raises:
        ValueError: it is not JSON, or outside the limits of this module.
    """
    text = _text(data, most)
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refused if finite else _constant)
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} deep") from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        many = "integer string conversion" in str(error)  # Python's own limit, whose advice is of no help
        raise ValueError("it holds a number with too many digits" if many else str(error)) from None
    check = _check_text if _ESCAPES.search(text) or not text.isascii() else None
    _check(value, check, finite)
    return value


def json_file(path: Path, *, most: int = MOST_BYTES) -> Any:
    """The value of a JSON file; see `json_of`.

    Raises:
        OSError: it cannot be read.
        ValueError: as `json_of`.
    """
    data = bytearray()
    with path.open("rb") as file:
        while len(data) <= most and (part := file.read(1 << 20)):
            data += part
    return json_of(bytes(data), most=most)


def toml_of(data: str | bytes, *, finite: bool = True) -> dict[str, Any]:
    """The table of a TOML text in UTF-8.

    Args:
        data: the text, or its bytes.
        finite: whether NaN and infinities are refused; False for a reader that does so by their keys.

    Raises:
        ValueError: it is not TOML, or outside the limits of this module.
    """
    text = _text(data, MOST_TOML)
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} deep") from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:
        raise ValueError("it holds a number or a time that is out of range") from None
    _check(table, _check_text, finite)
    return table


def _text(data: str | bytes, most: int) -> str:
    if len(data) > most:
        raise ValueError(f"it has more than {most} bytes")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:60]!a} stands twice in one object")
    return found


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _constant(constant: str) -> float:
    return float(constant.lower().replace("infinity", "inf"))


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("a text holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a surrogate pair") from None


def _check(value: Any, check_text: Callable[[str], None] | None, finite: bool) -> None:
    """Look at everything within a value, without recursion."""
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict | list):
            if depth >= DEEPEST:
                raise ValueError(f"it is nested more than {DEEPEST} deep")
            if isinstance(item, dict):
                waiting += [(key, depth + 1) for key in item] if check_text else []
                item = item.values()
            waiting += [(inner, depth + 1) for inner in item]
        elif isinstance(item, str):
            if check_text:
                check_text(item)
        elif isinstance(item, float):
            if finite and not math.isfinite(item):
                raise ValueError("it holds a number that is not finite")
        elif isinstance(item, int):
            if not _LEAST <= item <= _MOST:
                raise ValueError("it holds a whole number of more than 64 bits")
        elif item is not None and not isinstance(item, datetime | date | time):
            raise ValueError(f"it holds a {type(item).__name__}")
