"""MQTT against a real broker: what is told, kept, tried again, and taken back."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from certificate import certificate
from fewpix.cli import main
from fewpix.errors import ConfigError
from fewpix.serve.mqtt import publisher
from fewpix.serve.mqtt.broker import Broker as Address
from fewpix.serve.mqtt.broker import broker_of
from fewpix.serve.mqtt.topics import Topics
from fewpix.serve.outgoing import Outgoing
from mqtt_broker import Broker, Listener
from service_cameras import add, push, wait
from service_events import ADA, early, ended, seen, visit
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve")
STATE, EVENTS = "house/cameras/gate/state", "house/cameras/gate/events/"


@pytest.fixture
def broker(tmp_path: Path, require: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    require("broker")
    monkeypatch.setattr(publisher, "LOOKS", 0.1)
    found = Broker(tmp_path / "broker")
    yield found
    found.stop()


@contextmanager
def running(folder: Path, broker: Broker, **more: Any) -> Iterator[Caller]:
    """A service with the collection `staff` that is connected to the broker."""
    fields = {"mqtt": broker.url, "first_pause": 0.05, "longest_pause": 0.2, **more}
    with service(folder, outgoing=Outgoing(**fields)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        wait(lambda: status(caller)["state"] == "connected")
        yield caller


@contextmanager
def listening(broker: Broker) -> Iterator[Listener]:
    found = Listener(broker)
    try:
        yield found
    finally:
        found.close()


def status(caller: Caller) -> dict[str, Any]:
    return dict(caller.get("/v1/system").json()["mqtt"])


def told(listener: Listener) -> list[tuple[str, Any]]:
    """Kinds of events with their bodies."""
    found = [(topic, body) for topic, body in listener.got if "/events/" in topic]
    return [(topic.rpartition("/")[2], json.loads(body)) for topic, body in found]


def kept(listener: Listener, topic: str = STATE) -> dict[str, Any]:
    return dict(json.loads(listener.kept.get(topic) or b"{}"))


def config(listener: Listener, camera: str = "gate") -> str:
    (topic,) = [each for each in listener.kept if each.endswith(f"_{camera}/config")]
    return topic


def test_a_camera_and_what_it_sees_are_told(tmp_path: Path, broker: Broker) -> None:
    with listening(broker) as listener, running(tmp_path / "data", broker) as caller:
        caller.enrol("staff", "Ada", png(face(1)))
        add(caller)
        wait(lambda: kept(listener).get("state") == "starting" or kept(listener).get("state") == "running")
        assert listener.kept["house/availability"] == b"online"
        push(caller, 1)
        wait(lambda: [kind for kind, _ in told(listener)][-1:] == ["named"], patience=20)
        wait(lambda: kept(listener)["last_person"] == "Ada" and kept(listener)["faces"] == 0)
        (event,) = caller.get("/v1/events").json()["events"]
        _, last = told(listener)[-1]
        assert last == {"kind": "named", **event}
        state = kept(listener)
        assert state["last_person_id"] == event["person_id"]
        assert state["last_seen"] == state["last_person_time"] == event["end"]
        assert state["state"] in ("running", "reconnecting")
        now = status(caller)
        assert (now["address"], now["waiting"], now["why"]) == (
            f"mqtt://127.0.0.1:{broker.port}/house",
            0,
            None,
        )
    assert listener.kept["house/availability"] == b"offline"


def test_home_assistant_finds_a_device_with_sensors_until_the_camera_is_deleted(
    tmp_path: Path, broker: Broker
) -> None:
    with listening(broker) as listener, running(tmp_path / "data", broker) as caller:
        add(caller)
        wait(lambda: any(topic.endswith("_gate/config") for topic in listener.kept) and kept(listener))
        topic = config(listener)
        prefix, kind, device, end = topic.split("/")
        assert (prefix, kind, end) == ("homeassistant", "device", "config")
        found = kept(listener, topic)
        assert found["device"]["identifiers"] == [device]
        assert found["device"]["name"] == "fewpix gate"
        assert found["origin"]["name"] == "fewpix"
        assert found["availability_topic"] == "house/availability"
        assert found["state_topic"] == STATE
        assert set(found["components"]) == {"last_person", "last_seen", "faces", "state"}
        uniques = {each["unique_id"] for each in found["components"].values()}
        assert len(uniques) == 4
        assert all(each.startswith(device) for each in uniques)
        for name, each in found["components"].items():
            assert each["platform"] == "sensor"
            assert each["name"]
            field = each["value_template"].removeprefix("{{ value_json.").removesuffix(" }}")
            assert field == name
            assert field in kept(listener)
        assert found["components"]["last_seen"]["device_class"] == "timestamp"
        assert kept(listener)["state"] in found["components"]["state"]["options"]
        visit(caller, ADA)
        wait(lambda: kept(listener)["last_person"] == "Ada")
        assert caller.delete("/v1/cameras/gate").status_code == 200
        wait(lambda: listener.kept[topic] == b"" and listener.kept[STATE] == b"")
    with listening(broker) as late:
        wait(lambda: late.kept)
        assert set(late.kept) == {"house/availability"}


def test_what_is_kept_is_taken_back_when_somebody_is_deleted(tmp_path: Path, broker: Broker) -> None:
    with listening(broker) as listener, running(tmp_path / "data", broker) as caller:
        caller.enrol("staff", "Ada", png(face(1)))
        (ada,) = caller.get("/v1/collections/staff/people").json()["people"]
        add(caller)
        event = seen(caller)
        early(caller, event, type(ADA)(ada["id"], "Ada"))
        wait(lambda: kept(listener).get("last_person") == "Ada")
        ended(caller, event)  # at last, nobody is named
        wait(lambda: kept(listener)["last_person"] is None)
        visit(caller, type(ADA)(ada["id"], "Ada"))
        wait(lambda: kept(listener)["last_person"] == "Ada")
        path = f"/v1/collections/staff/people/{ada['id']}"
        assert caller.patch(path, json={"name": "Ada L."}).status_code == 200
        wait(lambda: kept(listener)["last_person"] == "Ada L.")
        assert caller.delete(path).status_code == 200
        wait(lambda: kept(listener)["last_person"] is None)
    with listening(broker) as late:
        wait(lambda: STATE in late.kept)
        assert b"Ada" not in b"".join(late.kept.values())


def test_a_broker_that_restarts_loses_no_event(tmp_path: Path, broker: Broker) -> None:
    with listening(broker) as listener, running(tmp_path / "data", broker) as caller:
        visit(caller, None, "one")
        wait(lambda: ("unknown", "one") in cameras(listener))
        broker.stop()
        wait(lambda: status(caller)["state"] == "connecting")
        assert status(caller)["why"]
        gone = visit(caller, None, "gone")
        for camera in ("two", "three"):
            visit(caller, None, camera)
        assert status(caller)["waiting"] == 3
        assert caller.delete(f"/v1/events/{gone.id}").status_code == 200
        broker.start()
        wait(lambda: status(caller)["state"] == "connected", patience=20)
        visit(caller, None, "four")
        wait(lambda: ("unknown", "four") in cameras(listener), patience=20)
        assert status(caller)["waiting"] == 0
        found = [camera for kind, camera in cameras(listener) if kind == "unknown"]
        assert list(dict.fromkeys(found)) == ["one", "two", "three", "four"]
        wait(lambda: listener.kept["house/availability"] == b"online")


def cameras(listener: Listener) -> list[tuple[str, str]]:
    return [(kind, body["camera"]) for kind, body in told(listener)]


def test_a_service_goes_on_where_it_was_and_forgets_cameras_that_are_gone(
    tmp_path: Path, broker: Broker
) -> None:
    data = tmp_path / "data"
    with listening(broker) as listener:
        with running(data, broker) as caller:
            add(caller)
            add(caller, "yard")
            visit(caller, None, "one")
            wait(lambda: cameras(listener)[-1:] == [("unknown", "one")])
            wait(lambda: kept(listener, "house/cameras/yard/state"))
            wait(lambda: any(each.endswith("_yard/config") for each in listener.kept))
            topic = config(listener, "yard")
        with service(data) as caller:  # without a broker
            assert caller.get("/v1/system").json()["mqtt"] is None
            visit(caller, None, "two")
            assert caller.delete("/v1/cameras/yard").status_code == 200
        with running(data, broker, discovery="") as caller:
            wait(lambda: cameras(listener)[-1:] == [("unknown", "two")])
            assert cameras(listener).count(("unknown", "one")) == 1
            wait(lambda: listener.kept[topic] == b"" and listener.kept["house/cameras/yard/state"] == b"")
            wait(lambda: listener.kept[config(listener)] == b"")  # no discovery is wanted any more
            assert kept(listener)["state"]


def test_what_is_too_old_is_given_up(tmp_path: Path, broker: Broker) -> None:
    data = tmp_path / "data"
    with listening(broker) as listener:
        with running(data, broker):
            pass
        with service(data) as caller:
            visit(caller, None, "old", ago=7200.0)
            visit(caller, None, "new")
        with running(data, broker, hours=1.0) as caller:
            wait(lambda: ("unknown", "new") in cameras(listener))
            assert cameras(listener) == [("unknown", "new")]
            assert status(caller)["given_up"] == 1


def test_who_is_refused_says_so_without_the_password(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        url = broker.url.replace("hunter2", "hunter3")
        outgoing = Outgoing(mqtt=url, first_pause=0.05, longest_pause=0.2)
        assert "hunter3" not in repr(outgoing)
        with service(tmp_path / "data", outgoing=outgoing) as caller:
            wait(lambda: status(caller)["why"] is not None)
            assert status(caller)["why"] == "the broker refuses: Not authorized"
            assert "hunter3" not in caller.get("/v1/system").text
        with service(tmp_path / "other", outgoing=Outgoing(mqtt="mqtt://127.0.0.1:1/")) as caller:
            wait(lambda: status(caller)["why"] is not None)
            assert status(caller)["why"] == "no connection: Connection refused"
    assert "hunter3" not in caplog.text
    assert "the broker refuses" in caplog.text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no program openssl")
def test_tls_is_checked(tmp_path: Path, require: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    require("broker")
    pem = certificate(tmp_path)
    broker = Broker(tmp_path / "broker", pem)
    try:
        url = broker.url.replace("mqtt:", "mqtts:").replace("127.0.0.1", "localhost")
        with service(tmp_path / "a", outgoing=Outgoing(mqtt=url)) as caller:
            wait(lambda: status(caller)["why"] is not None)
            assert status(caller)["why"].startswith("the broker's certificate is not valid: ")
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        with service(tmp_path / "a", outgoing=Outgoing(mqtt=url)) as caller:
            wait(lambda: status(caller)["state"] == "connected")
    finally:
        broker.stop()


def test_an_address_is_read() -> None:
    found = broker_of("mqtt://me:p%40ss%2Fw@broker.lan/home/faces/")
    assert found == Address("broker.lan", 1883, False, "me", "p@ss/w", "home/faces")
    assert found.shown == "mqtt://broker.lan:1883/home/faces"
    assert "p@ss" not in repr(found)
    assert broker_of("mqtts://[::1]") == Address("::1", 8883, True, None, None, "fewpix")
    assert broker_of("mqtts://[::1]:99").shown == "mqtts://[::1]:99/fewpix"


@pytest.mark.parametrize(
    "bad",
    [
        "broker.lan",
        "http://me:hunter2@x/",
        "mqtt://",
        "mqtt://me:hunter2@x:port/",
        "mqtt://me:12/hunter2@x/",
        "mqtt://x/hunter2/#",
        "mqtt://x/hunter2/+",
        "mqtt://x/?hunter2",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(bad: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Outgoing(mqtt=bad)
    assert "hunter2" not in str(caught.value)


def test_the_command_line_refuses_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["serve", "--data", str(tmp_path / "data")]
    assert main([*words, "--mqtt", "mqtt://me:hunter2@x:port/"]) == 5
    monkeypatch.setenv("FEWPIX_MQTT", "mqtt://x/a+hunter2")
    assert main(words) == 5
    monkeypatch.delenv("FEWPIX_MQTT")
    assert main([*words, "--webhooks", "all"]) == 5
    assert main([*words, "--discovery", "a/#"]) == 5
    out = capsys.readouterr()
    assert "MQTT broker cannot be read" in out.err
    assert "hunter2" not in out.err + out.out


def test_services_at_one_broker_are_told_apart() -> None:
    one, two = (Topics("house", "homeassistant", name) for name in ("1a", "2b"))
    assert one.config("gate") != two.config("gate")
    assert one.told("gate")["device"]["identifiers"] != two.told("gate")["device"]["identifiers"]
