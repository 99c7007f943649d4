"""The page for people: files of the package, which fetch nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import MappingProxyType

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fewpix.serve.rendering import with_tag

router = APIRouter(include_in_schema=False)

MEDIA = MappingProxyType(
    {
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    }
)
"""Ending → media type of what is served; nothing else is."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
)
"""Everything comes from the service; kept photos are shown from memory (blob:)."""


@cache
def assets() -> MappingProxyType[str, bytes]:
    """Name → bytes of every file of the page."""
    folder = files("fewpix.serve") / "page"
    found = {each.name: each.read_bytes() for each in folder.iterdir() if _ending(each.name) in MEDIA}
    return MappingProxyType(found)


@router.get("/")
async def index(request: Request) -> Response:
    """Serve the page."""
    return _file(request, "index.html")


@router.get("/assets/{name}")
async def asset(request: Request, name: str) -> Response:
    """Serve a file that the page consists of."""
    return _file(request, name)


def _file(request: Request, name: str) -> Response:
    """A file with its tag, or 304 where the asker has it."""
    if name not in assets():
        raise HTTPException(404)
    headers = {"Content-Security-Policy": POLICY}
    response = Response(assets()[name], 200, headers, MEDIA[_ending(name)])
    return with_tag(request, response)


def _ending(name: str) -> str:
    return name.rpartition(".")[2]
