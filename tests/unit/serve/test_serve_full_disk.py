"""A service whose disk is full, as a process: it says so, loses nothing, and goes on when there is room."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from fewpix.check.gallery import check_gallery
from fewpix.gallery import Gallery
from fewpix.serve.database import ServiceDatabase
from served import served
from tile_film import walk
from tiny_service import face, files, png

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("serve", "video"),
    pytest.mark.skipif(sys.platform != "linux", reason="needs limits that one process sets for another"),
]


def fill(process: subprocess.Popen[str], room: bool) -> None:
    """No file of the process can be written to from now on, or any can again."""
    import resource

    soft = resource.RLIM_INFINITY if room else 1
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


def wait(true: Callable[[], bool], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    with (
        served(tmp_path) as (running, address),
        httpx2.Client(base_url=f"{address}/v1", timeout=60) as client,
    ):
        wait(lambda: client.get("/ready").status_code == 200)
        client.post("/collections", json={"name": "staff"})
        client.post("/cameras", json={"name": "gate", "collection": "staff", "threshold": 0.9})
        wait(lambda: client.get("/cameras/gate").json()["rule"] is not None)

        def enrol(name: str, person: int, key: str = "") -> httpx2.Response:
            head = {"Idempotency-Key": key} if key else {}
            sent = files(png(face(person)))
            return client.post("/collections/staff/photos", params={"name": name}, files=sent, headers=head)

        def visit() -> None:
            for n in range(6):
                client.post("/cameras/gate/frames", files=files(png(face(1, n))))
                time.sleep(0.1)

        def ended() -> int:
            return len(client.get("/events", params={"stage": "ended"}).json()["events"])

        def named() -> str:
            sent = files(png(face(1, 5)))
            told = client.post("/collections/staff/identify", params={"threshold": 0.9}, files=sent)
            return str(told.json()["pictures"][0]["faces"][0]["decision"])

        assert enrol("Ada", 1, "first").status_code == 201
        visit()
        wait(lambda: ended() == 1)
        job = client.post(
            "/collections/staff/videos", files={"film": ("a.mp4", walk(1, frames=400, rest=15))}
        )
        place = f"/jobs/{job.json()['id']}"
        wait(lambda: client.get(place).json()["state"] == "running")

        fill(running, room=False)
        for key in ("", "second", "second"):
            told = enrol("Bo", 2, key)
            assert (told.status_code, told.json()["code"]) == (507, "storage"), told.text
            assert told.json()["fix"] == "free space, then repeat"
        assert client.post("/collections", json={"name": "other"}).status_code == 507
        assert client.delete("/collections/staff").status_code == 507
        assert (named(), client.get("/health").status_code, ended()) == ("Ada", 200, 1)
        visit()
        wait(lambda: client.get("/cameras/gate").json()["state"] == "failed")
        assert "Writing failed" in client.get("/cameras/gate").json()["why"]
        assert client.get(place).json()["state"] == "running"

        fill(running, room=True)
        wait(lambda: client.get(place).json()["state"] != "running")
        assert client.get(place).json()["state"] in ("done", "failed")
        assert enrol("Bo", 2, "second").status_code == 201
        assert enrol("Ada", 1, "first").headers["idempotency-replayed"] == "true"
        assert client.get("/collections").json() == {"collections": ["staff"]}
        wait(lambda: client.get("/cameras/gate").json()["state"] != "failed")  # tried again by itself
        visit()
        wait(lambda: ended() >= 2)
        outcomes = [entry["outcome"] for entry in client.get("/audit").json()["entries"]]
        assert set(outcomes) <= {"done", "storage", None, ""}
    with Gallery.open(tmp_path / "collections" / "staff.db") as gallery:
        assert not check_gallery(gallery).faults
        assert [(person.name, person.faces) for person in gallery.people()] == [("Ada", 1), ("Bo", 1)]
    database = ServiceDatabase(tmp_path)
    assert database.select("PRAGMA integrity_check") == [("ok",)]
    database.close()
