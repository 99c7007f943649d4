"""Every verb of the program with the function behind it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from typer import Typer

from fewpix.cli.verbs import VERBS


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every verb, also those in groups, with the words that call it."""

    def inside(words: str, app: Typer) -> Iterator[tuple[str, Callable[..., Any]]]:
        for item in app.registered_commands:
            assert item.callback is not None
            name = item.name or item.callback.__name__
            yield f"{words} {name}", inspect.unwrap(item.callback)
        for group in app.registered_groups:
            assert group.typer_instance is not None
            yield from inside(f"{words} {group.name}", group.typer_instance)

    for verb, (place, _) in VERBS.items():
        module, _, name = place.partition(":")
        target = getattr(import_module(module), name)
        if isinstance(target, Typer):
            yield from inside(verb, target)
        else:
            yield verb, target


ALL = dict(functions())
