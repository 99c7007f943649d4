"""A collection as a file, out and in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fewpix.cli import main
from fewpix.gallery import Gallery
from fewpix.serve.schemas.collections import ImportBody
from fewpix.serve.settings import Limits
from grey_encoder import Grey
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve")
EXPORT, IMPORT = "/v1/collections/staff/export", "/v1/collections/copy/import"
RAW = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def people(caller: Caller) -> Caller:
    """With Ada, whose pixels are kept, and Bo, and an empty collection `copy`."""
    caller.enrol("staff", "Ada", png(face(0)), png(face(0, 1)), keep=True)
    caller.enrol("staff", "Bo", png(face(1)))
    assert caller.post("/v1/collections", json={"name": "copy"}).status_code == 201
    return caller


@pytest.mark.parametrize("form", ["npz", "json"])
def test_what_goes_out_comes_in(people: Caller, form: str) -> None:
    found = people.get(EXPORT, params={"format": form})
    assert found.headers["content-disposition"] == f'attachment; filename="staff.{form}"'
    told = people.post(IMPORT, files={"file": (f"staff.{form}", found.content)}).json()
    ImportBody.model_validate(told)
    assert (told["people"], told["new"], told["photos"], told["same"]) == (2, 2, 3, 0)
    names = people.get("/v1/collections/copy/people").json()["people"]
    assert [(each["name"], each["photos"]) for each in names] == [("Ada", 2), ("Bo", 1)]
    again = people.post(IMPORT, content=found.content, headers=RAW, params={"format": form}).json()
    assert (again["new"], again["photos"], again["same"]) == (0, 0, 3)
    query = {"threshold": 0.9}
    done = people.post("/v1/collections/copy/identify", params=query, files={"f": ("a.png", png(face(0)))})
    assert done.json()["pictures"][0]["faces"][0]["decision"] == "Ada"


def test_the_files_are_those_of_the_command_line(
    people: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery, out = tmp_path / "data" / "collections" / "staff.db", tmp_path / "cli.json"
    assert main(["gallery", "export", str(out), "--gallery", str(gallery)]) == 0
    assert people.get(EXPORT, params={"format": "json"}).content == out.read_bytes()
    (tmp_path / "http.npz").write_bytes(people.get(EXPORT, params={"without_crops": True}).content)
    own = tmp_path / "own.db"
    assert main(["gallery", "import", str(tmp_path / "http.npz"), "--gallery", str(own), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["faces"] == 3
    with Gallery.open(own) as made:
        assert not any(each.kept for each in made.faces())
    told = people.post(IMPORT, files={"f": ("cli.json", out.read_bytes())}).json()
    assert told["photos"] == 3


def test_an_import_is_done_once_and_can_be_tried(people: Caller) -> None:
    data = people.get(EXPORT).content
    tried = people.post(IMPORT, params={"format": "npz", "dry_run": True}, content=data, headers=RAW).json()
    assert (tried["photos"], tried["dry_run"]) == (3, True)
    assert people.get("/v1/collections/copy").json()["people"] == 0
    head = RAW | {"Idempotency-Key": "once"}
    first = people.post(IMPORT, params={"format": "npz"}, content=data, headers=head)
    again = people.post(IMPORT, params={"format": "npz"}, content=data, headers=head)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    people.problem(
        *(422, "idempotency-mismatch", "POST", IMPORT),
        params={"format": "npz"},
        content=data + b"x",
        headers=head,
    )


def test_what_the_command_line_refuses_is_refused(people: Caller, tmp_path: Path) -> None:
    data = people.get(EXPORT).content
    empty = people.problem(422, "input", "GET", "/v1/collections/copy/export")
    assert "the collection copy is empty" in empty["detail"]
    for wrong, query in (
        (b"PK\3\4", "npz"),
        (data[:500], "npz"),
        (b"{}", "json"),
        (data, "json"),
        (b"\0", "npz"),
    ):
        found = people.problem(
            *(422, "input", "POST", IMPORT), params={"format": query}, content=wrong, headers=RAW
        )
        assert str(tmp_path) not in str(found)
        assert "file." in found["detail"]
    people.problem(422, "setting", "POST", IMPORT, files={"f": ("a.zip", data)})
    people.problem(422, "invalid", "POST", IMPORT, params={"format": "zip"}, content=data, headers=RAW)
    people.problem(422, "invalid", "GET", EXPORT, params={"format": "zip"})
    people.problem(400, "body", "POST", IMPORT, content=b"", headers=RAW)
    people.problem(404, "no-collection", "POST", "/v1/collections/none/import", content=data, headers=RAW)
    people.problem(404, "no-collection", "GET", "/v1/collections/none/export")
    assert people.get("/v1/collections/copy").json()["people"] == 0
    assert [path for path in (tmp_path / "data" / "jobs").rglob("*") if path.is_file()] == []


def test_another_models_people_stay_out(people: Caller, tmp_path: Path) -> None:
    data = people.get(EXPORT).content
    with service(tmp_path / "other", encoder=Grey(space="1" * 64)) as other:
        other.post("/v1/collections", json={"name": "copy"})
        found = other.problem(409, "space", "POST", IMPORT, files={"f": ("staff.npz", data)})
        assert str(tmp_path) not in str(found)


def test_a_file_that_is_too_large_is_refused(people: Caller, tmp_path: Path) -> None:
    data = people.get(EXPORT).content
    with service(tmp_path / "small", limits=Limits(gallery_bytes=1000)) as small:
        small.post("/v1/collections", json={"name": "copy"})
        small.problem(413, "too-many-bytes", "POST", IMPORT, files={"f": ("staff.npz", data)})


def test_the_log_tells_of_exports_and_imports(people: Caller) -> None:
    people.post(IMPORT, files={"f": ("staff.npz", people.get(EXPORT).content)})
    people.get("/v1/collections/none/export")
    entries = people.get("/v1/audit").json()["entries"][:2]
    assert [(each["action"], each["collection"], each["outcome"]) for each in entries] == [
        ("collection.import", "copy", "done"),
        ("collection.export", "staff", "done"),
    ]
    assert entries[0]["counts"] == {"people": 2, "photos": 3}


@pytest.mark.slow
@pytest.mark.needs("postgres", "video")
def test_several_collections_on_a_server(tmp_path: Path, server: str) -> None:
    """A database each; out of one, into a file of SQLite, and back into the other; a film by one of them."""
    from gallery_stores import new_database
    from service_jobs import over
    from tile_film import walk

    galleries = {name: new_database(server) for name in ("staff", "visitors")}
    with service(tmp_path, galleries=galleries) as caller:
        caller.enrol("staff", "Ada", png(face(0)), png(face(0, 1)), keep=True)
        caller.enrol("visitors", "Bo", png(face(1)))
        assert caller.post("/v1/collections", json={"name": "copy"}).status_code == 201
        data = caller.get(EXPORT).content
        for name in ("copy", "visitors"):
            told = caller.post(f"/v1/collections/{name}/import", files={"f": ("staff.npz", data)}).json()
            assert (told["new"], told["photos"]) == (1, 2)
        again = caller.get("/v1/collections/copy/export", params={"format": "json"}).json()
        assert [each["name"] for each in again["people"]] == ["Ada"]
        names = [each["name"] for each in caller.get("/v1/collections/visitors/people").json()["people"]]
        assert names == ["Ada", "Bo"]
        query = {"threshold": 0.9, "gap": 0.1}
        place = "/v1/collections/visitors/videos"
        job = caller.post(place, params=query, files={"f": ("a.mp4", walk(0, 1))}).json()
        over(caller, job)
        lines = caller.get(f"/v1/jobs/{job['id']}/result").json()["lines"]
        assert [line["decision"] for line in lines] == ["Ada", "Bo"]
        (ada, _) = caller.get("/v1/collections/visitors/people").json()["people"]
        assert caller.delete(f"/v1/collections/visitors/people/{ada['id']}").json()["remains"] is None
        first, _ = caller.get(f"/v1/jobs/{job['id']}/result").json()["lines"]
        assert first["erased"] is True
