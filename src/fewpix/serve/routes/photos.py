"""Photos: enrol them, list them, move them to somebody else, delete them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.gallery import edit
from fewpix.gallery.rows import Face, Original
from fewpix.gallery.store import Gallery
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import ENROL, Done, change
from fewpix.serve.enrolling import Enrolling, Options
from fewpix.serve.galleries import WAIT
from fewpix.serve.handles import handle, person_of, photo_of
from fewpix.serve.looking import sent
from fewpix.serve.paging import after_of, page
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer, check_unchanged, rendered
from fewpix.serve.routes.operation import GALLERY, KEYED, READ, operation
from fewpix.serve.routes.people import Cursor, Limit, detail_json, person_json
from fewpix.serve.routes.pictures import Crops
from fewpix.serve.schemas.collections import Deleted
from fewpix.serve.schemas.people import PersonBody
from fewpix.serve.schemas.photos import Destination, EnrolBody, PhotoList
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable
from fewpix.serve.uploads import digest

router = APIRouter(prefix="/v1/collections/{collection}", route_class=GuardedRoute, tags=["photos"])

Keep = Annotated[bool, Query(description="Keep the faces' pixels, for the page and for another model later.")]
Largest = Annotated[bool, Query(description="Of several faces in a photo take the largest.")]
Poor = Annotated[
    bool, Query(description="Take faces with too little detail or turned too far away, with a warning.")
]


def _enrol_said(*codes: str) -> dict[str, Any]:
    said = operation(
        *("enrol", *GALLERY, "space", "no-face", "all-refused", *codes),
        gives=EnrolBody,
        repeat="Yes: photos that are there already stay as they are (`new` is false).",
        status=201,
        uploads=True,
        keyed=True,
    )
    said["responses"][200] = {"model": EnrolBody, "description": "All of them were there already."}
    return said


@router.post("/photos", **_enrol_said())
async def enrol(
    request: Request,
    collection: str,
    name: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            description="Whom all photos show. Without it each file's name is PERSON/FILE, for many at once.",
        ),
    ] = None,
    keep: Keep = False,
    largest: Largest = False,
    accept_poor: Poor = False,
    crops: Crops = False,
) -> Response:
    """Enrol photos with one face each, of one person or of many; each is on the disk when this answers.

    A photo without a face, with several, or with too little detail is refused, with the reason; the others
    are enrolled. Somebody new is made.
    """
    options = Options(keep=keep, largest=largest, accept_poor=accept_poor, crops=crops)
    return await _enrolled(request, collection, options, name=name)


@router.post("/people/{person}/photos", **_enrol_said("no-person"))
async def enrol_more(
    request: Request,
    collection: str,
    person: str,
    keep: Keep = False,
    largest: Largest = False,
    accept_poor: Poor = False,
    crops: Crops = False,
) -> Response:
    """Enrol further photos of somebody who is there."""
    options = Options(keep=keep, largest=largest, accept_poor=accept_poor, crops=crops)
    return await _enrolled(request, collection, options, person=person)


async def _enrolled(
    request: Request, collection: str, options: Options, *, name: str | None = None, person: str | None = None
) -> Response:
    async with sent(request) as it:
        desk = it.service.collections.desk(collection)
        if person is not None:
            name = await desk.run(lambda gallery: person_of(gallery, person).name)
        job = Enrolling(it, desk, options, name=name, person=person)

        async def about() -> list[str]:
            return job.names

        said = digest(it.uploads)
        return await change(request, ENROL, job.run, collection=collection, about=about, said=said)


@router.get(
    "/people/{person}/photos",
    **operation("read", *GALLERY, "no-person", "cursor", gives=PhotoList, repeat=READ),
)
async def list_photos(
    request: Request,
    collection: str,
    person: str,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List the photos of somebody in the order of enrolment, a page at a time."""
    after = after_of(cursor_, int) or 0
    desk = service_of(request).collections.desk(collection)

    def read(gallery: Gallery) -> list[Face]:
        return gallery.faces(person_of(gallery, person).name, after=after, most=limit + 1)

    photos, following = page(await desk.run(read), limit, lambda photo: photo.face)
    return answer({"photos": [photo_json(photo) for photo in photos], "next": following})


@router.get(
    "/people/{person}/photos/{photo}/picture",
    **operation(*("read", *GALLERY, "no-person", "no-photo", "no-picture"), gives=PhotoList, repeat=READ)
    | {"response_model": None, "response_class": Response},
)
async def picture(request: Request, collection: str, person: str, photo: str) -> Response:
    """Give the pixels that were kept of a photo: the face's surroundings, as PNG."""
    desk = service_of(request).collections.desk(collection)

    def read(gallery: Gallery) -> Original | None:
        return gallery.original(photo_of(gallery, person_of(gallery, person), photo).face)

    original = await desk.run(read)
    if original is None:
        raise ProblemError("no-picture")
    return Response(original.png, media_type="image/png")


@router.post(
    "/people/{person}/photos/{photo}/move",
    **operation(
        *("enrol", *GALLERY, "no-person", "no-photo", "exists", "setting"),
        gives=PersonBody,
        repeat=KEYED,
        keyed=True,
        tagged=True,
    ),
)
async def move(request: Request, collection: str, person: str, photo: str, to: Destination) -> Response:
    """Give a photo to somebody else, who is there (`person`) or new (`name`); the answer is who has it now.

    Somebody whose last photo goes is no longer there.
    """
    if (to.person is None) == (to.name is None):
        raise ProblemError("input", "a photo goes to one person", fix="give either `person` or `name`")
    desk = service_of(request).collections.desk(collection)

    def both(gallery: Gallery) -> tuple[str, str]:
        target = (to.name or "") if to.person is None else person_of(gallery, to.person).name
        return person_of(gallery, person).name, target

    async def about() -> tuple[str, str]:
        return await desk.run(both)

    async def work(last: Undoable | None) -> Done:
        def do(gallery: Gallery) -> Done:
            owner = person_of(gallery, person)
            check_unchanged(request, detail_json(gallery, owner))
            face = photo_of(gallery, owner, photo).face
            target = both(gallery)[1]
            if to.name is not None and gallery.people(name=target):
                raise ProblemError("exists", f"there is somebody named {target}", fix="give `person`")
            done = edit.move_faces(gallery, owner.name, {target: [face]}, new=to.name is not None, wait=WAIT)
            (after,) = gallery.people(name=done.into)
            reverse = None if done.same else Undoable("move", after.name, {owner.name: [face]})
            return Done(person_json(after), counts={"photos": 1}, undo=reverse, forget=done.same > 0)

        return await desk.run(do)

    said = rendered(to.model_dump())
    return await change(request, "photo.move", work, collection=collection, about=about, said=said)


@router.delete(
    "/people/{person}/photos/{photo}",
    **operation(
        *("admin", *GALLERY, "no-person", "no-photo", "last-photo"),
        gives=Deleted,
        repeat=KEYED,
        keyed=True,
        tagged=True,
    ),
)
async def delete(request: Request, collection: str, person: str, photo: str) -> Response:
    """Delete a photo of somebody who has others: its bytes are overwritten."""
    desk = service_of(request).collections.desk(collection)

    async def about() -> list[str]:
        return [await desk.run(lambda gallery: person_of(gallery, person).name)]

    async def work(last: Undoable | None) -> Done:
        def do(gallery: Gallery) -> Done:
            owner = person_of(gallery, person)
            check_unchanged(request, detail_json(gallery, owner))
            face = photo_of(gallery, owner, photo).face
            if owner.faces == 1:
                raise ProblemError("last-photo")
            done = edit.remove_faces(gallery, owner.name, [face], wait=WAIT)
            desk.forget()
            remains = f"{collection}: another process is using the gallery" if done.remains else None
            body = {"deleted": True, "photos": 1, "remains": remains}
            return Done(body, counts={"photos": 1}, forget=True)

        return await desk.run(do)

    return await change(request, "photo.delete", work, collection=collection, about=about)


def photo_json(photo: Face) -> dict[str, Any]:
    """A photo, as lists have it."""
    return {
        "id": handle(photo.face, photo.created),
        "source": photo.source,
        "created": photo.created,
        "quality": photo.quality,
        "kept": photo.kept,
    }
