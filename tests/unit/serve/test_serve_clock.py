"""A clock that is set forward or back while the service runs: nothing goes too early, times are right."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fewpix.serve import keys
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.moments import HOLD, Settled
from fewpix.serve.replay import KEPT_SECONDS
from service_cameras import add, events, push, visit, wait
from tiny_service import Caller, face, files, png, service

pytestmark = pytest.mark.needs("serve")

YEAR = 365 * 86_400.0


class Times:
    """A clock that is set, and one that only passes."""

    def __init__(self) -> None:
        self.now, self.passed = time.time(), 0.0

    def settled(self) -> Settled:
        return Settled(lambda: self.now, lambda: self.passed)

    def go(self, seconds: float) -> None:
        self.now, self.passed = self.now + seconds, self.passed + seconds


def test_a_clock_that_is_set_forward_is_believed_after_an_hour() -> None:
    times = Times()
    began, settled = times.now, times.settled()
    times.go(500)
    assert settled() == pytest.approx(began + 500)
    times.now += 20  # as time servers correct it
    assert settled() == pytest.approx(began + 520)
    times.now += YEAR
    assert settled() == pytest.approx(began + 520)
    times.go(HOLD - 1)
    assert settled() == pytest.approx(began + 520 + HOLD - 1)
    times.go(2)
    assert settled() == pytest.approx(began + 521 + HOLD + YEAR)


def test_a_clock_that_is_set_back_is_believed_at_once() -> None:
    times = Times()
    began, settled = times.now, times.settled()
    times.now += YEAR
    assert settled() == pytest.approx(began)
    times.now -= YEAR  # it was a mistake
    times.go(10)
    assert settled() == pytest.approx(began + 10)
    times.now -= YEAR
    assert settled() == pytest.approx(began + 10 - YEAR)
    times.now += YEAR
    assert settled() == pytest.approx(began + 10 - YEAR)
    times.go(HOLD + 1)
    assert settled() == pytest.approx(began + 11 + HOLD)


def test_events_results_and_kept_answers_outlive_a_jump(tmp_path: Path) -> None:
    times = Times()
    with service(tmp_path, clock=times.settled(), keep_days=2) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        keeper, jobs = caller.app.state.service.keeper, caller.app.state.service.jobs  # type: ignore[attr-defined]
        add(caller, retention_hours=24)
        visit(caller, 1)
        sent = {"params": {"name": "Ada"}, "files": files(png(face(1))), "headers": {"Idempotency-Key": "k"}}
        first = caller.post("/v1/collections/staff/photos", **sent).content  # type: ignore[arg-type]
        jobs._office.do(_job_that_ended)
        assert caller.portal is not None

        def kept() -> tuple[int, int, bool]:
            caller.portal.call(keeper.once)  # type: ignore[union-attr]
            jobs.sweep()
            other = {**sent, "headers": {"Idempotency-Key": f"at-{times.now}"}}
            caller.post("/v1/collections/staff/photos", **other)  # type: ignore[arg-type]
            again = caller.post("/v1/collections/staff/photos", **sent)  # type: ignore[arg-type]
            told = caller.get("/v1/jobs").json()["jobs"]
            return len(events(caller)), len(told), again.headers.get("Idempotency-Replayed") == "true"

        assert kept() == (1, 1, True)
        for years in (10, -10, -20, 20):
            times.now += years * YEAR
            assert kept() == (1, 1, True), years
        assert caller.post("/v1/collections/staff/photos", **sent).content == first  # type: ignore[arg-type]
        times.go(HOLD + 1)
        assert kept() == (1, 1, True)
        times.go(KEPT_SECONDS)
        assert kept() == (0, 1, False)
        times.go(KEPT_SECONDS)
        assert kept()[1] == 0


def _job_that_ended(database: ServiceDatabase) -> None:
    database.execute(
        "INSERT INTO jobs (id, kind, collection, who, name, options, state, created, finished)"
        " VALUES ('a', 'video', 'staff', 'local', 'a.mp4', '{}', 'done', ?, ?)",
        *(time.time(), time.time()),
    )


def test_a_camera_is_followed_on_when_the_clock_is_set(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, one that had begun in 1970 told of 1970 for as long as it ran, and was away after each jump."""
    shift, true = [-20 * YEAR], time.time
    monkeypatch.setattr(time, "time", lambda: true() + shift[0])
    add(caller)
    push(caller, 1, frames=3)
    for jump in (20 * YEAR, -60.0, 3600.0):
        shift[0] += jump
        assert caller.get("/v1/cameras/gate").json()["state"] == "running"
    shift[0] = 0.0
    push(caller, 1, frames=3)
    wait(lambda: events(caller, stage="ended"), patience=15)
    (event,) = events(caller)
    start, end = (datetime.fromisoformat(event[name]) for name in ("start", "end"))
    assert 0 <= (end - start).total_seconds() < 60
    assert abs((datetime.now(UTC) - end).total_seconds()) < 60


def test_the_last_use_of_a_key_follows_a_clock_that_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = ServiceDatabase(tmp_path)
    _, text = keys.add_key(database, "door", "read")
    database.execute("UPDATE keys SET last_used = '2999-01-01T00:00:00+00:00'")
    assert keys.find_key(database, text) is not None
    (key,) = keys.keys(database)
    assert key.last_used is not None
    assert not key.last_used.startswith("2999")
    database.close()
