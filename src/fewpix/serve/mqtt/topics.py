"""What is said under which topic; and what Home Assistant is told of a camera, by its MQTT discovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fewpix import __version__
from fewpix.serve.events.choice import Kind
from fewpix.serve.events.record import Somebody
from fewpix.serve.moments import moment

ONLINE, OFFLINE = "online", "offline"
STATES = ("stopped", "starting", "running", "reconnecting", "failed")


@dataclass(frozen=True)
class Topics:
    """The topics of a service.

    Args:
        prefix: of its own.
        discovery: where Home Assistant looks; empty: it is told of nothing.
        service: tells services at one broker apart.
    """

    prefix: str
    discovery: str
    service: str

    @property
    def availability(self) -> str:
        """`online` or `offline`, retained; the broker says the latter where the service cannot."""
        return f"{self.prefix}/availability"

    def state(self, camera: str) -> str:
        """What a camera does and saw last, retained."""
        return f"{self.prefix}/cameras/{camera}/state"

    def event(self, camera: str, kind: Kind) -> str:
        """An event of a camera."""
        return f"{self.prefix}/cameras/{camera}/events/{kind}"

    def device(self, camera: str) -> str:
        """What a camera is called for Home Assistant."""
        return f"fewpix_{self.service}_{camera}"

    def config(self, camera: str) -> str:
        """Where Home Assistant is told of a camera, retained."""
        return f"{self.discovery}/device/{self.device(camera)}/config"

    def told(self, camera: str) -> dict[str, Any]:
        """What Home Assistant is told of a camera: a device with sensors."""
        device = self.device(camera)

        def sensor(name: str, field: str, icon: str, **more: Any) -> dict[str, Any]:
            return {
                "platform": "sensor",
                "unique_id": f"{device}_{field}",
                "name": name,
                "value_template": f"{{{{ value_json.{field} }}}}",
                "icon": icon,
                **more,
            }

        return {
            "device": {
                "identifiers": [device],
                "name": f"fewpix {camera}",
                "manufacturer": "fewpix",
                "model": "camera",
                "sw_version": __version__,
            },
            "origin": {"name": "fewpix", "sw_version": __version__},
            "availability_topic": self.availability,
            "state_topic": self.state(camera),
            "qos": 1,
            "components": {
                "last_person": sensor("Last person", "last_person", "mdi:account"),
                "last_seen": sensor("Last seen", "last_seen", "mdi:clock-outline", device_class="timestamp"),
                "faces": sensor("Faces now", "faces", "mdi:account-group", state_class="measurement"),
                "state": sensor("State", "state", "mdi:cctv", device_class="enum", options=list(STATES)),
            },
        }


def state_of(
    camera: Mapping[str, Any], seen: float | None, last: tuple[Somebody, float] | None
) -> dict[str, Any]:
    """What is said of a camera.

    Args:
        camera: as `Fleet.to_json` tells it.
        seen: seconds since 1970 at which it saw anybody last; None for never.
        last: whom it named last, and when.
    """
    return {
        "state": camera["state"],
        "since": camera["since"],
        "faces": camera["tracks"],
        "last_seen": None if seen is None else moment(seen),
        "last_person": None if last is None else last[0].name,
        "last_person_id": None if last is None else last[0].id,
        "last_person_time": None if last is None else moment(last[1]),
    }
