"""Options in groups: a dataclass of options stands for them in the verbs that share it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def grouped(function: Callable[..., None]) -> Callable[..., None]:
    """A verb whose dataclasses of options become the options themselves.

    Args:
        function: some of its parameters are annotated with a dataclass whose fields are options, each with a
            default.

    Returns:
        A function with an option for each field, that calls the verb with the dataclasses.

    Raises:
        TypeError: two groups have an option of one name, or one has no default.
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, type] = {}
    found: dict[str, inspect.Parameter] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints[name]
        if not (isinstance(kind, type) and is_dataclass(kind)):
            _add(found, parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY), function)
            continue
        groups[name] = kind
        annotations = get_type_hints(kind, include_extras=True)
        for field in fields(kind):
            if field.default is MISSING:
                raise TypeError(f"{kind.__name__}.{field.name} has no default")
            one = inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=annotations[field.name],
            )
            _add(found, one, function)

    def verb(**given: Any) -> None:
        made = {
            name: kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        function(**given, **made)

    verb.__name__, verb.__qualname__ = function.__name__, function.__qualname__
    verb.__module__, verb.__doc__ = function.__module__, function.__doc__
    verb.__signature__ = inspect.Signature(list(found.values()))  # type: ignore[attr-defined]
    return verb


def _add(
    found: dict[str, inspect.Parameter], parameter: inspect.Parameter, function: Callable[..., None]
) -> None:
    if parameter.name in found:
        raise TypeError(f"{function.__name__} has the option '{parameter.name}' twice")
    found[parameter.name] = parameter
