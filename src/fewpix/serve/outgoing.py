"""How events go out: what is tried for how long, whom webhooks may reach, and the MQTT broker."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal, get_args

from fewpix.errors import ConfigError
from fewpix.serve.mqtt.broker import Broker, broker_of, check_topic

HOUR = 3600.0

Reach = Literal["any", "public"]
REACHES: tuple[Reach, ...] = get_args(Reach)


@dataclass(frozen=True)
class Outgoing:
    """How events go out.

    Args:
        webhooks: "any": webhooks may go to this machine and to private networks; "public": to addresses of
            the Internet only. Link-local addresses, at which clouds tell secrets, are never reached.
        seconds: that a receiver or a broker may take to answer.
        hours: after the end of an event it is given up, if it could not be delivered.
        first_pause: seconds before what failed is tried again; each further one is twice as long.
        longest_pause: seconds.
        mqtt: `mqtt://user:password@host:1883/prefix`, or `mqtts://`; None for no broker. It is never shown
            with its password.
        discovery: the prefix at which Home Assistant looks for devices; empty: it is told of none.

    Raises:
        ConfigError: a value is out of range, or the address of the broker cannot be read.
    """

    webhooks: Reach = "any"
    seconds: float = 10.0
    hours: float = 24.0
    first_pause: float = 1.0
    longest_pause: float = 300.0
    mqtt: str | None = field(default=None, repr=False)
    discovery: str = "homeassistant"

    def __post_init__(self) -> None:
        if self.webhooks not in REACHES:
            raise ConfigError(f"webhooks reach {self.webhooks!r}", fix=f"one of {', '.join(REACHES)}")
        for name in ("seconds", "hours", "first_pause", "longest_pause"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.discovery:
            check_topic(self.discovery)
        if self.mqtt is not None:
            broker_of(self.mqtt)

    @property
    def broker(self) -> Broker | None:
        """The MQTT broker; None for none.

        Raises:
            ConfigError: its address cannot be read.
        """
        return None if self.mqtt is None else broker_of(self.mqtt)

    def too_late(self, end: float, now: float) -> bool:
        """Whether an event that ended then is given up now; both in seconds since 1970."""
        return end + HOUR * self.hours < now

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row: growing, and by chance shorter by up to a half."""
        whole = min(self.longest_pause, self.first_pause * 2.0 ** min(failures - 1, 30))
        return whole * random.uniform(0.5, 1.0)  # so that those who failed together do not come together
