"""Who is learnt from and who is tested, and the picture that is composed of them."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.detect import default_detector
from fewpix.errors import ConfigError
from fewpix.gallery.search import Candidate
from fewpix.identify.pipeline import IdentifiedFace
from fewpix.identify.verdict import decide
from fewpix.image.align import TEMPLATE_SIDE, align, pixels
from fewpix.quality.assess import Quality
from fewpix.quickstart.faces import SampleFaces, split
from fewpix.quickstart.identifying import cast
from fewpix.quickstart.scene import FACE_PIXELS, HEIGHT, WIDTH, Placed, Verdict, compose, judge

GOOD = Quality(12.0, 0.5)

PEOPLE = np.repeat(np.arange(12), 10)


def parts(seed: int = 0) -> dict[str, list[int]]:
    found = split(PEOPLE, learn=4, gallery=2, adapt=3, seed=seed)
    return {name: getattr(found, name).tolist() for name in ("learn", "gallery", "adapt", "probes")}


def test_no_person_is_in_both_halves_and_no_picture_in_two_parts() -> None:
    found = parts()
    assert {name: len(value) for name, value in found.items()} == {
        "learn": 40,
        "gallery": 16,
        "adapt": 24,
        "probes": 40,
    }
    every = sorted(n for value in found.values() for n in value)
    assert every == list(range(120))
    learnt = {int(PEOPLE[n]) for n in found["learn"]}
    tested = [{int(PEOPLE[n]) for n in found[name]} for name in ("gallery", "adapt", "probes")]
    assert tested[0] == tested[1] == tested[2]
    assert not learnt & tested[0]
    assert np.bincount(PEOPLE[found["gallery"]]).max() == 2


def test_the_seed_decides() -> None:
    assert parts(0) == parts(0)
    assert parts(0) != parts(1)


@pytest.mark.parametrize("numbers", [(0, 1, 1), (11, 1, 1), (12, 1, 1), (4, 5, 5), (4, 10, 0)])
def test_a_split_that_leaves_nobody_is_refused(numbers: tuple[int, int, int]) -> None:
    learn, gallery, adapt = numbers
    with pytest.raises(ConfigError):
        split(PEOPLE, learn=learn, gallery=gallery, adapt=adapt, seed=0)


@pytest.fixture(scope="module")
def faces() -> SampleFaces:
    """Twelve people of ORL, two pictures each, found by the real detector."""
    orl, detector = load_orl(), default_detector()
    chosen = [10 * person + n for person in range(12) for n in range(2)]
    found = [detector.detect(orl.images[n])[0] for n in chosen]
    return SampleFaces(
        pictures=tuple(orl.images[n] for n in chosen),
        crops=tuple(
            align(orl.images[n], f.points, TEMPLATE_SIDE) for n, f in zip(chosen, found, strict=True)
        ),
        people=orl.people[chosen],
        names=tuple(orl.names[n] for n in chosen),
        pixels=np.array([pixels(f.points) for f in found]),
        points=np.array([f.points for f in found], dtype=np.float64),
        skipped=(),
    )


@pytest.mark.needs("samples")
def test_the_composed_faces_are_where_and_as_large_as_it_says(faces: SampleFaces) -> None:
    """The real detector finds them there: an independent witness of place and size."""
    members = list(range(0, 20, 2))
    image, placed = compose(faces, members, [True] * 8 + [False] * 2, seed=0)
    again, _ = compose(faces, members, [True] * 8 + [False] * 2, seed=0)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert (image == again).all()
    assert [face.pixels for face in placed] == list(FACE_PIXELS)
    assert [face.enrolled for face in placed] == [True] * 8 + [False] * 2
    detector = default_detector()
    found = [
        IdentifiedFace(face.box, face.pixels, GOOD, (), decide((), None)) for face in detector.detect(image)
    ]
    verdicts = judge(placed, found)
    seen = [verdict for verdict in verdicts if verdict.found is not None]
    assert len(seen) >= 8
    for verdict in seen:
        assert verdict.found is not None
        assert verdict.found.pixels == pytest.approx(verdict.placed.pixels, rel=0.25)


@pytest.mark.needs("samples")
def test_the_cast_has_strangers_and_nobody_twice(faces: SampleFaces) -> None:
    found = split(faces.people, learn=3, gallery=1, adapt=0, seed=0)
    members, enrolled = cast(faces, found, seed=0)
    assert len(members) == len(FACE_PIXELS)
    assert enrolled.count(False) == 2
    assert len({int(faces.people[n]) for n in members}) == len(members)
    for n, known in zip(members, enrolled, strict=True):
        assert n in (found.probes if known else found.learn)
    assert cast(faces, found, seed=0) == (members, enrolled)
    assert cast(faces, found, seed=1) != (members, enrolled)


def face(name: str | None, box: tuple[float, float, float, float] = (0, 0, 10, 10)) -> IdentifiedFace:
    candidates = (Candidate("s9" if name is None else name, 0.5),)
    return IdentifiedFace(box, 12.0, GOOD, candidates, decide(candidates, 0.9 if name is None else 0.3))


@pytest.mark.parametrize(
    ("enrolled", "found", "outcome"),
    [
        (True, face("s1"), "right"),
        (True, face("s2"), "wrong"),
        (True, face(None), "unknown"),
        (True, None, "missed"),
        (False, face("s1"), "wrong"),
        (False, face(None), "rejected"),
        (False, None, "missed"),
    ],
)
def test_outcomes(enrolled: bool, found: IdentifiedFace | None, outcome: str) -> None:
    verdict = Verdict(Placed("s1", "s1/1", 12, (5.0, 5.0), enrolled), found)
    assert verdict.outcome == outcome
    assert verdict.to_json()["outcome"] == outcome


def test_a_placed_face_takes_the_nearest_box_that_holds_it() -> None:
    placed = (Placed("s1", "s1/1", 12, (5.0, 5.0), True), Placed("s2", "s2/1", 12, (50.0, 5.0), True))
    far, near, elsewhere = face("s3", (0, 0, 30, 30)), face("s1"), face("s4", (80, 0, 9, 9))
    assert [verdict.found for verdict in judge(placed, [far, near, elsewhere])] == [near, None]
