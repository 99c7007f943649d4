"""Where a gallery lies on a PostgreSQL server: the database, and in it the schema of a collection."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from fewpix.errors import ConfigError

PLAIN = "default"
"""The collection of an address that names none, in the schema `fewpix`: that of older versions."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,55}")  # with its prefix 63 bytes, PostgreSQL's limit of a name


@dataclass(frozen=True)
class Address:
    """A collection of a database.

    Args:
        server: what libpq takes, with a password where there is one.
        collection: which of the database.

    Raises:
        ConfigError: a collection cannot be called so.
    """

    server: str
    collection: str = PLAIN

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.collection):
            raise ConfigError(
                f"a collection of a database cannot be called {self.collection[:80]!a}",
                fix="take up to 56 small letters, digits, - and _",
            )

    @classmethod
    def of(cls, text: str) -> Address:
        """Read `postgresql://user@host/database#collection`.

        Raises:
            ConfigError: it names a collection that cannot be one.
        """
        server, separator, collection = text.partition("#")
        return cls(server, collection) if separator else cls(server)

    def __str__(self) -> str:
        return self.server if self.collection == PLAIN else f"{self.server}#{self.collection}"

    def with_collection(self, name: str) -> Address:
        """Another collection of the same database; errors as the class."""
        return replace(self, collection=name)

    @property
    def schema(self) -> str:
        """The schema of its tables."""
        return "fewpix" if self.collection == PLAIN else f"fewpix_{self.collection}"

    @property
    def shown(self) -> str:
        """Without user, password and options, for messages.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            parts = urlsplit(self.server)
            host = parts.hostname or ""
            port = f":{parts.port}" if parts.port else ""
        except ValueError as error:
            raise ConfigError(
                "the address of the gallery cannot be read", fix="postgresql://user@host/database"
            ) from error
        return str(replace(self, server=f"postgresql://{host}{port}{parts.path}"))


def collection_of(schema: str) -> str | None:
    """The collection whose tables a schema holds; None for none."""
    name = PLAIN if schema == "fewpix" else schema.removeprefix("fewpix_")
    known = schema == "fewpix" or (schema.startswith("fewpix_") and name != PLAIN)
    return name if known and _NAME.fullmatch(name) else None
