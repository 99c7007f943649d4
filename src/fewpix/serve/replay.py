"""Idempotency keys: a write that is sent again with the same key is answered again, and not done again."""

from __future__ import annotations

import re

from fewpix.serve.database import ServiceDatabase
from fewpix.serve.problems import ProblemError

KEPT_SECONDS = 24 * 3600.0
"""How long an answer is kept."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def check(key: str) -> None:
    """Refuse what is no key.

    Raises:
        ProblemError: it is none.
    """
    if not _KEY.fullmatch(key):
        raise ProblemError("idempotency-key")


def find(database: ServiceDatabase, who: str, key: str, fingerprint: bytes) -> tuple[int, bytes] | None:
    """The answer that a write had; None for none. Arguments and errors as `claim`."""
    for found, status, body in database.select(
        "SELECT fingerprint, status, body FROM replay WHERE who = ? AND key = ?", who, key
    ):
        if bytes(found) != fingerprint:
            raise ProblemError("idempotency-mismatch")
        if status is not None:
            return int(status), bytes(body)
        if (who, key) in database.at_work:
            raise ProblemError("idempotency-busy", retry=2)
    return None


def claim(
    database: ServiceDatabase, who: str, key: str, fingerprint: bytes, collection: str, now: float
) -> tuple[int, bytes] | None:
    """Begin a write, inside a transaction; or give the answer that it had.

    Args:
        database: of the service.
        who: whose key it is; others may have the same.
        key: of the client.
        fingerprint: digest of the request.
        collection: that is written to; empty for none.
        now: seconds since 1970.

    Returns:
        Status and body of the first answer; None where the write is to be done.

    Raises:
        ProblemError: the key was used for another request, or the first one is at work.
    """
    database.execute("DELETE FROM replay WHERE created < ?", now - KEPT_SECONDS)
    found = find(database, who, key, fingerprint)
    if found is not None:
        return found
    release(database, who, key)  # what could not be noted when it ended
    database.execute(
        "INSERT INTO replay (who, key, fingerprint, collection, created) VALUES (?, ?, ?, ?, ?)",
        *(who, key, fingerprint, collection, now),
    )
    return None


def keep(database: ServiceDatabase, who: str, key: str, status: int, body: bytes) -> None:
    """Keep the answer of a write that was done."""
    database.execute(
        "UPDATE replay SET status = ?, body = ? WHERE who = ? AND key = ?", status, body, who, key
    )


def release(database: ServiceDatabase, who: str, key: str) -> None:
    """Forget a write that was not done, so that it may be tried again."""
    database.execute("DELETE FROM replay WHERE who = ? AND key = ?", who, key)


def forget_unfinished(database: ServiceDatabase) -> None:
    """Forget what a killed service had begun: enrolling, the write that matters, may be done twice."""
    database.execute("DELETE FROM replay WHERE status IS NULL")


def forget_collection(database: ServiceDatabase, collection: str) -> None:
    """Forget the answers about a collection, which hold names, when somebody is removed from it.

    A request that is at work stays known; its answer is kept when it is there.
    """
    database.execute("DELETE FROM replay WHERE collection = ? AND status IS NOT NULL", collection)
