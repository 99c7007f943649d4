"""Films, which take longer than a request: sent, followed while they are looked at, read, deleted."""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from fewpix.optional import require
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, access_of, change
from fewpix.serve.jobs import lines, record, schemas
from fewpix.serve.jobs.film import FilmOptions, check
from fewpix.serve.jobs.record import Job
from fewpix.serve.keys import may
from fewpix.serve.paging import after_of, cursor, page
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer
from fewpix.serve.routes.identify import Matched, Photos, Threshold
from fewpix.serve.routes.operation import KEYED, READ, SAME, operation
from fewpix.serve.routes.people import Cursor, Limit
from fewpix.serve.schemas.system import Health
from fewpix.serve.service import service_of
from fewpix.serve.streaming import receive
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["jobs"])

TYPES = ("video/", "application/octet-stream", "application/mxf", "application/ogg", "image/gif")


@router.post(
    "/collections/{collection}/videos",
    **operation(
        *("read", "no-collection", "not-ready"),
        gives=schemas.JobBody,
        repeat=KEYED,
        status=202,
        file="A film",
        keyed=True,
    ),
)
async def submit(
    request: Request,
    collection: str,
    fpir: Annotated[
        float | None,
        Query(
            gt=0,
            lt=1,
            description="Name a face when strangers would score so in a collection of this size at most this "
            "often; 0.01 where a calibration of tracks fits and no threshold is given.",
        ),
    ] = None,
    threshold: Threshold = None,
    top: Annotated[int, Query(ge=1, le=20, description="Candidates per track.")] = 3,
    photos: Photos = False,
    matched: Matched = None,
    every: Annotated[int, Query(ge=1, le=10_000, description="Look at every N-th frame only.")] = 1,
    fps: Annotated[
        float | None, Query(gt=0, le=1000, description="Look at no more frames a second than this.")
    ] = None,
    start: Annotated[float, Query(ge=0, le=1e6, description="Begin at this second.")] = 0.0,
    end: Annotated[float | None, Query(gt=0, le=1e6, description="End at this second.")] = None,
    gap: Annotated[
        float, Query(ge=0, le=60, description="Seconds that a face may be away before its track ends.")
    ] = 1.0,
    shortest: Annotated[
        int, Query(ge=1, le=1000, description="Frames with a face that make a track.")
    ] = FilmOptions.shortest,
    wait: Annotated[
        float,
        Query(gt=0, le=60, description="Seconds within which every part of the picture is searched finely."),
    ] = FilmOptions.wait,
    every_pixel: Annotated[
        bool, Query(description="Search every frame completely; several times slower.")
    ] = False,
    events: Annotated[
        bool,
        Query(
            description="Tell of tracks while they are there, too; all looks together keep the rate, as "
            "`identify --events`."
        ),
    ] = False,
    keep: Annotated[
        bool, Query(description="Keep the film as long as the job; else it is deleted when the job is over.")
    ] = False,
    store_crops: Annotated[
        bool,
        Query(
            description="Keep tracks as events, with their best sights, as long as the job. Needs the scope "
            "`admin`."
        ),
    ] = False,
    store_templates: Annotated[
        bool,
        Query(
            description="Keep tracks as events, with the templates (embeddings) of those that name somebody "
            "or are of somebody unknown, as long as the job: unknown people are grouped with those whom "
            "cameras saw, and wrong names put right. Needs the scope `admin`."
        ),
    ] = False,
    name: Annotated[str, Query(max_length=200, description="Of a film that is the whole body.")] = "film",
) -> Response:
    """Take a film in; its faces are followed when it is its turn, and each track is named once.

    The answer is the job. Follow it by `GET /v1/jobs/{job}`, and read its tracks as they come by
    `GET /v1/jobs/{job}/result`. What is no film, or one that cannot be opened, is refused at once.

    Nothing of its pictures is stored unless `store_crops` asks for it, and no embedding unless
    `store_templates` does. With either, every key may read its tracks as events.
    """
    require("av", use="reading videos")
    service = service_of(request)
    options = FilmOptions(
        *(fpir, threshold, top, photos, matched, every, fps, start, end, gap, shortest, wait),
        *(every_pixel, events, keep, store_crops, store_templates),
    )
    if options.stores and not may(access_of(request).scope, "admin"):  # as for a camera that keeps any
        raise ProblemError("scope", "keeping sights or templates needs the scope admin", needs="admin")
    options.thin()
    sight, limits = service.inference.sight, service.settings.limits
    service.collections.desk(collection)
    options.rule(sight)
    await service.jobs.check_room()
    path = service.jobs.files.incoming()
    try:
        with service.jobs.transfer():
            found = await receive(
                request, path, most=limits.film_bytes, seconds=limits.seconds, types=TYPES, name=name
            )
        called = found.name or "film"
        await anyio.to_thread.run_sync(check, path, called, limits.pixels)

        async def work(last: Undoable | None) -> Done:
            job = await service.jobs.submit(
                *("video", path),
                collection=collection,
                who=access_of(request).who,
                name=called,
                options=options.to_json(),
            )
            return Done(service.jobs.told(job), 202, undo=last)

        return await change(request, "video.submit", work, collection=collection, said=found.digest)
    finally:
        path.unlink(missing_ok=True)


@router.get("/jobs", **operation("read", "cursor", "storage", gives=schemas.JobList, repeat=READ))
async def list_jobs(
    request: Request, limit: Limit = 100, cursor_: Annotated[Cursor, Query(alias="cursor")] = None
) -> Response:
    """List the jobs of the key, the newest first; those of all for an administrator."""
    service, before = service_of(request), after_of(cursor_, int)
    found = await service.office.run(
        lambda database: record.jobs(database, who=_whose(request), before=before, most=limit + 1)
    )
    some, following = page(found, limit, lambda job: job.number)
    return answer({"jobs": [service.jobs.told(job) for job in some], "next": following})


@router.get("/jobs/{job}", **operation("read", "no-job", "storage", gives=schemas.JobBody, repeat=READ))
async def show(request: Request, job: str) -> Response:
    """Tell where a job is: waiting, running with its progress, done, failed with the reason, or cancelled."""
    return answer(service_of(request).jobs.told(await job_of(request, job)))


@router.get(
    "/jobs/{job}/result",
    **operation("read", "no-job", "cursor", "storage", gives=schemas.JobLines, repeat=READ),
)
async def result(
    request: Request, job: str, limit: Limit = 100, cursor_: Annotated[Cursor, Query(alias="cursor")] = None
) -> Response:
    """Read what a job has told, as `fewpix identify FILM --json` prints it, with a `person_id` of candidates.

    While the job runs, `next` is always there: ask again with it for what has come since. When `attempts` has
    risen, the service was started anew, and the lines are told again from the first.
    """
    service, after = service_of(request), after_of(cursor_, int) or 0
    # In this order: a job that is over here tells nothing more afterwards.
    there = await job_of(request, job)
    some = await service.office.run(
        lambda database: lines.lines(database, there.number, after=after, most=limit + 1)
    )
    told, following = page(some, limit, lambda line: line[0])
    if following is None and not there.over:
        following = cursor(told[-1][0] if told else after)
    return answer(
        {
            "state": there.state,
            "attempts": there.attempts,
            "lines": [line for _, line in told],
            "next": following,
        }
    )


@router.get(
    "/jobs/{job}/film",
    **operation("read", "no-job", "no-film", "storage", gives=Health, repeat=READ)
    | {"response_model": None, "response_class": Response},
)
async def film(request: Request, job: str) -> Response:
    """Get the film of a job that was sent with `keep=true`, as it came."""
    there = await job_of(request, job)
    path = service_of(request).jobs.files.film(there.id)
    if not await anyio.to_thread.run_sync(path.is_file):
        raise ProblemError("no-film")
    return FileResponse(path, media_type="application/octet-stream", filename=there.name)


@router.post(
    "/jobs/{job}/cancel",
    **operation("read", "no-job", "busy", "storage", gives=schemas.JobBody, repeat=SAME),
)
async def cancel(request: Request, job: str) -> Response:
    """End a job early. What it has told until then stays; one that is over stays as it is."""
    service, there = service_of(request), await job_of(request, job)

    async def work(last: Undoable | None) -> Done:
        ended = await service.jobs.cancel(there)
        return Done(service.jobs.told(ended), undo=last)

    return await change(request, "job.cancel", work, collection=there.collection)


@router.delete(
    "/jobs/{job}",
    **operation("read", "no-job", "busy", gives=schemas.JobDeleted, repeat=KEYED, keyed=True),
)
async def delete(request: Request, job: str) -> Response:
    """Delete a job with its film, its result and its events; one that is worked on is ended first."""
    service = service_of(request)
    there = await _visible(request, job)

    async def work(last: Undoable | None) -> Done:
        if there is None:
            raise ProblemError("no-job")
        await service.jobs.delete(there)
        return Done({"deleted": True}, undo=last)

    collection = "" if there is None else there.collection
    return await change(request, "job.delete", work, collection=collection)


def _whose(request: Request) -> str | None:
    """Whose jobs a request may see; None for everybody's."""
    access = access_of(request)
    return None if access.scope == "admin" else access.who


async def _visible(request: Request, job: str) -> Job | None:
    """The job of an address; None where there is none, or it is another key's."""
    found = await service_of(request).office.run(lambda database: record.find(database, job))
    return None if found is None or _whose(request) not in (None, found.who) else found


async def job_of(request: Request, job: str) -> Job:
    """The job of an address.

    Raises:
        ProblemError: there is none, or it is another key's.
    """
    found = await _visible(request, job)
    if found is None:
        raise ProblemError("no-job")
    return found
