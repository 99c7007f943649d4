"""Keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fewpix.serve.keys import MOST_NAME, Scope
from fewpix.serve.schemas.body import Given, Taken


class NewKey(Taken):
    """A key to be made."""

    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME, examples=["door terminal"])]
    scope: Scope


class KeyBody(Given):
    """What is known of a key."""

    id: str
    name: str
    scope: Scope
    created: str
    last_used: str | None
    revoked: str | None


class KeyList(Given):
    """All keys."""

    keys: list[KeyBody]


class MadeKey(KeyBody):
    """A new key, told this once."""

    key: str
