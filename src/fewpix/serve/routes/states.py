"""What cameras have learned: their FaceBN states, estimated, put in, given out, forgotten."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from fewpix.adapt.stats import NormState, pack_state, unpack_state
from fewpix.errors import WeightsError
from fewpix.identify.learning import Reservoir
from fewpix.serve.access import GuardedRoute
from fewpix.serve.cameras import schemas, table
from fewpix.serve.changes import Done, change
from fewpix.serve.inference import Sight
from fewpix.serve.looking import Sent, check_crops, sent
from fewpix.serve.problems import ProblemError
from fewpix.serve.routes.operation import KEYED, READ, SAME, operation
from fewpix.serve.routes.pictures import Crops
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable
from fewpix.serve.uploads import decoded, digest

router = APIRouter(prefix="/v1/cameras/{camera}", route_class=GuardedRoute, tags=["camera states"])


@router.post(
    "/adapt",
    **operation(
        *("enrol", "no-camera", "not-running", "not-learning", "guard"),
        gives=schemas.CameraBody,
        repeat=SAME,
        keyed=True,
    ),
)
async def adapt(request: Request, camera: str) -> Response:
    """Estimate the camera's FaceBN state from the faces that it saw so far, now, under the guard."""
    fleet = service_of(request).fleet

    async def work(last: Undoable | None) -> Done:
        fleet.watcher(camera)
        await fleet.learning(camera).try_now()
        return Done(fleet.to_json(fleet.camera(camera)))

    return await change(request, "camera.adapt", work, subject=camera)


@router.post("/reset", **operation("enrol", "no-camera", gives=schemas.CameraBody, repeat=SAME, keyed=True))
async def reset(request: Request, camera: str) -> Response:
    """Forget the state that a camera has learned; it begins to learn anew where it is to."""
    fleet = service_of(request).fleet

    async def work(last: Undoable | None) -> Done:
        found = await fleet.restart(camera, lambda database: table.keep_learned(database, camera, None))
        return Done(fleet.to_json(found))

    return await change(request, "camera.reset", work, subject=camera)


@router.get(
    "/state",
    **operation("read", "no-camera", "no-state", gives=schemas.CameraBody, repeat=READ)
    | {"response_model": None, "response_class": Response},
)
async def state(request: Request, camera: str) -> Response:
    """Give the learned state as the file that `fewpix adapt` writes, to measure rates under it."""
    learned = service_of(request).fleet.learning(camera).state
    if learned is None:
        raise ProblemError("no-state")
    return Response(pack_state(learned), media_type="application/octet-stream")


@router.post(
    "/state",
    **operation(
        *("enrol", "no-camera", "not-learning", "guard", "no-face", "unavailable"),
        gives=schemas.CameraBody,
        repeat=KEYED,
        uploads=True,
        keyed=True,
    ),
)
async def adapt_to(request: Request, camera: str, crops: Crops = False) -> Response:
    """Estimate the camera's FaceBN state from pictures that are sent, such as frames that it took before,
    under the guard: at least 32 faces, of several people. It takes the place of the state before, and the
    camera begins anew.
    """
    fleet = service_of(request).fleet
    learning = fleet.learning(camera)
    async with sent(request) as it:

        async def work(last: Undoable | None) -> Done:
            faces = learning.reservoir(it.sight)
            await it.service.inference.run(_gather, it, faces, crops)
            state = await learning.estimate(it.sight, faces.held())
            return await _put(request, camera, state, {"faces": state.count})

        return await change(request, "camera.adapt", work, subject=camera, said=digest(it.uploads))


@router.put(
    "/state",
    **operation(
        *("enrol", "no-camera", "too-many-pictures", "too-many-requests", "not-ready"),
        gives=schemas.CameraBody,
        repeat=SAME,
        file="A state, as `fewpix adapt` writes it",
        keyed=True,
    ),
)
async def put(request: Request, camera: str) -> Response:
    """Put in a state, such as another service gave out. It takes the place of the one before, and the camera
    begins anew; whether it is in use, and why not, stands in `adaptation`.
    """
    fleet = service_of(request).fleet
    fleet.camera(camera)
    async with sent(request) as it:
        if len(it.uploads) != 1:
            raise ProblemError("input", f"{len(it.uploads)} files came", fix="send one state")
        (file,) = it.uploads

        async def work(last: Undoable | None) -> Done:
            state = await it.service.inference.run(_read, it.sight, file.data)
            return await _put(request, camera, state, {"faces": state.count})

        return await change(request, "camera.state", work, subject=camera, said=digest(it.uploads))


def _read(sight: Sight, data: bytes) -> NormState:
    """A state that a model of the service takes, in a thread.

    Raises:
        ProblemError: it is none, or of another model; or nothing is adapted here.
    """
    try:
        state = unpack_state(data, "the file")
        if state.model_sha256 not in {each.card.sha256 for each in sight.models.encoders}:
            raise WeightsError("the state is of another model than the service runs")
        sight.under(state)
    except WeightsError as error:
        raise ProblemError("input", error.what, fix="send a state of this service's model") from error
    return state


def _gather(it: Sent, faces: Reservoir, crops: bool) -> None:
    """Take in all faces of pictures, in a thread.

    Raises:
        InputError: a picture cannot be read.
        ProblemError: there are too many pixels, or faces.
    """
    limits = it.service.settings.limits
    if crops:
        check_crops(it.uploads, limits)
    for each in it.uploads:
        faces.look(decoded(each, limits), None if crops else it.sight.detector, each.name)


async def _put(request: Request, camera: str, state: NormState, counts: dict[str, int]) -> Done:
    fleet, packed = service_of(request).fleet, pack_state(state)
    found = await fleet.restart(camera, lambda database: table.keep_learned(database, camera, packed))
    return Done(fleet.to_json(found), counts=counts)
