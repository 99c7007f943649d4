"""The audit log."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fewpix.serve.schemas.body import Given


class AuditEntry(Given):
    """A change, or the attempt."""

    id: int
    time: str
    request: str
    who: str
    action: str
    collection: str
    people: Annotated[list[str], Field(description="Keyed digests of names.")]
    outcome: Annotated[str, Field(description="done, begun (never heard of again), or a problem's code.")]
    counts: dict[str, int]
    subject: Annotated[str, Field(description="A camera or event that was changed; else empty.")]


class AuditList(Given):
    """The log, newest first."""

    entries: list[AuditEntry]
    next: str | None
