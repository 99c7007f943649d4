"""From tracks to events: what is written of a track when it begins, is named, and ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fewpix.gallery.store import Gallery
from fewpix.identify.faces import EmbeddedFace
from fewpix.image.codec import encode_image
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events import table
from fewpix.serve.events.hub import Hub
from fewpix.serve.events.record import FORGOTTEN, Event, Found, Origin, Part, Ruling, Somebody, Stage
from fewpix.serve.handles import present
from fewpix.serve.moments import moment
from fewpix.serve.naming import AtDesk
from fewpix.serve.review import groups
from fewpix.serve.review.record import Template
from fewpix.video import Event as Happening
from fewpix.video import IdentifiedTrack

CROPS = 3
"""Sights of a track that are kept at most, where any are."""

_TOLD = (
    *("track", "frames", "pixels", "quality", "effective_pixels", "sharpness", "pose", "detector_score"),
    *("alignment_error", "sights", "state", "reason", "fix"),
    *(f"fpir{part}" for part in ("", "_kind", "_range", "_reason", "_basis")),
)
"""What an event takes over of a track."""

_OF_FILMS = ("path", "first", "last")
"""And of one in a film: its name, and seconds from its beginning."""


class Teller:
    """Writes the tracks of one run of a camera, or of a film, as events.

    Args:
        origin: where they come from.
        moment: when a second of the film was, in seconds since 1970.
        desk: of the collection.
        office: where events are written.
        hub: is told.
        counted: is told the verdict of every event that ended.
    """

    def __init__(
        self,
        origin: Origin,
        moment: Callable[[float], float],
        desk: AtDesk,
        office: Office,
        hub: Hub,
        counted: Callable[[str], object],
    ) -> None:
        self._origin, self._moment = origin, moment
        self._desk, self._office, self._hub, self._counted = desk, office, hub, counted
        self.numbers: dict[int, int] = {}
        """Track → its event, while it grows."""
        self.early: dict[int, tuple[str, float]] = {}
        """Track → who it was said to be and when, in seconds since 1970, while it grows."""

    def happened(self, event: Happening) -> None:
        """A track is long enough to be one, or somebody was named early; on return it is on the disk.

        Raises:
            FewpixError, ProblemError: it cannot be written.
        """
        if event.found is None:
            at = self._moment(event.time)
            told = {"track": event.track, "box": _rounded(event.box)}
            self._write(event.track, at, lambda people: Found("seen", at, told=told), ())
            return
        if event.found.face.decision is not None:
            self.early[event.track] = (event.found.face.decision, self._moment(event.time))
        self._found(event.found, "named")

    def ended(self, track: IdentifiedTrack) -> None:
        """A track has ended; errors as `happened`."""
        self._counted(self._found(track, "ended"))
        self.numbers.pop(track.track, None)
        self.early.pop(track.track, None)

    def _found(self, track: IdentifiedTrack, stage: Stage) -> str:
        """Write what was found; the verdict that stands in the event."""
        verdict, candidates = track.verdict, track.face.candidates
        early = self.early.get(track.track)
        parts: list[tuple[Part, int, str]] = [
            *(("candidate", n, each.name) for n, each in enumerate(candidates)),
            *(("ambiguous", n, name) for n, name in enumerate(verdict.ambiguous)),
            *(("tie", n, name) for n, name in enumerate(verdict.tie)),
        ]
        if verdict.name is not None and stage == "ended":
            parts.append(("decision", 0, verdict.name))
        if early is not None:
            parts.append(("early", 0, early[0]))
        told = self._told(track) | {"early_time": None if early is None else moment(early[1])}
        kind: Ruling | None = verdict.kind if stage == "ended" else None
        crops: tuple[bytes, ...] = ()
        if stage == "ended" and self._origin.crops:
            crops = tuple(encode_image(each.patch, ".png") for each in track.samples[:CROPS])

        def found(people: Mapping[str, Somebody]) -> Found:
            there = tuple((part, n, people[name]) for part, n, name in parts if name in people)
            gone = kind == "named" and verdict.name not in people
            return Found(
                stage,
                self._moment(track.last),
                "forgotten" if gone else kind,
                there,
                {**told, "reason": FORGOTTEN} if gone else told,
                () if gone else crops,
            )

        kept = track.template if stage == "ended" and self._origin.templates else None
        names = {name for _, _, name in parts}
        event = self._write(track.track, self._moment(track.first), found, names, kept)
        return track.verdict.kind if event is None else event.verdict or ""

    def _told(self, track: IdentifiedTrack) -> dict[str, Any]:
        whole = track.to_json()
        told = {name: whole[name] for name in (*_TOLD, *(_OF_FILMS if self._origin.job else ()))}
        return told | {
            "box": _rounded(track.boxes[-1][1]),
            "threshold": track.threshold,
            "wanted_fpir": track.fpir,
            "candidates": [
                {name: value for name, value in each.items() if name != "name"}
                for each in whole["candidates"]
            ],
        }

    def _write(
        self,
        track: int,
        start: float,
        found: Callable[[Mapping[str, Somebody]], Found],
        names: set[str] | tuple[()],
        kept: EmbeddedFace | None = None,
    ) -> Event | None:
        """Write at the collection's desk, so that whoever is deleted is so before or after it.

        Args:
            track: its number.
            start: seconds since 1970.
            found: what is to be written, by who of the names is there.
            names: that stand in it.
            kept: the template, where it is to be kept.
        """
        number = self.numbers.get(track)

        def write(people: Mapping[str, Somebody]) -> Callable[[ServiceDatabase], Event | None]:
            def do(database: ServiceDatabase) -> Event | None:
                told = found(people)
                place = None if kept is None else self._place(database, told, kept)
                if place is not None and place.ignored:
                    told = replace(told, verdict="ignored", crops=())
                if number is None:
                    of = self._origin
                    event = table.begin(database, of.camera, of.collection, start, told, of.job)
                else:
                    gone_on = table.go_on(database, number, told, start=start)
                    if gone_on is None:
                        return None
                    event = gone_on
                if kept is not None and (place is not None or told.verdict == "named"):
                    groups.take(database, event.id, event.collection, Template.of(kept), place)
                return event

            return do

        def at_desk(gallery: Gallery) -> Event | None:
            people = {name: Somebody.of(person) for name, person in present(gallery, names).items()}
            return self._office.do(write(people))

        event = self._desk.at_desk(at_desk)
        if event is not None:
            self.numbers[track] = event.id
        self._hub.told()
        return event

    def _place(self, database: ServiceDatabase, told: Found, face: EmbeddedFace) -> groups.Place | None:
        """Where somebody unknown belongs; None for everybody else, and where that cannot be known."""
        if told.verdict != "unknown":
            return None
        rule = self._desk.rule
        return groups.place(
            *(database, self._origin.collection, Template.of(face)),
            lambda count: groups.least(rule, face, count),
        )


def _rounded(box: tuple[float, float, float, float]) -> list[float]:
    return [round(value, 2) for value in box]
