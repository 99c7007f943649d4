"""Names that the faces speak against: in a gallery, and while photos are enrolled."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration_made import made
from fewpix.calibration.lookup import Calibrated
from fewpix.check.gallery import check_gallery
from fewpix.check.labels import check_labels
from fewpix.check.likeness import alike_from, doubt, unlike_below
from fewpix.gallery import Gallery
from fewpix.gallery.photos import Photos, Seen
from gallery_stores import PROVENANCE, SPACE, unit


def towards(base: NDArray[np.float32], other: NDArray[np.float32], cosine: float) -> NDArray[np.float32]:
    """A unit vector with this cosine to a unit vector."""
    side = other - (other @ base) * base
    made = cosine * base + np.sqrt(1 - cosine**2) * side / np.linalg.norm(side)
    return np.asarray(made / np.linalg.norm(made), dtype=np.float32)


def photos_of(people: list[list[NDArray[np.float32]]]) -> Photos:
    rows = [row for person in people for row in person]
    whose = [n for n, person in enumerate(people) for _ in person]
    return Photos(
        tuple(f"p{n:05d}" for n in range(len(people))),
        np.array(whose, dtype=np.int64),
        np.arange(1, len(rows) + 1),
        np.array(rows, dtype=np.float32),
        np.ones(len(rows)),
        (Seen("e" * 64, "", 60.0),) * len(rows),
    )


def test_one_photograph_under_two_names_is_told(location: str):
    with Gallery.open(location, SPACE) as gallery:
        for name, seed in (("Ana", 0), ("Ana", 1), ("Bo", 2), ("Cy", 0)):
            gallery.add(name, unit(seed), **PROVENANCE)
        gallery.add("Ana", unit(2), **{**PROVENANCE, "pixels": 16.0}, face=1)  # smaller: not what is compared
        found = check_gallery(gallery)
        assert found.labels is not None
        (pair,) = found.labels.same
        assert (pair.names, pair.faces) == (("Ana", "Cy"), (1, 4))
        assert pair.score == pytest.approx(1)
        assert found.faults == ()
        assert found.error() is None
        text = str(found)
        assert "doubt: photo 1 of Ana and photo 4 of Cy are the same photograph (cosine 1.000)" in text
        assert "no faults, 1 doubt: look at these people" in text
        assert json.loads(json.dumps(found.to_json()))["labels"]["same"][0]["faces"] == [1, 4]


def test_the_least_likely_photo_of_each_person():
    rng = np.random.default_rng(0)
    ana, bo = (unit(seed, 64) for seed in (0, 1))

    def like(base: NDArray[np.float32], cosine: float) -> NDArray[np.float32]:
        return towards(base, rng.standard_normal(64).astype(np.float32), cosine)

    of_bo = [like(bo, 0.9), like(bo, 0.9)]
    photos = photos_of([[like(ana, 0.9), like(ana, 0.9), like(bo, 0.9)], of_bo, [bo * -1]])
    found = check_labels(photos, None)
    worst = found.least[0]
    assert (worst.name, worst.face, worst.other) == ("p00000", 3, "p00001")
    assert worst.doubt.startswith("is closer to p00001 (0.")
    assert [photo.name for photo in found.least] == [
        "p00000",
        "p00001",
    ]
    assert (found.least[1].doubt, found.doubts, found.rated) == ("", 1, False)


@pytest.fixture
def calibrated() -> Calibrated:
    return Calibrated(made())


def test_a_calibration_tells_who_is_alike(calibrated: Calibrated):
    encoder = calibrated.calibration.encoders[0]
    size = encoder.sizes[-1]
    seen = Seen(encoder.sha256, encoder.state_id, float(size.pixels))
    few, many = (alike_from(calibrated, seen, people) for people in (2, calibrated.largest))
    more = alike_from(calibrated, seen, 100 * calibrated.largest)
    assert few is not None
    assert many is not None
    assert more is not None
    assert few <= many <= more
    assert alike_from(None, seen, 5) is None
    assert alike_from(calibrated, Seen("x", "", 60.0), 5) is None
    unlike = unlike_below(calibrated, seen)
    assert unlike is not None

    def told(score: float, own: float | None) -> str:
        return doubt("Ana", "Bo", score, own, alike=few, unlike=unlike)

    high = min(0.98, few + 0.01)
    assert told(1.0, 0.5) == "is the same photograph as one of Bo (cosine 1.000)"
    assert told(high, None).startswith("looks like Bo (cosine")
    assert told(high, high - 0.01).startswith("is closer to Bo")
    assert told(high, high + 0.01) == ""
    assert told(few - 0.01, None) == ""
    assert told(-0.5, unlike - 0.01).startswith("is no more like the other photos of Ana")


def test_two_people_under_one_name_are_told_apart(calibrated: Calibrated):
    """Each photo has one that it is like, so that none is unlikely by itself."""
    encoder = calibrated.calibration.encoders[-1]
    ana, bo = unit(0, 64), unit(1, 64)
    one, other = towards(ana, unit(2, 64), 0.9), towards(bo, unit(3, 64), 0.9)
    photos = photos_of([[ana, other, one, bo], [unit(4, 64), towards(unit(4, 64), unit(5, 64), 0.9)]])
    seen = Seen(encoder.sha256, encoder.state_id, 60.0)
    found = check_labels(replace(photos, seen=(seen,) * 6), calibrated)
    (split,) = found.split
    assert (split.name, split.groups) == ("p00000", ((1, 3), (2, 4)))
    assert split.score < 0.3
    assert [photo.doubt for photo in found.least] == ["", ""]
    assert "doubt: photos 1, 3 and 2, 4 of p00000 look like 2 people" in "\n".join(found.lines())
    assert found.doubts == 1


@pytest.mark.slow
def test_ten_thousand_people_in_bounded_memory():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((20_000, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[12_345] = rows[77]
    photos = photos_of([[rows[2 * n], rows[2 * n + 1]] for n in range(10_000)])
    tracemalloc.start()
    found = check_labels(photos, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [pair.faces for pair in found.same] == [(78, 12_346)]
    assert len(found.least) == 10_000
    assert peak < 200 << 20
