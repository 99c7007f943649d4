"""Who may do what: every route, with every scope and without a key; other sites, other machines."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fewpix.cli import main
from fewpix.errors import FewpixError
from fewpix.serve import problems
from fewpix.serve.access import SCOPE, is_loopback
from fewpix.serve.keys import PREFIX, SCOPES
from stored import stored
from tiny_service import Caller, face, files, png, service

pytestmark = pytest.mark.needs("serve")

PUBLIC = {"/v1/health", "/v1/ready", "/v1/openapi.json"}
ADMIN = {
    ("POST", "/v1/collections"),
    ("DELETE", "/v1/collections/{collection}"),
    ("POST", "/v1/calibrations"),
    ("GET", "/v1/collections/{collection}/export"),
    ("POST", "/v1/collections/{collection}/import"),
    ("DELETE", "/v1/collections/{collection}/people/{person}"),
    ("DELETE", "/v1/collections/{collection}/people/{person}/photos/{photo}"),
    *(("GET", path) for path in ("/v1/keys", "/v1/audit")),
    ("POST", "/v1/keys"),
    ("DELETE", "/v1/keys/{key}"),
    *((method, "/v1/cameras/{camera}") for method in ("PATCH", "DELETE")),
    ("POST", "/v1/cameras"),
    ("DELETE", "/v1/events/{event}"),
    ("DELETE", "/v1/collections/{collection}/groups/{group}"),
    *((method, "/v1/webhooks") for method in ("GET", "POST")),
    *((method, "/v1/webhooks/{webhook}") for method in ("GET", "PATCH", "DELETE")),
    ("POST", "/v1/webhooks/{webhook}/test"),
}
LOOKING = {"/v1/detect", "/v1/embed", "/v1/verify", "/v1/collections/{collection}/identify"}
LOOKING |= {"/v1/collections/{collection}/videos", "/v1/jobs/{job}", "/v1/jobs/{job}/cancel"}


def scope_of(method: str, path: str) -> str:
    """What a route has to need, stated here once more."""
    if path in PUBLIC:
        return "none"
    if (method, path) in ADMIN:
        return "admin"
    return "read" if method == "GET" or path in LOOKING else "enrol"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str]]]:
    """A service with a key of each scope."""
    with service(tmp_path_factory.mktemp("guarded")) as caller:
        keys = {}
        for scope in reversed(SCOPES):  # admin first: from the first key on, it is needed
            head = {"Authorization": f"Bearer {keys['admin']}"} if keys else {}
            made = caller.post("/v1/keys", json={"name": scope, "scope": scope}, headers=head)
            assert made.status_code == 201
            keys[scope] = made.json()["key"]
        yield caller.app, keys


def operations(app: Any) -> list[tuple[str, str, dict[str, Any]]]:
    paths = app.openapi()["paths"]
    return [(method.upper(), path, said) for path, item in paths.items() for method, said in item.items()]


def test_every_route_with_every_scope_and_without_a_key(guarded: tuple[Any, dict[str, str]]) -> None:
    app, keys = guarded
    callers = {scope: Caller(app, key) for scope, key in keys.items()} | {"": Caller(app)}
    seen = operations(app)
    assert len(seen) >= 75
    for method, path, said in seen:
        needed = said[SCOPE]
        assert needed == scope_of(method, path), (method, path)
        place = re.sub(r"{\w+}", "x", path)
        for scope, caller in callers.items():
            if (method, path) == ("POST", "/v1/keys") and scope == "admin":
                continue
            if path == "/v1/events/stream" and scope:
                continue  # it has no end; read in test_serve_process
            done = caller.request(method, place)
            told = (
                (done.status_code, done.json().get("code"))
                if "json" in done.headers["content-type"]
                else (0, "")
            )
            if needed == "none":
                assert done.status_code == 200
            elif not scope:
                assert told == (401, "no-key"), (method, path)
                assert done.headers["www-authenticate"].startswith("Bearer")
            elif SCOPES.index(scope) < SCOPES.index(needed):  # type: ignore[arg-type]
                assert told == (403, "scope"), (method, path, scope)
                assert done.json()["needs"] == needed
            else:
                assert told[0] not in (401, 403), (method, path, scope)
                assert told[0] < 500, (method, path, scope, told)


@pytest.mark.parametrize("key", ["", "x", PREFIX, PREFIX + "A" * 43, PREFIX + "é", "A" * 5000])
def test_what_is_no_key_is_refused(guarded: tuple[Any, dict[str, str]], key: str) -> None:
    app, keys = guarded
    caller = Caller(app)
    for head in ({"Authorization": f"Bearer {key}".encode()}, {"X-API-Key": key.encode()}):
        caller.problem(401, "no-key", "GET", "/v1/collections", headers=head)
    basic = {"Authorization": f"Basic {keys['admin']}"}
    caller.problem(401, "no-key", "GET", "/v1/collections", headers=basic)
    assert caller.get("/v1/collections", headers={"X-API-Key": keys["read"]}).status_code == 200


def test_nothing_of_a_body_is_read_before_the_key_is_seen(guarded: tuple[Any, dict[str, str]]) -> None:
    app, keys = guarded
    sent = []

    def body() -> Iterator[bytes]:
        sent.append(1)
        yield b"x"

    for path in ("/v1/detect", "/v1/collections/a/photos"):
        caller = Caller(app, keys["read"] if "photos" in path else "")
        caller.post(path, content=body(), headers={"Content-Type": "image/png"})
    malformed = Caller(app).post(
        "/v1/collections", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert malformed.status_code == 401


def test_without_keys_this_machine_alone_is_answered(caller: Caller) -> None:
    app = caller.app
    away = Caller(app, client=("192.0.2.7", 1))
    away.problem(403, "local-only", "GET", "/v1/collections")
    for host in ("evil.example", "fewpix.example:8737", ""):
        caller.problem(403, "local-only", "GET", "/v1/collections", headers={"Host": host})
    for host in ("localhost:8737", "[::1]:8737", "127.0.0.1"):
        assert caller.get("/v1/collections", headers={"Host": host}).status_code == 200
    assert away.get("/v1/health").status_code == 200


def test_another_sites_page_may_not_ask(caller: Caller) -> None:
    sent: dict[str, Any] = {"files": files(png(face(1)))}
    for head in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        caller.problem(403, "cross-site", "POST", "/v1/detect", headers=head, **sent)
    own = {"Origin": "http://127.0.0.1:8737", "Sec-Fetch-Site": "same-origin"}
    done = caller.post("/v1/detect", headers=own, **sent)
    assert done.status_code == 200
    assert not [name for name in done.headers if name.startswith("access-control")]


def test_keys_are_made_shown_once_and_revoked(caller: Caller, tmp_path: Path) -> None:
    made = caller.post("/v1/keys", json={"name": "boss", "scope": "admin"}).json()
    caller.problem(401, "no-key", "GET", "/v1/keys")
    boss = Caller(caller.app, made["key"])
    (listed,) = boss.get("/v1/keys").json()["keys"]
    assert (listed["id"], listed["scope"], listed["revoked"]) == (made["id"], "admin", None)
    assert listed["last_used"] is not None
    assert made["key"] not in boss.get("/v1/keys").text
    assert made["key"].encode() not in stored(tmp_path)
    other = boss.post("/v1/keys", json={"name": "door", "scope": "read"}).json()
    door = Caller(caller.app, other["key"])
    assert door.get("/v1/collections").status_code == 200
    assert boss.delete(f"/v1/keys/{other['id']}").json()["revoked"]
    door.problem(401, "no-key", "GET", "/v1/collections")
    boss.problem(404, "no-such-key", "DELETE", "/v1/keys/nobody")
    for bad in ({"name": "", "scope": "read"}, {"name": "x", "scope": "root"}, {"name": "x"}, [], {"x": 1}):
        boss.problem(422, "invalid", "POST", "/v1/keys", json=bad)
    boss.delete(f"/v1/keys/{made['id']}")
    caller.problem(401, "no-key", "GET", "/v1/keys")  # once there were keys, there is no way in without


def test_the_command_line_makes_keys_for_a_running_service(
    caller: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(tmp_path / "data")
    assert main(["keys", "list", "--data", data]) == 0
    assert "this machine only" in capsys.readouterr().out
    assert main(["keys", "add", "door", "--scope", "enrol", "--data", data, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    caller.problem(401, "no-key", "GET", "/v1/collections")
    door = Caller(caller.app, made["key"])
    assert door.get("/v1/collections").status_code == 200
    assert main(["keys", "list", "--data", data, "--json"]) == 0
    assert [key["name"] for key in json.loads(capsys.readouterr().out)["keys"]] == ["door"]
    assert main(["keys", "add", "x", "--data", data]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(PREFIX)
    assert main(["keys", "revoke", made["id"], "--data", data]) == 0
    assert "revoked" in capsys.readouterr().out
    door.problem(401, "no-key", "GET", "/v1/collections")
    assert main(["keys", "revoke", "nobody", "--data", data]) == 3
    assert main(["keys", "add", "x", "--scope", "root", "--data", data]) == 5
    assert main(["serve", "--host", "0.0.0.0", "--data", str(tmp_path / "new")]) == 5
    assert "without a key" in capsys.readouterr().err
    assert main(["serve", "--collection", "staff", "--data", str(tmp_path / "new")]) == 5


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("x", False),
    ],
)
def test_which_addresses_are_this_machines_own(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_every_answer_has_an_id_and_headers_of_safety(caller: Caller) -> None:
    for path in ("/v1/health", "/v1/none", "/v1/collections", "/"):
        done = caller.get(path)
        assert re.fullmatch("[0-9a-f]{16}", done.headers["x-request-id"])
        assert "default-src 'none'" in done.headers["content-security-policy"]
        assert done.headers["x-content-type-options"] == "nosniff"
        assert "server" not in done.headers
    assert (
        caller.get("/v1/health", headers={"X-Request-Id": "mine-12345"}).headers["x-request-id"]
        == "mine-12345"
    )
    for bad in ("x", "a b c d e f g", "x" * 65):
        assert caller.get("/v1/health", headers={"X-Request-Id": bad}).headers["x-request-id"] != bad
    caller.problem(404, "no-route", "GET", "/v1/none")
    caller.problem(405, "method", "DELETE", "/v1/health")


def test_a_mistake_is_an_answer_too_and_tells_nothing(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> list[str]:
        raise RuntimeError("secret /place")

    caller.app.state.service.collections.names = broken  # type: ignore[attr-defined]
    found = caller.problem(500, "bug", "GET", "/v1/collections")
    assert "secret" not in str(found)
    assert found["request_id"] in caplog.text


def test_the_log_tells_routes_and_nobodys_name(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "fewpix"):
        caller.enrol("staff", "Zaphod Beeblebrox", png(face(1)))
        caller.get("/v1/collections/staff/people", params={"name": "Zaphod Beeblebrox"})
    told = [record.getMessage() for record in caplog.records if record.name == "fewpix.serve"]
    assert len(told) == 2
    assert re.fullmatch(r"[0-9a-f]{16} POST /v1/collections/{collection}/photos 201 \d+ ms local", told[0])
    assert "Zaphod" not in caplog.text


def test_metrics_count_and_name_nobody(caller: Caller) -> None:
    caller.enrol("staff", "Zaphod", png(face(1)))
    caller.get("/v1/none")
    text = caller.get("/v1/metrics").text
    assert (
        'fewpix_requests_total{method="POST",route="/v1/collections/{collection}/photos",status="201"} 1.0'
        in text
    )
    assert 'fewpix_faces_total{done="enrolled"} 1.0' in text
    assert 'route="",status="404"' in text
    assert "Zaphod" not in text


def test_every_error_of_the_library_has_a_code_of_its_status() -> None:
    def classes(kind: type[FewpixError]) -> Iterator[type[FewpixError]]:
        yield kind
        for each in kind.__subclasses__():
            yield from classes(each)

    own = [each for each in classes(FewpixError) if each.__module__ == "fewpix.errors"]
    assert set(own) == set(problems.OF_ERRORS)
    for kind in own:
        found = problems.problem_of(kind("/path is bad", fix="say --accept-poor"))
        assert found.kind.status == kind.http_status
        told = found.to_json()
        if found.kind.status >= 500:
            assert "/path" not in str(told)
        else:
            assert (told["detail"], told["fix"]) == ("/path is bad", "say accept_poor")
