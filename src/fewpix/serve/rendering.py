"""JSON answers, and tags that tell whether what was read has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fewpix.serve.problems import MEDIA, ProblemError

JSON = "application/json"


def rendered(value: Any) -> bytes:
    """A value as the service sends it; NaN and infinities are refused, as JSON has none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of JSON."""
    return Response(rendered(value), status, headers, JSON)


def refusal(problem: ProblemError, request_id: str) -> Response:
    """An answer that is an error."""
    body = problem.to_json() | {"request_id": request_id}
    return Response(rendered(body), problem.kind.status, problem.headers(), MEDIA)


def tag(body: bytes) -> str:
    """What stands for a body, as an ETag."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def with_tag(request: Request, response: Response) -> Response:
    """An answer to GET with its tag, or 304 where the asker has it already."""
    body = getattr(response, "body", None)
    if request.method != "GET" or response.status_code != 200 or body is None:
        return response
    if response.headers.get("cache-control") == "no-store":
        return response  # a browser is not to keep it, not even to ask whether it is still the same
    response.headers["ETag"] = own = tag(bytes(body))
    response.headers["Cache-Control"] = "private, no-cache"
    if own in _tags(request, "if-none-match"):
        headers = {"ETag": own, "Cache-Control": "private, no-cache"}
        return Response(status_code=304, headers=headers)
    return response


def check_unchanged(request: Request, value: Any) -> None:
    """Refuse a change of what is not as the asker knows it, where they say what they know by `If-Match`.

    Args:
        request: the change.
        value: what a GET would answer now.

    Raises:
        ProblemError: it is another one.
    """
    tags = _tags(request, "if-match")
    if tags and "*" not in tags and tag(rendered(value)) not in tags:
        raise ProblemError("changed")


def _tags(request: Request, header: str) -> set[str]:
    found = {each.strip() for each in request.headers.get(header, "").split(",")}
    return {each.removeprefix("W/") for each in found if each}
