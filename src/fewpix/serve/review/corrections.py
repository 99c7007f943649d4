"""Names put right: a face that is not whom it was said to be is kept, and faces like it are not named so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fewpix.gallery.store import Gallery
from fewpix.identify.faces import EmbeddedFace
from fewpix.identify.pipeline import IdentifiedFace
from fewpix.identify.verdict import Verdict
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.handles import handle_of, present
from fewpix.serve.moments import now
from fewpix.serve.paging import given, rows
from fewpix.serve.review.record import Correction, Template, Vector, nearer, unpacked

DENIED = "somebody said that the name that stood here is wrong"
LIKE_DENIED = "it is more like a face that was said to be somebody else than like the best candidate"
LIKE_DENIED_FIX = "delete the correction if it is wrong"

_ALL = "SELECT id, event, camera, collection, person, created FROM corrections"


def add(database: ServiceDatabase, event: int, camera: str, collection: str, person: str) -> int | None:
    """Keep a track's template as one that is not a person's, inside a transaction.

    Returns:
        The correction's number; None where no template of the track was kept.
    """
    made = database.execute(
        "INSERT INTO corrections (event, camera, collection, person, encoder, state, template, created)"
        " SELECT event, ?, ?, ?, encoder, state, template, ? FROM sightings"
        " WHERE event = ? AND template IS NOT NULL",
        *(camera, collection, person, now(), event),
    )
    ((number,),) = database.select("SELECT last_insert_rowid()")
    return int(number) if made else None


def corrected(
    office: Office,
    collection: str,
    gallery: Gallery,
    faces: Sequence[EmbeddedFace],
    found: Sequence[IdentifiedFace],
) -> list[IdentifiedFace]:
    """Faces of cameras, films or pictures, without the names that were said to be wrong of faces like them.

    In the thread of the collection's desk.

    Args:
        office: where corrections are.
        collection: where people were looked for.
        gallery: its people.
        faces: as they were embedded; of tracks their templates.
        found: who they would be.
    """
    people = present(gallery, {each.decision for each in found if each.decision is not None})

    def named(database: ServiceDatabase) -> list[IdentifiedFace]:
        out = []
        for face, who in zip(faces, found, strict=True):
            wrong = False
            if who.decision in people:
                score = next(each.score for each in who.candidates if each.name == who.decision)
                person = handle_of(people[who.decision])
                wrong = is_denied(database, collection, person, Template.of(face), score)
            nobody = Verdict("unknown", reason=LIKE_DENIED, fix=LIKE_DENIED_FIX)
            out.append(replace(who, verdict=nobody) if wrong else who)
        return out

    return office.do(named) if people else list(found)


def is_denied(
    database: ServiceDatabase, collection: str, person: str, template: Template, score: float
) -> bool:
    """Whether a face is more like one that is not a person's than like the person; see `nearer`.

    Args:
        database: of the service.
        collection: of the person.
        person: id of whom the face would be named.
        template: of the face.
        score: of the face with the person.
    """
    against = _against(database, collection, person, template)
    return bool(len(against)) and float((against @ template.vector).max()) > nearer(score)


def _against(database: ServiceDatabase, collection: str, person: str, template: Template) -> Vector:
    found = database.select(
        "SELECT template FROM corrections WHERE collection = ? AND person = ? AND encoder = ? AND state = ?",
        *(collection, person, template.encoder, template.state),
    )
    return unpacked([row[0] for row in found])


def list_corrections(
    database: ServiceDatabase, collection: str | None, *, before: int | None, most: int
) -> list[Correction]:
    """Corrections, the newest first.

    Args:
        database: of the service.
        collection: of this one only.
        before: only those with smaller ids.
        most: how many at most.
    """
    wanted = given({"collection = ?": collection, "id < ?": before})
    return [Correction(*row) for row in rows(database, _ALL, wanted, "id DESC", most)]


def find(database: ServiceDatabase, number: int) -> Correction | None:
    """A correction; None where there is none."""
    found = database.select(f"{_ALL} WHERE id = ?", number)
    return Correction(*found[0]) if found else None


def remove(database: ServiceDatabase, condition: str, *values: object) -> int:
    """Delete corrections by a condition: the bytes are overwritten; how many there were."""
    return database.execute(f"DELETE FROM corrections WHERE {condition}", *values)
