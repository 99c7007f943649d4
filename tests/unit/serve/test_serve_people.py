"""Collections, people and photos over HTTP."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from fewpix.errors import ConfigError
from fewpix.serve.galleries import Collections
from fewpix.serve.problems import ProblemError
from fewpix.serve.settings import Settings
from grey_encoder import Grey
from tiny_service import Caller, face, files, png, service

pytestmark = pytest.mark.needs("serve")
STAFF = "/v1/collections/staff"


def test_collections_are_made_and_deleted(caller: Caller) -> None:
    assert caller.get("/v1/collections").json() == {"collections": ["staff"]}
    told = caller.get(STAFF).json()
    assert (told["people"], told["photos"], told["fixed"]) == (0, 0, False)
    caller.problem(409, "exists", "POST", "/v1/collections", json={"name": "staff"})
    for name in ("", "Staff", "../x", "a/b", "a" * 64, "con", "-a", "a.db"):
        caller.problem(
            422, "setting" if name == "con" else "invalid", "POST", "/v1/collections", json={"name": name}
        )
    caller.problem(404, "no-collection", "GET", "/v1/collections/Staff")
    caller.problem(404, "no-route", "GET", "/v1/collections/..%2fservice")
    assert caller.delete(STAFF).json() == {"deleted": True, "photos": 0, "remains": None}
    caller.problem(404, "no-collection", "GET", STAFF)
    assert caller.post("/v1/collections", json={"name": "staff"}).status_code == 201


def test_photos_are_enrolled_with_a_verdict(caller: Caller) -> None:
    told = caller.enrol("staff", "Ada", png(face(1)), png(face(1, 1)))
    assert [(each["person"], each["new"], each["file"]) for each in told["enrolled"]] == [
        ("Ada", True, "a.png")
    ] * 2
    assert all(0 < each["quality"] <= 1 for each in told["enrolled"])
    again = caller.post(f"{STAFF}/photos", params={"name": "Ada"}, files=files(png(face(1))))
    assert (again.status_code, again.json()["enrolled"][0]["new"]) == (200, False)
    assert again.json()["enrolled"][0]["id"] == told["enrolled"][0]["id"]
    assert caller.get(STAFF).json()["photos"] == 2


def test_a_photo_that_is_refused_does_not_stop_the_others(caller: Caller) -> None:
    dark, two = png(face(1) // 8), png(face(1), face(2))
    told = caller.enrol("staff", "Ada", dark, png(face(1)), two, b"no picture")
    assert len(told["enrolled"]) == 1
    assert sorted(each["code"] for each in told["refused"]) == ["input", "no-face", "picture"]
    assert "largest" in next(each["fix"] for each in told["refused"] if each["code"] == "input")
    assert caller.enrol("staff", "Two", two, largest=True)["enrolled"]
    caller.problem(422, "no-face", "POST", f"{STAFF}/photos", params={"name": "B"}, files=files(dark))
    found = caller.problem(
        422, "all-refused", "POST", f"{STAFF}/photos", params={"name": "B"}, files=files(dark, b"x")
    )
    assert len(found["refused"]) == 2
    caller.problem(
        422, "setting", "POST", f"{STAFF}/photos", params={"name": "unknown"}, files=files(png(face(1)))
    )


def test_many_people_at_once(caller: Caller) -> None:
    sent = [("picture", (f"{name}/1.png", png(face(n)), "image/png")) for n, name in enumerate("ABC")]
    sent += [("picture", ("../../nobody.png", png(face(7)), "image/png"))]
    sent += [("picture", ("unknown/1.png", png(face(8)), "image/png"))]
    told = caller.post(f"{STAFF}/photos", files=sent).json()
    assert [each["person"] for each in told["enrolled"]] == ["A", "B", "C"]
    assert [each["code"] for each in told["refused"]] == ["input", "setting"]
    assert told["refused"][0]["file"] == "nobody.png"


def test_people_are_listed_in_pages(caller: Caller) -> None:
    sent = [("picture", (f"p{n}/1.png", png(face(n)), "image/png")) for n in range(5)]
    assert caller.post(f"{STAFF}/photos", files=sent).status_code == 201
    names, cursor = [], None
    while True:
        page = caller.get(
            f"{STAFF}/people", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        assert len(page["people"]) <= 2
        names += [each["name"] for each in page["people"]]
        if (cursor := page["next"]) is None:
            break
    assert names == [f"p{n}" for n in range(5)]
    (found,) = caller.get(f"{STAFF}/people", params={"name": "p3"}).json()["people"]
    assert caller.get(f"{STAFF}/people/{found['id']}").json() == {**found, "history": []}
    assert caller.get(f"{STAFF}/people", params={"name": "nobody"}).json()["people"] == []
    for bad in ("x", "!", "MTA", "é"):
        caller.problem(422, "cursor", "GET", f"{STAFF}/people", params={"cursor": bad})


def ids(caller: Caller) -> dict[str, str]:
    return {each["name"]: each["id"] for each in caller.get(f"{STAFF}/people").json()["people"]}


def test_rename_merge_and_move_can_be_undone(caller: Caller) -> None:
    for n, name in enumerate(("Ada", "Bo", "Cy")):
        caller.enrol("staff", name, png(face(n)), png(face(n, 1)))
    people = ids(caller)

    def photos(person: str) -> list[str]:
        return [each["id"] for each in caller.get(f"{STAFF}/people/{person}/photos").json()["photos"]]

    before = {name: photos(person) for name, person in people.items()}
    done = caller.patch(f"{STAFF}/people/{people['Ada']}", json={"name": "Eve"})
    assert (done.status_code, done.json()["name"], done.json()["id"]) == (200, "Eve", people["Ada"])
    assert caller.post(f"{STAFF}/undo").json() == {"undone": "rename", "photos": 0}
    assert ids(caller) == people
    caller.problem(409, "nothing-to-undo", "POST", f"{STAFF}/undo")

    done = caller.post(f"{STAFF}/people/{people['Ada']}/merge", json={"people": [people["Bo"], people["Cy"]]})
    assert done.json()["photos"] == 6
    assert caller.post(f"{STAFF}/undo").json() == {"undone": "merge", "photos": 4}
    assert {name: photos(person) for name, person in ids(caller).items()} == before

    people = ids(caller)
    first = before["Bo"][0]
    place = f"{STAFF}/people/{people['Bo']}/photos/{first}/move"
    caller.problem(422, "input", "POST", place, json={})
    caller.problem(409, "exists", "POST", place, json={"name": "Cy"})
    caller.problem(404, "no-person", "POST", place, json={"person": "99-00000000"})
    assert caller.post(place, json={"person": people["Cy"]}).json()["photos"] == 3
    assert caller.post(f"{STAFF}/undo").json() == {"undone": "move", "photos": 1}
    assert caller.post(place, json={"name": "Dee"}).json()["name"] == "Dee"
    assert set(ids(caller)) == {"Ada", "Bo", "Cy", "Dee"}
    assert caller.post(f"{STAFF}/undo").status_code == 200
    assert {name: photos(person) for name, person in ids(caller).items()} == before

    caller.enrol("staff", "Ada", png(face(0, 5)))
    assert caller.post(f"{STAFF}/undo").json() == {"undone": "enrol", "photos": 1}
    caller.enrol("staff", "New", png(face(30)))
    assert caller.post(f"{STAFF}/undo").status_code == 200
    assert {name: photos(person) for name, person in ids(caller).items()} == before


def test_what_failed_does_not_hide_what_can_be_undone(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    caller.enrol("staff", "Bo", png(face(2)))
    people = ids(caller)
    assert caller.patch(f"{STAFF}/people/{people['Bo']}", json={"name": "Cy"}).status_code == 200
    caller.problem(422, "input", "PATCH", f"{STAFF}/people/{people['Ada']}", json={"name": "Cy"})
    assert caller.post(f"{STAFF}/undo").json()["undone"] == "rename"


def test_photos_are_listed_shown_and_deleted(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)), png(face(1, 1)), keep=True)
    caller.enrol("staff", "Ada", png(face(1, 2)))
    place = f"{STAFF}/people/{ids(caller)['Ada']}/photos"
    first = caller.get(place, params={"limit": 2}).json()
    last = caller.get(place, params={"limit": 2, "cursor": first["next"]}).json()
    photos = first["photos"] + last["photos"]
    assert ([each["kept"] for each in photos], last["next"]) == ([True, True, False], None)
    shown = caller.get(f"{place}/{photos[0]['id']}/picture")
    assert shown.headers["content-type"] == "image/png"
    assert shown.content.startswith(b"\x89PNG")
    caller.problem(404, "no-picture", "GET", f"{place}/{photos[2]['id']}/picture")
    for photo in photos[:2]:
        assert caller.delete(f"{place}/{photo['id']}").json() == {
            "deleted": True,
            "photos": 1,
            "remains": None,
        }
    caller.problem(404, "no-photo", "DELETE", f"{place}/{photos[0]['id']}")
    caller.problem(409, "last-photo", "DELETE", f"{place}/{photos[2]['id']}")


def test_a_person_of_the_same_number_is_another_one(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    person = ids(caller)["Ada"]
    number, _, check = person.partition("-")
    for wrong in (f"{number}-00000000", number, f"0-{check}", f"{number}-{check}x", "x" * 300):
        caller.problem(404, "no-person", "DELETE", f"{STAFF}/people/{wrong}")
    assert caller.delete(f"{STAFF}/people/{person}").status_code == 200
    caller.problem(404, "no-person", "GET", f"{STAFF}/people/{person}")


def test_reads_have_tags_and_changes_can_ask_for_them(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    place = f"{STAFF}/people/{ids(caller)['Ada']}"
    tag = caller.get(place).headers["etag"]
    same = caller.get(place, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert caller.patch(place, json={"name": "Bo"}, headers={"If-Match": tag}).status_code == 200
    for method, more in (("PATCH", {"json": {"name": "Cy"}}), ("DELETE", {})):
        caller.problem(412, "changed", method, place, headers={"If-Match": tag}, **more)
    new = caller.get(place, headers={"If-None-Match": tag})
    assert (new.status_code, new.json()["name"]) == (200, "Bo")
    assert caller.delete(place, headers={"If-Match": new.headers["etag"]}).status_code == 200


def test_what_waits_when_a_collection_is_deleted_does_not_make_it_again(tmp_path: Path) -> None:
    async def race() -> list[object]:
        collections, go = Collections(tmp_path, {}), threading.Event()
        desk = await collections.create("staff", Grey().card.space)
        waiting = [
            asyncio.create_task(desk.run(lambda gallery: go.wait(10))),
            asyncio.create_task(collections.delete("staff")),
            asyncio.create_task(desk.run(lambda gallery: gallery.people())),
        ]
        await asyncio.sleep(0.05)
        go.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(ProblemError, match="closed"):
            await desk.run(lambda gallery: None)
        return [*found, collections.names()]

    _, left, problem, names = asyncio.run(race())
    assert (left, names) == ("", [])
    assert isinstance(problem, ProblemError)
    assert problem.code == "no-collection"
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize("store", ["faces.db", "mysql://host/faces", "postgresql:///faces#staff"])
def test_a_store_is_a_database(tmp_path: Path, store: str) -> None:
    with pytest.raises(ConfigError, match="a store is a database"):
        Settings(data=tmp_path, store=store)
    assert "secret" not in repr(Settings(store="postgresql://ana:secret@host/faces"))


@pytest.mark.needs("postgres")
def test_it_starts_although_the_store_is_away(tmp_path: Path) -> None:
    with service(tmp_path, store="postgresql://ana:secret@localhost:1/faces") as caller:
        assert caller.get("/v1/collections").json() == {"collections": []}
        found = caller.problem(507, "storage", "POST", "/v1/collections", json={"name": "staff"})
        assert "secret" not in str(found)
