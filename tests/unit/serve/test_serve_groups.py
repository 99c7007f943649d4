"""Unknown people who come back: grouped where that is allowed, named, merged, split, ignored, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration_made import data, size
from fewpix.calibration.file import Calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.identify.faces import EmbeddedFace
from fewpix.identify.rule import Rule
from fewpix.quality.assess import assess_crop
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.events import table
from fewpix.serve.events.choice import Choice
from fewpix.serve.events.keeping import expire
from fewpix.serve.events.record import Found
from fewpix.serve.review import groups, listing
from fewpix.serve.review.record import NEARER, Template, nearer, packed
from service_cameras import add, events, visit
from service_events import ADA, kept, looks
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve")
GROUPS = "/v1/collections/staff/groups"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[ServiceDatabase]:
    found = ServiceDatabase(tmp_path / "data")
    yield found
    found.close()


def came(
    database: ServiceDatabase, template: Template, end: float = 1.0, score: float | None = 0.8, **more: Any
) -> int | None:
    """Somebody unknown was there; their group."""
    collection = more.get("collection", "staff")
    event = table.begin(database, "gate", collection, end - 1, Found("ended", end, "unknown"))
    place = groups.place(database, collection, template, lambda count: score)
    if place is not None:
        groups.take(database, event.id, collection, template, place)
    after = table.find(database, event.id)
    assert after is not None
    return after.group


def vector(database: ServiceDatabase, group: int) -> Any:
    ((bytes_,),) = database.select("SELECT template FROM unknown_parts WHERE of_group = ?", group)
    return np.frombuffer(bytes_, "<f4")


def test_whoever_is_alike_is_one_group_and_nobody_else(database: ServiceDatabase) -> None:
    assert [came(database, looks(1, n)) for n in range(3)] == [1, 1, 1]
    assert came(database, looks(2)) == 2
    assert came(database, looks(1, 9)) == 1
    # Another model's or another state's templates say nothing, and other collections are others' affairs.
    assert came(database, looks(1, 9, encoder="1" * 64)) == 3
    under = Template("0" * 64, "state", looks(1, 9).vector)
    assert came(database, under) == 4
    assert came(database, looks(1, 9), collection="guests") == 5
    # Where nobody knows from which score on two are the same, nothing is kept.
    assert came(database, looks(1, 3), score=None) is None
    assert database.select("SELECT count(*) FROM sightings") == [(8,)]
    # Of two that are equally alike it is the older one.
    assert [came(database, looks(3), score=2.0), came(database, looks(3), score=2.0)] == [6, 7]
    assert came(database, looks(3)) == 6
    asked: list[int] = []
    groups.place(database, "staff", looks(1, 4), asked.append)
    assert asked == [4]


def test_a_group_is_what_its_last_sightings_are_and_nothing_remains_of_others(
    database: ServiceDatabase,
) -> None:
    for n in range(groups.KEPT + 3):
        assert came(database, looks(1, n), end=10.0 + n) == 1
    last = [looks(1, n).vector for n in range(3, groups.KEPT + 3)]
    mean = np.mean(last, axis=0)
    np.testing.assert_allclose(vector(database, 1), mean / np.linalg.norm(mean), atol=1e-6)
    gone = packed(looks(1, 5).vector)
    assert gone in database.path.read_bytes()
    before = packed(vector(database, 1))
    assert expire(database, [("gate", 1 / 3600)], 16.5) == 6  # an hour's 3600th part after their end
    (group,) = listing.list_groups(database, listing.Wanted(), after=None, most=9)
    assert (group.sightings, group.first) == (groups.KEPT - 3, 15.0)
    stays = database.path.read_bytes()
    assert not [trace for trace in (gone, before) if trace in stays]
    assert expire(database, [("gate", 1 / 3600)], 1e6) == groups.KEPT - 3
    assert listing.list_groups(database, listing.Wanted(), after=None, most=9) == []
    for name in ("sightings", "unknown_groups", "unknown_parts"):
        assert database.select(f"SELECT count(*) FROM {name}") == [(0,)]
    assert packed(looks(1, groups.KEPT + 2).vector) not in database.path.read_bytes()
    assert came(database, looks(1)) == 2  # numbers are never given again


def embedded(pixels: float = 50.0, sights: float = 4.0, state: str = "") -> EmbeddedFace:
    quality = assess_crop(face(1)[:50, :50])
    at = ((0.0, 0.0, pixels, pixels), pixels, quality, looks(1).vector, "0" * 64, state, pixels)
    return EmbeddedFace(*at, sights=sights)


def test_two_are_the_same_from_the_score_on_that_names_people() -> None:
    assert groups.least(Rule(None, None, 0.5, ""), embedded(), 5) == 0.5 + NEARER
    assert groups.least(Rule(None, None, 0.9, ""), embedded(), 5) == pytest.approx(0.95)
    assert nearer(1.0) == 1.0
    assert groups.least(Rule(None, None, None, "no calibration"), embedded(), 5) is None
    values = data()
    sizes = [size(pixels, 0.0) | {"sights": sights} for pixels in (32, 112) for sights in (1, 8)]
    values["encoders"] = [{"name": "grey", "sha256": "0" * 64, "state_id": "", "sizes": sizes}]
    calibrated = Calibrated(Calibration.model_validate(values))
    rule = Rule(calibrated, 0.01, None, "")
    scores = [groups.least(rule, embedded(), count) for count in (0, 1, 20, 100)]
    wanted = [calibrated.curve("0" * 64, "", 50.0, n, sights=4.0).threshold(0.01) for n in (1, 1, 20, 100)]
    assert scores == [each + NEARER for each in wanted if each is not None]
    assert scores[0] < scores[2] < scores[3]  # type: ignore[operator]
    assert groups.least(rule, embedded(pixels=10.0), 1) is None
    assert groups.least(rule, embedded(state="other"), 1) is None


def test_nothing_is_kept_of_strangers_unless_it_is_asked_for(caller: Caller, tmp_path: Path) -> None:
    made = add(caller)
    assert made["store_templates"] is False
    (event,) = visit(caller, 7, frames=4)
    assert (event["verdict"], event["template"], event["group"]) == ("unknown", False, None)
    assert caller.get(GROUPS).json() == {"groups": [], "next": None}
    office = caller.app.state.service.office  # type: ignore[attr-defined]
    for name in ("sightings", "unknown_groups", "unknown_parts", "corrections"):
        assert office.do(lambda it, name=name: it.select(f"SELECT count(*) FROM {name}")) == [(0,)]


def test_strangers_who_come_back_are_grouped_named_and_then_known(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
        add(caller, store_templates=True)
        for people in ((7,), (1, 8), (7,)):
            visit(caller, *people, frames=4)
        told = events(caller)
        assert [each["verdict"] for each in told].count("named") == 1
        assert all(each["template"] for each in told)
        assert [each["group"] for each in told if each["decision"]] == [None]
        listed = caller.get(GROUPS).json()["groups"]
        assert [(each["sightings"], each["cameras"], each["crops"]) for each in listed] == [
            (2, ["gate"], []),
            (1, ["gate"], []),
        ]
        seven = listed[0]
        own = events(caller, group=seven["id"])
        assert [each["group"] for each in own] == [seven["id"]] * 2
        assert (seven["first"], seven["last"]) == (own[1]["start"], own[0]["end"])
        assert [each["id"] for each in caller.get(GROUPS, params={"least": 2}).json()["groups"]] == ["1"]
        place = f"{GROUPS}/{seven['id']}"
        refused = caller.problem(409, "no-crops", "POST", f"{place}/name", json={"name": "Zaphod"})
        assert "store_crops=true" in refused["fix"]
        caller.patch("/v1/cameras/gate", json={"store_crops": True})
        visit(caller, 7, frames=4)
        assert len(caller.get(place).json()["crops"]) == 3
        key = {"Idempotency-Key": "name-7"}
        done = caller.post(f"{place}/name", json={"name": "Zaphod", "accept_poor": True}, headers=key)
        assert done.status_code == 201, done.text
        body = done.json()
        assert body["events"] == 3
        assert {each["person"] for each in body["enrolled"]} == {"Zaphod"}
        again = caller.post(f"{place}/name", json={"name": "Zaphod", "accept_poor": True}, headers=key)
        assert (again.json(), again.headers["idempotency-replayed"]) == (body, "true")
        caller.problem(404, "no-group", "GET", place)
        person = body["enrolled"][0]["person_id"]
        mine = events(caller, person=person)
        assert [(each["verdict"], each["decision"], each["reviewed"]) for each in mine] == [
            ("named", "Zaphod", True)
        ] * 3
        newest = visit(caller, 7, frames=4)[0]
        assert (newest["verdict"], newest["decision"], newest["reviewed"]) == ("named", "Zaphod", False)
        entry = next(each for each in caller.get("/v1/audit").json()["entries"] if each["outcome"] == "done")
        assert (entry["action"], entry["subject"], entry["counts"]["events"]) == ("group.name", "1", 3)
        assert len(entry["people"]) == 1
        # Whoever is deleted is gone from all of it.
        traces = [packed(looks_of(caller, each["id"])) for each in mine]
        assert caller.delete(f"/v1/collections/staff/people/{person}").status_code == 200
        stays = (tmp_path / "service.db").read_bytes()
        assert not [trace for trace in (b"Zaphod", *traces) if trace in stays]
        gone = caller.get(f"/v1/events/{mine[0]['id']}").json()
        assert (gone["verdict"], gone["template"], gone["crops"]) == ("forgotten", False, 0)


def looks_of(caller: Caller, event: str) -> Any:
    office = caller.app.state.service.office  # type: ignore[attr-defined]
    rows = office.do(lambda it: it.select("SELECT template FROM sightings WHERE event = ?", int(event)))
    assert rows[0][0] in Path(office._database.path).read_bytes()
    return np.frombuffer(rows[0][0], "<f4")


def test_a_group_can_be_somebody_who_is_there(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        ada = caller.enrol("staff", "Ada", png(face(1)))["enrolled"][0]["person_id"]
        add(caller, store_templates=True, store_crops=True)
        visit(caller, 7, frames=4)
        name = f"{GROUPS}/1/name"
        for body in ({}, {"name": "A", "person": ada}):
            caller.problem(422, "input", "POST", name, json=body)
        caller.problem(404, "no-person", "POST", name, json={"person": "9-00000000"})
        caller.problem(422, "invalid", "POST", name, json={"name": ""})
        done = caller.post(name, json={"person": ada, "accept_poor": True, "keep": True}).json()
        assert {each["person_id"] for each in done["enrolled"]} == {ada}
        (person,) = caller.get("/v1/collections/staff/people").json()["people"]
        assert person["photos"] == 1 + len(done["enrolled"])
        assert events(caller)[0]["decision"] == "Ada"
        assert caller.post("/v1/collections/staff/undo").json()["undone"] == "enrol"
        assert caller.get("/v1/collections/staff/people").json()["people"][0]["photos"] == 1


def test_whoever_is_ignored_is_counted_and_else_left_alone(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        add(caller, store_templates=True, store_crops=True)
        visit(caller, 7, frames=4)
        place = f"{GROUPS}/1"
        for _ in range(2):
            assert caller.patch(place, json={"ignored": True}).json()["ignored"] is True
        assert caller.get(GROUPS).json()["groups"] == []
        event = visit(caller, 7, frames=4)[0]
        assert (event["verdict"], event["group"], event["template"], event["crops"]) == (
            *("ignored", "1", False, 0),
        )
        assert [each["id"] for each in events(caller, verdict="ignored")] == [event["id"]]
        assert [each["verdict"] for each in events(caller, verdict="unknown")] == ["unknown"]
        (group,) = caller.get(GROUPS, params={"ignored": True}).json()["groups"]
        assert (group["sightings"], len(group["crops"])) == (2, 3)
        assert 'verdict="ignored"' in caller.get("/v1/metrics").text
        assert visit(caller, 8, frames=4)[0]["verdict"] == "unknown"
        # It stays ignored when all that was seen of it is too old, and no longer when it is let go.
        for each in (*events(caller, verdict="ignored"), *events(caller, group="1")):
            caller.delete(f"/v1/events/{each['id']}")
        assert visit(caller, 7, frames=4)[0]["verdict"] == "ignored"
        assert caller.patch(place, json={"ignored": False}).json()["sightings"] == 1
        assert visit(caller, 7, frames=4)[0]["verdict"] == "unknown"
    assert "ignored" not in Choice().kinds


def test_groups_are_listed_in_pages_merged_and_split(caller: Caller) -> None:
    for n, person in enumerate((1, 2, 3, 1)):
        kept(caller, looks(person, n), camera="gate" if n else "yard", crops=(b"one", b"two"), ago=100.0 - n)
    first = caller.get(GROUPS, params={"limit": 2}).json()
    rest = caller.get(GROUPS, params={"limit": 2, "cursor": first["next"]}).json()
    listed = first["groups"] + rest["groups"]
    assert [each["id"] for each in listed] == ["1", "3", "2"]
    assert rest["next"] is None
    assert [each["sightings"] for each in listed] == [2, 1, 1]
    assert listed[0]["cameras"] == ["gate", "yard"]
    assert [each["number"] for each in listed[0]["crops"]] == [0, 0, 1, 1]
    assert [each["id"] for each in caller.get(GROUPS, params={"camera": "yard"}).json()["groups"]] == ["1"]
    for bad in ("-", "MQ", "WzEsMl0"):  # none, a number, two integers
        caller.problem(422, "cursor", "GET", GROUPS, params={"cursor": bad})
    key = {"Idempotency-Key": "merge"}
    for _ in range(2):
        done = caller.post(f"{GROUPS}/2/merge", json={"groups": ["3", "2"]}, headers=key)
        assert (done.status_code, done.json()["sightings"]) == (200, 2)
    caller.problem(404, "no-group", "GET", f"{GROUPS}/3")
    caller.problem(404, "no-group", "POST", f"{GROUPS}/2/merge", json={"groups": ["3"]})
    # Whoever is like one or the other belongs to both now, which are one.
    assert kept(caller, looks(2, 7)).group == kept(caller, looks(3, 7)).group == 2
    two = [each["id"] for each in events(caller, group="2")]
    away = caller.post(f"{GROUPS}/2/split", json={"events": [two[0], two[2]]})
    assert (away.status_code, away.json()["id"], away.json()["sightings"]) == (201, "4", 2)
    assert kept(caller, looks(3, 8)).group == 4
    assert kept(caller, looks(2, 8)).group == 2
    for some in (["1"], ["x"], [each["id"] for each in events(caller, group="2")]):
        code = "no-event" if some == ["x"] else "input"
        caller.problem(
            404 if some == ["x"] else 422, code, "POST", f"{GROUPS}/2/split", json={"events": some}
        )
    caller.patch(f"{GROUPS}/4", json={"ignored": True})
    both = caller.post(f"{GROUPS}/2/merge", json={"groups": ["4"]}).json()
    assert (both["sightings"], both["ignored"]) == (6, False)
    for text in ("x", "0", "9" * 30):
        caller.problem(404, "no-group", "GET", f"{GROUPS}/{text}")
        caller.problem(404, "no-group", "DELETE", f"{GROUPS}/{text}")
    caller.post("/v1/collections", json={"name": "guests"})
    caller.problem(404, "no-group", "GET", "/v1/collections/guests/groups/2")
    caller.problem(404, "no-collection", "GET", "/v1/collections/none/groups")
    said = [(each["action"], each["subject"]) for each in caller.get("/v1/audit").json()["entries"]]
    assert {("group.merge", "2"), ("group.split", "2"), ("group.ignore", "4")} <= set(said)


def test_a_deleted_group_is_gone_to_the_last_byte(caller: Caller, tmp_path: Path) -> None:
    templates = [looks(1, n) for n in range(3)]
    for n, each in enumerate(templates):
        kept(caller, each, crops=(f"pixels-of-{n}".encode(),))
    other = kept(caller, looks(2), crops=(b"pixels-of-two",))
    caller.patch(f"{GROUPS}/1", json={"ignored": True})

    def stored() -> bytes:
        return (tmp_path / "data" / "service.db").read_bytes()

    traces = [packed(each.vector) for each in templates] + [b"pixels-of-0", b"pixels-of-2"]
    assert all(each in stored() for each in traces)
    assert caller.delete(f"{GROUPS}/1").json() == {"deleted": True, "events": 3}
    assert not [each for each in traces if each in stored()]
    assert [each["id"] for each in events(caller)] == [str(other.id)]
    caller.problem(404, "no-group", "DELETE", f"{GROUPS}/1")
    assert b"pixels-of-two" in stored()
    # With a camera or a collection all goes that is from there.
    named = kept(caller, looks(3), ADA)
    caller.delete("/v1/collections/staff")
    assert packed(looks(2).vector) not in stored()
    assert packed(looks(3).vector) not in stored()
    assert caller.get(f"/v1/events/{named.id}").json()["template"] is False


def test_a_camera_takes_its_strangers_with_it(caller: Caller, tmp_path: Path) -> None:
    add(caller, store_templates=True)
    visit(caller, 7, frames=4)
    trace = packed(looks_of(caller, "1"))
    assert caller.delete("/v1/cameras/gate").json()["events"] == 1
    assert trace not in (tmp_path / "data" / "service.db").read_bytes()
    assert caller.get(GROUPS).json()["groups"] == []
