"""What a gallery promises, in a file and on a PostgreSQL alike: one suite for both."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest

from fewpix.check.gallery import check_gallery
from fewpix.errors import ConfigError, InputError, SpaceError, StorageError
from fewpix.gallery import Added, Gallery, Original
from fewpix.gallery.cameras import add_camera, camera_state, cameras, remove_camera
from fewpix.gallery.census import Census, census
from fewpix.gallery.edit import merge, remove, remove_faces, rename
from fewpix.gallery.history import history
from fewpix.models.space import Space
from gallery_stores import PROVENANCE, SPACE, state, unit


def filled(location: str) -> Gallery:
    """Ana with two photos, Bo with one that Ana has too, Cy with one."""
    gallery = Gallery.open(location, SPACE)
    for name, seed in (("Ana", 0), ("Ana", 1), ("Bo", 1), ("Cy", 2)):
        gallery.add(name, unit(seed), **{**PROVENANCE, "source": f"{name}-{seed}.jpg"})
    return gallery


def content(gallery: Gallery) -> list[tuple[object, ...]]:
    return [(row.name, row.embedding.tobytes(), row.source, row.quality) for row in gallery.rows()]


def test_what_is_added_is_there_for_others_and_found(location: str):
    original = Original(b"\x89PNG\r\n\x1a\nxyz", tuple((float(n), n / 3) for n in range(5)))
    with Gallery.open(location, SPACE) as gallery:
        assert gallery.add("Ana", unit(0), **PROVENANCE, quality=0.25, original=original) == Added(1, True)
        assert gallery.add("Ana", unit(0), **PROVENANCE) == Added(1, False)
        assert gallery.add("Ana", unit(1), **{**PROVENANCE, "pixels": 16.0}, face=1) == Added(1, True)
        with Gallery.open(location, SPACE, write=False) as reader:
            assert [(p.name, p.faces, p.rows) for p in reader.people()] == [("Ana", 1, 2)]
            first, second = reader.rows()
            assert (first.pixels, second.pixels, first.quality) == (60.0, 16.0, 0.25)
            assert first.embedding.tobytes() == unit(0).tobytes()
            assert reader.original(1) == original
            (face,) = reader.faces("Ana")
            assert (face.source, face.quality, face.kept) == ("photo.jpg", 0.25, True)
            assert [c.name for c in reader.search(unit(5)[None], 3)[0]] == ["Ana"]
            gallery.add("Bo", unit(5), **PROVENANCE)  # seen by the other connection at its next search
            assert [c.name for c in reader.search(unit(5)[None], 3)[0]] == ["Bo", "Ana"]
            with pytest.raises(StorageError, match="cannot use the gallery"):
                reader.add("Cy", unit(6), **PROVENANCE)
        assert gallery.original(2) is None
        with pytest.raises(ConfigError, match="is not one of Bo's"):
            gallery.add("Bo", unit(3), **PROVENANCE, face=1)
        with pytest.raises(ConfigError, match="quality must be from 0 to 1"):
            gallery.add("Bo", unit(3), **PROVENANCE, quality=1.5)
        assert [p.name for p in gallery.people()] == ["Ana", "Bo"]


def test_a_gallery_is_empty_until_somebody_can_be_found(location: str):
    with Gallery.open(location, SPACE) as gallery:
        assert gallery.is_empty()
        with gallery.database.transaction():
            gallery.person("Ana", created="2026-01-02")  # a name alone, as an import makes it first
        assert gallery.is_empty()
        gallery.add("Bo", unit(0), **PROVENANCE)
        assert not gallery.is_empty()
        remove(gallery, ["Bo"])
        assert gallery.is_empty()


def test_names_sort_by_code_points_and_ties_go_by_name(location: str):
    names = ["ana", "Zoe", "Ána", "Bo", "李小龍"]
    with Gallery.open(location, SPACE) as gallery:
        for name in names:
            gallery.add(name, unit(0), **PROVENANCE)
        assert [person.name for person in gallery.people()] == sorted(names)
        for templates in (False, True):
            found = gallery.search(unit(0)[None], 9, templates=templates)[0]
            assert [candidate.name for candidate in found] == sorted(names)
            assert len({candidate.score for candidate in found}) == 1


def test_a_template_is_the_weighted_mean(location: str):
    with Gallery.open(location, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE, quality=0.9)
        gallery.add("Ana", unit(1), **PROVENANCE, quality=0.3)
        gallery.add("Bo", unit(2), **PROVENANCE)
        mean = 0.9 * unit(0).astype(float) + 0.3 * unit(1).astype(float)
        mean /= np.linalg.norm(mean)
        found = {c.name: c.score for c in gallery.search(unit(3)[None], 2, templates=True)[0]}
        assert found["Ana"] == pytest.approx(float(mean @ unit(3)), abs=1e-6)
        assert found["Bo"] == pytest.approx(float(unit(2) @ unit(3)), abs=1e-6)


def test_another_space_is_refused_and_the_own_is_taken_when_none_is_named(location: str):
    filled(location).close()
    with pytest.raises(SpaceError, match="reembed"):
        Gallery.open(location, Space("b" * 64, 8))
    with Gallery.open(location, write=False) as gallery:
        assert gallery.space == SPACE


def test_renaming_keeps_photos_and_history(location: str):
    with filled(location) as gallery:
        before = gallery.faces("Ana")
        trial = rename(gallery, "Ana", "Anna", dry_run=True)
        assert trial.dry_run
        assert [p.name for p in gallery.people()] == ["Ana", "Bo", "Cy"]
        assert history(gallery, "Ana") == []
        done = rename(gallery, "Ana", "Anna")
        assert (done.faces, str(done)) == (2, "Ana: renamed to Anna (2 photos)")
        rename(gallery, "Anna", "Zoe")
        assert [face.face for face in gallery.faces("Zoe")] == [face.face for face in before]
        assert [(e.action, e.detail) for e in history(gallery, "Zoe")] == [
            ("renamed", "from Ana"),
            ("renamed", "from Anna"),
        ]
        assert gallery.search(unit(0)[None], 1)[0][0].name == "Zoe"
        with pytest.raises(InputError, match=r"already has somebody named Bo.*merge"):
            rename(gallery, "Zoe", "Bo")
        with pytest.raises(InputError, match=r"nobody in the gallery .* is named Ana"):
            rename(gallery, "Ana", "Eve")
        assert [p.name for p in gallery.people()] == ["Bo", "Cy", "Zoe"]


def test_merging_moves_photos_and_history_and_doubles_nothing(location: str):
    with filled(location) as gallery:
        rename(gallery, "Bo", "Bob")
        before = content(gallery)
        trial = merge(gallery, ["Bob", "Cy"], "Ana", dry_run=True)
        assert content(gallery) == before
        done = merge(gallery, ["Bob", "Cy"], "Ana")
        assert (done.faces, done.same, done.people) == (trial.faces, trial.same, trial.people)
        assert (done.faces, done.same) == (2, 1)  # Bob's photo is Ana's second
        assert [(p.name, p.faces) for p in gallery.people()] == [("Ana", 3)]
        assert [face.source for face in gallery.faces("Ana")] == ["Ana-0.jpg", "Ana-1.jpg", "Cy-2.jpg"]
        first, *others = gallery.faces("Ana")
        assert gallery.faces("Ana", most=1) == [first]
        assert gallery.faces("Ana", after=first.face, most=5) == others
        assert gallery.faces("Ana", after=others[-1].face) == []
        assert [(e.action, e.detail) for e in history(gallery, "Ana")] == [
            ("renamed", "from Bo"),
            ("merged", "Bob, 1 photo"),
            ("merged", "Cy, 1 photo"),
        ]
        with pytest.raises(ConfigError, match="cannot be merged into Ana"):
            merge(gallery, ["Ana"], "Ana")
        with pytest.raises(InputError, match="is named Bob"):
            merge(gallery, ["Bob"], "Ana")


def test_a_merge_that_fails_half_way_changes_nothing(location: str):
    with filled(location) as gallery:
        before = content(gallery)
        with pytest.raises(InputError, match="is named Nobody"):
            merge(gallery, ["Bo", "Nobody"], "Ana")
        assert content(gallery) == before


def test_removing_leaves_nothing_of_a_person(location: str):
    with filled(location) as gallery:
        rename(gallery, "Cy", "Cyd")
        before = content(gallery)
        with pytest.raises(InputError, match="is named Eve"):
            remove(gallery, ["Ana", "Eve"])
        assert remove(gallery, ["Ana"], dry_run=True).faces == 2
        assert content(gallery) == before
        assert remove(gallery, ["Ana", "Cyd"]).faces == 3
        assert [p.name for p in gallery.people()] == ["Bo"]
        for table in ("faces", "embeddings"):
            assert list(gallery.database.select(f"SELECT count(*) FROM {table}")) == [(1,)]
        assert list(gallery.database.select("SELECT count(*) FROM history")) == [(0,)]
        assert [c.name for c in gallery.search(unit(0)[None], 3)[0]] == ["Bo"]


def test_removing_photos_of_a_person(location: str):
    with filled(location) as gallery:
        first, second = (face.face for face in gallery.faces("Ana"))
        for faces, message in (
            ([gallery.faces("Bo")[0].face], "Ana has no photo"),
            ([first, second], "all photos of Ana"),
        ):
            with pytest.raises(InputError, match=message):
                remove_faces(gallery, "Ana", faces)
            assert len(gallery.faces("Ana")) == 2
        remove_faces(gallery, "Ana", [first])
        assert [face.face for face in gallery.faces("Ana")] == [second]
        assert [e.action for e in history(gallery, "Ana")] == ["removed faces"]


def test_cameras_keep_their_states(location: str):
    with filled(location) as gallery:
        one, two, other = state(1), state(2), state(3, "d" * 64)
        add_camera(gallery, "gate", one)
        add_camera(gallery, "door", two)
        assert [camera.name for camera in cameras(gallery)] == ["door", "gate"]
        assert camera_state(gallery, "gate").id == one.id
        assert camera_state(gallery, "gate").to_json() == one.to_json()
        add_camera(gallery, "gate", two)  # the place was measured again
        assert camera_state(gallery, "gate").id == two.id
        with pytest.raises(InputError, match=r"has a state for the model.*--replace"):
            add_camera(gallery, "gate", other)
        add_camera(gallery, "gate", other, replace=True)
        assert camera_state(gallery, "gate").id == other.id
        remove_camera(gallery, "gate")
        with pytest.raises(InputError, match=r"knows no camera gate \(known: door\)"):
            camera_state(gallery, "gate")
        with pytest.raises(InputError, match="knows no camera gate"):
            remove_camera(gallery, "gate")


def test_a_sound_gallery_has_no_faults_and_a_damaged_one_has(location: str):
    with filled(location) as gallery:
        found = check_gallery(gallery)
        assert found.faults == ()
        assert (found.people, found.faces, found.rows, found.encoders) == (3, 4, 4, (("e" * 64, 4),))
        assert found.recall is None
        assert found.error() is None
        with gallery.database.transaction():
            number = gallery.database.insert(
                "INSERT INTO people (name, created) VALUES (?, ?)", "Eve", "2026-01-01T00:00:00+00:00"
            )
            gallery.database.insert(
                "INSERT INTO faces (person, source, created, crop) VALUES (?, ?, ?, ?)",
                *(number, "x", "2026-01-01T00:00:00+00:00", b"no picture"),
            )
            gallery.database.execute(
                "UPDATE embeddings SET embedding = ? WHERE id = 1", gallery.database.vector(2 * unit(0))
            )
        text = str(check_gallery(gallery))
        assert "photo 1 of Ana: an embedding does not have unit length" in text
        assert "Eve has no embedding" in text
        assert "of Eve: its original" in text
        assert "the embedding of photo 1 of Ana is not as fewpix wrote it" in text
        assert "the entry of Eve is not as fewpix wrote it" in text
        assert "6 faults" in str(check_gallery(gallery).error())


WRITER = """
import sys, numpy as np
from fewpix.gallery import Gallery, Original
from fewpix.models.space import Space
path, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Gallery.open(path, Space('a' * 64, 8)) as gallery:
    for n in range(first, first + count):
        values = np.random.default_rng(n).standard_normal(8)
        unit = (values / np.linalg.norm(values)).astype(np.float32)
        original = Original(b"\\x89PNG\\r\\n\\x1a\\n" + bytes([n % 256]) * 5000, None)
        about = {"encoder_sha256": "e", "state_id": "", "source": str(n), "original": original}
        gallery.add(f"p{n % 50}", unit, pixels=20, **about)
        print(n, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_kill_9_during_a_thousand_enrolments_loses_nothing_that_was_acknowledged(location: str):
    acknowledged: list[int] = []
    kills = 0
    while len(acknowledged) < 1000:
        lines = (1, 57, 300, 450)[kills % 4]
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, location, str(kills * 1_000_000), "100000"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        acknowledged += [int(process.stdout.readline()) for _ in range(lines)]
        process.kill()
        # Lines that were still in the pipe are acknowledged too.
        acknowledged += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        process.stdout.close()
        process.wait()
        kills += 1
    assert kills >= 4
    with Gallery.open(location, SPACE) as gallery:
        rows = {int(row.source): row for row in gallery.rows()}
        assert set(acknowledged) <= set(rows)
        assert len(rows) <= len(acknowledged) + kills  # at most one per kill was written and not yet told
        assert len(rows) == sum(person.rows for person in gallery.people())
        assert gallery.database.faults() == []
        for number, row in rows.items():
            original = gallery.original(row.face)
            assert row.embedding.tobytes() == unit(number).tobytes()
            assert row.name == f"p{number % 50}"
            assert original is not None
            assert original.png[8:] == bytes([number % 256]) * 5000
        # Nothing half-written: every person has photos, every photo its embedding.
        assert list(gallery.database.select("SELECT count(*) FROM people")) == [(50,)]
        assert len(gallery.faces()) == len(rows)


def test_several_processes_make_and_fill_one_gallery(location: str):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, location, str(1000 * n), "20"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for n in range(4)
    ]
    outcomes = []
    for process in processes:
        _, errors = process.communicate(timeout=120)
        outcomes.append((process.returncode, errors.decode()))
    assert outcomes == [(0, "")] * 4
    with Gallery.open(location, SPACE, write=False) as gallery:
        assert sum(person.rows for person in gallery.people()) == 80


def test_a_census_tells_who_was_seen_by_another_encoder(location: str):
    """Or under another state: in any photo, or in the template, which is of whose photos count the most."""
    with filled(location) as gallery:
        found = census(gallery, "e" * 64, "", templates=False)
        assert found == Census({"Ana": 2, "Bo": 1, "Cy": 1}, frozenset())
        assert (found.people, found.rows) == (3, 4)
        gallery.add("Bo", unit(7), **{**PROVENANCE, "encoder_sha256": "f" * 64})
        gallery.add("Cy", unit(8), **{**PROVENANCE, "state_id": "dusk"})
        photos = {"Ana": 2, "Bo": 2, "Cy": 2}
        found = census(gallery, "e" * 64, "", templates=False)
        assert found == Census(photos, frozenset({"Bo", "Cy"}))
        assert census(gallery, "e" * 64, "", templates=True) == Census(photos, frozenset())
        gallery.add("Bo", unit(9), **{**PROVENANCE, "encoder_sha256": "f" * 64})
        assert census(gallery, "e" * 64, "", templates=True).others == {"Bo"}
        ((best,),) = gallery.search(unit(9)[None], 1, templates=True)
        pair = unit(7) + unit(9)  # and not the three of two encoders
        assert best.name == "Bo"
        assert best.score == pytest.approx(float(unit(9) @ pair / np.linalg.norm(pair)), abs=1e-6)
