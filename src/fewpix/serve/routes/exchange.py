"""A whole collection as a file, out and in: the files of `fewpix gallery export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from fewpix.errors import FewpixError, InputError
from fewpix.gallery.cameras import cameras
from fewpix.gallery.exchange import export_gallery, import_document, read_document
from fewpix.gallery.exchange.document import Document
from fewpix.gallery.store import Gallery
from fewpix.serve import audit
from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, access_of, change
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.problems import ProblemError, problem_of
from fewpix.serve.routes.operation import GALLERY, KEYED, READ, operation
from fewpix.serve.schemas.collections import ImportBody
from fewpix.serve.schemas.system import Health
from fewpix.serve.service import service_of
from fewpix.serve.streaming import receive
from fewpix.serve.undo import Undoable

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["collections"])

Format = Literal["npz", "json", "parquet"]


@router.get(
    "/collections/{collection}/export",
    **operation("admin", *GALLERY, "space", "busy", gives=Health, repeat=READ)
    | {"response_model": None, "response_class": Response},
)
async def export(
    request: Request,
    collection: str,
    form: Annotated[
        Format, Query(alias="format", description="As `fewpix gallery export`; parquet needs its extra.")
    ] = "npz",
    without_crops: Annotated[
        bool, Query(description="Leave out the pixels that were kept of photos.")
    ] = False,
) -> Response:
    """Get everything in a collection as one file, as of one moment: what `fewpix gallery export` writes.

    It is all that anybody needs to recognise these people: keep it as you keep the collection. Each export
    stands in the audit log.
    """
    service = service_of(request)
    place = service.collections.location(collection)
    number = await service.office.run(lambda database: _note(database, request, collection))
    outcome = "bug"
    try:
        with service.jobs.transfer():
            path = service.jobs.files.incoming().with_suffix(f".{form}")
            await anyio.to_thread.run_sync(_export, place, path, not without_crops)
        outcome = "done"
    except ProblemError as problem:
        outcome = problem.code
        raise
    except FewpixError as error:
        told = problem_of(error, {f"the gallery {place}": f"the collection {collection}"})
        outcome = told.code
        raise told from error
    finally:
        await service.office.run(lambda database: audit.end(database, number, outcome, {}))
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=f"{collection}.{form}",
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


@router.post(
    "/collections/{collection}/import",
    **operation(
        *("admin", *GALLERY, "space"),
        gives=ImportBody,
        repeat=KEYED,
        file="An exported gallery",
        keyed=True,
    ),
)
async def import_file(
    request: Request,
    collection: str,
    form: Annotated[
        Format | None,
        Query(alias="format", description="Of the file; by the ending of its name if left out."),
    ] = None,
    dry_run: Annotated[bool, Query(description="Write nothing, say what would happen.")] = False,
) -> Response:
    """Add everything in an exported file, or nothing; what is there already is not doubled.

    The collection has to be there, and of the file's embedding space.
    """
    service, limits = service_of(request), service_of(request).settings.limits
    desk = service.collections.desk(collection)
    path = service.jobs.files.incoming()
    try:
        with service.jobs.transfer():
            found = await receive(
                *(request, path), most=limits.gallery_bytes, seconds=limits.seconds, types=("application/",)
            )
            kind = form or Path(found.name).suffix.lower().removeprefix(".")
            if kind not in ("npz", "json", "parquet"):
                raise ProblemError(
                    "setting", f"nobody knows which format {found.name[:80]!a} has", fix="give `format`"
                )
            name = found.name or f"file.{kind}"

            async def work(last: Undoable | None) -> Done:
                document = await anyio.to_thread.run_sync(_read, path, kind, name)

                def write(gallery: Gallery) -> dict[str, Any]:
                    done = import_document(gallery, document, name, dry_run=dry_run).to_json()
                    desk.forget()
                    return done

                told = await desk.run(write)
                body = {"file": told.pop("path"), "photos": told.pop("faces"), **told}
                counts = {"people": body["new"], "photos": body["photos"]}
                return Done(body, counts={} if dry_run else counts, undo=last if dry_run else None)

            return await change(request, "collection.import", work, collection=collection, said=found.digest)
    finally:
        for each in (path, *(path.with_suffix(f".{end}") for end in ("npz", "json", "parquet"))):
            each.unlink(missing_ok=True)


def _export(place: str | Path, path: Path, originals: bool) -> None:
    """Write the file, by a connection of its own, so that requests do not wait."""
    with Gallery.open(place, write=False) as gallery:
        if gallery.is_empty() and not cameras(gallery):
            raise InputError(f"the gallery {gallery.location} is empty", fix="enrol people")
        export_gallery(gallery, path, originals=originals)
    path.chmod(0o600)


def _read(path: Path, kind: str, name: str) -> Document:
    """The document of a file that was sent.

    Raises:
        ProblemError: it is none, or there is nothing in it.
    """
    known = path.with_suffix(f".{kind}")
    try:
        document = read_document(path.rename(known))
    except FewpixError as error:
        raise problem_of(error, {str(known): name}) from error
    if not document.rows and not document.cameras:
        raise ProblemError("input", f"{name} holds nobody and no camera", fix="send another file")
    return document


def _note(database: ServiceDatabase, request: Request, collection: str) -> int:
    return audit.begin(
        database,
        request=request.state.id,
        who=access_of(request).who,
        action="collection.export",
        collection=collection,
        names=(),
    )
