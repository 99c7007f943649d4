"""API keys: random, kept as digests, each with a scope; made and revoked by an administrator."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from fewpix.errors import ConfigError, InputError
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.moments import now

Scope = Literal["read", "enrol", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""Each may do what the ones before it may."""

PREFIX = "fpx_"
_BYTES = 32  # of chance: as they cannot be guessed, a plain digest is enough, and no salt is needed
_SEEN_EVERY = timedelta(minutes=1)
MOST_NAME = 100


@dataclass(frozen=True)
class Key:
    """What is known of a key; not the key.

    Args:
        id: names it.
        name: whose it is, or for what.
        scope: what it may.
        created: UTC, ISO 8601.
        last_used: to the minute; None for never.
        revoked: since when it is no longer taken; None where it is.
    """

    id: str
    name: str
    scope: Scope
    created: str
    last_used: str | None = None
    revoked: str | None = None

    def __str__(self) -> str:
        state = f"revoked {self.revoked}" if self.revoked else f"last used {self.last_used or 'never'}"
        return f"{self.id}  {self.scope:<5}  {self.name}  (made {self.created}, {state})"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return dict(vars(self))


def may(scope: Scope, needed: Scope) -> bool:
    """Whether a scope is enough."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


def add_key(database: ServiceDatabase, name: str, scope: str) -> tuple[Key, str]:
    """Make a key.

    Args:
        database: of the service.
        name: whose it is, or for what.
        scope: one of `SCOPES`.

    Returns:
        What is known of it, and the key itself, which is nowhere else.

    Raises:
        ConfigError: there is no such scope, or the name is empty or too long.
        StorageError: it cannot be written.
    """
    if scope not in SCOPES:
        raise ConfigError(f"there is no scope {scope[:20]!r}", fix=f"one of {', '.join(SCOPES)}")
    name = name.strip()
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise ConfigError(f"a key needs a name of 1 to {MOST_NAME} printable characters", fix="give one")
    text = PREFIX + secrets.token_urlsafe(_BYTES)
    key = Key(secrets.token_hex(4), name, scope, now())
    database.execute(
        "INSERT INTO keys (id, name, scope, digest, created) VALUES (?, ?, ?, ?, ?)",
        *(key.id, key.name, key.scope, _digest(text), key.created),
    )
    return key, text


def keys(database: ServiceDatabase) -> list[Key]:
    """All keys, also revoked ones, in the order in which they were made."""
    return [
        Key(*row)
        for row in database.select(
            "SELECT id, name, scope, created, last_used, revoked FROM keys ORDER BY rowid"
        )
    ]


def revoke_key(database: ServiceDatabase, number: str) -> Key:
    """Take a key back; from now on it is refused.

    Raises:
        InputError: there is no such key.
        StorageError: it cannot be written.
    """
    database.execute("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", now(), number)
    for key in keys(database):
        if key.id == number:
            return key
    raise InputError(f"there is no key {number[:20]!a}", fix="`fewpix keys list` lists them")


def has_keys(database: ServiceDatabase) -> bool:
    """Whether any key was ever made; from then on, nobody gets in without one."""
    return bool(database.select("SELECT 1 FROM keys LIMIT 1"))


def find_key(database: ServiceDatabase, text: str) -> Key | None:
    """Whose key a text is, noting that it was used; None for nobody's, and for a revoked one."""
    if not text.startswith(PREFIX) or len(text) > 200:
        return None
    found = database.select(
        "SELECT id, name, scope, created, last_used, revoked FROM keys WHERE digest = ? AND revoked IS NULL",
        _digest(text),
    )
    if not found:
        return None
    key = Key(*found[0])
    # A clock that was set back must not keep the time of a use that never was.
    last = None if key.last_used is None else datetime.fromisoformat(key.last_used)
    if last is None or abs(datetime.now(UTC) - last) >= _SEEN_EVERY:
        database.execute("UPDATE keys SET last_used = ? WHERE id = ?", now(), key.id)
    return key


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
