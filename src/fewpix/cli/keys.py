"""`fewpix keys`: who may use a service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option, Typer

from fewpix.cli.output import AsJson, emit
from fewpix.cli.serve_options import DATA, Data, open_service

if TYPE_CHECKING:
    from fewpix.serve.database import ServiceDatabase
    from fewpix.serve.keys import Key

keys = Typer(add_completion=False, help="Say who may use a service.")


@contextmanager
def _service(data: str) -> Iterator[ServiceDatabase]:
    database = open_service(data)
    try:
        yield database
    finally:
        database.close()


@keys.command("add", short_help="make a key")
def add(
    name: Annotated[str, Argument(help="Whose it is, or for what.", show_default=False)],
    scope: Annotated[
        str,
        Option(help="read (look and search), enrol (and change people), or admin (and delete, keys)."),
    ] = "read",
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once; only its digest is kept. A running service takes it at once."""
    from fewpix.serve.keys import add_key

    with _service(data) as database:
        key, text = add_key(database, name, scope)
    emit(_Made(text, key), as_json)


@keys.command("list", short_help="every key")
def list_keys(data: Data = DATA, as_json: AsJson = False) -> None:
    """List the keys, with when they were last used; the keys themselves are not known."""
    from fewpix.serve.keys import keys as all_keys

    with _service(data) as database:
        emit(_Keys(tuple(all_keys(database))), as_json)


@keys.command("revoke", short_help="take a key back")
def revoke(
    key: Annotated[str, Argument(metavar="ID", help="As `keys list` shows it.", show_default=False)],
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """Take a key back; a running service refuses it from now on."""
    from fewpix.serve.keys import revoke_key

    with _service(data) as database:
        emit(revoke_key(database, key), as_json)


@dataclass(frozen=True)
class _Made:
    """A new key, as people are shown it."""

    text: str
    key: Key

    def __str__(self) -> str:
        return f"{self.text}\n{self.key.scope}, {self.key.name}; it is shown this once"

    def to_json(self) -> dict[str, Any]:
        return self.key.to_json() | {"key": self.text}


@dataclass(frozen=True)
class _Keys:
    """All keys."""

    keys: tuple[Key, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.keys)) or "there is no key; the service answers this machine only"

    def to_json(self) -> dict[str, Any]:
        return {"keys": [key.to_json() for key in self.keys]}
