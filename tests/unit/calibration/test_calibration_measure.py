"""From strangers' faces to a calibration, against brute force, with an encoder that costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fewpix.calibration.impostors import Strangers, strangers
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.measure import measure
from fewpix.calibration.plan import by_size, plan
from fewpix.calibration.report import Made
from fewpix.data.faces import FaceSet
from fewpix.embed.router import Router
from fewpix.errors import ConfigError, InputError
from fewpix.image.codec import encode_image
from fewpix.image.resize import resize_square
from grey_encoder import Grey
from strangers_made import brute, crop, faces, planned


@pytest.fixture(scope="module")
def probes() -> FaceSet:
    return faces(60, 1)


@pytest.fixture(scope="module")
def gallery() -> FaceSet:
    return faces(50, 2)


def test_rates_are_those_of_brute_force(probes: FaceSet, gallery: FaceSet, tmp_path: Path):
    calibration, suspects = measure(planned(probes, gallery), tmp_path / "cache.db")
    assert suspects.left_out == calibration.left_out == 0
    (encoder,) = calibration.encoders
    assert [size.pixels for size in encoder.sizes] == [8, 16]
    for size in encoder.sizes:
        scores = brute(probes, gallery, size.pixels)
        fmr = size.curves[0]
        for rate, threshold in zip(calibration.rates, fmr.threshold, strict=False):
            assert (scores >= threshold - 1e-4).mean() >= rate - 1 / scores.size
            assert (scores >= threshold + 1e-4).mean() <= rate
        # of galleries of 25 there are two, of people that nobody else was told
        assert [(curve.people, curve.galleries) for curve in size.curves] == [(1, 1), (5, 10), (25, 2)]
        everybody = np.sort(scores.max(axis=1))
        assert fmr.threshold[0] < size.curves[1].threshold[0] < size.curves[2].threshold[0]
        # the better of two galleries of 25 is the best of all 50
        for rate, threshold in zip(calibration.rates, size.curves[2].threshold, strict=True):
            of_all = (everybody >= threshold - 1e-4).mean()
            assert of_all / 2 - 1e-9 <= rate + 2 / 120
            if rate < 0.5:
                assert of_all >= rate - 1 / 60


def test_pictures_of_one_person_are_not_fifty_people(probes: FaceSet, tmp_path: Path):
    one = faces(2, 3)
    twins = FaceSet(tuple(f"t{n:02d}" for n in range(50)), ("",) * 50, (one.data[0],) * 50)
    with pytest.raises(InputError, match="60 people as probes and 1 as gallery, too few"):
        measure(planned(probes, twins), tmp_path / "cache.db")


def test_a_rate_below_one_over_the_independent_pairs_is_not_given(
    probes: FaceSet, gallery: FaceSet, tmp_path: Path
):
    """60 probes against 50 people are 3,000 pairs, of which only 50 share nobody."""
    calibration, _ = measure(planned(probes, gallery), tmp_path / "cache.db")
    assert (calibration.independent_pairs, calibration.independent_searches) == (50, 60)
    known = Calibrated(calibration)
    fmr = known.curve(Grey().card.sha256, "", 16)
    assert fmr.rates[-1] >= 1 / 50
    assert fmr.at(1.0).value is None
    assert fmr.at(1.0).reason.startswith("not resolvable: under 1 in 4")
    assert fmr.threshold(1 / 51) is None
    assert known.curve(Grey().card.sha256, "", 16, 25).rates[-1] >= 1 / 60


def test_several_pictures_of_few_people_are_no_more_people(tmp_path: Path):
    many = strangers(faces(200, 4, folders=40), "A", one_each=False)
    assert (len(many), many.count) == (200, 40)
    found = plan("grey", Grey(), many, None, sizes=[16], galleries=[5, 10, 11], same=1.0)
    assert (found.probes.count, found.gallery.count, len(found.gallery)) == (20, 20, 20)
    assert found.galleries == (5, 10)  # two galleries of 11 need 22 people
    assert len(found.probes) == 100
    named = {key.split("/")[0] for key in np.array(many.faces.keys)[found.probes.members]}
    assert named.isdisjoint(key.split("/")[0] for key in np.array(many.faces.keys)[found.gallery.members])
    calibration, _ = measure(found, tmp_path / "cache.db")
    assert calibration.independent_pairs == 20


def test_pairs_that_look_like_one_person_are_not_compared(probes: FaceSet, gallery: FaceSet, tmp_path: Path):
    """Ten of the probes are also in the gallery: without them, the rates of before."""
    mixed = FaceSet(gallery.keys, gallery.sources, gallery.data[:40] + probes.data[:10])
    calibration, suspects = measure(planned(probes, mixed, sizes=[16]), tmp_path / "cache.db")
    assert (suspects.left_out, suspects.probes) == (10, 10)
    assert all(score > 0.999 for _, _, score in suspects.examples)
    scores = brute(probes, mixed, 16)
    kept = np.ones(scores.shape, dtype=np.bool_)
    kept[np.arange(10), 40 + np.arange(10)] = False
    threshold = calibration.encoders[0].sizes[0].curves[0].threshold[-1]
    rate = calibration.rates[len(calibration.encoders[0].sizes[0].curves[0].threshold) - 1]
    assert (scores[kept] >= threshold + 1e-4).mean() <= rate < (scores >= threshold).mean()
    text = str(Made("c.json", calibration, suspects))
    assert "10 pairs look like one person (a cosine of at least 0.999)" in text


def test_a_second_run_embeds_nothing(probes: FaceSet, gallery: FaceSet, tmp_path: Path):
    first = Grey()
    sides = strangers(probes, "A", one_each=True), strangers(gallery, "B", one_each=True)
    words = {"sizes": (8, 16), "galleries": (5,), "same": 0.999}
    told: list[tuple[float, float | None, str, str]] = []
    calibration, _ = measure(
        plan("grey", first, *sides, **words), tmp_path / "c.db", lambda *at: told.append(at)
    )
    assert len(first.seen) == 60 + 50 + 2 * 60
    assert told == [(n, n, "", f"part {part} of 4") for part, n in enumerate((50, 60, 60, 60), 1)]
    again = Grey()
    assert measure(plan("grey", again, *sides, **words), tmp_path / "c.db")[0] == calibration
    assert again.seen == []


def test_a_router_gives_each_size_to_its_encoder_and_measures_the_ends_of_bands():
    small, middle, large = Grey("1" * 64), Grey("2" * 64), Grey("3" * 64)
    router = Router([(0, small), (18, middle), (32, large)])
    assert by_size(router, (8, 12, 16, 24, 32, 48, 112)) == (
        (small, (8, 12, 16, 17)),
        (middle, (18, 24, 31)),
        (large, (32, 48, 112)),
    )
    assert by_size(router, (20,)) == ((middle, (20,)),)
    assert by_size(small, (8, 20)) == ((small, (8, 20)),)


def test_faces_smaller_than_a_size_are_not_made_larger(probes: FaceSet, gallery: FaceSet):
    with pytest.raises(InputError, match="too few faces of 112 px"):
        planned(probes, gallery, sizes=[16, 112])


def test_many_large_faces_of_one_person_are_one_person(gallery: FaceSet):
    rng = np.random.default_rng(0)
    small = [(f"p{n:02d}/0", encode_image(crop(rng), ".png")) for n in range(25)]
    large = [(f"p00/{n}", encode_image(resize_square(crop(rng), 112), ".png")) for n in range(1, 26)]
    keys, data = zip(*sorted(small + large), strict=True)
    mixed = strangers(FaceSet(keys, ("",) * len(keys), data), "A", one_each=False)
    others = strangers(gallery, "B", one_each=True)
    with pytest.raises(InputError, match="too few faces of 112 px and more: of 1 person"):
        plan("grey", Grey(), mixed, others, sizes=[16, 112])
    assert plan("grey", Grey(), mixed, others, sizes=[16, 64]).probes.count == 25


def test_a_gallery_is_sharp(probes: FaceSet):
    rng = np.random.default_rng(0)
    data = [encode_image(resize_square(crop(rng), 10 if n < 3 else 64), ".png") for n in range(25)]
    dull = FaceSet(tuple(f"g{n:02d}" for n in range(25)), ("",) * 25, tuple(data))
    with pytest.raises(InputError, match="3 of 25 faces of B as gallery have fewer than 64 px"):
        planned(probes, dull)


def test_bad_plans_are_refused(probes: FaceSet, gallery: FaceSet):
    with pytest.raises(ConfigError, match="7 px is out of range"):
        planned(probes, gallery, sizes=[7])
    with pytest.raises(ConfigError, match="at least 2 people"):
        planned(probes, gallery, galleries=[1])
    with pytest.raises(ConfigError, match="--same"):
        planned(probes, gallery, same=0.0)
    few = strangers(probes, "A", one_each=True, keep=range(19))
    with pytest.raises(InputError, match="19 people as probes are too few"):
        plan("grey", Grey(), few, strangers(gallery, "B", one_each=True))


def test_who_is_who_has_to_be_said(probes: FaceSet):
    with pytest.raises(ConfigError, match="lies in no folder of a person"):
        strangers(probes, "A", one_each=False)
    with pytest.raises(InputError, match="no face is of the source utk"):
        strangers(probes, "A", one_each=True, sources=["utk"])
    some = strangers(probes, "A", one_each=True, sources=["some"])
    assert (len(some), some.count, some.labels) == (30, 30, "one each")


def test_one_face_each_is_one_of_theirs():
    many = strangers(faces(60, 5, folders=20), "A", one_each=False)
    alone = many.one_each(np.random.default_rng(0))
    assert (len(alone), alone.count) == (20, 20)
    assert [many.faces.keys[n].split("/")[0] for n in alone.members] == [f"p{n:03d}" for n in range(20)]


def test_faces_that_look_alike_count_as_one_only_where_nobody_named_them(probes: FaceSet):
    rows = np.eye(4, dtype=np.float32)[[0, 0, 1, 2, 3, 3]]
    unnamed = strangers(probes, "A", one_each=True, keep=range(6))
    assert unnamed.merged(rows, 0.9).people.tolist() == [0, 0, 1, 2, 3, 3]
    named = Strangers("A", probes, unnamed.members, unnamed.people, "folders")
    assert named.merged(rows, 0.9) is named
