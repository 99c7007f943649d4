"""Events: what cameras saw and films show, listed, shown, deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, change
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import schemas, table
from fewpix.serve.events.record import Event, Ruling
from fewpix.serve.events.wanted import Wanted
from fewpix.serve.handles import number_of
from fewpix.serve.paging import after_of, page
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer
from fewpix.serve.review import corrections
from fewpix.serve.routes.operation import KEYED, READ, operation
from fewpix.serve.routes.people import Cursor, Limit
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1/events", route_class=GuardedRoute, tags=["events"])

Camera = Annotated[str | None, Query(max_length=63, description="Only those of this camera.")]
Moment = Annotated[
    datetime | None,
    Query(description="ISO 8601; without a zone it is UTC.", examples=["2026-11-30T09:00:00Z"]),
]


@router.get("", **operation("read", "cursor", "no-group", "storage", gives=schemas.EventList, repeat=READ))
async def list_events(
    request: Request,
    camera: Camera = None,
    collection: Annotated[str | None, Query(max_length=63, description="Only those of this one.")] = None,
    person: Annotated[
        str | None,
        Query(max_length=40, description="Only where somebody of this id was named, at last or early."),
    ] = None,
    verdict: Annotated[
        Ruling | None,
        Query(description="Only those that were decided so."),
    ] = None,
    stage: Annotated[
        Literal["seen", "named", "ended"] | None, Query(description="Only those that are so far.")
    ] = None,
    group: Annotated[
        str | None, Query(max_length=20, description="Only those of this group of unknown people.")
    ] = None,
    job: Annotated[
        str | None, Query(max_length=16, description="Only those of the film of this job.")
    ] = None,
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List events, the ones that began last first, a page at a time; `since` and `until` bound when the face
    was there.
    """
    member = None if group is None else number_of(group, "no-group")
    wanted = Wanted(
        *(camera, collection, person, _seconds(since), _seconds(until), verdict, stage, member),
        before=after_of(cursor_, int),
        job=job,
    )

    def read(database: ServiceDatabase) -> tuple[list[Event], int]:
        at = table.position(database)
        return table.list_events(database, wanted, limit + 1), at

    found, at = await service_of(request).office.run(read)
    events, following = page(found, limit, lambda event: event.id)
    return answer({"events": [each.to_json() for each in events], "next": following, "position": at})


@router.get("/{event}", **operation("read", "no-event", "storage", gives=schemas.CameraEvent, repeat=READ))
async def show(request: Request, event: str) -> Response:
    """Show an event as it is now."""
    return answer((await _found(request, event)).to_json())


@router.get(
    "/{event}/crops/{number}",
    **operation("read", "no-event", "no-crop", "storage", gives=schemas.CameraEvent, repeat=READ)
    | {"response_model": None, "response_class": Response},
)
async def crop(
    request: Request,
    event: str,
    number: Annotated[int, Path(ge=0, le=1000, description="From 0, the best first.")],
) -> Response:
    """Give a kept sight of an event, as PNG."""
    found = await _found(request, event)
    png = await service_of(request).office.run(lambda database: table.crop(database, found.id, number))
    if png is None:
        raise ProblemError("no-crop")
    return Response(png, media_type="image/png", headers={"Cache-Control": "no-store"})


@router.delete(
    "/{event}", **operation("admin", "no-event", gives=schemas.DeletedEvent, repeat=KEYED, keyed=True)
)
async def delete(request: Request, event: str) -> Response:
    """Delete an event with crops, template and the correction of its name: the bytes are overwritten."""
    office = service_of(request).office

    async def work(last: Undoable | None) -> Done:
        found = await _found(request, event)

        def do(database: ServiceDatabase) -> int:
            with database.transaction():
                corrections.remove(database, "event = ?", found.id)
                return table.remove(database, "id = ?", found.id)

        if not await office.run(do):
            raise ProblemError("no-event")
        return Done({"deleted": True}, counts={"events": 1})

    return await change(request, "event.delete", work, subject=event[:40])


async def _found(request: Request, text: str) -> Event:
    """Raises ProblemError where there is no event of this number."""
    number = number_of(text, "no-event")
    event = await service_of(request).office.run(lambda database: table.find(database, number))
    if event is None:
        raise ProblemError("no-event")
    return event


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
