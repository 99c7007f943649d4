"""Cameras of the service: what they are told, what they do, what is shown of them."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from fewpix.image.codec import decode_image
from service_cameras import add, events, push, visit, wait
from tiny_service import Caller, face, files, png, service

pytestmark = pytest.mark.needs("serve")
SECRET = "rtsp://viewer:pass%2Fword@127.0.0.1:9/user=admin_password=hunter2_x?token=t0ps3cret&channel=2"
SECRETS = ("pass%2Fword", "viewer", "hunter2", "t0ps3cret")


def test_a_camera_is_added_shown_changed_stopped_and_deleted(caller: Caller) -> None:
    made = add(caller, threshold=0.8, store_crops=True, retention_days=2)
    assert (made["name"], made["kind"], made["source"]) == ("gate", "pushed", None)
    assert (made["threshold"], made["fpir"], made["retention_hours"]) == (0.8, None, 48)
    assert made["store_crops"] is True
    caller.problem(409, "exists", "POST", "/v1/cameras", json={"name": "gate", "collection": "staff"})
    (listed,) = caller.get("/v1/cameras").json()["cameras"]
    assert listed["name"] == "gate"
    changed = caller.patch("/v1/cameras/gate", json={"store_crops": False, "threshold": None}).json()
    assert (changed["store_crops"], changed["threshold"], changed["retention_hours"]) == (False, None, 48)
    assert changed["created"] == made["created"]
    assert caller.post("/v1/cameras/gate/stop").json()["state"] == "stopped"
    caller.problem(409, "not-running", "GET", "/v1/cameras/gate/frame")
    sent = {"files": files(png(face(1)))}
    caller.problem(409, "not-running", "POST", "/v1/cameras/gate/frames", **sent)
    assert caller.post("/v1/cameras/gate/start").json()["state"] == "starting"
    assert caller.delete("/v1/cameras/gate").json() == {"deleted": True, "events": 0}
    caller.problem(404, "no-camera", "GET", "/v1/cameras/gate")
    said = [
        (each["action"], each["outcome"], each["subject"])
        for each in caller.get("/v1/audit").json()["entries"]
    ]
    assert said[:6] == [
        ("camera.delete", "done", "gate"),
        ("camera.start", "done", "gate"),
        ("camera.stop", "done", "gate"),
        ("camera.change", "done", "gate"),
        ("camera.add", "exists", "gate"),
        ("camera.add", "done", "gate"),
    ]


@pytest.mark.parametrize(
    ("status", "code", "body"),
    [
        (404, "no-collection", {"collection": "none"}),
        (422, "invalid", {"name": "Gate 1"}),
        (422, "invalid", {"name": "gate", "fps": 0}),
        (422, "invalid", {"name": "gate", "retention_hours": -1}),
        (422, "setting", {"retention_hours": 1, "retention_days": 1}),
        (422, "setting", {"fpir": 0.01, "threshold": 0.5}),
        (422, "setting", {"fpir": 0.01}),  # without a calibration no rate can be kept
        (422, "setting", {"address": "gopher://127.0.0.1/x"}),
        (422, "setting", {"address": "rtsp://viewer:pass/word@127.0.0.1/x"}),
        (422, "input", {"address": "/none/such.mp4"}),
        (422, "setting", {"name": "con"}),
    ],
)
def test_what_no_camera_can_be_is_refused(
    caller: Caller, status: int, code: str, body: dict[str, object]
) -> None:
    body = {"name": "gate", "collection": "staff", **body}
    found = caller.problem(status, code, "POST", "/v1/cameras", json=body)
    assert "pass/word" not in str(found)
    assert "word@" not in str(found)
    assert caller.get("/v1/cameras").json()["cameras"] == []


def test_secrets_of_an_address_are_never_shown_nor_logged(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = add(caller, address=SECRET)
        assert made["source"] == "rtsp://127.0.0.1:9/user=***?token=***&channel=2"
        wait(lambda: caller.get("/v1/cameras/gate").json()["why"])
        shown = caller.get("/v1/cameras").text + caller.patch("/v1/cameras/gate", json={"fps": 3}).text
        again = caller.post("/v1/cameras", json={"name": "gate", "collection": "staff", "address": SECRET})
        caller.delete("/v1/cameras/gate")
    said = shown + again.text + caller.get("/v1/audit").text + caplog.text
    assert not [secret for secret in SECRETS if secret in said]
    assert '"state":"starting"' in shown


def test_what_is_pushed_becomes_an_event_with_who_it_is(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    caller.enrol("staff", "Bo", png(face(2)))
    add(caller)
    (event,) = visit(caller, 1)
    (ada,) = caller.get("/v1/collections/staff/people", params={"name": "Ada"}).json()["people"]
    assert (event["camera"], event["collection"], event["stage"]) == ("gate", "staff", "ended")
    assert (event["verdict"], event["decision"], event["person_id"]) == ("named", "Ada", ada["id"])
    assert event["early"]["decision"] == "Ada"
    assert event["start"] < event["early"]["time"] < event["end"]
    assert event["pixels"] == 100
    assert 0 <= event["quality"] <= 1
    assert [each["name"] for each in event["candidates"]] == ["Ada", "Bo"]
    assert (event["threshold"], event["wanted_fpir"], event["fpir"]) == (0.9, None, None)
    assert event["crops"] == 0
    assert caller.get(f"/v1/events/{event['id']}").json() == event
    newest = visit(caller, 7)[0]
    assert (newest["verdict"], newest["decision"], newest["early"]) == ("unknown", None, None)
    assert newest["reason"].startswith("below the threshold")
    assert int(newest["id"]) > int(event["id"])


def test_without_a_rule_nobody_is_named_and_the_reason_is_told(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    made = add(caller, threshold=None)
    (event,) = visit(caller, 1)
    assert (event["verdict"], event["decision"]) == ("undecided", None)
    assert event["reason"]
    told = caller.get("/v1/cameras/gate").json()
    assert told["rule"].startswith("nobody is named: there is no calibration")
    assert made["adaptation"]["state"] is None


def test_the_last_frame_is_shown_with_boxes_and_kept_nowhere(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    add(caller)
    caller.problem(404, "no-frame", "GET", "/v1/cameras/gate/frame")
    push(caller, 1, 7)
    wait(lambda: caller.get("/v1/cameras/gate").json()["faces"])
    told = caller.get("/v1/cameras/gate").json()
    assert (told["state"], told["width"], told["height"], told["tracks"]) == ("running", 200, 100, 2)
    assert [(each["decision"], each["box"][:2]) for each in told["faces"]] == [
        ("Ada", [0, 0]),
        (None, [100, 0]),
    ]
    assert told["frames"] >= 5
    assert told["frames_per_second"] > 1
    assert told["last_frame"] is not None
    drawn = caller.get("/v1/cameras/gate/frame")
    assert (drawn.headers["content-type"], drawn.headers["cache-control"]) == ("image/jpeg", "no-store")
    assert "etag" not in drawn.headers
    plain = caller.get("/v1/cameras/gate/frame", params={"boxes": False})
    framed, bare = (decode_image(each.content, "frame") for each in (drawn, plain))
    assert framed.shape == bare.shape == (100, 200, 3)
    assert np.abs(framed.astype(int) - bare).max() > 60
    assert {path.suffix for path in tmp_path.rglob("*")} <= {"", ".db", ".db-shm", ".db-wal"}


def test_only_the_newest_of_many_frames_is_looked_at(caller: Caller) -> None:
    add(caller)
    pictures = [png(face(1, n)) for n in range(30)]
    wait(lambda: caller.get("/v1/cameras/gate").json()["rule"] is not None)
    done = caller.post("/v1/cameras/gate/frames", files=files(*pictures)).json()
    assert done["frames"] == 30
    wait(lambda: caller.get("/v1/cameras/gate").json()["frames"] >= 1)
    told = caller.get("/v1/cameras/gate").json()
    assert told["frames"] + told["dropped"] == 30
    assert told["dropped"] > 10


def test_frames_are_not_sent_to_a_camera_that_has_an_address(caller: Caller) -> None:
    add(caller, address="tcp://127.0.0.1:9")
    sent = {"files": files(png(face(1)))}
    caller.problem(409, "reads-itself", "POST", "/v1/cameras/gate/frames", **sent)
    caller.problem(422, "picture", "POST", "/v1/cameras/gate/frames", files=files(b"x"))


def test_cameras_run_again_when_the_service_does_and_stopped_ones_do_not(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
        add(caller)
        add(caller, "yard", start=False)
        push(caller, 1)
        assert events(caller)[0]["stage"] == "named"
    # It was followed until the end, so the end decided on it.
    with service(tmp_path) as caller:
        (event,) = events(caller)
        assert (event["stage"], event["decision"]) == ("ended", "Ada")
        states = {each["name"]: each["state"] for each in caller.get("/v1/cameras").json()["cameras"]}
        assert states == {"gate": "starting", "yard": "stopped"}
        newer = visit(caller, 1)[0]
        assert (newer["decision"], int(newer["id"]) > int(event["id"])) == ("Ada", True)


def test_a_camera_without_its_collection_fails_and_says_why(caller: Caller) -> None:
    add(caller)
    push(caller, 1)
    caller.delete("/v1/collections/staff")
    wait(lambda: caller.get("/v1/cameras/gate").json()["state"] == "failed")
    assert "no collection" in caller.get("/v1/cameras/gate").json()["why"]
