"""Webhooks against a real receiver: signed, tried again, given up, and never told of who is gone."""

from __future__ import annotations

import base64
import logging
import runpy
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from certificate import certificate
from fewpix.errors import ConfigError
from fewpix.serve.outgoing import Outgoing
from fewpix.serve.webhooks.target import check_url, may_be_reached
from project import ROOT
from served import served
from service_cameras import add as add_camera
from service_cameras import push, wait
from service_events import ADA, BO, early, ended, seen, visit
from tiny_service import Caller, face, png, service
from webhook_receiver import Received, receiver

pytestmark = pytest.mark.needs("serve")
verified = runpy.run_path(str(ROOT / "docs_src" / "verify_webhook.py"))["verified"]
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
QUICK = Outgoing(seconds=1.5, first_pause=0.02, longest_pause=0.1)


@contextmanager
def running(folder: Path, outgoing: Outgoing = QUICK, **more: Any) -> Iterator[Caller]:
    with service(folder, outgoing=outgoing, **more) as caller:
        yield caller


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    with running(tmp_path / "data") as found:
        assert found.post("/v1/collections", json={"name": "staff"}).status_code == 201
        yield found


def hook(caller: Caller, url: str, **options: Any) -> dict[str, Any]:
    done = caller.post("/v1/webhooks", json={"url": url, **options})
    assert done.status_code == 201, done.text
    return dict(done.json())


def shown(caller: Caller, made: dict[str, Any]) -> dict[str, Any]:
    done = caller.get(f"/v1/webhooks/{made['id']}")
    assert done.status_code == 200, done.text
    return dict(done.json())


def told(received: list[Received]) -> list[tuple[str, str | None]]:
    """Kinds and names."""
    return [(each.message["type"], each.message["data"]["decision"]) for each in received]


def test_what_happens_is_sent_and_signed(caller: Caller) -> None:
    visit(caller, BO)  # before the webhook was there
    with receiver() as there:
        made = hook(caller, there.url)
        first = seen(caller)
        early(caller, first, ADA)
        there.wait(1)
        last = ended(caller, first, ADA)
        got = there.wait(2)
        wait(lambda: shown(caller, made)["delivered"] == 2)
    assert told(got) == [("event.early", None), ("event.named", "Ada")]
    assert got[0].message["data"]["early"] == {"decision": "Ada", "person_id": ADA.id, "time": "x"}
    assert got[1].message["data"] == caller.get(f"/v1/events/{first.id}").json()
    assert got[1].message["timestamp"] == got[1].message["data"]["end"]
    assert (got[1].path, got[1].headers["content-type"]) == ("/hook", "application/json")
    assert got[1].headers["host"] == there.url.split("/")[2]
    assert got[1].headers["webhook-id"] == f"{made['id']}-{first.id}-{last.sequence}"
    for each in got:
        assert verified(each.headers, each.body, made["secret"])
        assert not verified(each.headers, each.body + b" ", made["secret"])
        assert not verified(each.headers, each.body, SECRET)
        old = each.headers | {"webhook-timestamp": str(int(time.time()) - 1000)}
        assert not verified(old, each.body, made["secret"])
    now = shown(caller, made)
    assert (now["waiting"], now["failures"], now["given_up"], now["last_failure"]) == (0, 0, 0, None)
    assert now["last_success"] is not None
    assert 'outcome="delivered"' in caller.get("/v1/metrics").text


def test_what_fails_is_tried_again_as_the_same_message(caller: Caller, caplog: Any) -> None:
    with receiver() as elsewhere:
        answers = [500, (302, {"Location": elsewhere.url}), 0, 3.0, 503, 404]
        with receiver(*answers) as there:
            made = hook(caller, there.url)
            visit(caller, ADA, "yard")
            wait(lambda: shown(caller, made)["failures"] >= 1)
            assert shown(caller, made)["waiting"] == 1
            got = there.wait(7)
            wait(lambda: shown(caller, made)["delivered"] == 1)
            now = shown(caller, made)
        assert elsewhere.got == []
    assert {each.headers["webhook-id"] for each in got} == {got[0].headers["webhook-id"]}
    assert {each.body for each in got} == {got[0].body}
    assert all(verified(each.headers, each.body, made["secret"]) for each in got)
    assert (now["failures"], now["given_up"], now["waiting"], now["next_try"]) == (0, 0, 0, None)
    assert now["reason"] == "the receiver answered 404"
    assert f"webhook {made['id']}: event" in caplog.text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (500, "the receiver answered 500"),
        ((307, {"Location": "http://127.0.0.1:1/"}), "the receiver answered 307: redirects are not followed"),
        (0, "the connection broke (RemoteProtocolError)"),
        (3.0, "no answer within 1.5 s"),
    ],
)
def test_why_it_failed_is_told(caller: Caller, answer: Any, reason: str) -> None:
    with receiver(answer) as there:
        made = hook(caller, there.url)
        done = caller.post(f"/v1/webhooks/{made['id']}/test").json()
        assert (done["delivered"], done["reason"]) == (False, reason)
        assert shown(caller, made)["reason"] == reason
        done = caller.post(f"/v1/webhooks/{made['id']}/test").json()
        assert (done["delivered"], done["status"], done["reason"]) == (True, 204, None)
        ping = there.got[1]
    assert ping.message["type"] == "ping"
    assert verified(ping.headers, ping.body, made["secret"])
    done = caller.post(f"/v1/webhooks/{made['id']}/test").json()
    assert done["reason"] == "no connection: Connection refused"


def test_a_message_that_the_receiver_refuses_is_given_up_alone(caller: Caller, caplog: Any) -> None:
    with receiver(422) as there:
        made = hook(caller, there.url)
        visit(caller, ADA)
        visit(caller, BO)
        got = there.wait(2)
        wait(lambda: shown(caller, made)["delivered"] == 1)
    assert told(got) == [("event.named", "Ada"), ("event.named", "Bo")]
    now = shown(caller, made)
    assert (now["given_up"], now["waiting"], now["reason"]) == (1, 0, "the receiver answered 422")
    assert "is given up: the receiver answered 422" in caplog.text


def test_after_the_stated_time_an_event_is_given_up(tmp_path: Path) -> None:
    quick = Outgoing(seconds=1.5, hours=1.0, first_pause=0.02, longest_pause=0.05)
    with running(tmp_path, quick) as caller, receiver(500, 500) as there:
        made = hook(caller, there.url, paused=True)
        for _ in range(3):
            visit(caller, ADA, ago=3700.0)
        visit(caller, BO)
        assert shown(caller, made)["waiting"] == 4
        caller.patch(f"/v1/webhooks/{made['id']}", json={"paused": False})
        wait(lambda: shown(caller, made)["delivered"] == 1)
        # The first one was tried once; the others of that time were not, as the receiver is away.
        assert told(there.got) == [("event.named", "Ada"), ("event.named", "Bo"), ("event.named", "Bo")]
        assert (shown(caller, made)["given_up"], shown(caller, made)["waiting"]) == (3, 0)


def test_a_receiver_that_hangs_holds_up_nobody(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    with receiver(*[30.0] * 50) as slow, receiver() as quick:
        stuck = hook(caller, slow.url, kinds=["seen", "early", "named", "unknown"])
        hook(caller, quick.url)
        for _ in range(30):
            seen(caller, "yard")
        add_camera(caller)
        began = time.monotonic()
        push(caller, 1)
        quick.wait(1, patience=15)
        assert time.monotonic() - began < 15
        assert shown(caller, stuck)["waiting"] >= 31
        assert caller.get("/v1/cameras/gate").json()["frames"] >= 2
        assert caller.delete(f"/v1/webhooks/{stuck['id']}").json() == {"deleted": True}
        came = len(slow.got)
        time.sleep(1.7)
        assert len(slow.got) == came


def test_only_what_is_chosen_is_sent(caller: Caller) -> None:
    with receiver() as there:
        url = there.url
        hook(caller, f"{url}/ada", people=[ADA.id], kinds=["named"])
        hook(caller, f"{url}/ada-or-nobody", people=[ADA.id], kinds=["named", "unknown"])
        hook(caller, f"{url}/yard", cameras=["yard"], kinds=None)
        hook(caller, f"{url}/unknown", kinds=["unknown"])
        hook(caller, f"{url}/seen", kinds=["seen"])
        visit(caller, ADA)
        visit(caller, BO)
        visit(caller, None)
        visit(caller, BO, "yard")
        there.wait(1 + 2 + 1 + 1, patience=10)
        time.sleep(0.3)
        got = {}
        for each in there.got:
            got.setdefault(each.path.rpartition("/")[2], []).append(each)
    assert {name: told(some) for name, some in got.items() if name != "seen"} == {
        "ada": [("event.named", "Ada")],
        "ada-or-nobody": [("event.named", "Ada"), ("event.unknown", None)],
        "yard": [("event.named", "Bo")],
        "unknown": [("event.unknown", None)],
    }


def test_whoever_is_deleted_while_an_event_waits_is_not_told_of(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    (ada,) = caller.get("/v1/collections/staff/people").json()["people"]
    who = type(ADA)(ada["id"], "Ada")
    with receiver() as there:
        made = hook(caller, there.url, paused=True)
        gone = visit(caller, BO)
        visit(caller, who)
        visit(caller, None)
        assert shown(caller, made)["waiting"] == 3
        assert caller.delete(f"/v1/events/{gone.id}").status_code == 200
        assert caller.delete(f"/v1/collections/staff/people/{ada['id']}").status_code == 200
        assert shown(caller, made)["waiting"] == 2
        caller.patch(f"/v1/webhooks/{made['id']}", json={"paused": False})
        got = there.wait(2)
        wait(lambda: shown(caller, made)["waiting"] == 0)
    assert told(got) == [("event.forgotten", None), ("event.unknown", None)]
    assert b"Ada" not in b"".join(each.body for each in got)


def test_pictures_are_sent_where_they_are_asked_for_and_kept(caller: Caller) -> None:
    with receiver() as there:
        hook(caller, f"{there.url}/with", pictures=True)
        hook(caller, f"{there.url}/without")
        visit(caller, ADA, crops=(b"one", b"two"))
        visit(caller, BO)
        got = there.wait(4)
    having = [each.message["data"].get("pictures") for each in got if each.path.endswith("with")]
    assert [None if some is None else [base64.b64decode(each) for each in some] for some in having] == [
        [b"one", b"two"],
        [],
    ]
    assert all("pictures" not in each.message["data"] for each in got if each.path.endswith("without"))


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    with receiver() as there:
        there.answers = [204, 500] + [500] * 1000
        with running(tmp_path) as caller:
            made = hook(caller, there.url)
            for camera in ("one", "two", "three"):
                visit(caller, None, camera)
            there.wait(3)
        there.answers.clear()
        before = len(there.got)
        with running(tmp_path) as caller:
            got = there.wait(before + 2)[before:]
            wait(lambda: shown(caller, made)["delivered"] == 3)
            assert "secret" not in shown(caller, made)
            visit(caller, None, "four")
            got += there.wait(before + 3)[before + 2 :]
        assert [each.message["data"]["camera"] for each in got] == ["two", "three", "four"]
        assert all(verified(each.headers, each.body, made["secret"]) for each in got)


@pytest.mark.slow
def test_kill_9_loses_no_event(tmp_path: Path) -> None:
    with receiver() as there:
        there.answers = [500] * 1000
        with served(tmp_path) as (process, address), httpx2.Client(base_url=address) as client:
            wait(lambda: client.get("/v1/ready").is_success, patience=30)
            client.post("/v1/collections", json={"name": "staff"})
            client.post("/v1/webhooks", json={"url": there.url, "secret": SECRET, "kinds": ["seen"]})
            client.post("/v1/cameras", json={"name": "gate", "collection": "staff", "threshold": 0.9})
            wait(lambda: client.get("/v1/cameras/gate").json()["rule"] is not None, patience=30)
            for n in range(4):
                sent = [("picture", ("a.png", png(face(1, n)), "image/png"))]
                assert client.post("/v1/cameras/gate/frames", files=sent).status_code == 202
                time.sleep(0.2)
            there.wait(1, patience=20)
            process.send_signal(signal.SIGKILL)
            process.wait()
        there.answers.clear()
        before = len(there.got)
        with served(tmp_path) as (_, address), httpx2.Client(base_url=address) as client:
            (one,) = client.get("/v1/webhooks").json()["webhooks"]
            client.patch(f"/v1/webhooks/{one['id']}", json={"kinds": None})
            got = there.wait(before + 1, patience=30)[before:]
        assert told(got)[-1] == ("event.undecided", None)
        assert all(verified(each.headers, each.body, SECRET) for each in got)


def test_a_webhook_is_changed_and_secrets_are_not_shown_again(
    caller: Caller, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(logging.DEBUG), receiver(500) as there:
        url = there.url.replace("http://", "http://me:hunter2@") + "?token=hunter3"
        made = hook(caller, url, secret=SECRET)
        assert made["secret"] == SECRET
        assert made["url"] == f"{there.url}?token=***"
        visit(caller, ADA)
        got = there.wait(2)
        pair = base64.b64encode(b"me:hunter2").decode()
        assert got[0].headers["authorization"] == f"Basic {pair}"
        assert got[0].path == "/hook?token=hunter3"
        other = "whsec_" + base64.b64encode(b"x" * 32).decode()
        changed = caller.patch(f"/v1/webhooks/{made['id']}", json={"secret": other, "cameras": ["yard"]})
        assert (changed.status_code, changed.json()["cameras"]) == (200, ["yard"])
        caller.post(f"/v1/webhooks/{made['id']}/test")
        got = there.wait(3)
        assert verified(got[2].headers, got[2].body, other)
        back = caller.patch(f"/v1/webhooks/{made['id']}", json={"cameras": None, "pictures": True})
        assert (back.json()["cameras"], back.json()["pictures"]) == (None, True)
        listed = caller.get("/v1/webhooks").text + changed.text + back.text + caller.get("/v1/audit").text
    for secret in ("hunter2", "hunter3", SECRET, other):
        assert secret not in listed
        assert secret not in caplog.text
    actions = [each["action"] for each in caller.get("/v1/audit").json()["entries"]]
    assert actions[:3] == ["webhook.change", "webhook.change", "webhook.add"]
    assert caller.delete(f"/v1/webhooks/{made['id']}").json() == {"deleted": True}
    caller.problem(404, "no-webhook", "GET", f"/v1/webhooks/{made['id']}")
    caller.problem(404, "no-webhook", "POST", f"/v1/webhooks/{made['id']}/test")
    stored = (tmp_path / "data" / "service.db").read_bytes()
    assert b"hunter2" not in stored
    assert other.encode() not in stored


@pytest.mark.parametrize(
    "bad",
    [
        {"url": "ftp://example.org/"},
        {"url": "file:///etc/passwd"},
        {"url": "http://"},
        {"url": "http://x:99999/"},
        {"url": "http://[::1/"},
        {"url": "https://exa mple.org/"},
        {"url": "https://a..b/"},
        {"url": f"https://{'a' * 64}.org/"},
        {"url": "https://\u2603\u2603.\u0000/"},
        {"url": "https://example.org/\n"},
        {"url": "https://example.org/", "secret": "whsec_c2hvcnQ="},
        {"url": "https://example.org/", "secret": "hunter2"},
    ],
)
def test_what_is_no_webhook_is_refused_and_not_repeated(caller: Caller, bad: dict[str, str]) -> None:
    found = caller.problem(422, "setting", "POST", "/v1/webhooks", json=bad)
    assert "hunter2" not in str(found)
    assert caller.get("/v1/webhooks").json() == {"webhooks": []}
    caller.problem(422, "invalid", "POST", "/v1/webhooks", json=bad | {"kinds": ["x"]})


@pytest.mark.parametrize(
    ("address", "anywhere", "public"),
    [
        ("93.184.215.14", True, True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True, True),
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("192.168.1.20", True, False),
        ("::ffff:192.168.1.20", True, False),
        ("fd00::1", True, False),
        ("100.64.0.1", True, False),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%2", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("255.255.255.255", False, False),
    ],
)
def test_which_addresses_are_reached(address: str, anywhere: bool, public: bool) -> None:
    assert may_be_reached(address, "any") is anywhere
    assert may_be_reached(address, "public") is public


def test_with_public_this_machine_is_not_reached(tmp_path: Path) -> None:
    quick = Outgoing(webhooks="public", seconds=2)
    with running(tmp_path, quick) as caller, receiver() as there:
        for url in (there.url, there.url.replace("127.0.0.1", "localhost")):
            made = hook(caller, url)
            done = caller.post(f"/v1/webhooks/{made['id']}/test").json()
            assert done["reason"] == "the host has no address that webhooks may reach (serve --webhooks)"
        assert there.got == []
    with pytest.raises(ConfigError, match="webhooks reach"):
        Outgoing(webhooks="all")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="hours must be above 0"):
        Outgoing(hours=0)
    check_url("https://example.org:8443/a?b=c")


def test_a_name_with_several_addresses_is_tried_at_each(caller: Caller) -> None:
    with receiver() as there:
        made = hook(caller, there.url.replace("127.0.0.1", "localhost"))
        assert caller.post(f"/v1/webhooks/{made['id']}/test").json()["delivered"]
        assert there.got[0].headers["host"] == f"localhost:{there.port}"
    made = hook(caller, "http://nobody.invalid/")
    done = caller.post(f"/v1/webhooks/{made['id']}/test").json()
    assert done["reason"].startswith(("the host is not found", "no answer within"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no program openssl")
def test_a_certificate_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(tmp_path)
    with receiver(certificate=pem) as there:
        for trusted in (False, True):
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            with running(tmp_path / str(trusted), Outgoing(seconds=5)) as caller:
                done = hook(caller, there.url.replace("127.0.0.1", "localhost"))
                found = caller.post(f"/v1/webhooks/{done['id']}/test").json()
                assert found["delivered"] is trusted, found
                if not trusted:
                    assert found["reason"].startswith("the certificate of the receiver is not valid: ")
                done = hook(caller, there.url)  # another name than that of the certificate
                found = caller.post(f"/v1/webhooks/{done['id']}/test").json()
                assert found["reason"].startswith("the certificate of the receiver is not valid: ")
