"""Events: listed, kept as long as is said, gone to the last byte, told to whoever listens."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fewpix.gallery.storage.postgres_address import Address
from fewpix.serve.cameras.record import Camera, Options
from fewpix.serve.cameras.table import add as add_camera
from fewpix.serve.cameras.table import cameras
from fewpix.serve.database import Office, ServiceDatabase
from fewpix.serve.events import people, table
from fewpix.serve.events.hub import Hub
from fewpix.serve.events.keeping import Keeper
from fewpix.serve.events.record import FORGOTTEN, KILLED, Found, Part, Somebody
from fewpix.serve.events.wanted import Wanted
from fewpix.serve.galleries import Collections
from fewpix.serve.moments import moment
from fewpix.serve.routes.stream import told
from fewpix.serve.schema import STEPS
from service_cameras import add, events, visit, wait
from stored import stored
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve")
STAFF = "/v1/collections/staff"
ADA, BO = Somebody("1-0000000a", "Ada"), Somebody("2-0000000b", "Bo")
HOUR = 3600.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[ServiceDatabase]:
    found = ServiceDatabase(tmp_path / "data")
    yield found
    found.close()


def seen(database: ServiceDatabase, start: float, camera: str = "gate", **more: Any) -> table.Event:
    return table.begin(database, camera, "staff", start, Found("seen", start + 1, **more))


def named(who: Somebody, *others: Somebody, crops: tuple[bytes, ...] = ()) -> Found:
    """A track that was somebody, and nearly somebody else."""
    people: list[tuple[Part, int, Somebody]] = [("decision", 0, who), ("early", 0, who)]
    people += [("candidate", n, each) for n, each in enumerate((who, *others))]
    scores = [{"score": 0.9 - n / 10} for n in range(1 + len(others))]
    return Found("ended", 12.0, "named", tuple(people), {"candidates": scores, "early_time": "x"}, crops)


def test_an_event_grows_and_its_numbers_rise(database: ServiceDatabase) -> None:
    first = seen(database, 10.0)
    second = seen(database, 11.0)
    assert (first.id, first.sequence, second.id, second.sequence) == (1, 1, 2, 2)
    ended = table.go_on(database, first.id, named(ADA, BO, crops=(b"one", b"two")), start=9.5)
    assert ended is not None
    assert (ended.id, ended.sequence, ended.start, ended.end) == (1, 3, 9.5, 12.0)
    shown = ended.to_json()
    assert (shown["stage"], shown["verdict"], shown["decision"], shown["person_id"]) == (
        *("ended", "named", "Ada", ADA.id),
    )
    assert shown["early"] == {"decision": "Ada", "person_id": ADA.id, "time": "x"}
    assert shown["candidates"] == [
        {"name": "Ada", "person_id": ADA.id, "score": 0.9},
        {"name": "Bo", "person_id": BO.id, "score": 0.8},
    ]
    assert (shown["start"], shown["crops"]) == ("1970-01-01T00:00:09.500+00:00", 2)
    assert [table.crop(database, 1, n) for n in range(3)] == [b"one", b"two", None]
    with database.transaction():
        assert table.remove(database, "id = ?", 1) == 1
    assert table.go_on(database, 1, named(ADA), start=9.5) is None
    assert table.crop(database, 1, 0) is None
    # Numbers are never given again, also not that of the newest.
    with database.transaction():
        table.remove(database, "1 = 1")
    last = seen(database, 20.0)
    assert (last.id, last.sequence > 3) == (3, True)


def test_events_are_chosen_and_come_in_pages(database: ServiceDatabase) -> None:
    for n in range(6):
        event = seen(database, 100.0 * n, "gate" if n % 2 else "yard")
        if n >= 2:
            table.go_on(database, event.id, named(ADA if n < 4 else BO, ADA), start=100.0 * n)

    def ids(before: int | None = None, most: int = 10, **wanted: Any) -> list[int]:
        found = table.list_events(database, Wanted(**wanted, before=before), most)
        return [each.id for each in found]

    assert ids() == [6, 5, 4, 3, 2, 1]
    assert ids(most=2) == [6, 5]
    assert ids(before=5, most=2) == [4, 3]
    assert ids(camera="gate") == [6, 4, 2]
    assert ids(person=ADA.id) == [4, 3]
    assert ids(person=ADA.id, camera="yard") == [3]
    assert ids(verdict="named") == [6, 5, 4, 3]
    assert ids(stage="seen") == [2, 1]
    assert ids(since=102.0, until=400.0) == [4, 3]
    assert ids(collection="none") == []
    assert [each.id for each in table.changed_after(database, 2, 10)] == [3, 4, 5, 6]
    assert [each.id for each in table.changed_after(database, 2, 10, "yard")] == [3, 5]


def test_somebody_who_is_forgotten_is_out_of_every_event(database: ServiceDatabase) -> None:
    one, two = seen(database, 1.0), seen(database, 2.0)
    table.go_on(database, one.id, named(ADA, BO, crops=(b"pixels-of-ada",)), start=1.0)
    table.go_on(database, two.id, named(BO, ADA, crops=(b"pixels-of-bo",)), start=2.0)
    assert b"Ada" in database.path.read_bytes()
    with database.transaction():
        assert people.forget(database, "staff", ADA.id) == 2
    mine, other = (table.find(database, each.id) for each in (one, two))
    assert mine is not None
    assert other is not None
    shown = mine.to_json()
    assert (shown["verdict"], shown["decision"], shown["early"], shown["crops"]) == (
        "forgotten",
        None,
        None,
        0,
    )
    assert shown["reason"] == FORGOTTEN
    assert [each["name"] for each in shown["candidates"]] == ["Bo"]
    told_of = other.to_json()
    assert (told_of["verdict"], told_of["decision"], told_of["crops"]) == ("named", "Bo", 1)
    assert [(each["name"], each["score"]) for each in told_of["candidates"]] == [("Bo", 0.9)]
    kept = database.path.read_bytes()
    assert not [trace for trace in (b"Ada", ADA.id.encode(), b"pixels-of-ada") if trace in kept]
    assert b"pixels-of-bo" in kept


def test_events_of_a_killed_service_are_ended(database: ServiceDatabase) -> None:
    event = seen(database, 1.0)
    going = Found("named", 5.0, None, (("early", 0, ADA),), {"early_time": moment(4.0)})
    table.go_on(database, event.id, going, start=1.0)
    assert table.end_unfinished(database) == 1
    (after,) = table.list_events(database, Wanted(), 9)
    shown = after.to_json()
    assert (shown["stage"], shown["verdict"], shown["reason"]) == ("ended", "undecided", KILLED)
    assert shown["early"]["decision"] == "Ada"
    assert after.sequence == 3
    assert table.end_unfinished(database) == 0


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_file_of_before_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    old = sqlite3.connect(tmp_path / "service.db", isolation_level=None)
    for step in STEPS[:version]:
        for statement in step:
            old.execute(statement)
    old.execute("INSERT INTO secret VALUES (1, ?)", (b"s" * 32,))
    old.execute(
        "INSERT INTO audit (id, time, request, who, action, collection, people, outcome, counts)"
        " VALUES (7, 't', 'r', 'local', 'person.delete', 'staff', '[]', 'done', '{}')"
    )
    if version > 2:  # it has cameras and events already
        camera_row = ("gate", None, "staff", '{"store_crops": true}', "t", 0, None, None)
        old.execute("INSERT INTO cameras VALUES (?, ?, ?, ?, ?, ?, ?, ?)", camera_row)
        event_row = (1, 1, "gate", "staff", "ended", 0.5, 1.5, "unknown", '{"pixels": 9}')
        old.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", event_row)
        old.execute("INSERT INTO event_crops VALUES (1, 0, x'01')")
        old.execute("UPDATE sequence SET value = 1")
    old.execute("INSERT INTO keys VALUES ('k', 'door', 'read', x'00', 't', NULL, NULL)")
    old.execute("PRAGMA application_id = 0x66777376")
    old.execute(f"PRAGMA user_version = {version}")
    old.close()
    for _ in range(2):
        database = ServiceDatabase(tmp_path)
        assert database.secret == b"s" * 32
        assert database.select("SELECT id, subject FROM audit") == [(7, "")]
        assert database.select("SELECT name FROM keys") == [("door",)]
        assert database.select("PRAGMA user_version") == [(len(STEPS),)]
        if version > 2:
            event = table.find(database, 1)
            assert event is not None
            shown = event.to_json()
            assert (shown["pixels"], shown["crops"], shown["template"], shown["group"]) == (9, 1, False, None)
            (camera,) = cameras(database)
            assert (camera.options.store_crops, camera.options.store_templates) == (True, False)
        number = seen(database, 1.0).id
        database.close()
    assert number == (2 if version < 3 else 3)


def test_retention_is_kept_by_the_clock_and_at_the_start(tmp_path: Path) -> None:
    now = [1_000_000.0]
    database = ServiceDatabase(tmp_path)
    for name, hours in (("gate", 1.0), ("yard", 48.0)):
        options = Options(retention_hours=hours)
        add_camera(database, Camera(name, None, "staff", options, "2026-01-01T00:00:00+00:00", wanted=False))
        for age in (0.5, 2.0, 50.0):
            event = seen(database, now[0] - 1 - age * HOUR, name)
            crop = f"crop-{name}-{age}".encode()
            done = Found("ended", event.end, "unknown", crops=(crop,))
            table.go_on(database, event.id, done, start=event.start)
    database.close()

    def kept(caller: Caller) -> list[str]:
        data = (tmp_path / "service.db").read_bytes()
        ages = [f"{name}-{age}" for name in ("gate", "yard") for age in (0.5, 2.0, 50.0)]
        found = [each for each in ages if f"crop-{each}".encode() in data]
        assert len(found) == len(events(caller))
        return found

    with service(tmp_path, clock=lambda: now[0]) as caller:
        assert kept(caller) == ["gate-0.5", "yard-0.5", "yard-2.0"]
        keeper = caller.app.state.service.keeper  # type: ignore[attr-defined]
        assert caller.portal is not None
        now[0] += HOUR
        assert caller.portal.call(keeper.once) == 1
        assert kept(caller) == ["yard-0.5", "yard-2.0"]
        caller.patch("/v1/cameras/yard", json={"retention_hours": 2})
        assert caller.portal.call(keeper.once) == 1
        assert kept(caller) == ["yard-0.5"]


def test_a_deleted_person_is_gone_from_events_to_the_last_byte(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Zaphod", png(face(1)))
    caller.enrol("staff", "Trillian", png(face(2)))
    add(caller, store_crops=True)
    (event,) = visit(caller, 1)
    assert (event["decision"], event["crops"]) == ("Zaphod", 3)
    picture = caller.get(f"/v1/events/{event['id']}/crops/0")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/png", "no-store")
    caller.problem(404, "no-crop", "GET", f"/v1/events/{event['id']}/crops/3")
    person = event["person_id"]
    assert caller.patch(f"{STAFF}/people/{person}", json={"name": "Ford"}).status_code == 200
    assert caller.get(f"/v1/events/{event['id']}").json()["decision"] == "Ford"
    caller.patch(f"{STAFF}/people/{person}", json={"name": "Zaphod"})
    pixels = picture.content[60:140]
    before = stored(tmp_path / "data")
    assert b"Zaphod" in before
    assert pixels in before
    assert caller.delete(f"{STAFF}/people/{person}").status_code == 200
    after = stored(tmp_path / "data")
    assert not [trace for trace in (b"Zaphod", b"Ford", pixels, person.encode()) if trace in after]
    told_now = caller.get(f"/v1/events/{event['id']}").json()
    assert (told_now["verdict"], told_now["decision"], told_now["crops"]) == ("forgotten", None, 0)
    assert [each["name"] for each in told_now["candidates"]] == ["Trillian"]


def test_who_is_merged_is_found_in_events_by_the_entry_that_stays(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    caller.enrol("staff", "A. Lovelace", png(face(3)))
    add(caller)
    (event,) = visit(caller, 1)
    people = {each["name"]: each["id"] for each in caller.get(f"{STAFF}/people").json()["people"]}
    into = people["A. Lovelace"]
    caller.post(f"{STAFF}/people/{into}/merge", json={"people": [people["Ada"]]})
    (found,) = events(caller, person=into)
    assert (found["id"], found["decision"], found["verdict"]) == (event["id"], "A. Lovelace", "named")
    assert events(caller, person=people["Ada"]) == []


def test_who_was_deleted_elsewhere_is_forgotten_at_the_next_start(tmp_path: Path) -> None:
    database = ServiceDatabase(tmp_path)
    event = seen(database, 1.0)
    table.go_on(database, event.id, named(ADA), start=1.0)
    database.close()
    with service(tmp_path) as caller:  # there is no collection of this name any more
        wait(lambda: events(caller)[0]["verdict"] == "forgotten")
        assert b"Ada" not in (tmp_path / "service.db").read_bytes()


def test_nobody_is_forgotten_while_it_is_not_known_which_collections_there_are(tmp_path: Path) -> None:
    async def look() -> None:
        office = Office(tmp_path)
        event = await office.run(partial(seen, start=1.0))
        await office.run(lambda database: table.go_on(database, event.id, named(ADA), start=1.0))
        away = Collections(tmp_path / "none", {}, store=Address.of("postgresql://127.0.0.1:9/x"))
        keeper = Keeper(office, away, list, lambda: 2.0)
        assert await keeper.once() == 0
        (kept,) = await office.run(lambda database: people.people_in(database, "staff"))
        assert kept == ADA.id
        away.share([])
        await keeper.once()
        assert await office.run(lambda database: people.people_in(database, "staff")) == []
        office.close()

    asyncio.run(look())


def test_events_are_listed_and_deleted_over_http(caller: Caller, tmp_path: Path) -> None:
    add(caller, store_crops=True)
    visit(caller, 5, 6, frames=3)
    page = caller.get("/v1/events", params={"limit": 1}).json()
    rest = caller.get("/v1/events", params={"cursor": page["next"]}).json()
    both = page["events"] + rest["events"]
    assert len(both) == 2
    assert rest["next"] is None
    assert page["position"] == max(each["sequence"] for each in both)
    began = both[0]["start"]
    assert len(events(caller, since=began)) == 2
    assert events(caller, until=min(each["start"] for each in both)) == []
    assert events(caller, since="2099-01-01") == []
    caller.problem(422, "cursor", "GET", "/v1/events", params={"cursor": "-"})
    for bad in ({"verdict": "x"}, {"since": "yesterday"}, {"limit": 0}):
        caller.problem(422, "invalid", "GET", "/v1/events", params=bad)
    for number in ("x", "0", "9" * 30, "-1"):
        caller.problem(404, "no-event", "GET", f"/v1/events/{number}")
    first = both[0]["id"]
    pixels = caller.get(f"/v1/events/{first}/crops/0").content[60:140]
    assert pixels in stored(tmp_path / "data")
    assert caller.delete(f"/v1/events/{first}").json() == {"deleted": True}
    assert pixels not in stored(tmp_path / "data")
    caller.problem(404, "no-event", "DELETE", f"/v1/events/{first}")
    assert [each["id"] for each in events(caller)] == [both[1]["id"]]
    entry = caller.get("/v1/audit").json()["entries"][1]
    assert (entry["action"], entry["outcome"], entry["subject"]) == ("event.delete", "done", first)
    pixels = caller.get(f"/v1/events/{both[1]['id']}/crops/0").content[60:140]
    assert caller.delete("/v1/cameras/gate").json() == {"deleted": True, "events": 1}
    assert events(caller) == []
    assert pixels not in stored(tmp_path / "data")


def test_whoever_listens_misses_nothing_and_goes_on_where_they_were(tmp_path: Path) -> None:
    async def listen() -> None:
        office = Office(tmp_path)
        hub = Hub(office)
        hub.start()
        first = await office.run(partial(seen, start=1.0))
        assert await hub.position("hooks") == 1  # what was before somebody came is not told
        got: list[Any] = []

        async def follow() -> None:
            async for event in hub.follow(await hub.position("hooks")):
                got.append(event)
                if event is not None:
                    await hub.keep_position("hooks", event.sequence)

        async def until(condition: Any) -> None:
            async with asyncio.timeout(10):
                while not condition():
                    await asyncio.sleep(0.005)

        task = asyncio.create_task(follow())
        await until(lambda: hub.listeners == 1)
        await office.run(partial(seen, start=2.0))
        hub.told()
        await until(lambda: got)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # While nobody listens, one event changes twice and another one begins: each is told once, as it is.
        await office.run(lambda database: table.go_on(database, first.id, Found("named", 5.0), start=1.0))
        await office.run(lambda database: table.go_on(database, first.id, named(ADA), start=1.0))
        await office.run(partial(seen, start=3.0))
        task = asyncio.create_task(follow())
        await until(lambda: len(got) == 3)
        assert [(each.id, each.sequence, each.stage) for each in got] == [
            (2, 2, "seen"),
            (1, 4, "ended"),
            (3, 5, "seen"),
        ]
        hub.close()
        await asyncio.wait_for(task, 10)
        assert await hub.position("hooks") == 5
        assert hub.listeners == 0
        office.close()

    asyncio.run(listen())


def test_a_stream_of_events_resumes_rests_and_ends(tmp_path: Path) -> None:
    async def read() -> None:
        office = Office(tmp_path)
        hub = Hub(office)
        hub.start()
        for start in (1.0, 2.0):
            await office.run(partial(seen, start=start))
        may = [True, False]

        async def allowed() -> bool:
            return may.pop(0)

        stream = told(hub, 1, None, allowed, quiet=0.05)
        parts = [part.decode() async for part in stream]
        assert parts[0] == "retry: 2000\n\n"
        head, _, data = parts[1].partition("data: ")
        assert head == "event: seen\nid: 2\n"
        assert data.endswith("}\n\n")
        assert parts[2] == ": nothing yet\n\n"
        assert len(parts) == 3  # and then the key was taken back

        async def first(after: int | None, camera: str | None = None) -> str | None:
            stream: AsyncIterator[bytes] = told(hub, after, camera, allowed)
            parts = [part async for part in stream]
            return parts[1].decode() if len(parts) > 1 else None

        hub.closed = True
        assert await first(0) is None
        office.close()

    asyncio.run(read())


def test_cameras_of_their_own_have_events_of_their_own(caller: Caller) -> None:
    add(caller)
    add(caller, "yard")
    visit(caller, 1, name="gate", frames=3)
    visit(caller, 2, name="yard", frames=3)
    wait(lambda: len(events(caller)) == 2)
    assert [each["camera"] for each in events(caller)] == ["yard", "gate"]
    assert [each["camera"] for each in events(caller, camera="gate")] == ["gate"]
