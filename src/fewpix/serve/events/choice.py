"""Which events go out, by camera, kind and person; and the kind of an event: one word for how far it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from fewpix.serve.events.record import Event

Kind = Literal["seen", "early", "named", "ambiguous", "unknown", "undecided", "forgotten", "ignored"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""seen: a track. early: named while it is there. The others are how it ended, as `verdict` says it."""

USUAL: tuple[Kind, ...] = KINDS[1:-1]
"""What goes out when nothing is said: neither mere tracks nor whoever is ignored."""

_KIND = "CASE stage WHEN 'ended' THEN verdict WHEN 'named' THEN 'early' ELSE 'seen' END"
_IN = "IN (SELECT value FROM json_each(?))"
_NAMES = "SELECT 1 FROM event_people WHERE event = events.id AND part IN ('decision', 'early')"


@dataclass(frozen=True)
class Choice:
    """Which events are wanted.

    Args:
        cameras: of these only; None for all.
        kinds: of these only.
        people: ids: an event that names anybody, early or at last, has to name one of these; None for all.
            Events that name nobody are not touched by it.
    """

    cameras: tuple[str, ...] | None = None
    kinds: tuple[Kind, ...] = USUAL
    people: tuple[str, ...] | None = None

    def sql(self) -> tuple[str, list[object]]:
        """A condition on rows of events, and its values."""
        parts, values = [f"{_KIND} {_IN}"], [json.dumps(self.kinds)]
        if self.cameras is not None:
            parts.append(f"camera {_IN}")
            values.append(json.dumps(self.cameras))
        if self.people is not None:
            parts.append(f"(NOT EXISTS ({_NAMES}) OR EXISTS ({_NAMES} AND person {_IN}))")
            values.append(json.dumps(self.people))
        return " AND ".join(parts), list(values)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "cameras": None if self.cameras is None else list(self.cameras),
            "kinds": list(self.kinds),
            "people": None if self.people is None else list(self.people),
        }


def choice_of(given: Mapping[str, Any], before: Choice | None = None) -> Choice:
    """A choice from JSON values: what is not given is as before, null is everything that is usual."""
    fields = dict(vars(before or Choice()))
    for name in fields.keys() & given.keys():
        value = given[name]
        fields[name] = tuple(dict.fromkeys(value)) if value is not None else getattr(Choice, name)
    return Choice(**fields)


def kind_of(event: Event) -> Kind:
    """How far an event is."""
    if event.stage == "ended":
        return cast(Kind, event.verdict)
    return "early" if event.stage == "named" else "seen"
