"""How a route says what it needs, what may go wrong, and whether it may be sent again."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from fewpix.serve.access import SCOPE, UPLOADS
from fewpix.serve.problems import KINDS, MEDIA, URN

REPEAT = "x-fewpix-repeat"
CODES = "x-fewpix-problems"

READ = "Yes: it changes nothing."
SAME = "Yes: doing it again changes nothing more."
KEYED = "With an `Idempotency-Key`: it is done once, and answered as the first time."
ONCE = "No: look first whether it was done."

ACCESS = ("no-key", "scope", "local-only", "cross-site")
PICTURES = (
    *("body", "media-type", "too-many-bytes", "too-many-pictures", "too-many-pixels", "too-many-faces"),
    *("picture", "input", "setting", "busy", "too-many-requests", "too-late", "not-ready", "model"),
)
FILES = (
    *("body", "media-type", "too-many-bytes", "input", "setting", "busy", "too-late", "unavailable"),
    "storage",
)
GALLERY = ("no-collection", "input", "unavailable", "storage")
WRITE = ("idempotency-key", "idempotency-mismatch", "idempotency-busy", "too-many-bytes", "storage")

_SCHEMA = {"$ref": "#/components/schemas/ProblemBody"}
_BINARY = {"type": "string", "format": "binary"}
_BODY = {
    "required": True,
    "description": "Picture files (JPEG, PNG, WebP, BMP, TIFF, PNM; with the extra `heic` HEIC and AVIF).",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"picture": {"type": "array", "items": _BINARY, "minItems": 1}},
                "required": ["picture"],
            },
            "encoding": {"picture": {"contentType": "image/jpeg, image/png"}},
        },
        "image/jpeg": {"schema": _BINARY},
        "image/png": {"schema": _BINARY},
    },
}
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same for a request that is sent again; answers are kept for a day.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "example": "0b9a2f6e-enrol-ada",
}
_TAG_HEADER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the person as it was read; another one refuses the change.",
    "schema": {"type": "string", "pattern": '^"[0-9a-f]{24}"$'},
    "example": '"6f0c2ab14e9d3b7780c1aa52"',
}


def operation(
    scope: str,
    *codes: str,
    gives: type[BaseModel],
    repeat: str,
    status: int = 200,
    uploads: bool = False,
    file: str = "",
    keyed: bool = False,
    tagged: bool = False,
) -> dict[str, Any]:
    """What a route is declared with.

    Args:
        scope: that it needs, or "none".
        codes: of problems that it may answer with, beside those of every route of its kind.
        gives: the answer.
        repeat: whether it may be sent again.
        status: of the answer.
        uploads: it reads pictures.
        file: what the one file is that it reads; empty for none.
        keyed: it takes an idempotency key.
        tagged: it takes `If-Match`.
    """
    all_codes = dict.fromkeys(
        (
            *codes,
            *(ACCESS if scope != "none" else ()),
            *(PICTURES if uploads else ()),
            *(FILES if file else ()),
            *(WRITE if keyed else ()),
            *(("changed",) if tagged else ()),
            *("invalid", "bug"),
        )
    )
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in all_codes:
        by_status[KINDS[code].status].append(code)
    extra: dict[str, Any] = {SCOPE: scope, REPEAT: repeat, CODES: list(all_codes)}
    extra["security"] = [] if scope == "none" else [{"key": []}]
    headers = [*([_KEY_HEADER] if keyed else []), *([_TAG_HEADER] if tagged else [])]
    if headers:
        extra["parameters"] = headers
    if uploads:
        extra |= {UPLOADS: True, "requestBody": _BODY}
    if file:
        extra |= {UPLOADS: True, "requestBody": _file(file)}
    return {
        "response_model": gives,
        "status_code": status,
        "responses": {number: _response(number, some) for number, some in sorted(by_status.items())},
        "openapi_extra": extra,
    }


def _file(what: str) -> dict[str, Any]:
    form = {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]}
    return {
        "required": True,
        "description": f"{what}, as one file of `multipart/form-data` or as `application/octet-stream`.",
        "content": {
            "multipart/form-data": {"schema": form},
            "application/octet-stream": {"schema": _BINARY},
        },
    }


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    examples = {
        code: {
            "value": {
                "type": URN + code,
                "title": KINDS[code].title,
                "status": status,
                "code": code,
                "detail": KINDS[code].title,
                "fix": KINDS[code].remedy,
                "request_id": "5f0c9a1e77aa01bc",
            }
        }
        for code in codes
    }
    return {
        "description": " ".join(f"`{code}`: {KINDS[code].title}." for code in codes),
        "content": {MEDIA: {"schema": _SCHEMA, "examples": examples}},
    }
