"""How a message is signed: as standardwebhooks.com says it, so that libraries of others can verify it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from fewpix.errors import ConfigError

PREFIX = "whsec_"
_MADE = 32
LEAST, MOST = 24, 64
"""Bytes of a secret."""


def new_secret() -> str:
    """A secret by chance."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_MADE)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret.

    Raises:
        ConfigError: it is none; it is not repeated.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST <= len(key) <= MOST:
        raise ConfigError(
            f"a secret is {PREFIX} and {LEAST} to {MOST} bytes in base64", fix="leave it out, and one is made"
        )
    return key


def headers(secret: str, message: str, seconds: int, body: bytes) -> dict[str, str]:
    """What goes with a body.

    Args:
        secret: of the webhook.
        message: id of the message, the same whenever it is sent.
        seconds: since 1970, now.
        body: as it is sent.
    """
    signed = f"{message}.{seconds}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
