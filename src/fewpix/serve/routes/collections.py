"""Collections: make, list, delete, and take the last change back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fewpix.gallery.store import Gallery
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, change
from fewpix.serve.galleries import WAIT
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer, rendered
from fewpix.serve.routes.operation import GALLERY, KEYED, READ, operation
from fewpix.serve.schemas.collections import Collection, CollectionList, Deleted, NewCollection, Undone
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["collections"])


@router.get("/collections", **operation("read", gives=CollectionList, repeat=READ))
async def list_all(request: Request) -> Response:
    """List the names of all collections."""
    return answer({"collections": service_of(request).collections.names()})


@router.post(
    "/collections",
    **operation(
        *("admin", "exists", "setting", "not-ready"),
        gives=Collection,
        repeat=KEYED,
        status=201,
        keyed=True,
    ),
)
async def create(request: Request, new: NewCollection) -> Response:
    """Make an empty collection, for embeddings of the service's model."""
    service = service_of(request)

    async def work(last: Undoable | None) -> Done:
        desk = await service.collections.create(new.name, service.inference.sight.encoder.card.space)
        return Done(await desk.run(lambda gallery: _told(gallery, new.name, False)), 201)

    said = rendered(new.model_dump())
    return await change(request, "collection.create", work, collection=new.name, said=said)


@router.get("/collections/{collection}", **operation("read", *GALLERY, gives=Collection, repeat=READ))
async def show(request: Request, collection: str) -> Response:
    """Tell how many people and photos a collection has."""
    collections = service_of(request).collections
    fixed = collection in collections.elsewhere
    return answer(await collections.desk(collection).run(lambda gallery: _told(gallery, collection, fixed)))


@router.delete(
    "/collections/{collection}",
    **operation("admin", *GALLERY, "fixed-collection", gives=Deleted, repeat=KEYED, keyed=True),
)
async def delete(request: Request, collection: str) -> Response:
    """Delete a collection with everybody in it: rows are overwritten, then the files go."""
    service = service_of(request)

    async def work(last: Undoable | None) -> Done:
        desk = service.collections.desk(collection)
        told = await desk.run(lambda gallery: _told(gallery, collection, False))
        left = await service.collections.delete(collection)
        photos = int(told["photos"])
        counts = {"people": int(told["people"]), "photos": photos}
        body = {"deleted": True, "photos": photos, "remains": left or None}
        return Done(body, counts=counts, forget=True)

    return await change(request, "collection.delete", work, collection=collection)


@router.post(
    "/collections/{collection}/undo",
    **operation("enrol", *GALLERY, "nothing-to-undo", gives=Undone, repeat=KEYED, keyed=True),
)
async def undo(request: Request, collection: str) -> Response:
    """Take the last change back: an enrolment, a rename, a merge or a move. Deletions cannot be taken back.

    What was enrolled goes as it goes when it is deleted. A merge or move in which a photo was there twice, so
    that one was dropped, cannot be taken back.
    """
    service = service_of(request)

    async def work(last: Undoable | None) -> Done:
        desk = service.collections.desk(collection)
        if last is None:
            raise ProblemError("nothing-to-undo")

        def revert(gallery: Gallery) -> None:
            last.revert(gallery, WAIT)
            if last.action == "enrol":
                desk.forget()

        await desk.run(revert)
        photos = sum(map(len, last.photos.values()))
        body = {"undone": last.action, "photos": photos}
        return Done(body, counts={"photos": photos}, forget=last.action == "enrol")

    return await change(request, "undo", work, collection=collection)


def _told(gallery: Gallery, name: str, fixed: bool) -> dict[str, Any]:
    ((people,),) = gallery.database.select("SELECT count(*) FROM people")
    ((photos,),) = gallery.database.select("SELECT count(*) FROM faces")
    space = gallery.space.fingerprint
    return {"name": name, "people": people, "photos": photos, "space": space, "fixed": fixed}
