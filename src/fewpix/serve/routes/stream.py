"""Events as they happen: Server-Sent Events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from fewpix.serve.access import GuardedRoute, still_admitted
from fewpix.serve.changes import access_of
from fewpix.serve.events import schemas
from fewpix.serve.events.hub import QUIET, Hub
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import rendered
from fewpix.serve.routes.events import Camera
from fewpix.serve.routes.operation import operation
from fewpix.serve.service import service_of

router = APIRouter(prefix="/v1/events", route_class=GuardedRoute, tags=["events"])

MEDIA = "text/event-stream"

MOST = 64
"""Streams that are open at once."""

AGAIN_MS = 2000
"""After which a browser asks again when a stream has ended."""

Position = Annotated[int | None, Query(ge=0, le=2**53, description="`sequence` after which it goes on.")]


@router.get(
    "/stream",
    **operation("read", "busy", gives=schemas.CameraEvent, repeat="Yes: it goes on after `Last-Event-ID`.")
    | {"response_model": None, "response_class": StreamingResponse},
)
async def stream(
    request: Request,
    camera: Camera = None,
    after: Position = None,
    last_event_id: Annotated[
        str | None,
        Header(max_length=20, description="`id` of the last event that came, as browsers send it."),
    ] = None,
) -> Response:
    """Follow events as Server-Sent Events (`text/event-stream`): the type is the `stage` (`seen`, `named`,
    `ended`), the `id` the `sequence`, the data the event as it is now. It goes on after the last `id` that
    the asker had, from what is kept; without one it begins with what changes next. What changed twice
    meanwhile comes once. A comment comes every 15 seconds without an event. It ends with the service.
    """
    service, access = service_of(request), access_of(request)
    if service.hub.listeners >= MOST:
        raise ProblemError("busy", f"{MOST} streams of events are open", retry=10)
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        after = int(last_event_id)

    async def allowed() -> bool:
        return await service.office.run(lambda database: still_admitted(database, access.who))

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(told(service.hub, after, camera, allowed), headers=headers, media_type=MEDIA)


async def told(
    hub: Hub,
    after: int | None,
    camera: str | None,
    allowed: Callable[[], Awaitable[bool]],
    quiet: float = QUIET,
) -> AsyncIterator[bytes]:
    """The stream's bytes, until the service ends or the asker's key is taken back.

    Args:
        hub: of the service.
        after: as in `Hub.follow`.
        camera: likewise.
        allowed: whether the asker still may; asked when nothing happens.
        quiet: as in `Hub.follow`.
    """
    yield f"retry: {AGAIN_MS}\n\n".encode()
    async for event in hub.follow(after, camera=camera, quiet=quiet):
        if event is None:
            if not await allowed():
                return
            yield b": nothing yet\n\n"
        else:
            head = f"event: {event.stage}\nid: {event.sequence}\ndata: ".encode()
            yield head + rendered(event.to_json()) + b"\n\n"
