"""Names put right: a face that is not whom it was said to be, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fewpix.serve.events.keeping import expire
from fewpix.serve.review import corrections
from fewpix.serve.review.record import nearer, packed
from fewpix.serve.schemas.pictures import IdentifyBody
from service_cameras import add, events, visit
from service_events import ended, kept, looks, seen
from service_events import visit as visited
from service_jobs import over, submit
from tile_film import walk
from tiny_service import Caller, face, files, png

pytestmark = pytest.mark.needs("serve")
STAFF = "/v1/collections/staff"
CORRECTIONS = f"{STAFF}/corrections"


def somebody(caller: Caller, name: str) -> Any:
    from fewpix.serve.events.record import Somebody

    (person,) = caller.get(f"{STAFF}/people", params={"name": name}).json()["people"]
    return Somebody(person["id"], person["name"])


def office(caller: Caller) -> Any:
    return caller.app.state.service.office  # type: ignore[attr-defined]


def stored(tmp_path: Path) -> bytes:
    return (tmp_path / "data" / "service.db").read_bytes()


def test_whoever_was_named_wrongly_is_not_named_so_again_and_the_true_one_is(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    add(caller, threshold=-1.0, store_templates=True)  # it names anybody
    (wrong,) = visit(caller, 7, frames=4)
    assert (wrong["decision"], wrong["template"], wrong["group"]) == ("Ada", True, None)
    key = {"Idempotency-Key": "deny"}
    done = caller.post(f"/v1/events/{wrong['id']}/deny", headers=key)
    assert done.status_code == 201, done.text
    told = done.json()
    after = told["event"]
    assert (after["verdict"], after["decision"], after["reviewed"]) == ("unknown", None, True)
    assert after["reason"] == corrections.DENIED
    assert after["group"] == "1"
    assert after["sequence"] > wrong["sequence"]  # whoever believed the name is told
    assert caller.post(f"/v1/events/{wrong['id']}/deny", headers=key).json() == told
    caller.problem(409, "not-named", "POST", f"/v1/events/{wrong['id']}/deny")
    (listed,) = caller.get(CORRECTIONS).json()["corrections"]
    assert listed == told["correction"]
    assert (listed["event"], listed["person_id"]) == (wrong["id"], wrong["person_id"])
    again = visit(caller, 7, frames=6)[0]
    assert (again["verdict"], again["decision"], again["early"]) == ("unknown", None, None)
    assert again["reason"] == corrections.LIKE_DENIED
    assert again["candidates"][0]["name"] == "Ada"
    assert again["group"] == "1"
    assert visit(caller, 1, frames=6)[0]["decision"] == "Ada"
    # Taken back, it is as it was.
    gone = caller.delete(f"{CORRECTIONS}/{listed['id']}").json()
    assert (gone["deleted"], gone["event"]["decision"], gone["event"]["group"]) == (True, "Ada", None)
    assert visit(caller, 7, frames=4)[0]["decision"] == "Ada"
    caller.problem(404, "no-correction", "DELETE", f"{CORRECTIONS}/{listed['id']}")
    done_so_far = [
        (each["action"], each["outcome"], len(each["people"]))
        for each in caller.get("/v1/audit").json()["entries"]
    ]
    assert ("event.deny", "done", 1) in done_so_far
    assert ("event.deny", "not-named", 0) in done_so_far
    assert ("correction.delete", "done", 0) in done_so_far


def test_a_correction_counts_for_pictures_and_films_too(caller: Caller) -> None:
    """One that a camera's event gave rise to; others in the same picture keep their names."""
    caller.enrol("staff", "Ada", png(face(1)))

    def picture() -> list[dict[str, Any]]:
        both = files(png(face(7), face(1, 3)))
        done = caller.post(f"{STAFF}/identify", params={"threshold": -1.0}, files=both)
        IdentifyBody.model_validate(done.json())
        return list(done.json()["pictures"][0]["faces"])

    def film() -> list[dict[str, Any]]:
        job = submit(caller, walk(7, 1), threshold=-1.0, gap=0.1)
        over(caller, job)
        return list(caller.get(f"/v1/jobs/{job['id']}/result").json()["lines"])

    assert [each["decision"] for each in picture()] == ["Ada", "Ada"]
    assert [each["decision"] for each in film()] == ["Ada", "Ada"]
    add(caller, threshold=-1.0, store_templates=True)
    (event,) = visit(caller, 7, frames=4)
    denied = caller.post(f"/v1/events/{event['id']}/deny").json()["correction"]
    for faces in (picture(), film()):
        wrong, right = faces
        assert (wrong["verdict"], wrong["decision"]) == ("unknown", None)
        assert (wrong["reason"], wrong["fix"]) == (corrections.LIKE_DENIED, corrections.LIKE_DENIED_FIX)
        assert wrong["candidates"][0]["name"] == right["decision"] == "Ada"
    caller.delete(f"{CORRECTIONS}/{denied['id']}")
    assert [each["decision"] for each in picture()] == ["Ada", "Ada"]


def test_what_cannot_be_denied_is_said(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    ada = somebody(caller, "Ada")
    plain = visited(caller, ada)
    refused = caller.problem(409, "no-template", "POST", f"/v1/events/{plain.id}/deny")
    assert "store_templates=true" in refused["fix"]
    assert caller.get(f"/v1/events/{plain.id}").json()["decision"] == "Ada"  # nothing of it was done
    assert caller.get(CORRECTIONS).json() == {"corrections": [], "next": None}
    growing = seen(caller)
    caller.problem(409, "not-named", "POST", f"/v1/events/{growing.id}/deny")
    ended(caller, growing)
    caller.problem(409, "not-named", "POST", f"/v1/events/{growing.id}/deny")
    for text in ("x", "999"):
        caller.problem(404, "no-event", "POST", f"/v1/events/{text}/deny")
        caller.problem(404, "no-correction", "DELETE", f"{CORRECTIONS}/{text}")
    caller.problem(404, "no-collection", "GET", "/v1/collections/none/corrections")
    caller.problem(422, "cursor", "GET", CORRECTIONS, params={"cursor": "-"})


def test_the_nearer_of_both_decides_and_only_of_one_encoder(caller: Caller) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    ada = somebody(caller, "Ada")
    event = kept(caller, looks(7), ada)
    assert caller.post(f"/v1/events/{event.id}/deny").status_code == 201
    like = looks(7, 3)
    near = float(looks(7).vector @ like.vector)

    def denied(template: Any, score: float, person: str = ada.id, collection: str = "staff") -> bool:
        return bool(
            office(caller).do(lambda it: corrections.is_denied(it, collection, person, template, score))
        )

    same = 2 * near - 1  # of which `near` is as much as is asked for
    assert nearer(same) == pytest.approx(near)
    assert denied(like, same - 0.01)
    assert not denied(like, same + 0.01)
    assert not denied(looks(7, 3, encoder="1" * 64), -1.0)
    assert not denied(like, -1.0, person="2-0000000b")
    assert not denied(like, -1.0, collection="guests")


def test_corrections_outlive_events_and_go_with_people_or_by_hand(caller: Caller, tmp_path: Path) -> None:
    for number, name in enumerate(("Ada", "Bo", "Cy")):
        caller.enrol("staff", name, png(face(number)))
    traces = []
    for number, name in enumerate(("Ada", "Bo", "Bo", "Cy")):
        event = kept(caller, looks(10 + number), somebody(caller, name), ago=7200.0)
        assert caller.post(f"/v1/events/{event.id}/deny").status_code == 201
        traces.append(packed(looks(10 + number).vector))
    last = event
    page = caller.get(CORRECTIONS, params={"limit": 3}).json()
    rest = caller.get(CORRECTIONS, params={"cursor": page["next"]}).json()
    assert [each["id"] for each in page["corrections"] + rest["corrections"]] == ["4", "3", "2", "1"]

    def there() -> list[bool]:
        data = stored(tmp_path)
        return [trace in data for trace in traces]

    # By hand a deleted event takes its correction with it.
    caller.delete(f"/v1/events/{last.id}")
    assert there() == [True, True, True, False]
    # What is too old goes without it: else the same wrong name came back.
    import time

    office(caller).do(lambda it: expire(it, [("gate", 1.0)], time.time()))
    assert events(caller) == []
    assert there() == [True, True, True, False]
    # Whoever is merged takes them along, and whoever is deleted takes them away.
    ada, bo = somebody(caller, "Ada"), somebody(caller, "Bo")
    caller.post(f"{STAFF}/people/{ada.id}/merge", json={"people": [bo.id]})
    assert {each["person_id"] for each in caller.get(CORRECTIONS).json()["corrections"]} == {ada.id}
    assert caller.delete(f"{CORRECTIONS}/2").json() == {"deleted": True, "event": None}
    assert there() == [True, False, True, False]
    caller.delete(f"{STAFF}/people/{ada.id}")
    assert there() == [False] * 4
    assert caller.get(CORRECTIONS).json()["corrections"] == []


def test_a_deleted_camera_takes_its_corrections_with_it(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    add(caller, start=False)
    event = kept(caller, looks(7), somebody(caller, "Ada"))
    caller.post(f"/v1/events/{event.id}/deny")
    caller.delete("/v1/cameras/gate")
    assert caller.get(CORRECTIONS).json()["corrections"] == []
    assert packed(looks(7).vector) not in stored(tmp_path)
