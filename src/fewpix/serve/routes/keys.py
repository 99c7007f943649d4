"""API keys and the audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.errors import InputError
from fewpix.serve import audit, keys
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, change
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.paging import after_of, page
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer, rendered
from fewpix.serve.routes.operation import ONCE, READ, SAME, operation
from fewpix.serve.routes.people import Cursor, Limit
from fewpix.serve.schemas.audit import AuditList
from fewpix.serve.schemas.keys import KeyBody, KeyList, MadeKey, NewKey
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["administration"])


@router.get("/keys", **operation("admin", "storage", gives=KeyList, repeat=READ))
async def list_keys(request: Request) -> Response:
    """List all keys, with when they were last used; the keys themselves are not known."""
    found = await service_of(request).office.run(keys.keys)
    return answer({"keys": [key.to_json() for key in found]})


@router.post(
    "/keys",
    **operation("admin", "setting", "storage", "too-many-bytes", gives=MadeKey, repeat=ONCE, status=201),
)
async def add_key(request: Request, new: NewKey) -> Response:
    """Make a key, which is told this once. From the first key on, nobody gets in without one."""
    office = service_of(request).office

    async def work(last: Undoable | None) -> Done:
        key, text = await office.run(lambda database: keys.add_key(database, new.name, new.scope))
        return Done(key.to_json() | {"key": text}, 201)

    return await change(request, "key.add", work, said=rendered(new.model_dump()), secret=True)


@router.delete("/keys/{key}", **operation("admin", "no-such-key", "storage", gives=KeyBody, repeat=SAME))
async def revoke_key(request: Request, key: str) -> Response:
    """Take a key back: from now on it is refused."""
    office = service_of(request).office

    async def work(last: Undoable | None) -> Done:
        def do(database: ServiceDatabase) -> keys.Key:
            try:
                return keys.revoke_key(database, key)
            except InputError:
                raise ProblemError("no-such-key") from None

        return Done((await office.run(do)).to_json())

    return await change(request, "key.revoke", work)


@router.get("/audit", **operation("admin", "cursor", "setting", "storage", gives=AuditList, repeat=READ))
async def audit_log(
    request: Request,
    limit: Limit = 100,
    cursor_: Annotated[Cursor, Query(alias="cursor")] = None,
    collection: Annotated[str, Query(max_length=63, description="Only changes of this collection.")] = "",
    person: Annotated[
        str, Query(max_length=200, description="Only about somebody of this name, in `collection`.")
    ] = "",
) -> Response:
    """Show who changed what and when, the newest first. Names stand there as keyed digests only."""
    before = after_of(cursor_, int)
    found = await service_of(request).office.run(
        lambda database: audit.entries(
            database, before=before, most=limit + 1, collection=collection, person=person
        )
    )
    entries, following = page(found, limit, lambda entry: entry.id)
    return answer({"entries": [entry.to_json() for entry in entries], "next": following})
