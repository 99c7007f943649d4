"""Events written as cameras write them, for those who listen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import table
from fewpix.serve.events.record import Event, Found, Part, Somebody
from fewpix.serve.review import groups
from fewpix.serve.review.record import Template
from tiny_service import Caller

ADA, BO = Somebody("1-0000000a", "Ada"), Somebody("2-0000000b", "Bo")


def seen(caller: Caller, camera: str = "gate", *, ago: float = 0.0) -> Event:
    """A track begins."""
    now = time.time() - ago
    return _told(caller, lambda it: table.begin(it, camera, "staff", now, Found("seen", now)))


def early(caller: Caller, event: Event, who: Somebody) -> Event:
    """Somebody is named while they are there."""
    found = Found("named", time.time(), people=(("early", 0, who),), told={"early_time": "x"})
    return _told(caller, lambda it: table.go_on(it, event.id, found, start=event.start))


def ended(
    caller: Caller,
    event: Event,
    who: Somebody | None = None,
    *,
    crops: Sequence[bytes] = (),
    ago: float = 0.0,
) -> Event:
    """A track ends: somebody, or unknown."""
    parts: tuple[tuple[Part, int, Somebody], ...] = () if who is None else (("decision", 0, who),)
    verdict: Any = "unknown" if who is None else "named"
    found = Found("ended", time.time() - ago, verdict, parts, {}, tuple(crops))
    return _told(caller, lambda it: table.go_on(it, event.id, found, start=event.start))


def visit(caller: Caller, who: Somebody | None = None, camera: str = "gate", **more: Any) -> Event:
    """From the beginning to the end."""
    return ended(caller, seen(caller, camera, ago=more.get("ago", 0.0)), who, **more)


def looks(person: int, photo: int = 0, encoder: str = "0" * 64) -> Template:
    """A template of somebody: those of one person have a cosine of 0.9 or more, others of little."""
    made = np.random.default_rng(person).normal(size=16)
    made += 0.2 * np.random.default_rng([person, photo]).normal(size=16)
    return Template(encoder, "", (made / np.linalg.norm(made)).astype(np.float32))


def kept(
    caller: Caller, template: Template, who: Somebody | None = None, camera: str = "gate", **more: Any
) -> Event:
    """As `visit`, with the template kept, as a camera with `store_templates` does that names by 0.8."""
    event = visit(caller, who, camera, **more)

    def do(database: ServiceDatabase) -> Event | None:
        place = None if who else groups.place(database, event.collection, template, lambda count: 0.8)
        groups.take(database, event.id, event.collection, template, place)
        return table.find(database, event.id)

    return _told(caller, do)


def _told(caller: Caller, write: Any) -> Event:
    service: Any = caller.app.state.service  # type: ignore[attr-defined]

    def do(database: ServiceDatabase) -> Event:
        event: Event | None = write(database)
        assert event is not None
        return event

    event: Event = service.office.do(do)
    service.hub.told()
    return event
