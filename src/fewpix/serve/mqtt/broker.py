"""An MQTT broker, as an address names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from fewpix.errors import ConfigError

PORTS = {"mqtt": 1883, "mqtts": 8883}
PREFIX = "fewpix"
_FIX = "mqtt://user:password@host:1883/prefix, or mqtts:// for TLS; in a password write @ as %40, / as %2F"


@dataclass(frozen=True)
class Broker:
    """Where to, and as whom.

    Args:
        host: name or address.
        port: of TCP.
        tls: whether the connection is encrypted, and the broker's certificate checked.
        user: None for nobody.
        password: None for none.
        prefix: of all topics.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None = field(repr=False)
    prefix: str

    @property
    def shown(self) -> str:
        """The address without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}/{self.prefix}"


def broker_of(text: str) -> Broker:
    """The broker of an address.

    Raises:
        ConfigError: it cannot be read; it is not repeated, as it may hold a password.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("the address of the MQTT broker cannot be read", fix=_FIX) from None
    if parts.scheme not in PORTS or not host or "?" in text or "#" in text:
        raise ConfigError("the address of the MQTT broker cannot be read", fix=_FIX)
    prefix = unquote(parts.path.strip("/")) or PREFIX
    if "@" in prefix:  # of a password with a /
        raise ConfigError("the address of the MQTT broker cannot be read", fix=_FIX)
    check_topic(prefix)
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return Broker(host, port or PORTS[parts.scheme], parts.scheme == "mqtts", user, password, prefix)


def check_topic(prefix: str) -> None:
    """Refuse what cannot begin a topic.

    Raises:
        ConfigError: it holds a wildcard, or is none for another reason.
    """
    if any(each in prefix for each in "+#$") or not prefix.isprintable() or len(prefix) > 200:
        raise ConfigError("the prefix cannot begin an MQTT topic", fix="leave out +, # and $")
