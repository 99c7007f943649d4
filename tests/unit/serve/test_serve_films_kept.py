"""Tracks of films that are kept where that is asked for: as events, beside those of cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fewpix.gallery import Gallery, edit
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import schemas, table
from fewpix.serve.events.choice import KINDS, Choice
from fewpix.serve.events.record import Found
from fewpix.serve.jobs.queue import DAY
from fewpix.serve.models import Models
from fewpix.serve.review import corrections
from fewpix.serve.review.record import packed
from fewpix.serve.schema import STEPS
from grey_encoder import Grey
from service_cameras import add, events, visit
from service_jobs import VIDEOS, over, submit
from tile_film import Gate, walk
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve", "video")
GROUPS = "/v1/collections/staff/groups"
KEEP: dict[str, Any] = {"store_templates": True, "store_crops": True, "gap": 0.1}
TABLES = ("events", "event_crops", "event_people", "sightings", "unknown_groups", "unknown_parts")


def office(caller: Caller) -> Any:
    return caller.app.state.service.office  # type: ignore[attr-defined]


def counts(caller: Caller) -> dict[str, int]:
    """Rows of all that may hold anything of a track."""
    return {
        name: office(caller).do(lambda it, name=name: it.select(f"SELECT count(*) FROM {name}"))[0][0]
        for name in TABLES
    }


def templates(caller: Caller) -> list[bytes]:
    found = office(caller).do(lambda it: it.select("SELECT template FROM sightings ORDER BY event"))
    return [packed(np.frombuffer(row[0], "<f4")) for row in found]


def stored(tmp_path: Path) -> bytes:
    return (tmp_path / "data" / "service.db").read_bytes()


def groups(caller: Caller) -> list[dict[str, Any]]:
    return list(caller.get(GROUPS).json()["groups"])


def test_nothing_of_a_film_is_kept_unless_it_is_asked_for(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    job = over(caller, submit(caller, walk(1, 7), gap=0.1))
    assert (job["options"]["store_templates"], job["options"]["store_crops"]) == (False, False)
    assert job["outcome"]["tracks"] == 2
    assert set(counts(caller).values()) == {0}
    # Sights alone are no templates.
    over(caller, submit(caller, walk(1, 7), gap=0.1, store_crops=True))
    assert counts(caller) == {**dict.fromkeys(TABLES, 0), "events": 2, "event_crops": 6, "event_people": 3}
    assert {each["group"] for each in events(caller)} == {None}


def test_strangers_of_films_and_cameras_are_one_group_and_named_at_once(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    add(caller, store_templates=True, store_crops=True)
    visit(caller, 7, frames=4)
    job = over(caller, submit(caller, walk(1, 7, 8), **KEEP))
    eight, seven, ada = events(caller, job=job["id"])
    for each in (eight, seven, ada):
        schemas.CameraEvent.model_validate(each)
        assert (each["camera"], each["job"], each["path"], each["crops"]) == ("", job["id"], "door.mp4", 3)
        assert (each["stage"], each["template"]) == ("ended", True)
    assert (ada["decision"], ada["group"]) == ("Ada", None)
    lines = caller.get(f"/v1/jobs/{job['id']}/result").json()["lines"]
    assert [(each["track"], each["first"], each["last"]) for each in (ada, seven, eight)] == [
        (line["track"], line["first"], line["last"]) for line in lines
    ]
    assert seven["start"] > job["created"]  # it is counted from then
    found = {each["id"]: each for each in groups(caller)}
    assert {key: (each["sightings"], each["cameras"], each["films"]) for key, each in found.items()} == {
        seven["group"]: (2, ["gate"], [job["id"]]),
        eight["group"]: (1, [], [job["id"]]),
    }
    assert [each["id"] for each in caller.get(GROUPS, params={"camera": "gate"}).json()["groups"]] == [
        seven["group"]
    ]
    # Another film, and the camera, know them again.
    again = over(caller, submit(caller, walk(8), **KEEP))
    assert [each["group"] for each in events(caller, job=again["id"])] == [eight["group"]]
    assert visit(caller, 8, frames=4)[0]["group"] == eight["group"]
    told = caller.get(f"{GROUPS}/{eight['group']}").json()
    assert (told["sightings"], told["cameras"], set(told["films"])) == (3, ["gate"], {job["id"], again["id"]})
    # A name for all of them, whatever saw them.
    body = {"name": "Zaphod", "accept_poor": True}
    done = caller.post(f"{GROUPS}/{seven['group']}/name", json=body)
    assert (done.status_code, done.json()["events"]) == (201, 2)
    assert {each["decision"] for each in events(caller, person=done.json()["enrolled"][0]["person_id"])} == {
        "Zaphod"
    }


def test_a_wrong_name_in_a_film_is_put_right_for_cameras_too(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    job = over(caller, submit(caller, walk(7), threshold=-1.0, **KEEP))
    (wrong,) = events(caller, job=job["id"])
    assert wrong["decision"] == "Ada"
    denied = caller.post(f"/v1/events/{wrong['id']}/deny")
    assert denied.status_code == 201, denied.text
    assert denied.json()["correction"]["camera"] == ""
    assert denied.json()["event"]["group"] == "1"
    add(caller, threshold=-1.0)
    event = visit(caller, 7, frames=4)[0]
    assert (event["decision"], event["reason"]) == (None, corrections.LIKE_DENIED)
    # With the job that is deleted by hand it goes, as with a camera.
    (trace,) = templates(caller)
    assert trace in stored(tmp_path)
    assert caller.delete(f"/v1/jobs/{job['id']}").json() == {"deleted": True}
    assert caller.get("/v1/collections/staff/corrections").json()["corrections"] == []
    assert trace not in stored(tmp_path)
    assert visit(caller, 7, frames=4)[0]["decision"] == "Ada"


def test_whoever_is_ignored_is_so_in_films(caller: Caller) -> None:
    add(caller, store_templates=True)
    visit(caller, 7, frames=4)
    caller.patch(f"{GROUPS}/1", json={"ignored": True})
    job = over(caller, submit(caller, walk(7), **KEEP))
    (event,) = events(caller, job=job["id"])
    assert (event["verdict"], event["group"], event["template"], event["crops"]) == ("ignored", "1", False, 0)


def test_a_deleted_film_takes_all_that_was_kept_of_it(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    job, other = (over(caller, submit(caller, walk(*who), **KEEP)) for who in ((1, 7), (8,)))
    gone, stays = templates(caller)[:2], templates(caller)[2]
    sight = caller.get(f"/v1/events/{events(caller, job=job['id'])[0]['id']}/crops/0").content
    assert all(each in stored(tmp_path) for each in (*gone, stays, sight[-64:]))
    caller.delete(f"/v1/jobs/{job['id']}")
    assert not [each for each in (*gone, sight[-64:]) if each in stored(tmp_path)]
    assert stays in stored(tmp_path)
    assert {each["job"] for each in events(caller)} == {other["id"]}
    assert [each["films"] for each in groups(caller)] == [[other["id"]]]
    # A collection takes its films' strangers with it.
    assert caller.delete("/v1/collections/staff").status_code == 200
    assert set(counts(caller).values()) == {0}
    assert stays not in stored(tmp_path)


def test_whoever_is_deleted_is_gone_from_kept_films(caller: Caller, tmp_path: Path) -> None:
    who = caller.enrol("staff", "Zaphod", png(face(1)))["enrolled"][0]["person_id"]
    job = over(caller, submit(caller, walk(1), **KEEP))
    (trace,) = templates(caller)
    assert caller.delete(f"/v1/collections/staff/people/{who}").status_code == 200
    (event,) = events(caller, job=job["id"])
    assert (event["verdict"], event["decision"], event["template"], event["crops"]) == (
        *("forgotten", None, False, 0),
    )
    assert not [each for each in (b"Zaphod", trace) if each in stored(tmp_path)]


def test_what_is_kept_goes_with_the_time_of_the_job_and_corrections_stay(tmp_path: Path) -> None:
    with service(tmp_path, keep_days=2) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
        jobs = caller.app.state.service.jobs  # type: ignore[attr-defined]
        now = [1_000_000.0]
        jobs.clock = jobs.settled = lambda: now[0]
        over(caller, submit(caller, walk(7, 8), threshold=-1.0, **KEEP))
        for each in events(caller):
            if each["start"] < "1970-01-12T13:46:41":
                caller.post(f"/v1/events/{each['id']}/deny")
        now[0] += 2 * DAY - 1
        jobs.sweep()
        assert counts(caller)["events"] == 2
        now[0] += 2
        jobs.sweep()
        assert set(counts(caller).values()) == {0}
        (kept,) = caller.get("/v1/collections/staff/corrections").json()["corrections"]
        assert kept["camera"] == ""


def test_a_film_that_is_begun_anew_is_kept_once(tmp_path: Path) -> None:
    gate = Gate(14)
    opened = Models(gate, Grey(), None, "there is none for made faces")
    with service(tmp_path, open_them=lambda settings: opened) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        job = submit(caller, walk(0, 1, frames=10), **KEEP)
        assert gate.reached.wait(30)
        assert [each["track"] for each in events(caller)] == [1]
        caller.app.state.service.jobs._ended = True  # type: ignore[attr-defined]
        gate.through.set()
    with service(tmp_path) as caller:
        over(caller, job)
        assert [each["track"] for each in events(caller)] == [2, 1]
        assert [each["sightings"] for each in groups(caller)] == [1, 1]
        assert counts(caller)["sightings"] == 2


def test_only_an_administrator_has_tracks_of_films_kept(caller: Caller) -> None:
    """As for a camera. Whoever may read sees them then, and not the job."""
    boss = Caller(caller.app, caller.post("/v1/keys", json={"name": "b", "scope": "admin"}).json()["key"])
    for scope in ("read", "enrol"):
        key = boss.post("/v1/keys", json={"name": scope, "scope": scope}).json()["key"]
        other = Caller(caller.app, key)
        for what in ("store_crops", "store_templates"):
            refused = other.problem(
                403, "scope", "POST", VIDEOS, params={what: True}, files={"film": ("a.mp4", walk(7))}
            )
            assert refused["needs"] == "admin"
        over(other, submit(other, walk(7)))
    job = over(boss, submit(boss, walk(7), **KEEP))
    assert [each["job"] for each in events(other)] == [job["id"]]
    assert [each["films"] for each in other.get(GROUPS).json()["groups"]] == [[job["id"]]]
    other.problem(404, "no-job", "GET", f"/v1/jobs/{job['id']}")


def test_nobody_who_listens_is_told_of_films(caller: Caller) -> None:
    """Doors open by what happens now; a film shows what was."""
    at = office(caller).do(table.position)
    over(caller, submit(caller, walk(7, 8), **KEEP))
    all_of_them = Choice(kinds=KINDS)

    def told(database: ServiceDatabase) -> tuple[int, int, int]:
        rows = [table.changed_after(database, at, 9, only=only) for only in (None, all_of_them)]
        return len(rows[0]), len(rows[1]), table.count_after(database, at, all_of_them)

    assert office(caller).do(told) == (0, 0, 0)
    assert len(events(caller)) == 2
    add(caller)
    visit(caller, 9, frames=4)
    assert office(caller).do(told) == (1, 1, 1)


def test_a_collection_that_another_program_changes_reaches_films(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    over(caller, submit(caller, walk(1), **KEEP))
    with Gallery.open(tmp_path / "data" / "collections" / "staff.db") as gallery:
        edit.remove(gallery, ["Ada"])
    assert caller.portal is not None
    caller.portal.call(caller.app.state.service.keeper.once)  # type: ignore[attr-defined]
    (event,) = events(caller)
    assert (event["verdict"], event["template"], event["crops"]) == ("forgotten", False, 0)


def test_a_file_of_before_is_brought_up_to_date(tmp_path: Path) -> None:
    import sqlite3

    database = ServiceDatabase(tmp_path)
    event = table.begin(database, "gate", "staff", 1.0, Found("ended", 2.0, "unknown"))
    database.close()
    with sqlite3.connect(tmp_path / "service.db", isolation_level=None) as before:
        before.execute("DROP INDEX events_of_job")
        before.execute("ALTER TABLE events DROP COLUMN job")
        before.execute(f"PRAGMA user_version = {len(STEPS) - 1}")
    before.close()
    database = ServiceDatabase(tmp_path)
    found = table.find(database, event.id)
    assert found is not None
    assert (found.camera, found.job) == ("gate", None)
    assert table.changed_after(database, 0, 9) == [found]
    database.close()
