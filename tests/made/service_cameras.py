"""Cameras of a service in tests: frames are sent to them, and events waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tiny_service import Caller, face, files, png


def nobody() -> bytes:
    """A frame without a face."""
    return png(face(1) // 8)


def add(caller: Caller, name: str = "gate", **options: Any) -> dict[str, Any]:
    """A camera whose frames are sent, and which names by a score."""
    body = {"name": name, "collection": "staff", "threshold": 0.9, **options}
    done = caller.post("/v1/cameras", json=body)
    assert done.status_code == 201, done.text
    return dict(done.json())


def push(caller: Caller, *faces: int, name: str = "gate", frames: int = 6, pause: float = 0.11) -> None:
    """Frames in which these people are, beside one another; none shows nobody."""
    wait(lambda: caller.get(f"/v1/cameras/{name}").json()["rule"] is not None)
    for n in range(frames):
        picture = png(*(face(each, n) for each in faces)) if faces else nobody()
        done = caller.post(f"/v1/cameras/{name}/frames", files=files(picture))
        assert done.status_code == 202, done.text
        time.sleep(pause)


def visit(caller: Caller, *faces: int, name: str = "gate", frames: int = 6) -> list[dict[str, Any]]:
    """Somebody comes and goes; the events of the camera, the newest first."""
    before = len(events(caller, camera=name, stage="ended"))
    push(caller, *faces, name=name, frames=frames)
    wait(lambda: len(events(caller, camera=name, stage="ended")) >= before + len(faces), patience=15)
    return events(caller, camera=name)


def events(caller: Caller, **wanted: Any) -> list[dict[str, Any]]:
    """What is listed."""
    done = caller.get("/v1/events", params=wanted)
    assert done.status_code == 200, done.text
    return list(done.json()["events"])


def wait(condition: Callable[[], Any], patience: float = 10.0) -> None:
    """Until something is so that another thread does."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
