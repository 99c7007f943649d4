"""Who may do what: checked for every route before anything of a body is read."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from fewpix.serve.database import ServiceDatabase
from fewpix.serve.keys import Scope, find_key, has_keys, keys, may
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import with_tag
from fewpix.serve.service import Service, service_of

SCOPE = "x-fewpix-scope"
"""Where a route says what it needs: "none" or a scope."""

UPLOADS = "x-fewpix-uploads"
"""Where a route says that it reads its body itself."""

MOST_JSON = 64_000
"""Bytes of a body of JSON."""

LOCAL = "local"
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Access:
    """Who asks.

    Args:
        who: id of the key; "local" where there are no keys.
        scope: what they may.
        client: whose share of the places their requests take.
    """

    who: str
    scope: Scope
    client: str


class GuardedRoute(APIRoute):
    """A route that looks at who asks first, reads a small body whole, and gives what is read a tag."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """FastAPI's handler, behind the checks."""
        handler = super().get_route_handler()
        said: dict[str, Any] = self.openapi_extra or {}
        needed, uploads = said[SCOPE], bool(said.get(UPLOADS))

        async def guarded(request: Request) -> Response:
            if needed != "none":
                request.state.access = await _admitted(request, service_of(request), needed)
            if not uploads and request.method in ("POST", "PUT", "PATCH", "DELETE"):
                request = await _read(request)
            return with_tag(request, await handler(request))

        return guarded


async def _admitted(request: Request, service: Service, needed: Scope) -> Access:
    """Raises ProblemError for whom the route is not."""
    _refuse_other_sites(request)
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    text = text.strip() if kind.lower() == "bearer" else request.headers.get("x-api-key", "")

    def look(database: ServiceDatabase) -> Access | None:
        if not has_keys(database):
            return Access(LOCAL, "admin", _client(request))
        key = find_key(database, text) if text else None
        return None if key is None else Access(key.id, key.scope, key.id)

    access = await service.office.run(look)
    if access is None:
        raise ProblemError("no-key")
    if access.who == LOCAL:
        _refuse_remote(request, service)
    if not may(access.scope, needed):
        raise ProblemError("scope", f"this needs the scope {needed}", needs=needed)
    return access


def still_admitted(database: ServiceDatabase, who: str) -> bool:
    """Whether somebody who was let in would be so now."""
    if who == LOCAL:
        return not has_keys(database)
    return any(key.id == who and key.revoked is None for key in keys(database))


def _refuse_other_sites(request: Request) -> None:
    """A page of another site may send simple requests to any address that its reader's browser reaches."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise ProblemError("cross-site")
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ProblemError("cross-site")


def _refuse_remote(request: Request, service: Service) -> None:
    """Without keys: this machine only, and by a name of its own, since another name may be led here."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if host not in (*_LOCAL_NAMES, *service.settings.hosts) or not is_loopback(_client(request)):
        raise ProblemError("local-only")


def is_loopback(address: str) -> bool:
    """Whether an address is of this machine alone; "localhost" is."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


async def _read(request: Request) -> Request:
    """The request with its body in memory, which must be small."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_JSON:
            raise ProblemError("too-many-bytes", f"the body has more than {MOST_JSON} bytes")
    whole: Message = {"type": "http.request", "body": bytes(body), "more_body": False}

    async def receive() -> Message:
        return whole

    return Request(request.scope, receive)
