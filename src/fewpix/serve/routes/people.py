"""The people of a collection: list, rename, merge, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.gallery import edit
from fewpix.gallery.history import history
from fewpix.gallery.names import stored_name
from fewpix.gallery.rows import Person
from fewpix.gallery.store import Gallery
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, change
from fewpix.serve.galleries import WAIT
from fewpix.serve.handles import handle_of, person_of
from fewpix.serve.paging import after_of, page
from fewpix.serve.rendering import answer, check_unchanged, rendered
from fewpix.serve.routes.operation import GALLERY, KEYED, READ, SAME, operation
from fewpix.serve.schemas.collections import Deleted
from fewpix.serve.schemas.people import NewName, PersonBody, PersonDetail, PersonList, ToMerge
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1/collections/{collection}/people", route_class=GuardedRoute, tags=["people"])

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.", max_length=2000)]


@router.get("", **operation("read", *GALLERY, "cursor", "setting", gives=PersonList, repeat=READ))
async def list_people(
    request: Request,
    collection: str,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
    name: Annotated[str | None, Query(description="Only the person of exactly this name.")] = None,
) -> Response:
    """List people by name, a page at a time."""
    after = after_of(cursor_, str)
    wanted = None if name is None else stored_name(name)
    desk = service_of(request).collections.desk(collection)
    found = await desk.run(lambda gallery: gallery.people(after=after, most=limit + 1, name=wanted))
    people, following = page(found, limit, lambda person: person.name)
    return answer({"people": [person_json(person) for person in people], "next": following})


@router.get("/{person}", **operation("read", *GALLERY, "no-person", gives=PersonDetail, repeat=READ))
async def show(request: Request, collection: str, person: str) -> Response:
    """Show somebody, with what was done to the entry. The ETag serves `If-Match` of changes."""
    desk = service_of(request).collections.desk(collection)
    return answer(await desk.run(lambda gallery: detail_json(gallery, person_of(gallery, person))))


@router.patch(
    "/{person}",
    **operation(
        *("enrol", *GALLERY, "no-person", "setting"),
        gives=PersonBody,
        repeat=SAME,
        keyed=True,
        tagged=True,
    ),
)
async def rename(request: Request, collection: str, person: str, new: NewName) -> Response:
    """Give somebody another name, which nobody has; the id stays."""
    desk = service_of(request).collections.desk(collection)

    async def about() -> list[str]:
        return [await desk.run(lambda gallery: person_of(gallery, person).name), new.name]

    async def work(last: Undoable | None) -> Done:
        def do(gallery: Gallery) -> Done:
            found = person_of(gallery, person)
            check_unchanged(request, detail_json(gallery, found))
            edit.rename(gallery, found.name, new.name)
            (after,) = gallery.people(number=found.number)
            reverse = Undoable("rename", after.name, {found.name: []})
            same = after.name == found.name
            return Done(person_json(after), counts={"people": 1}, undo=last if same else reverse)

        return await desk.run(do)

    said = rendered(new.model_dump())
    return await change(request, "person.rename", work, collection=collection, about=about, said=said)


@router.post(
    "/{person}/merge",
    **operation(
        *("enrol", *GALLERY, "no-person", "setting"),
        gives=PersonBody,
        repeat=KEYED,
        keyed=True,
        tagged=True,
    ),
)
async def merge(request: Request, collection: str, person: str, others: ToMerge) -> Response:
    """Make several entries one: photos and history of `people` go to this person, and their entries end."""
    desk = service_of(request).collections.desk(collection)
    ids = list(dict.fromkeys(others.people))

    def named(gallery: Gallery) -> list[Person]:
        return [person_of(gallery, each) for each in (person, *ids)]

    async def about() -> list[str]:
        return [each.name for each in await desk.run(named)]

    async def work(last: Undoable | None) -> Done:
        def do(gallery: Gallery) -> Done:
            into, *ending = named(gallery)
            check_unchanged(request, detail_json(gallery, into))
            photos = {each.name: [face.face for face in gallery.faces(each.name)] for each in ending}
            done = edit.merge(gallery, [each.name for each in ending], into.name, wait=WAIT)
            (after,) = gallery.people(number=into.number)
            reverse = None if done.same else Undoable("merge", into.name, photos)
            counts = {"people": len(ending), "photos": done.faces}
            merged = [(handle_of(each), person) for each in ending]
            return Done(person_json(after), counts=counts, undo=reverse, forget=done.same > 0, merged=merged)

        return await desk.run(do)

    said = rendered(others.model_dump())
    return await change(request, "person.merge", work, collection=collection, about=about, said=said)


@router.delete(
    "/{person}",
    **operation(*("admin", *GALLERY, "no-person"), gives=Deleted, repeat=KEYED, keyed=True, tagged=True),
)
async def delete(request: Request, collection: str, person: str) -> Response:
    """Delete somebody with all photos, embeddings, kept pixels and history: the bytes are overwritten."""
    desk = service_of(request).collections.desk(collection)

    async def about() -> list[str]:
        return [await desk.run(lambda gallery: person_of(gallery, person).name)]

    async def work(last: Undoable | None) -> Done:
        def do(gallery: Gallery) -> Done:
            found = person_of(gallery, person)
            check_unchanged(request, detail_json(gallery, found))
            done = edit.remove(gallery, [found.name], wait=WAIT)
            desk.forget()
            remains = f"{collection}: another process is using the gallery" if done.remains else None
            body = {"deleted": True, "photos": done.faces, "remains": remains}
            return Done(body, counts={"people": 1, "photos": done.faces}, forget=True)

        return await desk.run(do)

    return await change(request, "person.delete", work, collection=collection, about=about)


def person_json(person: Person) -> dict[str, Any]:
    """Somebody, as lists have it."""
    return {
        "id": handle_of(person),
        "name": person.name,
        "photos": person.faces,
        "created": person.created,
    }


def detail_json(gallery: Gallery, person: Person) -> dict[str, Any]:
    """Somebody with history."""
    return person_json(person) | {"history": [event.to_json() for event in history(gallery, person.name)]}
