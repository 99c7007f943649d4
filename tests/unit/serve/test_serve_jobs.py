"""Films over HTTP: sent, followed, told as they are looked at, cancelled, deleted, kept over a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fewpix.errors import ConfigError, InputError, StorageError
from fewpix.gallery import Gallery, edit
from fewpix.serve.jobs import record, schemas
from fewpix.serve.jobs.files import INCOMING
from fewpix.serve.jobs.film import check, source
from fewpix.serve.jobs.queue import DAY
from fewpix.serve.jobs.record import MOST_ATTEMPTS
from fewpix.serve.models import Models
from fewpix.serve.settings import Limits, Settings
from fewpix.video import Counts
from fewpix.video.packets import Opened
from grey_encoder import Grey
from service_jobs import VIDEOS, over, submit
from tile_film import Gate, film, frame, walk
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve", "video")
RAW = {"Content-Type": "video/mp4"}


def told(caller: Caller, job: dict[str, Any]) -> list[dict[str, Any]]:
    """All lines, two at a time."""
    lines: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = caller.get(f"/v1/jobs/{job['id']}/result", params=query).json()
        schemas.JobLines.model_validate(page)
        lines += page["lines"]
        cursor = page["next"]
        if cursor is None:
            return lines


def gated(gate: Gate) -> Any:
    return lambda settings: Models(gate, Grey(), None, "there is none for made faces")


@pytest.fixture
def people(caller: Caller) -> Caller:
    """With Ada and Bo in the collection."""
    for n, name in enumerate(("Ada", "Bo")):
        caller.enrol("staff", name, png(face(n)))
    return caller


def test_a_film_is_looked_at_and_its_tracks_are_named(people: Caller, tmp_path: Path) -> None:
    job = submit(people, walk(0, 1, 7), gap=0.1)
    assert (job["state"], job["name"], job["kind"]) == ("waiting", "door.mp4", "video")
    found = over(people, job)
    assert (found["attempts"], found["problem"], found["progress"]) == (1, None, None)
    assert found["outcome"]["tracks"] == 3
    assert (found["outcome"]["threshold"], found["outcome"]["error"]) == (0.9, None)
    assert found["outcome"]["frames"]["looked"] == 34
    lines = told(people, job)
    assert [line["decision"] for line in lines] == ["Ada", "Bo", None]
    assert {line["path"] for line in lines} == {"door.mp4"}
    (ada,) = people.get("/v1/collections/staff/people", params={"name": "Ada"}).json()["people"]
    assert lines[0]["candidates"][0]["person_id"] == ada["id"]
    left = [path.name for path in (tmp_path / "data" / "jobs").rglob("*") if path.is_file()]
    assert left == []  # the film is gone
    people.problem(404, "no-film", "GET", f"/v1/jobs/{job['id']}/film")
    assert 'fewpix_jobs_total{kind="video",state="done"} 1.0' in people.get("/v1/metrics").text


def test_lines_are_those_of_the_command_line(people: Caller, tmp_path: Path) -> None:
    from fewpix.identify.pipeline import Identifier
    from fewpix.video import VideoIdentifier, open_video, source_of
    from tiny_service import Tiles

    data = walk(1, 0)
    lines = told(people, over(people, submit(people, data)))
    path = tmp_path / "door.mp4"
    path.write_bytes(data)
    with Gallery.open(tmp_path / "data" / "collections" / "staff.db", write=False) as gallery:
        identifier = Identifier(Tiles(), Grey(), gallery, top=3, threshold=0.9)
        own = [track.to_json() for track in VideoIdentifier(identifier).run(open_video(source_of(path)))]
    for line in lines:
        line["path"] = str(path)
        for candidate in line["candidates"]:
            del candidate["person_id"]
    assert lines == own


def test_a_running_job_tells_how_far_it_is_and_its_tracks_as_they_come(tmp_path: Path) -> None:
    gate = Gate(12)
    with service(tmp_path, open_them=gated(gate)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(0)), accept_poor=True)
        gate.looked = 0
        job = submit(caller, walk(0, 1, frames=10), gap=0.1, events=True)
        later = submit(caller, walk(0))
        assert gate.reached.wait(30)
        found = caller.get(f"/v1/jobs/{job['id']}").json()
        assert found["state"] == "running"
        assert (found["progress"]["frames"], found["progress"]["length"]) == (12, 2.5)
        assert 0.4 <= found["progress"]["share"] <= 0.5
        assert found["progress"]["eta"] > 0
        page = caller.get(f"/v1/jobs/{job['id']}/result").json()
        assert [line["event"] for line in page["lines"]][:2] == ["seen", "named"]
        assert page["next"] is not None
        assert caller.get(f"/v1/jobs/{later['id']}").json()["state"] == "waiting"
        listed = caller.get("/v1/jobs", params={"limit": 1}).json()
        assert [each["id"] for each in listed["jobs"]] == [later["id"]]
        rest = caller.get("/v1/jobs", params={"cursor": listed["next"]}).json()
        assert [each["id"] for each in rest["jobs"]] == [job["id"]]
        gate.through.set()
        over(caller, job)
        more = caller.get(f"/v1/jobs/{job['id']}/result", params={"cursor": page["next"]}).json()
        events = [line["event"] for line in page["lines"] + more["lines"]]
        assert events.count("ended") == events.count("seen") == 2
        assert more["next"] is None
        over(caller, later)


def test_requests_are_answered_while_a_film_is_looked_at(tmp_path: Path) -> None:
    class Slow(Gate):
        def search(self, image: Any) -> Any:
            time.sleep(0.01)
            return super().search(image)

    with service(tmp_path, open_them=gated(Slow(10**6))) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        job = submit(caller, walk(0, frames=200))
        for n in range(5):
            start = time.monotonic()
            caller.enrol("staff", f"p{n}", png(face(n)))
            assert time.monotonic() - start < 2
        assert caller.get(f"/v1/jobs/{job['id']}").json()["state"] in ("waiting", "running")
        caller.post(f"/v1/jobs/{job['id']}/cancel")


def test_a_job_is_cancelled_and_keeps_what_it_has_told(tmp_path: Path) -> None:
    gate = Gate(14)
    with service(tmp_path, open_them=gated(gate)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        job, later = submit(caller, walk(0, 1, 2, frames=10), gap=0.1), submit(caller, walk(0))
        assert gate.reached.wait(30)
        assert caller.post(f"/v1/jobs/{later['id']}/cancel").json()["state"] == "cancelled"
        gate.through.set()
        found = caller.post(f"/v1/jobs/{job['id']}/cancel").json()
        assert found["state"] in ("cancelled", "done")
        lines = told(caller, job)
        if found["state"] == "cancelled":
            assert 1 <= len(lines) <= 3
        assert caller.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] == found["state"]
        over(caller, submit(caller, walk(0)))
        assert not list((tmp_path / "jobs").rglob("film"))


def test_a_deleted_job_is_really_gone(people: Caller, tmp_path: Path) -> None:
    people.enrol("staff", "Zaphod Beeblebrox", png(face(3)))
    kept = submit(people, walk(3), keep=True)
    over(people, kept)
    data = people.get(f"/v1/jobs/{kept['id']}/film").content
    assert data == walk(3)
    (person,) = people.get("/v1/collections/staff/people", params={"name": "Zaphod Beeblebrox"}).json()[
        "people"
    ]
    assert told(people, kept)[0]["decision"] == "Zaphod Beeblebrox"
    once = {"Idempotency-Key": "gone"}
    for _ in range(2):
        assert people.delete(f"/v1/jobs/{kept['id']}", headers=once).json() == {"deleted": True}
    people.problem(404, "no-job", "GET", f"/v1/jobs/{kept['id']}")
    people.problem(404, "no-job", "GET", f"/v1/jobs/{kept['id']}/result")
    people.delete(f"/v1/collections/staff/people/{person['id']}")
    assert [path for path in (tmp_path / "data" / "jobs").rglob("*") if path.name == kept["id"]] == []
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"Zaphod" not in path.read_bytes(), path
            assert data[:200] not in path.read_bytes(), path


def test_a_job_that_is_worked_on_can_be_deleted(tmp_path: Path) -> None:
    gate = Gate(3)
    with service(tmp_path, open_them=gated(gate)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        job = submit(caller, walk(0, 1))
        assert gate.reached.wait(30)
        gate.through.set()
        assert caller.delete(f"/v1/jobs/{job['id']}").json() == {"deleted": True}
        assert caller.get("/v1/jobs").json()["jobs"] == []
        over(caller, submit(caller, walk(0)))


def test_who_is_removed_is_taken_out_of_the_results(people: Caller, tmp_path: Path) -> None:
    people.enrol("staff", "Zaphod", png(face(3)))
    job = over(people, submit(people, walk(3, 0), gap=0.1, top=1))
    assert [line["decision"] for line in told(people, job)] == ["Zaphod", "Ada"]
    (person,) = people.get("/v1/collections/staff/people", params={"name": "Zaphod"}).json()["people"]
    # Also under a name that they had when the film was looked at.
    people.patch(f"/v1/collections/staff/people/{person['id']}", json={"name": "Ford"})
    people.delete(f"/v1/collections/staff/people/{person['id']}")
    first, second = told(people, job)
    assert first["erased"] is True
    assert set(first) <= {"event", "path", "track", "first", "last", "clock", "frames", "boxes", "erased"}
    assert second["decision"] == "Ada"
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"Zaphod" not in path.read_bytes(), path


def test_whom_another_program_removes_is_taken_out_too(people: Caller, tmp_path: Path) -> None:
    job = over(people, submit(people, walk(0, 1, rest=15), top=1))
    with Gallery.open(tmp_path / "data" / "collections" / "staff.db") as gallery:
        edit.remove(gallery, ["Ada"])
    people.app.state.service.jobs._follow()  # type: ignore[attr-defined]
    assert [line.get("decision") for line in told(people, job)] == [None, "Bo"]


def test_with_a_collection_its_jobs_go(tmp_path: Path) -> None:
    gate = Gate(3)
    with service(tmp_path, open_them=gated(gate)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        jobs = [submit(caller, walk(0, 1)) for _ in range(2)]
        assert gate.reached.wait(30)
        gate.through.set()
        assert caller.delete("/v1/collections/staff").status_code == 200
        for job in jobs:
            caller.problem(404, "no-job", "GET", f"/v1/jobs/{job['id']}")
        caller.problem(404, "no-collection", "POST", VIDEOS, content=walk(0), headers=RAW)


def test_a_restart_in_the_middle_begins_the_job_anew(tmp_path: Path) -> None:
    gate = Gate(14)
    with service(tmp_path, open_them=gated(gate)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        job, later = submit(caller, walk(0, 1, frames=10), gap=0.1), submit(caller, walk(1))
        assert gate.reached.wait(30)
        caller.app.state.service.jobs._ended = True  # type: ignore[attr-defined]
        gate.through.set()
    (tmp_path / "jobs" / INCOMING).mkdir(exist_ok=True)
    (tmp_path / "jobs" / INCOMING / "half").write_bytes(b"x")
    (tmp_path / "jobs" / "nobodys").mkdir()
    with service(tmp_path) as caller:
        found = over(caller, job)
        assert found["attempts"] == 1  # a service that ends as it should does not count
        assert [line["track"] for line in told(caller, job)] == [1, 2]
        over(caller, later)
        names = {path.name for path in (tmp_path / "jobs").iterdir()}
        assert names <= {job["id"], later["id"], INCOMING}
        assert not list((tmp_path / "jobs" / INCOMING).glob("*"))


def test_a_job_that_ends_the_service_is_given_up(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        job = over(caller, submit(caller, walk(0)))
        office = caller.app.state.service.office  # type: ignore[attr-defined]
        office.do(
            lambda database: database.execute(
                "UPDATE jobs SET state = 'running', attempts = ?, finished = NULL", MOST_ATTEMPTS
            )
        )
    with service(tmp_path) as caller:
        found = caller.get(f"/v1/jobs/{job['id']}").json()
        assert (found["state"], found["problem"]["code"]) == ("failed", "error")


def test_a_job_whose_end_cannot_be_noted_is_ended_when_it_can(
    people: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk is full just then; before, it was running until the service began anew."""
    end, tries = record.end, [0]

    def full(*args: Any, **more: Any) -> None:
        tries[0] += 1
        if tries[0] < 3:
            raise StorageError("the disk is full")
        end(*args, **more)

    monkeypatch.setattr(record, "end", full)
    job = over(people, submit(people, walk(0)))
    assert (tries[0], job["attempts"], job["outcome"]["tracks"]) == (3, 1, 1)


def test_results_are_kept_for_a_time(tmp_path: Path) -> None:
    with service(tmp_path, keep_days=2) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        jobs = caller.app.state.service.jobs  # type: ignore[attr-defined]
        now = [1_000_000.0]
        jobs.clock = jobs.settled = lambda: now[0]
        job = over(caller, submit(caller, walk(0), keep=True))
        assert job["kept_until"] == "1970-01-14T13:46:40+00:00"
        now[0] += 2 * DAY - 1
        jobs.sweep()
        assert caller.get(f"/v1/jobs/{job['id']}").status_code == 200
        now[0] += 2
        jobs.sweep()
        caller.problem(404, "no-job", "GET", f"/v1/jobs/{job['id']}")
        assert not (tmp_path / "jobs" / job["id"]).exists()


def test_a_film_is_taken_once(people: Caller) -> None:
    once = {"Idempotency-Key": "film-1", **RAW}
    data = walk(0)
    first = people.post(VIDEOS, content=data, headers=once)
    again = people.post(VIDEOS, content=data, headers=once)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    people.problem(422, "idempotency-mismatch", "POST", VIDEOS, content=walk(1), headers=once)
    over(people, first.json())
    assert len(people.get("/v1/jobs").json()["jobs"]) == 1


def test_jobs_are_their_keys_and_the_administrators(caller: Caller) -> None:
    boss = Caller(caller.app, caller.post("/v1/keys", json={"name": "b", "scope": "admin"}).json()["key"])
    one, other = (
        Caller(caller.app, boss.post("/v1/keys", json={"name": n, "scope": "read"}).json()["key"])
        for n in "xy"
    )
    job = submit(one, walk(0))
    over(one, job)
    assert len(one.get("/v1/jobs").json()["jobs"]) == len(boss.get("/v1/jobs").json()["jobs"]) == 1
    assert other.get("/v1/jobs").json()["jobs"] == []
    for method, place in (
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/film"),
        ("POST", "/cancel"),
        ("DELETE", ""),
    ):
        other.problem(404, "no-job", method, f"/v1/jobs/{job['id']}{place}")
    assert boss.delete(f"/v1/jobs/{job['id']}").json() == {"deleted": True}


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"\0" * 4096,
        PLAYLIST,
        b"ffconcat version 1.0\nfile service.db\n",
        png(face(1)),
        walk(0)[:300],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ],
    ids=["byte", "zeros", "playlist", "concat", "picture", "head", "svg", "sdp"],
)
def test_what_is_no_film_is_refused_at_once(caller: Caller, tmp_path: Path, data: bytes) -> None:
    found = caller.problem(422, "input", "POST", VIDEOS, content=data, headers=RAW)
    assert str(tmp_path) not in str(found)
    assert [path for path in (tmp_path / "data" / "jobs").rglob("*") if path.is_file()] == []
    assert caller.get("/v1/jobs").json()["jobs"] == []


@pytest.mark.parametrize(
    ("ending", "more"),
    [
        (".mov", {}),
        (".mkv", {}),
        (".avi", {}),
        (".ts", {}),
        (".flv", {}),
        (".gif", {"codec": "gif"}),
        (".mjpeg", {"codec": "mjpeg"}),
        (".h264", {}),
    ],
)
def test_the_usual_kinds_of_films_are_taken(tmp_path: Path, ending: str, more: dict[str, Any]) -> None:
    (tmp_path / "film").write_bytes(film(*[frame(0, None)] * 4, ending=ending, **more))
    check(tmp_path / "film", f"a{ending}", 10**6)
    with pytest.raises(InputError, match="200 x 100"):
        check(tmp_path / "film", f"a{ending}", 10**4)


def test_frames_that_grow_above_the_limit_are_damage(tmp_path: Path) -> None:
    small, large = (film(*[frame(*people)] * 6, ending=".ts") for people in ((0, None), (0, *[None] * 15)))
    (tmp_path / "film.ts").write_bytes(small + large)
    found, counts = source(tmp_path / "film.ts", "a"), Counts()
    with pytest.raises(InputError, match="1600 x 100"):
        Opened(found, counts, 30_000)
    opened = Opened(found, counts)
    # As where the file is long, and only its beginning was looked at when it was opened.
    codec = opened._stream.codec_context
    codec.width, codec.height = 200, 100
    opened._limit(30_000)
    assert {each.image().shape for each in opened.frames()} == {(100, 200, 3)}
    assert counts.corrupt > 0
    opened.close()


def test_bodies_that_are_not_taken(caller: Caller) -> None:
    caller.problem(400, "body", "POST", VIDEOS, content=b"", headers=RAW)
    caller.problem(415, "media-type", "POST", VIDEOS, content=b"x", headers={"Content-Type": "text/html"})
    caller.problem(400, "body", "POST", VIDEOS, files={"film": ("a.mp4", b"")})
    two = [("film", ("a", walk(0))), ("film", ("b", b"x"))]
    caller.problem(400, "body", "POST", VIDEOS, files=two)
    caller.problem(400, "body", "POST", VIDEOS, files={"film": ("a.mp4", walk(0))}, data={"x": "y"})
    cut = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc'
    head = {"Content-Type": "multipart/form-data; boundary=x"}
    caller.problem(400, "body", "POST", VIDEOS, content=cut, headers=head)
    caller.problem(400, "body", "POST", VIDEOS, content=cut, headers={"Content-Type": "multipart/form-data"})
    for query in ({"fpir": 2}, {"every": 0}, {"end": -1}, {"top": 0}, {"wait": 0}):
        caller.problem(422, "invalid", "POST", VIDEOS, params=query, content=walk(0), headers=RAW)
    for query in (
        {"start": 5, "end": 2},
        {"every": 2, "fps": 5},
        {"fpir": 0.01},
        {"fpir": 0.1, "threshold": 1},
    ):
        caller.problem(422, "setting", "POST", VIDEOS, params=query, content=walk(0), headers=RAW)


def test_names_of_files_lead_nowhere(people: Caller, tmp_path: Path) -> None:
    for name in ("../../../etc/x.mp4", "C:\\x\\..\\a.mp4", "http://evil.example/a.mp4", "a\x1b[31m.mp4", "0"):
        sent = people.post(VIDEOS, params={"threshold": 0.9}, files={"film": (name, walk(0))})
        job = over(people, sent.json())
        assert "/" not in job["name"]
        assert "\x1b" not in job["name"]
        people.delete(f"/v1/jobs/{job['id']}")
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_a_film_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    limits = Limits(film_bytes=2000, pixels=20_000)
    with service(tmp_path, limits=limits) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        for sent in ({"content": walk(0, 1), "headers": RAW}, {"files": {"film": ("a.mp4", walk(0, 1))}}):
            caller.problem(413, "too-many-bytes", "POST", VIDEOS, **sent)

        def parts() -> Iterator[bytes]:
            for _ in range(5):
                yield b"x" * 1000

        caller.problem(413, "too-many-bytes", "POST", VIDEOS, content=parts(), headers=RAW)
        assert [path for path in (tmp_path / "jobs").rglob("*") if path.is_file()] == []
    with service(tmp_path / "b", limits=Limits(pixels=15_000)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        found = caller.problem(422, "input", "POST", VIDEOS, content=walk(0), headers=RAW)
        assert "200 x 100" in found["detail"]


def test_too_many_jobs_are_told_to_wait(tmp_path: Path) -> None:
    gate = Gate(1)
    with service(tmp_path, open_them=gated(gate), limits=Limits(jobs=2)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        for _ in range(2):
            submit(caller, walk(0))
        caller.problem(503, "busy", "POST", VIDEOS, content=walk(0), headers=RAW)
        gate.through.set()


def test_what_can_be_read_of_a_damaged_film_is_told(people: Caller) -> None:
    whole = film(*[frame(0, None)] * 12, ending=".mkv")
    job = over(people, submit(people, whole[: len(whole) * 2 // 3]))
    assert "damaged" in job["outcome"]["error"]
    assert [line["decision"] for line in told(people, job)] == ["Ada"]


def test_a_job_that_fails_says_why_and_the_next_one_runs(tmp_path: Path) -> None:
    class Fails(Gate):
        def search(self, image: Any) -> Any:
            if self.looked == 2:
                self.looked += 1
                raise RuntimeError("secret /place")
            return super().search(image)

    with service(tmp_path, open_them=gated(Fails(10**6)), limits=Limits(faces=1)) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        job = over(caller, submit(caller, walk(0)), "failed")
        assert job["problem"]["code"] == "bug"
        assert "secret" not in str(job)
        job = over(caller, submit(caller, film(*[frame(0, 1)] * 4)), "failed")
        assert job["problem"]["code"] == "too-many-faces"
        over(caller, submit(caller, walk(0)))


def test_a_job_waits_for_the_models(tmp_path: Path) -> None:
    with service(tmp_path) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
    with service(tmp_path, open_them=lambda settings: 1 / 0) as caller:
        caller.problem(503, "not-ready", "POST", VIDEOS, content=walk(0), headers=RAW)


def test_a_time_to_keep_results_is_none_below_0(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kept for -1 days"):
        Settings(data=tmp_path, keep_days=-1)
