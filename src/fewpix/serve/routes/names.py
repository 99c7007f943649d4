"""Looking for people by a part of their name."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.gallery.names import MAX_LENGTH, stored_name
from fewpix.gallery.rows import Person
from fewpix.gallery.store import Gallery
from fewpix.serve.access import GuardedRoute
from fewpix.serve.paging import after_of, page
from fewpix.serve.rendering import answer
from fewpix.serve.routes.operation import GALLERY, READ, operation
from fewpix.serve.routes.people import Cursor, Limit, person_json
from fewpix.serve.schemas.people import PersonList
from fewpix.serve.service import service_of

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["people"])


@router.get(
    "/collections/{collection}/names",
    **operation("read", *GALLERY, "cursor", "setting", gives=PersonList, repeat=READ),
)
async def find(
    request: Request,
    collection: str,
    part: Annotated[
        str, Query(min_length=1, max_length=MAX_LENGTH, description="What the name holds; case is ignored.")
    ],
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
) -> Response:
    """List the people whose name holds a text, by name, a page at a time."""
    after, wanted = after_of(cursor_, str) or "", stored_name(part).casefold()

    def read(gallery: Gallery) -> list[Person]:
        # Compared here and not by the database: SQLite's lower() knows ASCII only.
        rows = gallery.database.select("SELECT name FROM people WHERE name > ? ORDER BY name", after)
        names = [name for (name,) in islice((row for row in rows if wanted in row[0].casefold()), limit + 1)]
        return [person for name in names for person in gallery.people(name=name)]

    found = await service_of(request).collections.desk(collection).run(read)
    people, following = page(found, limit, lambda person: person.name)
    return answer({"people": [person_json(person) for person in people], "next": following})
