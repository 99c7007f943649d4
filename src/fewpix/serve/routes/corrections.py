"""Names put right: "this is not them", listed and taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Query as InQuery
from starlette.responses import Response

from fewpix.gallery.store import Gallery
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, change
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import table as events
from fewpix.serve.events.record import Event, Somebody
from fewpix.serve.handles import number_of, person_of
from fewpix.serve.paging import after_of, page
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer
from fewpix.serve.review import corrections, groups, schemas
from fewpix.serve.review.record import Correction
from fewpix.serve.routes.operation import GALLERY, KEYED, READ, operation
from fewpix.serve.routes.people import Cursor, Limit
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["corrections"])

PLACE = "/collections/{collection}/corrections"


@router.post(
    "/events/{event}/deny",
    **operation(
        *("enrol", "no-event", "not-named", "no-template"),
        gives=schemas.DeniedEvent,
        repeat=KEYED,
        status=201,
        keyed=True,
    ),
)
async def deny(request: Request, event: str) -> Response:
    """Say that a face is not the person whom its event names.

    The event is of somebody unknown then, in a group of its own, and its template is kept as one that is not
    this person's: a track that is more like it than like the person is not named so any more. It is kept
    until it is deleted, or the person is, or the event by hand; not only for as long as events are.
    """
    service = service_of(request)
    number = number_of(event, "no-event")
    before = await service.office.run(lambda database: events.find(database, number))
    if before is None:
        raise ProblemError("no-event")
    wrong = [who.name for _, who in before.those("decision")]

    async def about() -> list[str]:
        return wrong

    async def work(last: Undoable | None) -> Done:
        made, after = await service.office.run(lambda database: _denied(database, number))
        service.hub.told()
        body = {"correction": made.to_json(), "event": after.to_json()}
        return Done(body, 201, {"events": 1}, last)

    return await change(request, "event.deny", work, collection=before.collection, subject=event, about=about)


def _denied(database: ServiceDatabase, number: int) -> tuple[Correction, Event]:
    event = events.find(database, number)
    if event is None:
        raise ProblemError("no-event")
    named = event.those("decision")
    if event.stage != "ended" or not named:
        raise ProblemError("not-named")
    with database.transaction():
        (_, who) = named[0]
        made = corrections.add(database, event.id, event.camera, event.collection, who.id)
        if made is None:
            raise ProblemError("no-template")
        events.decide(database, event, None, corrections.DENIED)
        groups.found_alone(database, event.id, event.collection)
        events.touch(database, event.id)
    correction, after = corrections.find(database, made), events.find(database, event.id)
    assert correction is not None
    assert after is not None
    return correction, after


@router.get(
    PLACE,
    **operation("read", "no-collection", "cursor", "storage", gives=schemas.CorrectionList, repeat=READ),
)
async def list_corrections(
    request: Request,
    collection: str,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, InQuery(alias="cursor")] = None,
) -> Response:
    """List the corrections of a collection, the newest first, a page at a time."""
    service = service_of(request)
    service.collections.desk(collection)
    before = after_of(cursor_, int)
    found = await service.office.run(
        lambda database: corrections.list_corrections(database, collection, before=before, most=limit + 1)
    )
    shown, following = page(found, limit, lambda correction: correction.id)
    return answer({"corrections": [each.to_json() for each in shown], "next": following})


@router.delete(
    PLACE + "/{correction}",
    **operation(
        "enrol", *GALLERY, "no-correction", gives=schemas.DeletedCorrection, repeat=KEYED, keyed=True
    ),
)
async def delete(request: Request, collection: str, correction: str) -> Response:
    """Take a correction back: its template is overwritten, and its event, if kept, names whom it did."""
    service = service_of(request)
    desk = service.collections.desk(collection)

    async def work(last: Undoable | None) -> Done:
        number = number_of(correction, "no-correction")
        found = await service.office.run(lambda database: corrections.find(database, number))
        if found is None or found.collection != collection:
            raise ProblemError("no-correction")

        def who(gallery: Gallery) -> Somebody | None:
            try:
                return Somebody.of(person_of(gallery, found.person))
            except ProblemError:
                return None

        person = await desk.run(who)
        after = await service.office.run(lambda database: _taken_back(database, found, person))
        service.hub.told()
        body = {"deleted": True, "event": None if after is None else after.to_json()}
        return Done(body, undo=last)

    return await change(request, "correction.delete", work, collection=collection, subject=correction[:40])


def _taken_back(database: ServiceDatabase, found: Correction, who: Somebody | None) -> Event | None:
    with database.transaction():
        corrections.remove(database, "id = ?", found.id)
        event = events.find(database, found.event)
        if event is not None and who is not None and event.told.get("reason") == corrections.DENIED:
            events.decide(database, event, who, None)
            groups.take_out(database, event.id)
            events.touch(database, event.id)
    return events.find(database, found.event)
