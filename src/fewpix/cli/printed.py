"""Results as they are printed: every text that they hold is escaped before the result lays it out.

A result's `__str__` need not think of it, so that none can forget it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any

from fewpix.printable import UNSAFE, escaped


def printed(value: Any) -> Any:
    """The same value with every text in it `escaped`; the value itself where there is nothing to escape.

    Looks into paths, mappings, sequences, dataclasses and other objects of fewpix. What is put together from
    the copy, say by `str`, has line ends of its own only.
    """
    return _Copy().of(value)


class _Copy:
    """One walk; objects that occur twice are copied once."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, Any]] = {}  # the original too, so that its number stays its own

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return escaped(value) if UNSAFE.search(value) else value
        if value is None or isinstance(value, bool | int | float | bytes | type):
            return value
        if id(value) not in self._done:
            self._done[id(value)] = (value, value)  # for a value that holds itself
            self._done[id(value)] = (value, self._made(value))
        return self._done[id(value)][1]

    def _made(self, value: Any) -> Any:
        if isinstance(value, PurePath):
            text = str(value)
            return type(value)(escaped(text)) if UNSAFE.search(text) else value
        if isinstance(value, Mapping):
            pairs = {self.of(key): self.of(item) for key, item in value.items()}
            same = all(a is b and value[a] is pairs[b] for a, b in zip(value, pairs, strict=False))
            return value if same and len(pairs) == len(value) else pairs
        if isinstance(value, list | tuple | set | frozenset):
            items = [self.of(item) for item in value]
            if all(a is b for a, b in zip(value, items, strict=True)):
                return value
            return value._make(items) if hasattr(value, "_make") else type(value)(items)
        return self._object(value)

    def _object(self, value: Any) -> Any:
        """A copy whose attributes are escaped, made without asking its constructor, which may check them."""
        if is_dataclass(value):
            names = [field.name for field in fields(value) if hasattr(value, field.name)]
        elif type(value).__module__.partition(".")[0] == "fewpix" and hasattr(value, "__dict__"):
            names = []
        else:
            return value
        held = {name: getattr(value, name) for name in names} | dict(getattr(value, "__dict__", {}))
        changed = {name: new for name, item in held.items() if (new := self.of(item)) is not item}
        if not changed:
            return value
        made = copy.copy(value)
        for name, new in changed.items():
            if name in getattr(made, "__dict__", {}):
                made.__dict__[name] = new
            else:
                object.__setattr__(made, name, new)
        return made
