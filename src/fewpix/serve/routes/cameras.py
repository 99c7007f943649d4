"""Cameras: add, list, change, start, stop, delete; their frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.errors import ConfigError
from fewpix.image.codec import encode_image
from fewpix.serve.access import GuardedRoute
from fewpix.serve.cameras import schemas
from fewpix.serve.cameras.record import Camera, Options
from fewpix.serve.cameras.scene import drawn
from fewpix.serve.changes import Done, change
from fewpix.serve.looking import sent
from fewpix.serve.moments import now
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer, rendered
from fewpix.serve.routes.operation import KEYED, READ, SAME, operation
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable
from fewpix.serve.uploads import decoded

router = APIRouter(prefix="/v1/cameras", route_class=GuardedRoute, tags=["cameras"])

NEW = ("no-collection", "input", "setting", "space")


@router.get("", **operation("read", gives=schemas.CameraList, repeat=READ))
async def list_cameras(request: Request) -> Response:
    """List all cameras with what they do. Passwords of addresses are not told."""
    fleet = service_of(request).fleet
    return answer({"cameras": [fleet.to_json(camera) for camera in fleet.all()]})


@router.post(
    "",
    **operation("admin", *NEW, "exists", gives=schemas.CameraBody, repeat=KEYED, status=201, keyed=True),
)
async def add(request: Request, new: schemas.NewCamera) -> Response:
    """Add a camera: a stream, a device, a file that is followed once to its end, or frames that are sent.

    It runs from now on, also when the service starts again, until it is stopped. Nothing of its pictures is
    stored unless `store_crops` asks for it, and no embedding unless `store_templates` does; its events are
    kept for a week if nothing else is said.
    """
    fleet = service_of(request).fleet

    async def work(last: Undoable | None) -> Done:
        given = new.model_dump(exclude_unset=True)
        options = _options(Options(), given)
        at = now()
        camera = Camera(new.name, new.address, new.collection, options, at, new.start)
        await fleet.add(camera)
        return Done(fleet.to_json(camera), 201)

    said = rendered(new.model_dump())
    return await change(request, "camera.add", work, subject=new.name, said=said)


@router.get("/{camera}", **operation("read", "no-camera", gives=schemas.CameraBody, repeat=READ))
async def show(request: Request, camera: str) -> Response:
    """Show a camera: whether it runs, since when and why not, how fast, and what it has learned."""
    fleet = service_of(request).fleet
    return answer(fleet.to_json(fleet.camera(camera)))


@router.patch(
    "/{camera}",
    **operation("admin", "no-camera", *NEW, gives=schemas.CameraBody, repeat=SAME, keyed=True),
)
async def change_camera(request: Request, camera: str, to: schemas.ChangedCamera) -> Response:
    """Change what a camera is told; null takes a rule or a limit back. Where it runs, it begins anew."""
    given = to.model_dump(exclude_unset=True)

    def changed(before: Camera) -> Camera:
        if ("address" in given) != (before.address is not None) and "address" in given:
            raise ProblemError(
                "input", "frames are sent to this camera", fix="add another one with an address"
            )
        address = given.get("address") or before.address
        collection = given.get("collection") or before.collection
        return replace(
            before, address=address, collection=collection, options=_options(before.options, given)
        )

    return await _changed(
        request, camera, "camera.change", changed, rendered(to.model_dump(exclude_unset=True))
    )


@router.post(
    "/{camera}/start", **operation("enrol", "no-camera", gives=schemas.CameraBody, repeat=SAME, keyed=True)
)
async def start(request: Request, camera: str) -> Response:
    """Follow a camera that is stopped."""
    return await _changed(request, camera, "camera.start", lambda before: replace(before, wanted=True))


@router.post(
    "/{camera}/stop", **operation("enrol", "no-camera", gives=schemas.CameraBody, repeat=SAME, keyed=True)
)
async def stop(request: Request, camera: str) -> Response:
    """Follow a camera no longer, until it is started; whoever is followed is decided on and told."""
    return await _changed(request, camera, "camera.stop", lambda before: replace(before, wanted=False))


@router.delete(
    "/{camera}",
    **operation("admin", "no-camera", gives=schemas.DeletedCamera, repeat=KEYED, keyed=True),
)
async def delete(request: Request, camera: str) -> Response:
    """Delete a camera with its events, their crops, and its state: the bytes are overwritten."""
    fleet = service_of(request).fleet

    async def work(last: Undoable | None) -> Done:
        events = await fleet.delete(camera)
        return Done({"deleted": True, "events": events}, counts={"events": events})

    return await change(request, "camera.delete", work, subject=camera)


@router.post(
    "/{camera}/frames",
    **operation(
        *("enrol", "no-camera", "not-running", "reads-itself"),
        gives=schemas.PushedFrame,
        repeat="Yes: it is one more frame.",
        status=202,
        uploads=True,
    ),
)
async def push(request: Request, camera: str) -> Response:
    """Send a frame to a camera that has no address, as a webcam or a program has it; of several the last one
    is looked at. One that comes before there is time for the frame before takes its place.
    """
    watcher = service_of(request).fleet.watcher(camera)
    async with sent(request) as it:
        limits = it.service.settings.limits
        images = await it.service.inference.run(lambda: [decoded(each, limits) for each in it.uploads])
        dropped = 0
        for image in images:
            dropped = watcher.push(image)
        return answer({"frames": len(images), "dropped": dropped}, 202)


@router.get(
    "/{camera}/frame",
    **operation("read", "no-camera", "not-running", "no-frame", gives=schemas.CameraBody, repeat=READ)
    | {"response_model": None, "response_class": Response},
)
async def frame(
    request: Request,
    camera: str,
    boxes: Annotated[bool, Query(description="Draw the faces, with names where somebody was named.")] = True,
) -> Response:
    """Give the frame that was looked at last, as JPEG. It is in memory only."""
    watcher = service_of(request).fleet.watcher(camera)
    seen = watcher.scene.newest
    if seen is None:
        raise ProblemError("no-frame")
    names = watcher.names()

    def made() -> bytes:
        return encode_image(drawn(seen, names) if boxes else seen.image, ".jpg")

    jpeg = await anyio.to_thread.run_sync(made)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _changed(
    request: Request, camera: str, action: str, to: Callable[[Camera], Camera], said: bytes = b""
) -> Response:
    fleet = service_of(request).fleet

    async def work(last: Undoable | None) -> Done:
        return Done(fleet.to_json(await fleet.change(camera, to)))

    return await change(request, action, work, subject=camera, said=said)


def _options(before: Options, given: dict[str, Any]) -> Options:
    """Options with what was given; a rule takes the other one's place.

    Raises:
        ConfigError: a value is out of range, or two of them contradict each other.
    """
    given = dict(given)
    days = given.pop("retention_days", None)
    if days is not None:
        if given.get("retention_hours") is not None:
            raise ConfigError("retention_hours and retention_days both say it", fix="give one of them")
        given["retention_hours"] = 24 * days
    if given.get("retention_hours", 0) is None:
        given["retention_hours"] = Options.retention_hours
    for one, other in (("fpir", "threshold"), ("threshold", "fpir")):
        if given.get(one) is not None:
            given.setdefault(other, None)
    known = {name: given[name] for name in asdict(before) if name in given}
    for name in ("store_crops", "store_templates", "adapt"):
        if known.get(name, False) is None:
            del known[name]
    return replace(before, **known)
