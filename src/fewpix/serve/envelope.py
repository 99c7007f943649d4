"""Around every request: an id, headers of safety, a line in the log, a count, an answer to any mistake."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fewpix.serve.metrics import Metrics
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import refusal

log = logging.getLogger("fewpix.serve")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
"""Set where an answer does not set them itself."""

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Envelope:
    """The outermost part of the service.

    Args:
        app: what is inside.
        metrics: are told of every answer.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.monotonic(), 0
        number = scope.setdefault("state", {})["id"] = _id(scope)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name.lower() for name, _ in message["headers"]}
                own = {"X-Request-Id": number, **HEADERS}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.lower().encode(), value.encode())
                        for name, value in own.items()
                        if name.lower().encode() not in there
                    ),
                ]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            status = status or 499
        except Exception:
            log.exception("request %s failed", number)
            if not status:
                await refusal(ProblemError("bug"), number)(scope, receive, sending)
        finally:
            seconds = time.monotonic() - start
            route = getattr(scope.get("route"), "path", "")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.answered(method, route, status, seconds)
            access = scope["state"].get("access")
            who = "-" if access is None else access.who
            # The route and not the address: who was asked for is nobody's business here.
            log.info("%s %s %s %d %.0f ms %s", number, method, route or "-", status, 1000 * seconds, who)


def _id(scope: Scope) -> str:
    """The caller's own, where it is fit to be logged."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return secrets.token_hex(8)
