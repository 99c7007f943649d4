"""Small faces against a matched gallery: how it comes about, when it is used, what its scores are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from calibration_made import LARGE, SMALL, data, made, size
from fewpix.calibration.file import Calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.measure import measure
from fewpix.calibration.plan import matched_by_size
from fewpix.calibration.populations import beside
from fewpix.calibration.remedies import OTHER_SCORES
from fewpix.calibration.report import Made
from fewpix.embed.router import Router
from fewpix.gallery import Gallery
from fewpix.gallery.matched import Match, Matching, mixed
from fewpix.gallery.rows import Shrunk
from fewpix.identify import IdentifiedFace, Identifier, Photo, enrol_photos
from fewpix.identify.faces import EmbeddedFace
from fewpix.identify.reembed import reembed
from fewpix.image.align import align
from fewpix.image.codec import write_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import resize_square
from fewpix.models.card import Card
from fewpix.models.space import Space
from fewpix.quality.assess import Quality
from grey_encoder import Grey
from places_made import KnownPlaces, Place
from strangers_made import brute, faces, planned

SPACE = Space("a" * 64, 128)
TABLE = Matching(((8, 0.5), (16, 0.5), (32, 0.0)))


class Named:
    """An encoder that nobody asks to embed."""

    runtime, device, state_id = "test", "cpu", ""

    def __init__(self, sha256: str, state_id: str = "") -> None:
        plain = Preprocess(8, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        self.card = Card("named", "test", sha256, SPACE, plain)
        self.state_id = state_id


class Remembering(Grey):
    """A `Grey` with an input of its own side; it keeps the crops that it is given."""

    def __init__(self, sha256: str, side: int, space: str = "a" * 64) -> None:
        super().__init__(sha256, space)
        plain = Preprocess(side, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        self.card = Card("remembering", "test", sha256, Space(space, 16), plain)


def axis(person: int) -> np.ndarray:
    return np.eye(128, dtype=np.float32)[person]


def probe(pixels: float, sharp: float, small: float) -> EmbeddedFace:
    """A face with these cosines with the sharp and with the small row of person 3."""
    row = np.zeros(128, dtype=np.float32)
    row[3], row[103] = sharp, small
    row[127] = np.sqrt(1 - sharp**2 - small**2)
    quality = Quality(effective_pixels=pixels, sharpness=1.0)
    return EmbeddedFace((0, 0, 9, 9), pixels, quality, row, SMALL, "", pixels)


def with_matched(table: Matching = TABLE) -> Calibration:
    """The made-up calibration, with scores of a matched gallery 0.15 above the others."""
    values = data()
    values["encoders"].append(
        {
            "name": "small",
            "sha256": SMALL,
            "state_id": "",
            "sizes": [size(8, 0.25), size(16, 0.15)],
            "matched": [{"pixels": pixels, "weight": weight} for pixels, weight in table.sizes],
        }
    )
    return Calibration.model_validate(values)


@pytest.fixture
def gallery(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as opened:
        for n in range(10):
            shrunk = [Shrunk(pixels, axis(100 + n), SMALL) for pixels in TABLE.kept]
            about = {"pixels": 100, "encoder_sha256": LARGE, "state_id": "", "source": f"{n}"}
            opened.add(f"P{n}", axis(n), **about, shrunk=shrunk)
        yield opened


def named(gallery: Gallery, face: EmbeddedFace, **more: Any) -> IdentifiedFace:
    encoder = more.pop("encoder", Named(SMALL))
    more = {"calibrated": Calibrated(with_matched()), "matching": TABLE, **more}
    (found,) = Identifier(None, encoder, gallery, **more).named([face])
    return found


MIX = 0.5**0.5
"""A mix of two orthogonal rows in halves has this cosine with either."""


def test_a_calibration_of_such_scores_turns_them_on(gallery: Gallery):
    found = named(gallery, probe(16, 0.5, 0.5), fpir=0.01)
    assert found.candidates[0].score == pytest.approx(MIX, abs=1e-6)
    assert found.matched == Match(SMALL, 16, 0.5)
    assert (found.decision, found.to_json()["matched_px"]) == ("P3", 16)
    # FPIR 0.1 at 0.3 + 0.15 with ten people enrolled, by the curve of these scores
    rated = named(gallery, probe(16, 0.45 / (2 * MIX), 0.45 / (2 * MIX)), fpir=0.01)
    assert rated.fpir.value == pytest.approx(0.1, rel=1e-3)
    assert rated.decision is None


def test_other_sizes_choose_their_own_rows_and_large_faces_none(gallery: Gallery):
    sizes = {pixels: named(gallery, probe(pixels, 0.5, 0.5)).matched for pixels in (8, 11, 12, 16)}
    assert [match and match.pixels for match in sizes.values()] == [8, 8, 16, 16]
    large = named(gallery, probe(30, 0.5, 0.5))
    assert (large.matched, large.candidates[0].score) == (None, pytest.approx(0.5, abs=1e-6))


def test_several_faces_are_searched_by_what_each_is_compared_with(gallery: Gallery):
    together = [probe(30, 0.5, 0.1), probe(8, 0.1, 0.5), probe(16, 0.3, 0.3), probe(8, 0.5, 0.1)]
    words = {"calibrated": Calibrated(with_matched()), "matching": TABLE}
    found = Identifier(None, Named(SMALL), gallery, **words).named(together)
    for face, one in zip(together, found, strict=True):
        (alone,) = Identifier(None, Named(SMALL), gallery, **words).named([face])
        assert (one.candidates, one.matched) == (alone.candidates, alone.matched)
    assert [one.matched and one.matched.pixels for one in found] == [None, 8, 16, 8]


def test_without_such_a_calibration_scores_and_rates_stay_what_they_were(gallery: Gallery):
    """The shipped calibrations are of sharp photos alone; nothing may change under them unasked."""
    for calibrated in (None, Calibrated(made())):
        found = named(gallery, probe(16, 0.5, 0.5), calibrated=calibrated, threshold=0.45)
        assert (found.matched, found.candidates[0].score) == (None, pytest.approx(0.5, abs=1e-6))
    rated = named(gallery, probe(16, 0.3, 0.5), calibrated=Calibrated(made()))
    assert rated.fpir.value == pytest.approx(0.1, rel=1e-3)
    own = named(gallery, probe(16, 0.5, 0.5), threshold=0.45)  # which nobody measured on mixed scores
    assert (own.matched, own.decision, own.fpir.known) == (None, "P3", pytest.approx(0.001, rel=1e-3))
    never = named(gallery, probe(16, 0.3, 0.5), matched=False)
    assert never.matched is None
    assert never.fpir.value == pytest.approx(0.1, rel=1e-3)


def test_asked_for_under_a_calibration_of_other_scores_no_rate_is_stated(gallery: Gallery):
    for calibration in (made(), with_matched(Matching(((8, 0.4), (16, 0.4), (32, 0.0))))):
        words = {"calibrated": Calibrated(calibration), "matched": True}
        found = named(gallery, probe(16, 0.6, 0.6), fpir=0.05, **words)
        assert (found.decision, found.fpir.value, found.fmr[0].value) == (None, None, None)
        assert (
            found.verdict.reason == "not measured: the calibration is not of scores with this matched gallery"
        )
        assert found.verdict.fix == OTHER_SCORES
        by_threshold = named(gallery, probe(16, 0.6, 0.6), threshold=0.7, **words)
        assert (by_threshold.decision, by_threshold.fpir.known) == ("P3", None)
        # what is compared with sharp photos alone is rated as ever
        assert named(gallery, probe(8, 0.2, 0.2), **words).fpir.value is None
    assert named(gallery, probe(16, 0.3, 0.3), calibrated=None, matched=True).matched is not None


def test_a_photo_without_small_rows_turns_them_off_for_all_or_is_not_rated(gallery: Gallery):
    about = {"pixels": 100, "encoder_sha256": LARGE, "state_id": "", "source": "old"}
    gallery.add("P10", axis(10), **about)
    found = named(gallery, probe(16, 0.5, 0.5), fpir=0.01)
    assert (found.matched, found.candidates[0].score) == (None, pytest.approx(0.5, abs=1e-6))
    assert named(gallery, probe(16, 0.5, 0.5), fpir=0.01, matched=True).decision == "P3"
    row = np.zeros(128, dtype=np.float32)
    row[10] = 1
    lacking = EmbeddedFace((0, 0, 9, 9), 16, Quality(16, 1.0), row, SMALL, "", 16)
    alone = named(gallery, lacking, fpir=0.01, matched=True)
    assert (alone.candidates[0].name, alone.decision) == ("P10", None)
    assert alone.verdict.reason == "not measured: of this person a photo has no row of this small size"
    assert "gallery reembed" in alone.verdict.fix


def test_a_calibration_is_of_one_set_of_sizes_weights_and_encoders():
    known, encoder = Calibrated(with_matched()), Named(SMALL)
    assert known.fits(TABLE, encoder)
    assert not known.fits(Matching(((8, 0.5), (16, 0.6), (32, 0.0))), encoder)
    assert not known.fits(TABLE, Named(SMALL, "dusk"))
    assert not known.fits(TABLE, Named("9" * 64))
    assert not Calibrated(made()).fits(TABLE, encoder)
    assert not known.fits(TABLE, Named(SPACE.teacher_sha256))  # the teacher sees photos as they are
    # Of a router, each encoder's own part counts: the size of weight 0 is the larger faces' encoder's.
    routed = Calibrated(with_matched(Matching(TABLE.sizes[:2])))
    assert routed.fits(TABLE, Router([(0, encoder), (20, Named(LARGE))]))
    assert not routed.fits(TABLE, Router([(0, encoder), (12, Named(LARGE))]))  # who has rows of 16 px, too
    assert not routed.fits(TABLE, encoder)
    text = with_matched().to_text()
    assert Calibration.model_validate_json(text) == with_matched()
    assert '"matched"' not in made().to_text()  # files of sharp photos alone stay as they are, byte for byte


# How photos get their rows.


def photograph(side: int = 500) -> np.ndarray:
    """Detail in every pixel, so that any detour on the way to a crop would show."""
    fine = np.random.default_rng(0).integers(0, 256, (side // 3, side // 3, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(fine, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def by_size() -> tuple[Remembering, Remembering, Router]:
    student, teacher = Remembering("5" * 64, 28), Remembering("a" * 64, 112)
    return student, teacher, Router([(0, student), (20, teacher)])


def test_a_large_face_is_cut_from_the_photo_at_full_resolution(tmp_path: Path):
    """The teacher's row from one resampling of the photo itself; the small ones from that sharp crop."""
    image, place = photograph(), Place((40.0, 60.0), 400.0)
    write_image(tmp_path / "a.png", image)
    student, teacher, router = by_size()
    with Gallery.open(tmp_path / "g.db", router.card.space) as gallery:
        words = {"detector": KnownPlaces(place), "encoder": router, "accept_poor": True, "matching": TABLE}
        photos = [Photo(tmp_path / "a.png", "Ana")]
        report = enrol_photos(photos, gallery=gallery, **words)  # type: ignore[arg-type]
        sharp = align(image, place.points, 112)
        assert [np.array_equal(crop, sharp) for crop in teacher.crops] == [True]
        small = [resize_square(sharp, pixels) for pixels in (8, 16)]
        assert [len(crop) for crop in student.crops] == [8, 16]
        assert all(np.array_equal(a, b) for a, b in zip(student.crops, small, strict=True))
        rows = [row for _, row in gallery.shrunk()]
        assert [(row.pixels, row.encoder_sha256) for row in rows] == [(8, "5" * 64), (16, "5" * 64)]
        assert np.array_equal(np.stack([row.embedding for row in rows]), student.embed(small))
        assert report.enrolled[0].matched == (8, 16)
        assert "kept shrunk to 8, 16 px, too, for faces as small as that" in str(report)
        assert report.to_json()["enrolled"][0]["matched_px"] == [8, 16]


def test_an_encoder_of_small_faces_shrinks_a_crop_as_sharp_as_the_photo(tmp_path: Path):
    image, place = photograph(), Place((40.0, 60.0), 400.0)
    write_image(tmp_path / "a.png", image)
    student, _, _ = by_size()
    with Gallery.open(tmp_path / "g.db", student.card.space) as gallery:
        words = {"detector": KnownPlaces(place), "encoder": student, "accept_poor": True, "matching": TABLE}
        enrol_photos([Photo(tmp_path / "a.png", "Ana")], gallery=gallery, **words)  # type: ignore[arg-type]
        assert [len(crop) for crop in student.crops] == [28, 8, 16]
        assert np.array_equal(student.crops[1], resize_square(align(image, place.points, 112), 8))


def test_a_teacher_and_an_encoder_under_a_state_make_none(tmp_path: Path):
    write_image(tmp_path / "a.png", photograph(112))
    for n, change in enumerate(("teacher", "state", "none asked for")):
        student, teacher, router = by_size()
        encoder = teacher if change == "teacher" else router
        student.state_id = "dusk" if change == "state" else ""
        table = Matching(()) if change == "none asked for" else TABLE
        with Gallery.open(tmp_path / f"{n}.db", router.card.space) as gallery:
            words = {"detector": None, "encoder": encoder, "accept_poor": True, "matching": table}
            report = enrol_photos([Photo(tmp_path / "a.png", "Ana")], gallery=gallery, **words)  # type: ignore[arg-type]
            assert (list(gallery.shrunk()), report.enrolled[0].matched) == ([], ())
            assert "kept shrunk" not in str(report)


def test_photos_enrolled_before_get_their_rows_from_kept_originals(tmp_path: Path):
    image, place = photograph(), Place((40.0, 60.0), 400.0)
    write_image(tmp_path / "a.png", image)
    student, _, router = by_size()
    words = {"detector": KnownPlaces(place), "encoder": router, "accept_poor": True}
    photos = [Photo(tmp_path / "a.png", "Ana")]
    with (
        Gallery.open(tmp_path / "old.db", router.card.space) as gallery,
        Gallery.open(tmp_path / "new.db", router.card.space) as fresh,
    ):
        enrol_photos(photos, gallery=gallery, keep=True, matching=Matching(()), **words)  # type: ignore[arg-type]
        enrol_photos(photos, gallery=fresh, matching=TABLE, **words)  # type: ignore[arg-type]
        with gallery.database.transaction():
            gallery.write_shrunk(1, [Shrunk(8, student.embed([image])[0], "6" * 64)])  # of an older student
        before = [(row.embedding.tobytes(), row.created) for row in gallery.rows()]
        trial = reembed(gallery, router, matching=TABLE, dry_run=True)
        assert (trial.matched, len(list(gallery.shrunk()))) == (1, 1)
        done = reembed(gallery, router, matching=TABLE)
        assert (done.again, done.current, done.matched) == (0, 1, 1)
        assert "1 kept shrunk to small sizes, too" in str(done)
        assert [(row.embedding.tobytes(), row.created) for row in gallery.rows()] == before
        found, expected = (
            [(row.pixels, row.encoder_sha256, row.embedding) for _, row in each.shrunk()]
            for each in (gallery, fresh)
        )
        assert [row[:2] for row in found] == [row[:2] for row in expected]
        for one, two in zip(found, expected, strict=True):
            assert float(one[2] @ two[2]) > 0.999  # cut out of a part of the photo
        assert reembed(gallery, router, matching=TABLE).matched == 0


# How their scores are calibrated.


def test_rates_of_mixed_scores_are_those_of_brute_force(tmp_path: Path):
    probes, people = faces(60, 1), faces(50, 2)
    table = Matching(((8, 0.4), (16, 0.0)))
    asked = planned(probes, people, matching=table)
    # Grey is the teacher of its own space, which makes no small rows
    assert asked.matched == ()
    student = Grey("1" * 64)
    asked = planned(probes, people, matching=table, encoder=student)
    assert [(part.kept, sizes) for _, part, sizes in asked.matched] == [((8,), (8, 11))]
    calibration, suspects = measure(asked, tmp_path / "cache.db")
    plain, small = calibration.encoders
    assert (plain.matched, [each.pixels for each in plain.sizes]) == ((), [8, 16])
    assert [each.pixels for each in small.sizes] == [8, 11]
    sharp = Grey().embed([people.crop(n) for n in range(50)])
    shrunk = Grey().embed([resize_square(people.crop(n), 8) for n in range(50)])
    rows = mixed(sharp, shrunk, 0.4)
    seen = brute(probes, people, 8) @ np.linalg.pinv(sharp.T.astype(np.float64))  # the probes themselves
    scores = seen @ rows.T
    fmr = small.sizes[0].curves[0]
    for rate, threshold in zip(calibration.rates, fmr.threshold, strict=False):
        assert (scores >= threshold - 1e-4).mean() >= rate - 1 / scores.size
        assert (scores >= threshold + 1e-4).mean() <= rate
    known = Calibrated(calibration)
    assert known.fits(table, student)
    assert known.curve(student.card.sha256, "", 10, 5, Match(student.card.sha256, 8, 0.4)).reason == ""
    told = Made("c.json", calibration, suspects)
    assert "with photos at 8 px" in str(told)
    assert (told.to_json()["sizes"], told.to_json()["matched_sizes"]) == (
        {"grey": [8, 16]},
        {"grey": [8, 11]},
    )
    other, _ = measure(
        planned(faces(60, 5), faces(50, 6), matching=table, encoder=student), tmp_path / "cache.db"
    )
    with pytest.raises(Exception, match="too few people"):
        beside(calibration, [other])  # needs a hundred people; but each entry was found in the other


def test_what_is_measured_reaches_the_ends_of_what_each_encoder_sees():
    student, large = Grey("1" * 64), Grey("2" * 64)
    router = Router([(0, student), (18, large), (40, Grey())])
    table = Matching(((8, 0.5), (16, 0.4), (20, 0.3), (24, 0.0)))
    found = matched_by_size(router, table, (8, 12, 16, 24, 32))
    assert [(taken is student, part.kept, sizes) for taken, part, sizes in found] == [
        (True, (8, 16), (8, 12, 16, 17)),
        (False, (20,), (18, 20, 21)),
    ]
    assert matched_by_size(Grey(), table, (8, 16)) == ()
