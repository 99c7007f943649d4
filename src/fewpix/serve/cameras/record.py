"""What a camera is told: where its frames come from, whom it looks for, by which rule, what is kept."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import Any

from fewpix.errors import ConfigError
from fewpix.identify.rule import check_rule
from fewpix.serve.galleries import NAME, is_name
from fewpix.serve.problems import ProblemError
from fewpix.video.source import ADDRESS, Source, shown_address, source_of

MOST = 64
"""Cameras of a service."""

RETENTION = 168.0
"""Hours that events are kept for when nothing is said: a week."""

LONGEST = 24.0 * 3660
"""Hours that may be said: ten years."""


@dataclass(frozen=True)
class Options:
    """How a camera is followed.

    Args:
        fpir: the rate to name by; None for the default where a calibration fits and no threshold is given.
        threshold: the least cosine to name by, instead.
        store_crops: keep the best sights of every event.
        store_templates: keep the template of every event that names somebody or is of somebody unknown, to
            find unknown people again, and to put names right.
        retention_hours: how long events are kept for after their end.
        adapt: learn the camera's FaceBN state.
        fps: look at no more frames a second than this; None for as many as there is time for.

    Raises:
        ConfigError: a value is out of range, or both rules are given.
    """

    fpir: float | None = None
    threshold: float | None = None
    store_crops: bool = False
    store_templates: bool = False
    retention_hours: float = RETENTION
    adapt: bool = False
    fps: float | None = None

    def __post_init__(self) -> None:
        check_rule(self.threshold, self.fpir)
        for name, least, most in (("fpir", 0, 1), ("retention_hours", 0, LONGEST), ("fps", 0, 1000)):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and least < value <= most):
                raise ConfigError(f"{name} must be above {least} and at most {most:g}, not {value:g}")


@dataclass(frozen=True)
class Camera:
    """A camera of the service.

    Args:
        name: in addresses, events and topics; as that of a collection.
        address: a URL, a device's number or a file; None for one whose frames are sent to it. It may hold a
            password and is not shown.
        collection: where people are looked for.
        options: how it is followed.
        created: UTC, ISO 8601.
        wanted: whether it is to run.

    Raises:
        ConfigError: the address is of a kind that is not read.
        ProblemError: the name is none.
    """

    name: str
    address: str | None = field(repr=False)
    collection: str
    options: Options
    created: str
    wanted: bool = True

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ProblemError(
                "setting",
                f"a camera cannot be called {self.name[:80]!a}",
                fix=f"a name is {NAME.pattern}, and no device of Windows",
            )

    @property
    def source(self) -> Source | None:
        """Where frames come from; None for one whose frames are sent to it.

        Raises:
            ConfigError: an address of a kind that is not read.
            InputError: there is no such file.
        """
        return None if self.address is None else source_of(self.address)

    @property
    def kind(self) -> str:
        """What the address stands for: "stream", "device" or "file"; "pushed" where there is none."""
        if self.address is None:
            return "pushed"
        if ADDRESS.match(self.address):
            return "stream"
        return "device" if self.address.isascii() and self.address.isdigit() else "file"

    @property
    def shown(self) -> str | None:
        """The address without its secrets; of a file only the name."""
        if self.address is None or self.kind == "device":
            return self.address
        return shown_address(self.address) if self.kind == "stream" else PurePath(self.address).name

    def to_json(self) -> dict[str, Any]:
        """What it was told, without the secrets of its address."""
        return {
            "name": self.name,
            "source": self.shown,
            "kind": self.kind,
            "collection": self.collection,
            **asdict(self.options),
            "created": self.created,
        }
