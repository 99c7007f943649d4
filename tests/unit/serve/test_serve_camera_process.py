"""Cameras of the service with real streams, in processes that are ended and killed."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from fewpix.cli import main
from fewpix.client import Client
from fewpix.image.codec import Image
from fewpix.serve.cameras.table import cameras
from fewpix.serve.events.record import KILLED
from orl_film import RATE, Walker, pictures, write_film
from orl_scene import portrait
from rtsp_server import Server, free_port
from served import served
from service_cameras import add, events, wait
from stream_server import camera, packets, until
from tiny_service import Caller, face, png

pytestmark = [pytest.mark.needs("serve"), pytest.mark.needs("video")]
SECRET = "hunter2"


def film(people: Sequence[int | None], each: int = 12) -> list[Image]:
    """Frames in which these people are, one after the other; None is nobody."""
    dark = np.zeros((200, 300, 3), np.uint8)
    frames = []
    for person in people:
        for n in range(each):
            frame = dark.copy()
            if person is not None:
                frame[100:200, 100:200] = face(person, n % 4)
            frames.append(frame)
    return frames


def test_a_stream_is_followed_breaks_and_comes_back(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada comes, the camera is away for a moment, and Bo comes after it."""
    monkeypatch.setattr("fewpix.serve.cameras.watcher.STALE", 1.0)
    caller.enrol("staff", "Ada", png(face(1)))
    caller.enrol("staff", "Bo", png(face(2)))
    ada, bo = (packets(film([person, None], each=30)) for person in (1, 2))
    with camera(ada, [60, 60], later=[bo], away=0.6) as server:
        made = add(caller, address=server.url)
        assert (made["kind"], made["source"]) == ("stream", server.url)
        wait(lambda: len(events(caller, stage="ended", verdict="named")) == 2, patience=30)
        told = caller.get("/v1/cameras/gate").json()
    assert [each["decision"] for each in events(caller, verdict="named")] == ["Bo", "Ada"]
    assert told["reconnects"] >= 1
    assert (told["width"], told["height"]) == (300, 200)
    assert told["frames"] > 30
    wait(lambda: caller.get("/v1/cameras/gate").json()["state"] == "reconnecting", patience=20)
    assert "no frame for" in caller.get("/v1/cameras/gate").json()["why"]
    began = time.monotonic()
    assert caller.post("/v1/cameras/gate/stop").json()["state"] == "stopped"
    assert time.monotonic() - began < 10


def test_a_film_is_followed_once_to_its_end(caller: Caller, tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    path.write_bytes(b"".join(packets(film([None, 1, None, 2, None], each=30))))
    caller.enrol("staff", "Ada", png(face(1)))
    made = add(caller, address=str(path))
    assert (made["kind"], made["source"]) == ("file", "film.ts")
    wait(lambda: caller.get("/v1/cameras/gate").json()["state"] == "stopped", patience=30)
    told = caller.get("/v1/cameras/gate").json()
    assert told["why"] == "the film has ended"
    assert [each["decision"] for each in events(caller)] == [None, "Ada"]
    assert str(path) not in caller.get("/v1/cameras").text
    database = caller.app.state.service.office  # type: ignore[attr-defined]
    assert database.do(cameras)[0].wanted is False  # it does not begin anew with the service
    assert caller.post("/v1/cameras/gate/start").json()["state"] == "starting"
    wait(lambda: caller.get("/v1/cameras/gate").json()["state"] == "stopped", patience=30)
    assert len(events(caller)) == 4


@pytest.mark.slow
@pytest.mark.needs("rtsp")
def test_a_camera_of_a_real_rtsp_server_is_followed_before_and_after_it_was_away(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fewpix.serve.cameras.watcher.STALE", 2.0)
    caller.enrol("staff", "Ada", png(face(1)))
    path = write_film(tmp_path / "film.h264", iter(film([None, 1, None], each=15)))
    port = free_port()
    server = Server(path, RATE, port)
    try:
        made = add(caller, address=server.url)
        assert (made["kind"], made["source"]) == ("stream", server.url)
        wait(lambda: bool(events(caller, stage="ended", verdict="named")), patience=60)
        server.kill()
        wait(lambda: caller.get("/v1/cameras/gate").json()["state"] == "reconnecting", patience=30)
        before = len(events(caller, verdict="named"))
        server = Server(path, RATE, port)
        wait(lambda: len(events(caller, verdict="named")) > before, patience=60)
    finally:
        server.kill()
    told = caller.get("/v1/cameras/gate").json()
    assert (told["width"], told["height"]) == (300, 200)
    assert told["reconnects"] >= 1
    assert {each["decision"] for each in events(caller, verdict="named")} == {"Ada"}
    assert caller.post("/v1/cameras/gate/stop").json()["state"] == "stopped"


@pytest.mark.slow
def test_events_are_told_as_they_happen_and_the_stream_ends_with_the_service(tmp_path: Path) -> None:
    with served(tmp_path) as (running, address), httpx2.Client(base_url=address) as client:
        wait(lambda: client.get("/v1/ready").is_success, patience=30)
        client.post("/v1/collections", json={"name": "staff"})
        client.post("/v1/cameras", json={"name": "gate", "collection": "staff", "threshold": 0.9})
        got: list[dict[str, Any]] = []

        def follow(after: int, into: list[dict[str, Any]]) -> None:
            head = {"Last-Event-ID": str(after)}
            with httpx2.stream("GET", f"{address}/v1/events/stream", headers=head, timeout=60) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        into.append(json.loads(line.removeprefix("data: ")))

        thread = threading.Thread(target=follow, args=(0, got))
        thread.start()
        for n in range(6):
            sent = [("picture", ("a.png", png(face(1, n)), "image/png"))]
            assert client.post("/v1/cameras/gate/frames", files=sent).status_code == 202
            time.sleep(0.11)
        assert until(lambda: len(client.get("/v1/events", params={"stage": "ended"}).json()["events"]) == 1)
        assert until(lambda: len(got) >= 2)
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        thread.join(20)
        assert running.wait(20) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 15
    assert [each["stage"] for each in got] == ["seen", "ended"]
    assert got[0]["sequence"] < got[1]["sequence"]
    # It goes on where it ended, whichever service it was.
    with served(tmp_path) as (running, address):
        again: list[dict[str, Any]] = []
        thread = threading.Thread(target=follow, args=(got[0]["sequence"], again))
        thread.start()
        assert until(lambda: bool(again))
        running.send_signal(signal.SIGTERM)
        thread.join(20)
    assert again == got[1:]


@pytest.mark.slow
def test_a_killed_service_loses_no_event_that_was_told(tmp_path: Path) -> None:
    """Killed with SIGKILL three times while somebody comes and goes before its camera."""
    known: dict[str, dict[str, Any]] = {}
    frames = packets(film([1, None, 2, None], each=40))
    with camera(frames, [len(frames)] * 40) as server:
        for kill in range(3):
            with served(tmp_path) as (running, address), httpx2.Client(base_url=address) as client:
                wait(lambda: client.get("/v1/ready").is_success, patience=30)
                if kill == 0:
                    client.post("/v1/collections", json={"name": "staff"})
                    body = {"name": "gate", "collection": "staff", "threshold": 0.9}
                    address_ = server.url.replace("tcp://", f"tcp://ana:{SECRET}@")
                    assert client.post("/v1/cameras", json=body | {"address": address_}).status_code == 201
                began = len(known)

                def more(client: httpx2.Client = client, began: int = began) -> bool:
                    for each in client.get("/v1/events").json()["events"]:
                        known[each["id"]] = each
                    return len(known) >= began + 2

                wait(more, patience=60)
                assert SECRET not in client.get("/v1/cameras").text
                running.send_signal(signal.SIGKILL)
                running.wait()
    with served(tmp_path) as (_, address), httpx2.Client(base_url=address) as client:
        client.post("/v1/cameras/gate/stop")
        there = {each["id"]: each for each in client.get("/v1/events").json()["events"]}
        assert set(known) <= set(there)
        for number, each in known.items():
            after = there[number]
            if each["stage"] == "ended":
                assert after == each
            else:
                assert after["stage"] == "ended"
                assert after["sequence"] > each["sequence"]
        assert any(each["reason"] == KILLED for each in there.values())


@pytest.mark.slow
@pytest.mark.needs("samples", "weights")
def test_the_shipped_models_name_tracks_as_the_command_line_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "film.mp4"
    walkers = [
        Walker(0, (5, 6, 7), 30, (20, 40), (2, 0), (0, 40)),
        Walker(9, (1, 2, 3), 28, (250, 120), (-2, 0), (10, 50)),
    ]
    write_film(film, pictures(walkers, 70))
    data = tmp_path / "data"
    with served(data, made=False) as (_, address), Client(address) as client:
        client.wait(300)
        staff = client.create("staff")
        for person, name in ((0, "Ada"), (1, "Bo")):
            staff.enrol(name, [png(portrait(person, n)) for n in range(2)])
        gate = client.add_camera("gate", "staff", str(film), store_crops=True)
        wait(lambda: gate.state()["state"] == "stopped", patience=240)
        assert gate.state()["why"] == "the film has ended"
        assert gate.state()["rule"] == "FPIR 0.01"
        told = sorted((event.answer for event in client.events()), key=lambda each: each["track"])
        assert all(client.crop(each["id"]) for each in told)
    location = str(data / "collections" / "staff.db")
    capsys.readouterr()
    assert main(["identify", str(film), "--gallery", location, "--events", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    own = sorted((each for each in lines if each["event"] == "ended"), key=lambda each: each["track"])
    assert len(told) == len(own) >= 2
    assert "Ada" in [each["decision"] for each in told]
    names = ("track", "decision", "verdict", "frames", "pixels", "quality", "sights", "fpir", "reason", "fix")
    for event, track in zip(told, own, strict=True):
        assert {name: event[name] for name in names} == {name: track[name] for name in names}
        early = event["early"] and event["early"]["decision"]
        assert early == (track["early"] and track["early"]["decision"])
        scores = [(each["name"], each["score"]) for each in event["candidates"]]
        assert scores == [(each["name"], each["score"]) for each in track["candidates"]]
