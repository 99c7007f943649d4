"""Calibrations over HTTP: strangers' pictures in an archive, a job, a file to start the service with."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fewpix.calibration.file import read_calibration
from fewpix.cli import main
from fewpix.data.orl import load_orl
from fewpix.errors import InputError
from fewpix.image.codec import encode_image
from fewpix.image.resize import resize_square
from fewpix.serve.jobs import schemas
from fewpix.serve.jobs.archive import unpack
from fewpix.serve.models import Models
from fewpix.serve.settings import Limits
from grey_encoder import Grey
from service_jobs import over
from strangers_made import crop
from tile_film import Gate
from tiny_service import Caller, face, png, service

pytestmark = pytest.mark.needs("serve")
PLACE = "/v1/calibrations"
SMALL = {"crops": True, "sizes": [8, 16], "galleries": [5, 10]}


def people(count: int) -> dict[str, bytes]:
    """Two aligned crops of each of so many strangers."""
    rng = np.random.default_rng(0)
    return {f"p{n:03}/{k}.png": encode_image(crop(rng), ".png") for n in range(count) for k in range(2)}


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def submit(caller: Caller, data: bytes, **options: Any) -> dict[str, Any]:
    done = caller.post(PLACE, params={**SMALL, **options}, files={"file": ("strangers.tar.gz", data)})
    assert done.status_code == 202, done.text
    schemas.JobBody.model_validate(done.json())
    return dict(done.json())


def test_it_measures_what_the_command_line_does(caller: Caller, tmp_path: Path) -> None:
    files = people(48)
    job = over(caller, submit(caller, tarred(files), population="made", note="for a test"))
    assert (job["kind"], job["collection"], job["outcome"]["left_out"]) == ("calibration", "", [])
    assert job["outcome"]["probes"]["people"] + job["outcome"]["gallery"]["people"] == 48
    found = caller.get(f"/v1/jobs/{job['id']}/calibration")
    (tmp_path / "found.json").write_bytes(found.content)
    made = read_calibration(tmp_path / "found.json")
    assert (made.probes.name, made.note, made.model) == ("made", "for a test", "auto")
    assert {size.pixels for each in made.encoders for size in each.sizes} == {8, 16}
    # Nothing of the strangers stays.
    folder = tmp_path / "data" / "jobs" / job["id"]
    assert [path.name for path in folder.iterdir()] == ["calibration.json"]
    zips = over(caller, submit(caller, zipped(files), population="made", note="for a test"))
    assert caller.get(f"/v1/jobs/{zips['id']}/calibration").content == found.content
    caller.delete(f"/v1/jobs/{job['id']}")
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.needs("samples", "weights")
def test_the_file_is_that_of_the_command(tmp_path: Path) -> None:
    from fewpix.client import Client
    from served import served

    # Real faces: the shipped model takes drawn ones for one person.
    crops = [resize_square(image[12:104], 92) for image in load_orl().images]
    files = {f"p{n:03}/{k}.png": encode_image(crops[10 * n + k], ".png") for n in range(40) for k in range(2)}
    for name, data in files.items():
        (tmp_path / "faces" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "faces" / name).write_bytes(data)
    words = [
        "calibrate",
        "--impostors",
        str(tmp_path / "faces"),
        "--crops",
        "--sizes",
        "16",
        "--galleries",
        "5",
    ]
    assert (
        main([*words, "--model", "fewpix-xs", "--population", "x", "--out", str(tmp_path / "own.json")]) == 0
    )
    (tmp_path / "faces.tar").write_bytes(tarred(files, "w"))
    with (
        served(tmp_path / "data", "--model", "fewpix-xs", made=False) as (_, address),
        Client(address) as client,
    ):
        client.wait(300)
        options = {"crops": True, "sizes": 16, "galleries": 5, "population": "x"}
        job = client.job(client.call("POST", "/calibrations", body=tmp_path / "faces.tar", **options)["id"])
        job.wait(300)
        client.save(f"/jobs/{job.id}/calibration", tmp_path / "http.json")
    own, http = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("own", "http"))
    assert own["encoders"] == http["encoders"]


def test_too_few_people_are_told_of(caller: Caller) -> None:
    job = over(caller, submit(caller, tarred(people(8))), "failed")
    assert "too few" in job["problem"]["detail"]
    caller.problem(404, "no-calibration", "GET", f"/v1/jobs/{job['id']}/calibration")


def test_photographs_are_searched_for_faces_and_those_without_are_named(caller: Caller) -> None:
    files = {f"p{n:03}/a.png": png(face(n)) for n in range(44)} | {"dark/b.png": png(face(1) * 0)}
    job = over(caller, submit(caller, tarred(files), crops=False))
    assert job["outcome"]["left_out"] == [{"file": "dark/b.png", "why": "no face"}]


def test_it_is_cancelled_and_nothing_of_the_strangers_stays(tmp_path: Path) -> None:
    gate = Gate(3)
    models = Models(gate, Grey(), None, "there is none for made faces")
    with service(tmp_path, open_them=lambda settings: models) as caller:
        job = submit(caller, tarred({f"p{n}/a.png": png(face(n)) for n in range(44)}), crops=False)
        assert gate.reached.wait(30)
        found = caller.get(f"/v1/jobs/{job['id']}").json()
        assert (found["progress"]["stage"], found["progress"]["frames"]) == ("finding faces", 3)
        assert list((tmp_path / "jobs" / job["id"] / "pictures").iterdir())
        gate.through.set()
        assert caller.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
        assert not list((tmp_path / "jobs" / job["id"]).iterdir())


@pytest.mark.parametrize(
    "data",
    [b"x", b"PK\3\4", b"\x1f\x8b\x08\0", tarred({}), tarred(people(2))[:400], tarred(people(1), "w")[:600]],
    ids=["byte", "zip", "gzip", "empty", "half", "cut"],
)
def test_what_is_no_archive_fails(caller: Caller, tmp_path: Path, data: bytes) -> None:
    job = over(caller, submit(caller, data), "failed")
    assert job["problem"]["code"] == "input"
    assert str(tmp_path) not in str(job)


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("../../up.png", "/etc/abs.png", "a/../../b.png", "a\\..\\c.png", "ok/d.PNG", "e", ".h"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"x"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            entry = tarfile.TarInfo(f"special{kind!r}")
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    (tmp_path / "a.tar").write_bytes(out.getvalue())
    names = unpack(tmp_path / "a.tar", tmp_path / "out", Limits())
    assert sorted(names.values()) == sorted(
        ["../../up.png", "/etc/abs.png", "a/../../b.png", "a\\..\\c.png", "ok/d.PNG", "e"]
    )
    there = {
        path.relative_to(tmp_path / "out").as_posix()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert there == set(names)
    assert {path.name for path in tmp_path.iterdir()} == {"a.tar", "out"}


@pytest.mark.parametrize("make", [tarred, zipped])
def test_what_an_archive_unpacks_to_has_a_limit(tmp_path: Path, make: Any) -> None:
    (tmp_path / "a").write_bytes(make({f"{n}.png": b"\0" * 100_000 for n in range(20)}))
    with pytest.raises(InputError, match="too much"):
        unpack(tmp_path / "a", tmp_path / "out", Limits(film_bytes=1_000_000))
    with pytest.raises(InputError, match="no file"):
        unpack(tmp_path / "a", tmp_path / "other", Limits(picture_bytes=10_000))


def test_values_that_are_not_taken(caller: Caller) -> None:
    data = tarred(people(1))
    head = {"Content-Type": "application/x-tar"}
    for query in ({"sizes": 4}, {"sizes": 500}, {"galleries": 1}, {"population": "x" * 300}):
        caller.problem(422, "invalid", "POST", PLACE, params=query, content=data, headers=head)
    caller.problem(400, "body", "POST", PLACE, content=b"", headers=head)
    caller.problem(415, "media-type", "POST", PLACE, content=data, headers={"Content-Type": "video/mp4"})
