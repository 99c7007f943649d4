"""Options that belong together, as one parameter of a verb: a dataclass whose fields are the options.

    @dataclass(frozen=True)
    class Look:
        model: Model = "auto"
        device: Device = "auto"

    @grouped
    def verb(folder: Folder, look: Look) -> None: ...

is on the command line a verb with FOLDER, --model and --device. So what several verbs share is declared once,
with what it does.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Any, TypeVar, get_type_hints

Value = TypeVar("Value")


def grouped(function: Callable[..., None]) -> Callable[..., None]:
    """A verb as the command line has it: every parameter that is a dataclass stands for its fields."""
    whole = inspect.signature(function, eval_str=True)
    groups: dict[str, Any] = {
        name: each.annotation for name, each in whole.parameters.items() if is_dataclass(each.annotation)
    }
    parameters: list[inspect.Parameter] = []
    for name, each in whole.parameters.items():
        parameters += _options(groups[name]) if name in groups else [each]
    kind = inspect.Parameter.KEYWORD_ONLY

    @wraps(function)
    def verb(**given: Any) -> None:
        made = {
            name: group(**{each.name: given.pop(each.name) for each in fields(group)})
            for name, group in groups.items()
        }
        function(**given, **made)

    # Whoever looks for a verb's parameters is to find the options.
    del vars(verb)["__wrapped__"]
    vars(verb)["__signature__"] = whole.replace(
        parameters=[each.replace(kind=kind) for each in parameters], return_annotation=None
    )
    verb.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    return verb


def _options(group: Any) -> Iterator[inspect.Parameter]:
    types = get_type_hints(group, include_extras=True)
    for each in fields(group):
        default = inspect.Parameter.empty if each.default is MISSING else each.default
        yield inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=types[each.name]
        )


def renamed(old: str, new: str, given: Value | None, value: Value) -> Value:
    """The value of an option that had another name before.

    Args:
        old: its former name, such as "--faces".
        new: its name.
        given: what was given under the former name; None for nothing.
        value: what was given under the new one.
    """
    if given is None:
        return value
    logging.getLogger("fewpix").warning("%s is called %s now, and goes with the next version", old, new)
    return given
