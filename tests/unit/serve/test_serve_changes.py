"""What is written: once, noted in the audit log, and gone to the last byte when it is deleted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.check.gallery import check_gallery
from fewpix.errors import StorageError
from fewpix.gallery import Gallery
from fewpix.gallery.edit import rename
from fewpix.image.resize import Crop
from grey_encoder import Grey
from stored import stored
from tiny_service import Caller, face, files, png, service

pytestmark = pytest.mark.needs("serve")
STAFF = "/v1/collections/staff"


def test_a_write_that_is_sent_again_is_answered_again(caller: Caller) -> None:
    head = {"Idempotency-Key": "one"}
    sent = {"params": {"name": "Ada"}, "files": files(png(face(1))), "headers": head}
    first, second = (caller.post(f"{STAFF}/photos", **sent) for _ in range(2))  # type: ignore[arg-type]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (
        False,
        "true",
    )
    (person,) = caller.get(f"{STAFF}/people").json()["people"]
    place = f"{STAFF}/people/{person['id']}"
    other = {"files": files(png(face(2))), "params": {"name": "Ada"}, "headers": head}
    caller.problem(422, "idempotency-mismatch", "POST", f"{STAFF}/photos", **other)
    caller.problem(422, "idempotency-mismatch", "DELETE", place, headers=head)
    for bad in ("", "x" * 201, "a b"):
        caller.problem(400, "idempotency-key", "DELETE", place, headers={"Idempotency-Key": bad})
    done = [caller.delete(place, headers={"Idempotency-Key": "two"}) for _ in range(2)]
    assert done[0].json() == done[1].json() == {"deleted": True, "photos": 1, "remains": None}


def test_a_write_that_failed_can_be_tried_again_with_its_key(caller: Caller) -> None:
    head = {"Idempotency-Key": "k"}
    sent = {"json": {"name": "staff"}, "headers": head}
    caller.problem(409, "exists", "POST", "/v1/collections", **sent)
    assert caller.delete(STAFF).status_code == 200
    assert caller.post("/v1/collections", **sent).status_code == 201  # type: ignore[arg-type]


def test_a_write_whose_end_cannot_be_noted_can_be_tried_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk is full just then; before, its key was busy until the service began anew."""

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    sent = {"params": {"name": "Ada"}, "files": files(png(face(1))), "headers": {"Idempotency-Key": "k"}}
    with monkeypatch.context() as patch:
        patch.setattr("fewpix.serve.undo.keep", full)
        caller.problem(507, "storage", "POST", f"{STAFF}/photos", **sent)
        head = {"Idempotency-Key": "other"}  # what is told is why it failed, and not that it cannot be noted
        caller.problem(404, "no-person", "DELETE", f"{STAFF}/people/9-00000000", headers=head)
    done = caller.post(f"{STAFF}/photos", **sent)  # type: ignore[arg-type]
    assert (done.status_code, caller.get(STAFF).json()["photos"]) == (200, 1)
    assert caller.post(f"{STAFF}/photos", **sent).headers["idempotency-replayed"] == "true"  # type: ignore[arg-type]


def test_two_at_once_with_one_key_are_one(tmp_path: Path) -> None:
    go, begun = threading.Event(), threading.Event()

    class Slow(Grey):
        def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
            begun.set()
            go.wait(30)
            return super().embed(crops)

    with service(tmp_path, encoder=Slow()) as caller, ThreadPoolExecutor(1) as threads:
        caller.post("/v1/collections", json={"name": "staff"})
        sent = {
            "params": {"name": "Ada"},
            "files": files(png(face(1))),
            "headers": {"Idempotency-Key": "k"},
        }
        first = threads.submit(caller.post, f"{STAFF}/photos", **sent)  # type: ignore[arg-type]
        begun.wait(30)
        caller.problem(409, "idempotency-busy", "POST", f"{STAFF}/photos", **sent)
        go.set()
        assert first.result().status_code == 201
        assert caller.post(f"{STAFF}/photos", **sent).json() == first.result().json()  # type: ignore[arg-type]


def test_keys_that_are_made_are_not_kept_for_replay(caller: Caller) -> None:
    head = {"Idempotency-Key": "k"}
    made = [caller.post("/v1/keys", json={"name": "x", "scope": "admin"}, headers=head)]
    assert made[0].status_code == 201
    boss = Caller(caller.app, made[0].json()["key"])
    again = boss.post("/v1/keys", json={"name": "x", "scope": "admin"}, headers=head)
    assert again.json()["key"] != made[0].json()["key"]


def test_the_log_tells_who_did_what_when_and_names_nobody(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Zaphod", png(face(1)), png(face(1, 1)))
    caller.enrol("staff", "Trillian", png(face(2)))
    people = {each["name"]: each["id"] for each in caller.get(f"{STAFF}/people").json()["people"]}
    caller.problem(422, "input", "PATCH", f"{STAFF}/people/{people['Trillian']}", json={"name": "Zaphod"})
    caller.delete(f"{STAFF}/people/{people['Zaphod']}")
    entries = caller.get("/v1/audit").json()["entries"]
    assert [(each["action"], each["outcome"]) for each in entries] == [
        ("person.delete", "done"),
        ("person.rename", "input"),
        ("photo.enrol", "done"),
        ("photo.enrol", "done"),
        ("collection.create", "done"),
    ]
    assert entries[0]["counts"] == {"people": 1, "photos": 2}
    assert (entries[0]["who"], entries[0]["collection"]) == ("local", "staff")
    assert "Zaphod" not in caller.get("/v1/audit").text
    about = caller.get("/v1/audit", params={"collection": "staff", "person": "Zaphod"}).json()["entries"]
    assert [each["action"] for each in about] == ["person.delete", "person.rename", "photo.enrol"]
    page = caller.get("/v1/audit", params={"limit": 2}).json()
    rest = caller.get("/v1/audit", params={"cursor": page["next"]}).json()
    assert page["entries"] + rest["entries"] == entries


def test_a_person_who_is_deleted_is_gone_to_the_last_byte(caller: Caller, tmp_path: Path) -> None:
    data = tmp_path / "data"
    head = {"Idempotency-Key": "k"}
    sent = {"params": {"name": "Zaphod", "keep": True}, "files": files(png(face(1)), name="beeblebrox.png")}
    assert caller.post(f"{STAFF}/photos", headers=head, **sent).status_code == 201  # type: ignore[arg-type]
    caller.enrol("staff", "Trillian", png(face(2)))
    person = caller.get(f"{STAFF}/people", params={"name": "Zaphod"}).json()["people"][0]["id"]
    photo = caller.get(f"{STAFF}/people/{person}/photos").json()["photos"][0]["id"]
    picture = caller.get(f"{STAFF}/people/{person}/photos/{photo}/picture").content
    with Gallery.open(data / "collections" / "staff.db", write=False) as gallery:
        (row,) = gallery.rows("Zaphod")
    traces = [b"Zaphod", b"beeblebrox.png", row.embedding.tobytes(), picture[64:160]]
    caller.patch(f"{STAFF}/people/{person}", json={"name": "Ford"})
    caller.patch(f"{STAFF}/people/{person}", json={"name": "Zaphod"})
    caller.post(f"{STAFF}/collections/staff/identify", files=files(png(face(1))))
    before = stored(data)
    assert all(trace in before for trace in traces)
    assert caller.delete(f"{STAFF}/people/{person}").json()["remains"] is None
    after = stored(data)
    assert not [trace for trace in (*traces, b"Ford") if trace in after]
    assert b"Trillian" in after


def test_a_photo_or_a_collection_that_is_deleted_is_gone_to_the_last_byte(
    caller: Caller, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    caller.enrol("staff", "Zaphod", png(face(1)))
    caller.post(f"{STAFF}/photos", params={"name": "Zaphod"}, files=files(png(face(1, 1)), name="second.png"))
    person = caller.get(f"{STAFF}/people").json()["people"][0]["id"]
    second = caller.get(f"{STAFF}/people/{person}/photos").json()["photos"][1]["id"]
    assert b"second.png" in stored(data)
    assert caller.delete(f"{STAFF}/people/{person}/photos/{second}").status_code == 200
    assert b"second.png" not in stored(data)
    with Gallery.open(data / "collections" / "staff.db", write=False) as gallery:
        (row,) = gallery.rows("Zaphod")
    assert caller.delete(STAFF).json() == {"deleted": True, "photos": 1, "remains": None}
    after = stored(data)
    assert not [trace for trace in (b"Zaphod", row.embedding.tobytes()) if trace in after]
    assert list((data / "collections").iterdir()) == []


def test_others_may_write_to_the_same_gallery(caller: Caller, tmp_path: Path) -> None:
    caller.enrol("staff", "Ada", png(face(1)))
    place = tmp_path / "data" / "collections" / "staff.db"
    with Gallery.open(place) as gallery:
        rename(gallery, "Ada", "Eve")
    told = caller.post(f"{STAFF}/identify", params={"threshold": 0.9}, files=files(png(face(1)))).json()
    assert told["pictures"][0]["faces"][0]["decision"] == "Eve"


def test_many_writers_lose_nothing(caller: Caller, tmp_path: Path) -> None:
    def enrol(n: int) -> int:
        sent = files(*[png(face(n, photo)) for photo in range(2)])
        return int(caller.post(f"{STAFF}/photos", params={"name": f"p{n % 3}"}, files=sent).status_code)

    with ThreadPoolExecutor(6) as threads:
        codes = list(threads.map(enrol, range(9)))
    assert codes == [201] * 9
    assert caller.get(STAFF).json()["photos"] == 18
    with Gallery.open(tmp_path / "data" / "collections" / "staff.db", write=False) as gallery:
        assert not check_gallery(gallery).faults


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    head = {"Idempotency-Key": "k"}
    sent = {"params": {"name": "Ada"}, "files": files(png(face(1))), "headers": head}
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        first = caller.post(f"{STAFF}/photos", **sent)  # type: ignore[arg-type]
    with service(tmp_path) as caller:
        assert caller.post(f"{STAFF}/photos", **sent).json() == first.json()  # type: ignore[arg-type]
        assert caller.get(STAFF).json()["photos"] == 1
        assert caller.post(f"{STAFF}/undo").status_code == 200


def test_a_gallery_that_lies_elsewhere_is_a_collection(tmp_path: Path) -> None:
    place = tmp_path / "mine.db"
    with service(tmp_path / "data", galleries={"mine": str(place)}) as caller:
        assert caller.get("/v1/collections").json() == {"collections": ["mine"]}
        caller.enrol("mine", "Ada", png(face(1)))
        assert caller.get("/v1/collections/mine").json()["fixed"] is True
        caller.problem(409, "fixed-collection", "DELETE", "/v1/collections/mine")
        caller.problem(409, "exists", "POST", "/v1/collections", json={"name": "mine"})
    with Gallery.open(place, write=False) as gallery:
        assert [person.name for person in gallery.people()] == ["Ada"]


def test_a_gallery_of_another_model_is_refused_where_it_matters(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
    with service(tmp_path, encoder=Grey("1" * 64, "1" * 64)) as caller:
        assert caller.get(f"{STAFF}/people").json()["people"][0]["name"] == "Ada"
        caller.problem(409, "space", "POST", f"{STAFF}/identify", files=files(png(face(1))))
        caller.problem(
            409, "space", "POST", f"{STAFF}/photos", params={"name": "B"}, files=files(png(face(2)))
        )


@pytest.mark.slow
@pytest.mark.needs("postgres")
def test_a_collection_on_a_server(tmp_path: Path, server: str) -> None:
    from gallery_stores import new_database

    with service(tmp_path, galleries={"staff": new_database(server)}) as caller:
        caller.enrol("staff", "Ada", png(face(1)), png(face(1, 1)))
        caller.enrol("staff", "Bo", png(face(2)))
        told = caller.post(
            f"{STAFF}/identify", params={"threshold": 0.9}, files=files(png(face(1, 3)))
        ).json()
        assert told["pictures"][0]["faces"][0]["decision"] == "Ada"
        page = caller.get(f"{STAFF}/people", params={"limit": 1}).json()
        rest = caller.get(f"{STAFF}/people", params={"cursor": page["next"]}).json()
        (ada,), (bo,) = page["people"], rest["people"]
        photo = caller.get(f"{STAFF}/people/{ada['id']}/photos").json()["photos"][0]["id"]
        assert (
            caller.post(f"{STAFF}/people/{ada['id']}/photos/{photo}/move", json={"person": bo["id"]}).json()[
                "photos"
            ]
            == 2
        )
        assert caller.post(f"{STAFF}/undo").json()["undone"] == "move"
        assert caller.delete(f"{STAFF}/people/{ada['id']}").json()["remains"] is None
        assert caller.get(STAFF).json()["people"] == 1
