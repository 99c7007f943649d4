"""An event: a face that was followed by a camera or in a film, who it may be, and what is known so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from fewpix.gallery.rows import Person
from fewpix.serve.handles import handle_of
from fewpix.serve.moments import moment

Stage = Literal["seen", "named", "ended"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""seen: it is long enough to be a track. named: an early decision, while it is there. ended: the last one."""

Ruling = Literal["named", "ambiguous", "unknown", "undecided", "forgotten", "ignored"]
RULINGS: tuple[Ruling, ...] = get_args(Ruling)
"""As `Verdict.kind`; "forgotten": somebody was named who has been deleted since; "ignored": unknown, and like
somebody unknown of whom nobody wants to be told."""

Part = Literal["decision", "early", "ambiguous", "tie", "candidate"]
"""What a name is in an event."""

FORGOTTEN = "whoever was named here has been deleted"
KILLED = "the service or the camera failed before this track had ended"


@dataclass(frozen=True)
class Somebody:
    """A person of the event's collection.

    Args:
        id: as in addresses.
        name: as it is now, or was when somebody with this id was there last.
    """

    id: str
    name: str

    @classmethod
    def of(cls, person: Person) -> Somebody:
        """A person of the gallery."""
        return cls(handle_of(person), person.name)

    def to_json(self) -> dict[str, Any]:
        """Both fields."""
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True)
class Origin:
    """Where tracks come from, and what is kept of them.

    Args:
        camera: its name; empty for a film.
        collection: where people are looked for.
        crops: keep the best sights.
        templates: keep the template of whom is named or unknown.
        job: id of the job that looks at the film; None for a camera.
    """

    camera: str
    collection: str
    crops: bool
    templates: bool
    job: str | None = None


@dataclass(frozen=True)
class Found:
    """What became known of a track, to be written.

    Args:
        stage: how far it is.
        end: seconds since 1970 of its last sight.
        verdict: of the track; None while nothing is decided.
        people: who stands in it: what they are there, and in which order.
        told: all else that is told, as JSON values; no name is in it.
        crops: PNG files of its best sights.
    """

    stage: Stage
    end: float
    verdict: Ruling | None = None
    people: tuple[tuple[Part, int, Somebody], ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    crops: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Event:
    """An event as it is kept.

    Args:
        id: rises with the beginning of tracks, and is never given again.
        sequence: rises with every change of any event: the position of who listens.
        camera: its name; empty for a film.
        collection: where people were looked for.
        stage: how far the track is.
        start: seconds since 1970 of its first sight.
        end: of the last one that is known.
        verdict: of the track; None while nothing is decided.
        people: who stands in it.
        crops: how many of its sights are kept.
        told: see `Found`.
        template: whether the track's template is kept.
        group: of unknown people, to which it belongs; None for none.
        job: whose film it is of; None for a camera.
    """

    id: int
    sequence: int
    camera: str
    collection: str
    stage: Stage
    start: float
    end: float
    verdict: Ruling | None
    people: tuple[tuple[Part, int, Somebody], ...]
    crops: int
    told: Mapping[str, Any]
    template: bool = False
    group: int | None = None
    job: str | None = None

    def those(self, part: Part) -> list[tuple[int, Somebody]]:
        """Who is in a part, in their order."""
        return [(rank, who) for each, rank, who in self.people if each == part]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; names are those of now."""

        def one(part: Part) -> Somebody | None:
            return next((who for _, who in self.those(part)), None)

        told = dict(self.told)
        decision, early = one("decision"), one("early")
        time, scores = told.pop("early_time", None), told.pop("candidates", [])
        return {
            "id": str(self.id),
            "sequence": self.sequence,
            "camera": self.camera,
            "job": self.job,
            "collection": self.collection,
            "stage": self.stage,
            "start": moment(self.start),
            "end": moment(self.end),
            "verdict": self.verdict,
            "decision": None if decision is None else decision.name,
            "person_id": None if decision is None else decision.id,
            "early": early and {"decision": early.name, "person_id": early.id, "time": time},
            "ambiguous": [who.to_json() for _, who in self.those("ambiguous")],
            "tie": [who.to_json() for _, who in self.those("tie")],
            "candidates": [
                {"name": who.name, "person_id": who.id, **scores[rank]}
                for rank, who in self.those("candidate")
                if rank < len(scores)
            ],
            "crops": self.crops,
            "template": self.template,
            "group": None if self.group is None else str(self.group),
            "reviewed": told.pop("reviewed", False),
            **told,
        }
