"""Several services on one database, as processes: each sees what the others do, also when one is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from fewpix.check.gallery import check_gallery
from fewpix.gallery import Gallery
from fewpix.gallery.storage.postgres_watch import Watch
from gallery_stores import new_database
from project import ROOT
from served import served
from stored import stored
from tiny_service import face, files, png

pytestmark = [pytest.mark.slow, pytest.mark.needs("serve", "postgres")]

AT_ONCE = 1.0
"""Seconds within which the others must see a change."""

STAFF = "/collections/staff"


@contextmanager
def ready(data: Path, address: str) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    """A service on the database, when it has loaded its models."""
    with (
        served(data, "--store", address) as (running, place),
        httpx2.Client(base_url=f"{place}/v1", timeout=60) as client,
    ):
        until(lambda: client.get("/ready").status_code == 200, 60)
        yield running, client


def until(true: Callable[[], bool], seconds: float) -> float:
    """Wait for something; how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s"
        time.sleep(0.02)
    return time.monotonic() - began


def enrol(client: httpx2.Client, name: str, person: int, photo: int = 0, key: str = "") -> int:
    head = {"Idempotency-Key": key} if key else {}
    sent = files(png(face(person, photo)))
    return client.post(f"{STAFF}/photos", params={"name": name}, files=sent, headers=head).status_code


def named(client: httpx2.Client, person: int) -> str | None:
    """Whom a new photo of somebody is named as."""
    told = client.post(
        f"{STAFF}/identify", params={"threshold": 0.9}, files=files(png(face(person, 9)))
    ).json()
    return told["pictures"][0]["faces"][0]["decision"] if "pictures" in told else None


def people(client: httpx2.Client) -> dict[str, str]:
    return {each["name"]: each["id"] for each in client.get(f"{STAFF}/people").json()["people"]}


def schemas(address: str) -> set[str]:
    import psycopg

    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'fewpix')")
        return {name for (name,) in found}


def test_what_one_service_does_the_other_sees_within_a_second(tmp_path: Path, server: str) -> None:
    address = new_database(server)
    with ready(tmp_path / "a", address) as (_, one), ready(tmp_path / "b", address) as (_, two):
        assert two.get("/collections").json() == {"collections": []}
        assert one.post("/collections", json={"name": "staff"}).status_code == 201
        assert enrol(one, "Zaphod", 1) == 201  # at once, although nobody has looked yet
        until(lambda: two.get("/collections").json()["collections"] == ["staff"], AT_ONCE)
        assert two.post("/collections", json={"name": "staff"}).json()["code"] == "exists"
        assert schemas(address) == {"fewpix_staff"}
        assert named(two, 1) == "Zaphod"
        assert enrol(one, "Trillian", 2) == 201
        assert named(two, 2) == "Trillian"  # what is in memory is looked at before each search
        assert enrol(two, "Zaphod", 1, 1, key="k") == 201
        place = f"{STAFF}/people/{people(two)['Zaphod']}"
        assert one.patch(place, json={"name": "Ford"}).status_code == 200
        assert named(two, 1) == "Ford"
        until(lambda: b"Zaphod" not in stored(tmp_path / "b"), AT_ONCE)  # neither in an answer that is kept
        assert one.delete(place).json()["remains"] is None
        assert (named(two, 1), list(people(two))) == (None, ["Trillian"])
        time.sleep(AT_ONCE)  # an edit of the other one that is not followed yet would end kept answers, too

        assert enrol(two, "Arthur", 3, key="own") == 201
        place = f"{STAFF}/people/{people(two)['Arthur']}"
        for name in ("Arnold", "Archie", "Art"):  # several between two looks
            assert two.patch(place, json={"name": name}).status_code == 200
        time.sleep(AT_ONCE)
        assert enrol(two, "Arthur", 3, key="own") == 201  # its own change leaves its kept answers alone
        assert sorted(people(one)) == ["Art", "Trillian"]

        assert one.delete(STAFF).json() == {"deleted": True, "photos": 2, "remains": None}
        until(lambda: two.get(STAFF).json().get("code") == "no-collection", AT_ONCE)
        assert schemas(address) == set()
        assert two.post("/collections", json={"name": "staff"}).status_code == 201
        until(lambda: one.get(STAFF).status_code == 200, AT_ONCE)
        assert (people(one), named(one, 2)) == ({}, None)  # one of the same name is another one


def test_a_telling_that_is_lost_only_delays(tmp_path: Path, server: str) -> None:
    """Somebody is removed by a program that tells nobody; then all connections break."""
    import psycopg

    address = new_database(server)
    with ready(tmp_path / "a", address) as (_, one), ready(tmp_path / "b", address) as (_, two):
        one.post("/collections", json={"name": "staff"})
        assert (enrol(one, "Zaphod", 1), enrol(one, "Trillian", 2)) == (201, 201)
        until(lambda: two.get(STAFF).status_code == 200, AT_ONCE)
        assert (enrol(two, "Zaphod", 1, 1, key="k"), named(two, 1)) == (201, "Zaphod")
        assert b"Zaphod" in stored(tmp_path / "b")
        with psycopg.connect(address) as connection:
            connection.execute("DELETE FROM fewpix_staff.people WHERE name = 'Zaphod'")
            connection.execute("UPDATE fewpix_staff.gallery SET changes = changes + 1, edits = edits + 1")
            connection.execute("UPDATE fewpix_staff.gallery SET editor = 'other'")
        assert named(two, 1) is None  # a search asks the version row itself
        until(lambda: b"Zaphod" not in stored(tmp_path / "b"), 8)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (address.partition("?")[0].rpartition("/")[2],),
            )
        codes = [enrol(client, "Ford", 4) for client in (one, two) for _ in range(2)]
        assert codes in ([507, 201, 507, 200], [507, 201, 201, 200])  # what was lost is opened anew
        assert one.post("/collections", json={"name": "guests"}).status_code == 201
        until(lambda: "guests" in two.get("/collections").json()["collections"], 12)


_HOLDER = """
import sys, time
from fewpix.gallery import Gallery
from gallery_stores import PROVENANCE, unit
with Gallery.open(sys.argv[1]) as gallery, gallery.database.transaction():
    gallery.write("half", unit(1, gallery.space.dim), **PROVENANCE)
    print("written", flush=True)
    time.sleep(600)
"""


def test_who_is_killed_inside_a_change_holds_nobody_up(tmp_path: Path, server: str) -> None:
    address = new_database(server)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests" / "made")))}
    with ready(tmp_path, address) as (_, client):
        client.post("/collections", json={"name": "staff"})
        client.post("/collections", json={"name": "guests"})
        holder = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, f"{address}#staff"], stdout=subprocess.PIPE, text=True, env=env
        )
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "written\n"
            codes = list[int]()
            waiting = threading.Thread(target=lambda: codes.append(enrol(client, "Ada", 1)))
            waiting.start()
            sent = {"params": {"name": "Bo"}, "files": files(png(face(2)))}
            assert client.post("/collections/guests/photos", **sent).status_code == 201  # type: ignore[arg-type]
            waiting.join(0.3)
            assert waiting.is_alive()
            holder.send_signal(signal.SIGKILL)
            waiting.join(10)
            assert codes == [201]
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()
        assert list(people(client)) == ["Ada"]
    with Gallery.open(f"{address}#staff") as gallery:
        assert not check_gallery(gallery).faults
        assert [face.source for face in gallery.faces()] == ["a.png"]


def test_a_service_that_is_killed_leaves_nothing_half_and_the_other_goes_on(
    tmp_path: Path, server: str
) -> None:
    address, rng = new_database(server), random.Random(0)
    told: set[tuple[str, int]] = set()
    with ready(tmp_path / "b", address) as (_, two):
        assert two.post("/collections", json={"name": "staff"}).status_code == 201
        for kill in range(3):
            with ready(tmp_path / "a", address) as (running, one):
                over, enough = threading.Event(), threading.Event()

                def work(
                    client: httpx2.Client,
                    who: str,
                    kill: int = kill,
                    over: threading.Event = over,
                    enough: threading.Event = enough,
                ) -> None:
                    for n in range(1000):
                        try:
                            code = enrol(client, who, len(who), 1000 * kill + n)
                        except httpx2.HTTPError:
                            assert client is not two
                            return
                        assert code == 201
                        told.add((who, 1000 * kill + n))
                        if n == 3:
                            enough.set()
                        if over.is_set() and client is two:
                            return

                threads = [
                    threading.Thread(target=work, args=(client, who))
                    for client, who in ((one, "p"), (one, "pp"), (two, "ppp"))
                ]
                for thread in threads:
                    thread.start()
                assert enough.wait(60)
                time.sleep(rng.uniform(0, 0.5))
                running.send_signal(signal.SIGKILL)
                before = len(told)
                until(lambda before=before: len(told) > before + 2, 10)  # type: ignore[misc]
                over.set()
                for thread in threads:
                    thread.join(30)
                    assert not thread.is_alive()
            with Gallery.open(f"{address}#staff") as gallery:
                assert not check_gallery(gallery).faults
                kept = sum(person.faces for person in gallery.people())
                assert len(told) <= kept <= len(told) + 2 * (kill + 1)


def test_a_database_from_before_is_the_collection_default(tmp_path: Path, server: str) -> None:
    from gallery_stores import PROVENANCE, unit
    from grey_encoder import Grey

    address = new_database(server)
    space = Grey().card.space
    with Gallery.open(address, space) as gallery:
        gallery.add("Zaphod", unit(0, space.dim), **PROVENANCE)
        gallery.database.execute(
            "ALTER TABLE gallery DROP COLUMN edits, DROP COLUMN editor, DROP COLUMN streak"
        )
        gallery.database.execute("UPDATE gallery SET version = 3")
    watch = Watch(address)
    assert [(edition.edits, edition.editor) for edition in watch.editions().values()] == [(0, "")]
    watch.close()
    with ready(tmp_path, address) as (_, client):
        assert client.get("/collections").json() == {"collections": ["default"]}
        client.post("/collections", json={"name": "staff"})
        assert client.get("/collections/default").json()["people"] == 1
        assert enrol(client, "Ada", 1) == 201
    with Gallery.open(address) as gallery:  # at the same address, and as it was
        assert [person.name for person in gallery.people()] == ["Zaphod"]
        assert not check_gallery(gallery).faults
