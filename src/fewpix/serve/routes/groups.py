"""Unknown people who come back: list groups of them, name, merge, split, ignore and delete them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, access_of, change
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.enrolling import Enrolling, Options
from fewpix.serve.events import table as events
from fewpix.serve.events.record import Somebody
from fewpix.serve.handles import number_of, person_of
from fewpix.serve.looking import Sent
from fewpix.serve.paging import after_of, page
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer, rendered
from fewpix.serve.review import corrections, groups, listing, schemas
from fewpix.serve.review.record import Group
from fewpix.serve.routes.operation import GALLERY, KEYED, READ, SAME, operation
from fewpix.serve.routes.people import Cursor, Limit
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable
from fewpix.serve.uploads import Upload

router = APIRouter(
    prefix="/v1/collections/{collection}/groups", route_class=GuardedRoute, tags=["unknown people"]
)

HERE = ("no-collection", "no-group")


@router.get(
    "", **operation("read", "no-collection", "cursor", "storage", gives=schemas.GroupList, repeat=READ)
)
async def list_groups(
    request: Request,
    collection: str,
    camera: Annotated[str | None, Query(max_length=63, description="Only those that it has seen.")] = None,
    ignored: Annotated[bool, Query(description="Those that are ignored, in place of the others.")] = False,
    least: Annotated[int, Query(ge=0, le=1000, description="Only those with so many sightings.")] = 0,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List groups of unknown people, those who were there last first, a page at a time."""
    service = service_of(request)
    service.collections.desk(collection)
    after: list[Any] | None = after_of(cursor_, list)
    if after is not None and list(map(type, after)) != [float, int]:
        raise ProblemError("cursor")
    place = None if after is None else (after[0], after[1])
    wanted = listing.Wanted(collection, camera, ignored, least)
    found = await service.office.run(
        lambda database: listing.list_groups(database, wanted, after=place, most=limit + 1)
    )
    shown, following = page(found, limit, lambda group: [float(group.last or 0.0), group.id])
    return answer({"groups": [each.to_json() for each in shown], "next": following})


@router.get("/{group}", **operation("read", *HERE, "storage", gives=schemas.GroupBody, repeat=READ))
async def show(request: Request, collection: str, group: str) -> Response:
    """Show a group; its sightings are the events with `group`."""
    service_of(request).collections.desk(collection)
    return answer((await _found(request, collection, group)).to_json())


@router.patch("/{group}", **operation("enrol", *HERE, gives=schemas.GroupBody, repeat=SAME, keyed=True))
async def ignore(request: Request, collection: str, group: str, to: schemas.ToIgnore) -> Response:
    """Ignore a group, or no longer. Whoever is like an ignored one is counted there, and not told of: the
    event's verdict is "ignored", webhooks are not called unless they ask for such, and neither crops nor the
    template are kept of it.

    Its template is kept until the group is deleted. One without a sighting ends when it is ignored no longer.
    """

    def do(database: ServiceDatabase, found: Group) -> Group:
        groups.ignore(database, found.id, to.ignored)
        return listing.find_group(database, found.id) or replace(found, ignored=to.ignored)

    return await _changed(request, collection, group, "group.ignore", do, to.model_dump())


@router.post(
    "/{group}/name",
    **operation(
        *(
            "enrol",
            *GALLERY,
            "no-group",
            "no-crops",
            "no-person",
            "no-face",
            "all-refused",
            "space",
            "setting",
        ),
        *("too-many-faces", "busy", "too-many-requests", "too-late", "not-ready", "model"),
        gives=schemas.NamedGroup,
        repeat=KEYED,
        status=201,
        keyed=True,
    ),
)
async def name(request: Request, collection: str, group: str, to: schemas.ToName) -> Response:
    """Say who a group is: somebody new (`name`), or somebody who is there (`person`).

    Its best kept sights are enrolled as photos, by the rules for photos; its events name this person from now
    on, and the group ends. The undo of the collection takes the photos back, and not the group.
    """
    if (to.person is None) == (to.name is None):
        raise ProblemError("input", "a group is one person", fix="give either `person` or `name`")
    service = service_of(request)
    desk = service.collections.desk(collection)

    async def about() -> list[str]:
        if to.person is None:
            return [to.name or ""]
        handle = to.person
        return [await desk.run(lambda gallery: person_of(gallery, handle).name)]

    async def work(last: Undoable | None) -> Done:
        found = await _found(request, collection, group)
        kept = await service.office.run(lambda database: listing.crops_of(database, found))
        if not kept:
            raise ProblemError("no-crops")
        sights = [Upload(file, png) for file, png in kept]
        options = Options(keep=to.keep, largest=True, accept_poor=to.accept_poor, crops=False)
        size = sum(len(each.data) for each in sights)
        async with service.inference.place(access_of(request).client, size):
            it = Sent(service, service.inference.sight, sights)
            (whose,) = await about()
            done = await Enrolling(it, desk, options, name=whose, person=to.person).run(last)
        (first, *_) = done.body["enrolled"]
        who = Somebody(first["person_id"], first["person"])

        def write(database: ServiceDatabase) -> int:
            with database.transaction():
                numbers = groups.events_of(database, found.id)
                for each in filter(None, (events.find(database, number) for number in numbers)):
                    events.decide(database, each, who, None)
                groups.end(database, found.id)
            return len(numbers)

        count = await service.office.run(write)
        return replace(
            done, body={**done.body, "events": count}, status=201, counts={**done.counts, "events": count}
        )

    said = rendered(to.model_dump())
    return await change(
        request, "group.name", work, collection=collection, subject=group[:40], about=about, said=said
    )


@router.post("/{group}/merge", **operation("enrol", *HERE, gives=schemas.GroupBody, repeat=KEYED, keyed=True))
async def merge(request: Request, collection: str, group: str, others: schemas.GroupsToMerge) -> Response:
    """Make several groups one: the sightings of `groups` belong to this one, and those end. Whoever is like
    one of them belongs to it from now on. A split takes it back.
    """

    def do(database: ServiceDatabase, found: Group) -> Group:
        numbers = dict.fromkeys(number_of(each, "no-group") for each in others.groups)
        ending = [_of(database, collection, each) for each in numbers if each != found.id]
        groups.merge(database, found.id, [each.id for each in ending])
        return _of(database, collection, found.id)

    return await _changed(request, collection, group, "group.merge", do, others.model_dump())


@router.post(
    "/{group}/split",
    **operation("enrol", *HERE, "input", gives=schemas.GroupBody, repeat=KEYED, status=201, keyed=True),
)
async def split(request: Request, collection: str, group: str, away: schemas.ToSplit) -> Response:
    """Take some of a group's sightings out of it: they are a group of their own, which is answered."""

    def do(database: ServiceDatabase, found: Group) -> Group:
        mine = groups.events_of(database, found.id)
        leaving = {number_of(each, "no-event") for each in away.events}
        if not leaving < set(mine):
            raise ProblemError(
                "input", "these are not some of the group's sightings", fix="leave at least one of them in it"
            )
        return _of(database, collection, groups.split(database, found.id, collection, sorted(leaving)))

    return await _changed(request, collection, group, "group.split", do, away.model_dump(), 201)


@router.delete("/{group}", **operation("admin", *HERE, gives=schemas.DeletedGroup, repeat=KEYED, keyed=True))
async def delete(request: Request, collection: str, group: str) -> Response:
    """Delete a group with its sightings: events, crops, templates, and what was learned from them. The bytes
    are overwritten.
    """
    service = service_of(request)
    service.collections.desk(collection)

    async def work(last: Undoable | None) -> Done:
        number = number_of(group, "no-group")

        def do(database: ServiceDatabase) -> int:
            _of(database, collection, number)
            chosen = json.dumps(groups.events_of(database, number))
            with database.transaction():
                groups.end(database, number)
                corrections.remove(database, "event IN (SELECT value FROM json_each(?))", chosen)
                return events.remove(database, "id IN (SELECT value FROM json_each(?))", chosen)

        count = await service.office.run(do)
        return Done({"deleted": True, "events": count}, counts={"events": count})

    return await change(request, "group.delete", work, subject=group[:40])


async def _changed(
    request: Request,
    collection: str,
    group: str,
    action: str,
    do: Any,
    said: dict[str, Any],
    status: int = 200,
) -> Response:
    """Change a group in one go, and answer what it is then."""
    service = service_of(request)
    service.collections.desk(collection)

    async def work(last: Undoable | None) -> Done:
        number = number_of(group, "no-group")
        found: Group = await service.office.run(
            lambda database: do(database, _of(database, collection, number))
        )
        return Done(found.to_json(), status, {"events": found.sightings})

    return await change(request, action, work, subject=group[:40], said=rendered(said))


async def _found(request: Request, collection: str, text: str) -> Group:
    """Raises ProblemError where there is no such group."""
    number = number_of(text, "no-group")
    return await service_of(request).office.run(lambda database: _of(database, collection, number))


def _of(database: ServiceDatabase, collection: str, number: int) -> Group:
    """Raises ProblemError where the collection has no such group."""
    group = listing.find_group(database, number)
    if group is None or group.collection != collection:
        raise ProblemError("no-group")
    return group
