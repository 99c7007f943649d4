"""Asking before something is lost."""

from __future__ import annotations

import sys

from fewpix.errors import ConfigError
from fewpix.printable import escaped


def confirmed(what: str, yes: bool) -> None:
    """Go on only if the user agrees, by --yes or on the terminal.

    Args:
        what: what is going to be lost, a sentence without its end.
        yes: whether --yes was given.

    Raises:
        Abort: the user said no.
        ConfigError: there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"{what}: this cannot be undone", fix="say --yes, or look first with --dry-run")
    import typer

    typer.confirm(f"{escaped(what)}: this cannot be undone. Go on?", abort=True, err=True)
