"""Calibrations of strangers' pictures, which take longer than a request."""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from fewpix.calibration.plan import GALLERIES, SIZES
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, access_of, change
from fewpix.serve.jobs import schemas
from fewpix.serve.jobs.calibrating import CALIBRATION, CalibrationOptions
from fewpix.serve.problems import ProblemError
from fewpix.serve.routes.jobs import job_of
from fewpix.serve.routes.operation import KEYED, READ, operation
from fewpix.serve.schemas.system import Health
from fewpix.serve.service import service_of
from fewpix.serve.streaming import receive
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["jobs"])


@router.post(
    "/calibrations",
    **operation(
        *("admin", "not-ready"),
        gives=schemas.JobBody,
        repeat=KEYED,
        status=202,
        file="A tar, tar.gz or zip of pictures",
        keyed=True,
    ),
)
async def submit(
    request: Request,
    population: Annotated[
        str, Query(max_length=200, description="Where the faces come from, in words, kept in the file.")
    ] = "",
    one_each: Annotated[
        bool, Query(description="Every picture shows another person; else each folder is one person's.")
    ] = False,
    crops: Annotated[bool, Query(description="The pictures are aligned square crops.")] = False,
    matched: Annotated[
        bool, Query(description="Measure scores with a matched gallery, too; as `calibrate --matched`.")
    ] = False,
    sizes: Annotated[
        list[Annotated[int, Query(ge=8, le=112)]],
        Query(min_length=1, max_length=20, description="Sides of the small faces in pixels; repeat it."),
    ] = list(SIZES),  # noqa: B006
    galleries: Annotated[
        list[Annotated[int, Query(ge=2, le=100_000)]],
        Query(min_length=1, max_length=20, description="Numbers of enrolled people; repeat it."),
    ] = list(GALLERIES),  # noqa: B006
    note: Annotated[str, Query(max_length=500, description="What else is to be kept in the file.")] = "",
) -> Response:
    """Measure how often strangers reach a score, with pictures of at least 40 people who are strangers.

    Half of them are searched for among the other half, as `fewpix calibrate --impostors` does. The answer is
    the job; its file is at `GET /v1/jobs/{job}/calibration`, for `fewpix serve --calibration`. The pictures
    are deleted when the job is over.
    """
    service = service_of(request)
    assert service.inference.sight
    await service.jobs.check_room()
    limits, path = service.settings.limits, service.jobs.files.incoming()
    try:
        with service.jobs.transfer():
            sent = await receive(
                request, path, most=limits.film_bytes, seconds=limits.seconds, types=("application/",)
            )
        options = CalibrationOptions(
            *(population or sent.name or "strangers", one_each, crops, matched),
            *(tuple(sizes), tuple(galleries), note),
        )

        async def work(last: Undoable | None) -> Done:
            job = await service.jobs.submit(
                *("calibration", path),
                collection="",
                who=access_of(request).who,
                name=sent.name or "pictures",
                options=options.to_json(),
            )
            return Done(service.jobs.told(job), 202)

        return await change(request, "calibration.submit", work, said=sent.digest)
    finally:
        path.unlink(missing_ok=True)


@router.get(
    "/jobs/{job}/calibration",
    **operation("read", "no-job", "no-calibration", "storage", gives=Health, repeat=READ)
    | {"response_model": None, "response_class": Response},
)
async def calibration(request: Request, job: str) -> Response:
    """Get the file that a calibration has made, as `fewpix calibrate --out` writes it."""
    there = await job_of(request, job)
    path = service_of(request).jobs.files.of(there.id) / CALIBRATION
    if not there.over or not await anyio.to_thread.run_sync(path.is_file):
        raise ProblemError("no-calibration")
    return FileResponse(path, media_type="application/json", filename=CALIBRATION)
