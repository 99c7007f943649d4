"""Where a webhook may lead: http and https, and no address at which a machine is asked about itself."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fewpix.errors import ConfigError

SCHEMES = ("http", "https")
LONGEST = 2000


def check_url(text: str) -> None:
    """Refuse what is no address of a receiver.

    Raises:
        ConfigError: it is none; it is not repeated, as it may hold a secret.
    """
    import httpx2

    fix = "such as https://example.org/hooks/faces"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
        httpx2.URL(text)
    except (ValueError, httpx2.InvalidURL):  # UnicodeError is one of the former
        raise ConfigError("the address of the webhook is no URL", fix=fix) from None
    if parts.scheme not in SCHEMES:
        raise ConfigError(f"a webhook is called by {' or '.join(SCHEMES)}", fix=fix)
    if not host or len(text) > LONGEST or not text.isprintable() or " " in text:
        raise ConfigError("the address of the webhook is no URL", fix=fix)


def may_be_reached(address: str, reach: str) -> bool:
    """Whether an IP address is one that webhooks may go to.

    Args:
        address: an IPv4 or IPv6 address, perhaps with a zone.
        reach: "any" or "public".
    """
    found = ipaddress.ip_address(address)
    inner = getattr(found, "ipv4_mapped", None)
    if inner is not None:
        found = inner
    if found.is_loopback:
        return reach == "any"
    if found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved:
        return False
    return reach == "any" or found.is_global
