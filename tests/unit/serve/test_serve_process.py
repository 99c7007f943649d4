"""The service as a process: killed in the middle, ended, and with the shipped models."""

from __future__ import annotations

import json
import random
import signal
import threading
from pathlib import Path

import httpx2
import pytest

from fewpix.check.gallery import check_gallery
from fewpix.cli import main
from fewpix.client import Client
from fewpix.gallery import Gallery
from orl_film import Walker, pictures, write_film
from orl_scene import portrait, scene
from served import served
from tile_film import walk
from tiny_service import face, png

pytestmark = pytest.mark.needs("serve")


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    """Killed with SIGKILL at a random time while four clients enrol; again and again over one folder."""
    rng = random.Random(0)
    told: set[tuple[str, int]] = set()
    for kill in range(4):
        with served(tmp_path) as (running, address):
            with Client(address, tries=1, timeout=20) as client:
                client.wait()
                if kill == 0:
                    client.create("staff")
            enough = threading.Event()

            def enrol(
                worker: int, kill: int = kill, enough: threading.Event = enough, at: str = address
            ) -> None:
                with Client(at, tries=1, timeout=20) as client:
                    for n in range(1000):
                        photo = 1000 * kill + n
                        try:
                            client.collection("staff").enrol(f"p{worker}", [png(face(worker, photo))])
                        except httpx2.HTTPError:
                            return
                        told.add((f"p{worker}", photo))
                        if n == 2:
                            enough.set()

            threads = [threading.Thread(target=enrol, args=(worker,)) for worker in range(4)]
            for thread in threads:
                thread.start()
            assert enough.wait(120)
            threading.Event().wait(rng.uniform(0, 0.5))
            running.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join(60)
        with Gallery.open(tmp_path / "collections" / "staff.db") as gallery:
            assert not check_gallery(gallery).faults
            kept = sum(person.faces for person in gallery.people())
            assert kept >= len(told)
            assert kept <= len(told) + 4 * (kill + 1)
    assert len(told) > 20


@pytest.mark.slow
@pytest.mark.needs("video")
def test_films_are_looked_at_although_it_is_killed(tmp_path: Path) -> None:
    """Killed with SIGKILL twice while it is at work on a film; each film is told of once, as a whole."""
    data, jobs = walk(*range(6), frames=150, rest=15), list[str]()
    for kill in range(3):
        with served(tmp_path) as (running, address), httpx2.Client(base_url=f"{address}/v1") as client:
            while client.get("/ready").status_code != 200:
                threading.Event().wait(0.1)
            if kill == 0:
                client.post("/collections", json={"name": "staff"}).raise_for_status()
                for _ in range(2):
                    sent = client.post("/collections/staff/videos", files={"film": ("a.mp4", data)})
                    jobs.append(sent.json()["id"])
            first = f"/jobs/{jobs[0]}"
            if kill < 2:
                while (client.get(first).json()["progress"] or {"frames": 0})["frames"] < 200:
                    assert client.get(first).json()["state"] != "done"
                running.send_signal(signal.SIGKILL)
                running.wait(30)
                continue
            for job in jobs:
                while (found := client.get(f"/jobs/{job}").json())["state"] in ("waiting", "running"):
                    threading.Event().wait(0.2)
                assert (found["state"], found["outcome"]["tracks"]) == ("done", 6)
                lines = client.get(f"/jobs/{job}/result").json()["lines"]
                assert [line["track"] for line in lines] == [1, 2, 3, 4, 5, 6]
            assert client.get(first).json()["attempts"] == 3
    assert not list((tmp_path / "jobs").rglob("film"))


@pytest.mark.slow
def test_it_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    with served(tmp_path) as (running, address):
        assert httpx2.get(f"{address}/v1/health").status_code == 200
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) in (0, -signal.SIGTERM)
    with served(tmp_path) as (running, address), Client(address) as client:
        client.wait()
        client.create("staff").enrol("Ada", [png(face(1))])
        running.send_signal(signal.SIGINT)
        running.wait(30)
    with Gallery.open(tmp_path / "collections" / "staff.db", write=False) as gallery:
        assert [person.name for person in gallery.people()] == ["Ada"]


@pytest.mark.slow
@pytest.mark.needs("samples", "weights")
def test_the_shipped_models_name_people_as_the_command_line_does(tmp_path: Path) -> None:
    import fewpix

    street = scene([(0, 5, 30, (60, 60)), (1, 6, 20, (300, 200)), (9, 0, 28, (500, 300))])
    with served(tmp_path, made=False) as (_, address), Client(address) as client:
        client.wait(300)
        staff = client.create("staff")
        for person, name in ((0, "Ada"), (1, "Bo")):
            told = staff.enrol(name, [png(portrait(person, n)) for n in range(2)])
            assert len(told["enrolled"]) == 2
        (picture,) = staff.identify([png(street)])
        assert sorted(face.decision for face in picture.faces if face.decision) == ["Ada", "Bo"]
        assert client.call("GET", "/system")["calibration"]["in_use"] is True
        pair = client.verify(png(portrait(0, 0)), png(portrait(0, 1)))
        assert pair["decision"] == "same"
        (whole,) = client.embed([png(street)])
        answers = [dict(face.answer) for face in picture.faces]
        with fewpix.Recognizer(tmp_path / "collections" / "staff.db", write=False) as people:
            own = people.identify(street)
            vectors = people.embed(street)
    for answer in answers:
        for candidate in answer["candidates"]:
            del candidate["person_id"]
    assert answers == [face.to_json() for face in own.faces]
    for told_face, vector in zip(whole.faces, vectors, strict=True):
        assert told_face.embedding == tuple(vector.embedding.tolist())


@pytest.mark.slow
@pytest.mark.needs("samples", "weights", "video")
def test_the_shipped_models_name_a_film_as_the_command_line_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walkers = [Walker(0, (5, 6), 30, (20, 40), (4, 1)), Walker(9, (0,), 28, (300, 120), (-3, 0))]
    path = write_film(tmp_path / "street.mp4", pictures(walkers, 30))
    with served(tmp_path / "data", made=False) as (_, address), Client(address) as client:
        client.wait(300)
        staff = client.create("staff")
        for person, name in ((0, "Ada"), (1, "Bo")):
            staff.enrol(name, [png(portrait(person, n)) for n in range(2)])
        lines = list(staff.send_film(path).lines())
    gallery = tmp_path / "data" / "collections" / "staff.db"
    capsys.readouterr()
    assert main(["identify", str(path), "--gallery", str(gallery), "--json"]) == 0
    own = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert own
    for line in lines:
        line["path"] = str(path)
        for candidate in line["candidates"]:
            del candidate["person_id"]
    assert lines == own
    assert "Ada" in [line["decision"] for line in lines]
