"""A write: noted in the audit log, done once, answered again when it is sent again, and kept for an undo."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fewpix.errors import FewpixError
from fewpix.serve import audit, replay, undo
from fewpix.serve.access import Access
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events.keeping import follow_people
from fewpix.serve.problems import ProblemError, problem_of
from fewpix.serve.rendering import JSON, rendered
from fewpix.serve.service import service_of

ENROL = "photo.enrol"
"""The change that takes nobody's name away."""

log = logging.getLogger("fewpix.serve")


@dataclass(frozen=True)
class Done:
    """What a change did.

    Args:
        body: of the answer.
        status: of the answer.
        counts: for the audit log.
        undo: how it can be taken back; None for not at all.
        forget: whether somebody was removed, so that answers that are kept must go, which hold names.
        merged: ids of entries that ended, each with the entry that has their photos now.
    """

    body: Mapping[str, Any]
    status: int = 200
    counts: Mapping[str, int] = field(default_factory=dict)
    undo: undo.Undoable | None = None
    forget: bool = False
    merged: Sequence[tuple[str, str]] = ()


async def change(
    request: Request,
    action: str,
    work: Callable[[undo.Undoable | None], Awaitable[Done]],
    *,
    collection: str = "",
    subject: str = "",
    about: Callable[[], Awaitable[Sequence[str]]] | None = None,
    said: bytes = b"",
    secret: bool = False,
) -> Response:
    """Do a change and answer.

    Args:
        request: that asks for it; its header `Idempotency-Key` makes it safe to send again.
        action: for the audit log.
        work: does it, on the disk when it returns; is given the change before it, if that can be undone.
        collection: that is changed; empty for none.
        subject: what is changed where that is no person, for the audit log.
        about: the names of the people concerned, for the audit log.
        said: digest of the body.
        secret: the answer holds a secret and is not kept.

    Raises:
        ProblemError: what `work` raises; the same key is at work, or was used for another request.
    """
    service, access = service_of(request), access_of(request)
    key = request.headers.get("idempotency-key")
    if key is not None:
        replay.check(key)
    where = f"{request.method} {request.url.path}?{request.url.query}\0".encode()
    fingerprint = hashlib.sha256(where + said).digest()

    def before_this(database: ServiceDatabase) -> tuple[int, bytes] | None:
        return None if key is None or secret else replay.find(database, access.who, key, fingerprint)

    found = await service.office.run(before_this)
    if found is not None:
        return _again(found)
    names = await about() if about is not None else ()
    claimed = None if key is None or secret else (access.who, key)

    def begin(database: ServiceDatabase) -> tuple[int, bytes] | tuple[int, undo.Undoable | None]:
        with database.transaction():
            if claimed is not None:
                now = service.settings.clock()
                before = replay.claim(database, *claimed, fingerprint, collection, now)
                if before is not None:
                    return before
            number = audit.begin(
                database,
                request=request.state.id,
                who=access.who,
                action=action,
                collection=collection,
                names=names,
                subject=subject,
            )
            # Should this be killed, nobody knows what the last change was.
            last = undo.take(database, collection)
        if claimed is not None:
            database.at_work.add(claimed)
        return number, last

    number, before = await service.office.run(begin)
    if isinstance(before, bytes):
        return _again((number, before))

    async def failed(outcome: str) -> None:
        def note(database: ServiceDatabase) -> None:
            with database.transaction():
                audit.end(database, number, outcome, {})
                undo.keep(database, collection, before)
                if claimed is not None:
                    replay.release(database, *claimed)

        try:
            await service.office.run(note)
        except FewpixError as error:  # what is told is why the change failed
            log.error("request %s: how it ended cannot be noted: %s", request.state.id, error)

    async def do() -> Response:
        try:
            done = await work(before)
        except ProblemError as problem:
            await failed(problem.code)
            raise
        except FewpixError as error:
            await failed(problem_of(error).code)
            raise
        except BaseException:
            await failed("bug")
            raise
        if done.forget:
            try:
                await service.jobs.forget(collection)
            except ProblemError as problem:  # what was asked for is done all the same
                log.error("request %s: the results about %s: %s", request.state.id, collection, problem)
        body = rendered(done.body)
        if collection and action != ENROL:
            await follow_people(service.collections, service.office, collection, done.merged)

        def end(database: ServiceDatabase) -> None:
            with database.transaction():
                audit.end(database, number, "done", done.counts)
                if done.forget:
                    replay.forget_collection(database, collection)
                if claimed is not None:
                    replay.keep(database, *claimed, done.status, body)
                undo.keep(database, collection, done.undo)

        await service.office.run(end)
        return Response(body, done.status, media_type=JSON)

    try:
        return await do()
    finally:
        # Also where the disk was full, so that it could not be noted: then it may be tried again.
        if claimed is not None:
            await service.office.run(lambda database: database.at_work.discard(claimed))


def _again(found: tuple[int, bytes]) -> Response:
    return Response(found[1], found[0], {"Idempotency-Replayed": "true"}, JSON)


def access_of(request: Request) -> Access:
    """Who asks."""
    found: Access = request.state.access
    return found
