"""Jobs of a service in a test."""

from __future__ import annotations

import time
from typing import Any

from fewpix.serve.jobs import schemas
from tiny_service import Caller

VIDEOS = "/v1/collections/staff/videos"


def submit(caller: Caller, data: bytes, **options: Any) -> dict[str, Any]:
    """A film that is sent, and named by a score."""
    done = caller.post(VIDEOS, params={"threshold": 0.9, **options}, files={"film": ("door.mp4", data)})
    assert done.status_code == 202, done.text
    schemas.JobBody.model_validate(done.json())
    return dict(done.json())


def over(caller: Caller, job: dict[str, Any], state: str = "done") -> dict[str, Any]:
    """The job when it has ended."""
    until = time.monotonic() + 30
    while (found := caller.get(f"/v1/jobs/{job['id']}").json())["state"] in ("waiting", "running"):
        assert time.monotonic() < until, found
        time.sleep(0.02)
    schemas.JobBody.model_validate(found)
    assert found["state"] == state, found
    return dict(found)
