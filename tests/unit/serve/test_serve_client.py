"""The client that comes with fewpix: every operation, patience, and what it does when nobody answers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

import fewpix.client
from fewpix.client import Client, ServiceError
from fewpix.errors import FewpixError, InputError
from grey_encoder import Grey
from service_cameras import wait
from tiny_service import Caller, face, png

pytestmark = pytest.mark.needs("serve")


@pytest.fixture
def client(caller: Caller) -> Client:
    return Client(http=caller)  # type: ignore[arg-type]


def test_it_does_what_the_service_does(client: Client, tmp_path: Path) -> None:
    client.wait(1)
    assert client.call("GET", "/system")["state"] == "ready"
    staff = client.create("crew")
    assert client.collections() == ["crew", "staff"]
    (tmp_path / "ada.png").write_bytes(png(face(1)))
    told = staff.enrol("Ada", [tmp_path / "ada.png", png(face(1, 1))], keep=True)
    assert [each["file"] for each in told["enrolled"]] == ["ada.png", "2"]
    staff.enrol("Bo", [png(face(2))])
    ada, bo = staff.people()
    assert (ada.name, ada.photos, bo.name) == ("Ada", 2, "Bo")
    assert list(staff.people("Bo")) == [bo]
    (picture,) = staff.identify([png(face(1, 5), face(4))], threshold=0.9)
    known, stranger = picture.faces
    assert (known.decision, known.verdict, known.candidates[0]["person_id"]) == ("Ada", "named", ada.id)
    assert stranger.decision is None
    assert "below the threshold" in stranger.reason
    first, second = staff.photos(ada.id)
    assert staff.move(ada.id, second.id, to=bo.id).photos == 2
    assert staff.undo() == "move"
    assert staff.rename(ada.id, "Eve").name == "Eve"
    assert staff.merge(bo.id, [ada.id]).photos == 3
    assert staff.delete_photo(bo.id, first.id)["deleted"]
    assert staff.delete_person(bo.id)["photos"] == 2
    assert list(staff.people()) == []
    assert staff.delete()["deleted"]


def test_embeddings_are_those_of_the_encoder(client: Client) -> None:
    crops = [face(n)[:50, :50] for n in range(3)]
    found = client.embed([png(crop) for crop in crops], crops=True)
    rows = np.array([each.faces[0].embedding for each in found], np.float32)
    np.testing.assert_array_equal(rows, Grey().embed(crops))
    (seen,) = client.detect([png(face(1))])
    assert (seen.faces[0].box, seen.faces[0].embedding) == ((0, 0, 100, 100), ())
    assert client.verify(png(face(1)), png(face(1, 1)))["score"] > 0.9
    assert client.detect([b"x", png(face(1))])[0].problem is not None


def test_cameras_and_what_they_saw(client: Client, caller: Caller) -> None:
    client.collection("staff").enrol("Ada", [png(face(1))])
    gate = client.add_camera("gate", "staff", threshold=0.9, store_crops=True, store_templates=True)
    assert [each.name for each in client.cameras()] == ["gate"]
    assert gate.state()["state"] == "starting"
    wait(lambda: gate.state()["rule"])
    for n in range(6):
        assert gate.push(png(face(1, n)))["frames"] == 1
        time.sleep(0.11)
    wait(lambda: list(client.events(camera="gate", stage="ended")))
    (event,) = client.events()
    assert (event.camera, event.verdict, event.decision) == ("gate", "named", "Ada")
    assert event.answer["early"]["decision"] == "Ada"
    assert client.crop(event.id).startswith(b"\x89PNG")
    assert gate.frame().startswith(b"\xff\xd8")
    assert gate.change(retention_days=1)["retention_hours"] == 24
    with pytest.raises(ServiceError) as refused:
        gate.adapt()
    assert refused.value.code == "not-learning"
    with pytest.raises(ServiceError) as refused:
        gate.learned()
    assert refused.value.code == "no-state"
    assert gate.reset()["adaptation"]["state"] is None
    wrong = client.deny(event.id)
    assert wrong["event"]["decision"] is None
    review = client.collection("staff").review
    assert [each["id"] for each in review.corrections()] == [wrong["correction"]["id"]]
    (group,) = review.groups(camera="gate")
    assert (group.sightings, group.cameras, group.crops[0]) == (1, ("gate",), (event.id, 0))
    assert [each.id for each in client.events(group=group.id)] == [event.id]
    assert review.ignore(group.id).ignored
    assert not review.ignore(group.id, False).ignored
    for refusal, code in (
        (lambda: review.split(group.id, [event.id]), "input"),
        (lambda: review.merge(group.id, ["99"]), "no-group"),
        (lambda: review.name(group.id, person="9-00000000"), "no-person"),
        (lambda: gate.put(b"no state"), "input"),
        (lambda: gate.adapt_to([png(face(1))], crops=True), "not-learning"),
    ):
        with pytest.raises(ServiceError) as refused:
            refusal()
        assert refused.value.code == code
    assert review.take_back(wrong["correction"]["id"])["event"]["decision"] == "Ada"
    assert list(review.groups()) == []
    client.delete_event(event.id)
    assert (gate.stop()["state"], gate.start()["state"]) == ("stopped", "starting")
    assert client.camera("gate").delete() == {"deleted": True, "events": 0}


def test_events_are_followed_over_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def stream(*numbers: int) -> httpx2.Response:
        told = dict.fromkeys(("camera", "stage", "start", "end", "verdict", "decision", "crops"), "x")
        parts = [f"id: {n}\ndata: {json.dumps(told | {'id': 'a', 'sequence': n})}\n\n" for n in numbers]
        return httpx2.Response(200, text="retry: 2000\n\n" + ": nothing yet\n\n".join(parts))

    client, seen = answering(stream(4, 5), httpx2.ConnectError("gone"), stream(7))
    assert [event.sequence for _, event in zip(range(3), client.follow(3, "gate"), strict=False)] == [4, 5, 7]
    assert [request.headers.get("last-event-id") for request in seen] == ["3", "5", "5"]
    assert {request.url.params["camera"] for request in seen} == {"gate"}
    refusal = {"Content-Type": "application/problem+json"}
    client, _ = answering(httpx2.Response(401, headers=refusal, content=b'{"code": "no-key"}'))
    with pytest.raises(ServiceError) as refused:
        next(client.follow())
    assert refused.value.code == "no-key"


@pytest.mark.needs("video")
def test_films_and_whole_collections(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tile_film import walk

    monkeypatch.setattr("fewpix.client.jobs.AGAIN", 0.05)
    staff = client.collection("staff")
    staff.enrol("Ada", [png(face(1))])
    (tmp_path / "door.mp4").write_bytes(walk(1, 2, rest=15))
    job = staff.send_film(tmp_path / "door.mp4", threshold=0.9)
    assert [line["decision"] for line in job.lines()] == ["Ada", None]
    assert job.wait(30)["name"] == "door.mp4"
    assert [each.id for each in client.jobs()] == [job.id]
    assert client.job(job.id).cancel()["state"] == "done"
    job.delete()
    assert list(client.jobs()) == []
    staff.export(tmp_path / "staff.npz")
    assert client.create("copy").import_file(tmp_path / "staff.npz")["photos"] == 1
    assert staff.import_file(tmp_path / "staff.npz", dry_run=True)["same"] == 1
    with pytest.raises(ServiceError) as refused:
        client.create("empty").export(tmp_path / "none.npz")
    assert refused.value.code == "input"
    assert {path.name for path in tmp_path.iterdir()} == {"data", "door.mp4", "staff.npz"}
    for name in ("send_film", "import_file"):
        with pytest.raises(InputError, match="cannot read"):
            getattr(staff, name)(tmp_path / "missing.npz")


def test_refusals_are_errors_with_their_codes(client: Client) -> None:
    with pytest.raises(ServiceError) as refused:
        client.collection("none").undo()
    assert (refused.value.code, refused.value.status) == ("no-collection", 404)
    assert refused.value.request_id
    assert isinstance(refused.value, FewpixError)
    with pytest.raises(InputError, match="cannot read"):
        client.detect(["missing.png"])


def answering(*answers: Any) -> tuple[Client, list[httpx2.Request]]:
    """A client of a service that gives these answers in turn."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        found = answers[len(seen) - 1]
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]

    http = httpx2.Client(base_url="http://service", transport=httpx2.MockTransport(answer))
    return Client(http=http, key="k"), seen


def test_it_comes_again_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(fewpix.client.service.time, "sleep", waited.append)
    busy = httpx2.Response(
        503,
        headers={"Retry-After": "3", "Content-Type": "application/problem+json"},
        content=b'{"code": "busy", "status": 503}',
    )
    done = httpx2.Response(201, json={"name": "a"})
    client, seen = answering(busy, httpx2.ConnectError("gone"), done)
    client.create("a")
    assert waited == [3.0, 0.5]
    assert len({request.headers["idempotency-key"] for request in seen}) == 1
    assert {request.headers["authorization"] for request in seen} == {"Bearer k"}
    client, seen = answering(*[busy] * 5)
    with pytest.raises(ServiceError) as refused:
        client.create("a")
    assert (refused.value.code, len(seen)) == ("busy", 5)
    client, seen = answering(*[httpx2.ConnectError("gone")] * 5)
    with pytest.raises(httpx2.ConnectError):
        client.collections()
    client, seen = answering(httpx2.Response(502, text="a proxy"))
    with pytest.raises(ServiceError) as refused:
        client.collections()
    assert refused.value.status == 502


def test_it_is_small() -> None:
    """As long as one reads in a sitting."""
    for file in Path(fewpix.client.__file__).parent.glob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 300
