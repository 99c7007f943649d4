"""From a picture to candidates and into the gallery, with a detector and encoders whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.detect import default_detector
from fewpix.embed.router import Router
from fewpix.errors import ConfigError, ImageError, InputError, NoFaceError
from fewpix.gallery import Candidate, Gallery
from fewpix.identify import (
    EnrolReport,
    IdentifiedFace,
    IdentifiedPicture,
    Identifier,
    Photo,
    Refused,
    decide,
    enrol_photo,
    enrol_photos,
)
from fewpix.identify.refusal import combined
from fewpix.image.codec import Image, write_image
from fewpix.quality.assess import Quality
from fewpix.quality.pose import Pose
from places_made import SPACE, KnownPlaces, MeanColor, Place

BLUE, GREEN, RED = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def scene(*faces: tuple[Place, tuple[int, int, int]]) -> Image:
    image = np.zeros((120, 200, 3), np.uint8)
    for place, color in faces:
        x, y = (int(value) for value in place.at)
        image[y : y + int(place.pixels), x : x + int(place.pixels)] = color
    return image


def detailed(image: Image) -> Image:
    """The same colours with something to see in every pixel, as a sharp picture has."""
    darker = np.random.default_rng(0).integers(0, 120, image.shape[:2])[..., None]
    return np.maximum(image.astype(int) - darker, 0).astype(np.uint8)


@pytest.fixture
def gallery(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as opened:
        for n, name in enumerate(("Blue", "Green", "Red")):
            row = np.eye(3, dtype=np.float32)[n]
            opened.add(name, row, pixels=50, encoder_sha256="", state_id="", source="")
        yield opened


def test_each_face_gets_its_own_candidates_in_the_detectors_order(gallery: Gallery):
    first, second = Place((20, 10), 20), Place((100, 50), 40, score=0.7)
    picture = scene((first, RED), (second, GREEN))
    identifier = Identifier(KnownPlaces(first, second), MeanColor(24), gallery, top=2, threshold=0.9)
    red, green = identifier.identify(picture)
    assert [c.name for c in red.candidates] == ["Red", "Blue"]  # Blue and Green tie at 0: by name
    assert red.candidates[0].score == pytest.approx(1.0, abs=1e-4)
    assert (red.decision, green.decision) == ("Red", "Green")
    assert (red.box, red.pixels, red.quality.detector_score) == ((20, 10, 20, 20), 20, 0.9)
    assert green.quality.detector_score == 0.7
    pose = red.quality.pose
    assert pose is not None
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((0, 0, 0), abs=2)  # the template looks ahead
    assert red.quality.effective_pixels <= 20


def test_no_face_means_no_embedding(gallery: Gallery):
    encoder = MeanColor(24)
    picture = scene((Place((0, 0), 100), RED))
    assert Identifier(KnownPlaces(), encoder, gallery).identify(picture) == []
    with pytest.raises(NoFaceError, match=r"a\.jpg: no face found"):
        enrol_photo(picture, "Ana", "a.jpg", detector=KnownPlaces(), encoder=encoder, gallery=gallery)
    assert encoder.seen == []
    assert len(gallery.people()) == 3


def test_faces_are_cut_straight_to_the_encoders_side(gallery: Gallery):
    encoder = MeanColor(24)
    small, large = Place((10, 10), 11), Place((60, 5), 90)
    picture = scene((small, RED), (large, GREEN))
    Identifier(KnownPlaces(small, large), encoder, gallery).identify(picture)
    assert encoder.seen == [24, 24]


def test_a_router_chooses_by_the_faces_size_and_is_recorded_by_what_it_chose(gallery: Gallery):
    teacher, student = MeanColor(112, "teacher"), MeanColor(24, "student")
    router = Router([(0, student), (30, teacher)])
    small, large = Place((10, 10), 12), Place((60, 5), 90)
    picture = detailed(scene((small, RED), (large, GREEN)))
    faces = Identifier(KnownPlaces(large, small), router, gallery, threshold=0.5).identify(picture)
    assert [face.decision for face in faces] == ["Green", "Red"]
    assert (teacher.seen, student.seen) == ([112], [24])
    for place, name in ((small, "small"), (large, "large")):
        enrol_photo(
            picture,
            name,
            name,
            detector=KnownPlaces(place),
            encoder=router,
            gallery=gallery,
            accept_poor=True,
        )
    rows = {row.name: (row.encoder_sha256, row.pixels, row.state_id) for row in gallery.rows()}
    assert rows["small"] == (student.card.sha256, 12, "state")
    assert rows["large"] == (teacher.card.sha256, 90, "state")


def test_a_large_face_without_detail_goes_where_small_ones_go(gallery: Gallery):
    """A router believes no more pixels than the detail needs; what is stored is the size in the picture."""
    teacher, student = MeanColor(112, "teacher"), MeanColor(24, "student")
    router = Router([(0, student), (30, teacher)])
    place = Place((60, 5), 90)
    small = detailed(scene((Place((60, 5), 90), GREEN)))[::9, ::9]
    picture = np.asarray(cv2.resize(small, (200, 120), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    (face,) = Identifier(KnownPlaces(place), router, gallery).identify(picture)
    assert (teacher.seen, student.seen) == ([], [24])
    assert (face.pixels, face.quality.effective_pixels < 16) == (90, True)
    done = enrol_photo(
        picture, "Ana", "a", detector=KnownPlaces(place), encoder=router, gallery=gallery, accept_poor=True
    )
    (row,) = gallery.rows("Ana")
    assert (row.encoder_sha256, row.pixels, done.pixels) == (student.card.sha256, 90, 90)
    # To an encoder of mean colours, two green faces are one photograph.
    poor, same = done.warnings
    assert "detail of a face of" in poor
    assert same == "the face is the same photograph as one of Green (cosine 1.000)"
    with pytest.raises(InputError, match=r"a: the face has the detail of a face of \d+ px, though it is 90"):
        enrol_photo(picture, "Bo", "a", detector=KnownPlaces(place), encoder=router, gallery=gallery)


def test_a_crop_is_embedded_as_it_is(gallery: Gallery):
    encoder = MeanColor(24)
    (face,) = Identifier(None, encoder, gallery, threshold=0.9).identify(np.full((13, 13, 3), RED, np.uint8))
    assert (face.box, face.pixels, face.decision) == ((0, 0, 13, 13), 13, "Red")
    assert (face.quality.detector_score, face.quality.pose) == (None, None)
    assert encoder.seen == [13]
    with pytest.raises(InputError, match=r"x\.png: an aligned crop must be square, not 12 x 10 px"):
        Identifier(None, encoder, gallery).identify_picture(np.zeros((10, 12, 3), np.uint8), "x.png")
    with pytest.raises(InputError, match="crop of 7 px is too small"):
        Identifier(None, encoder, gallery).identify(np.zeros((7, 7, 3), np.uint8))


def test_a_tie_is_seen_even_when_one_candidate_is_asked_for(gallery: Gallery):
    gallery.add("Rot", np.eye(3, dtype=np.float32)[2], pixels=50, encoder_sha256="", state_id="", source="")
    place = Place((20, 10), 20)
    identifier = Identifier(KnownPlaces(place), MeanColor(24), gallery, top=1, threshold=0.5)
    (face,) = identifier.identify(scene((place, RED)))
    assert [c.name for c in face.candidates] == ["Red"]
    assert face.decision is None
    assert str(face) == "tie: Red, Rot"
    assert face.points is not None
    np.testing.assert_array_equal(face.points, place.points)


@pytest.mark.parametrize("options", [{"top": 0}, {"threshold": 1.5}])
def test_options_out_of_range_are_refused(gallery: Gallery, options: dict[str, float]):
    with pytest.raises(ConfigError):
        Identifier(KnownPlaces(), MeanColor(24), gallery, **options)  # type: ignore[arg-type]


def test_a_picture_as_json_and_as_text():
    face = IdentifiedFace(
        (10.004, 20.0, 5.5, 6.0),
        12.345,
        Quality(8.004, 0.25, Pose(60.04, 0.0, -10.0), 0.87654),
        (Candidate("Ana", 0.51234567),),
        decide([Candidate("Ana", 0.51234567)], None),
        points=np.array([[n + 0.004, 2 * n] for n in range(5)], dtype=np.float32),
    )
    picture = IdentifiedPicture("a/b.jpg", (face,), None)
    assert json.loads(json.dumps(picture.to_json())) == {
        "path": "a/b.jpg",
        "faces": [
            {
                "box": [10.0, 20.0, 5.5, 6.0],
                "points": [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]],
                "pixels": 12.35,
                "quality": round(0.87654 * 8.004 / 18 * 0.49939, 4),
                "effective_pixels": 8.0,
                "sharpness": 0.25,
                "pose": {"yaw": 60.0, "pitch": 0.0, "roll": -10.0},
                "detector_score": 0.8765,
                "alignment_error": None,
                "candidates": [
                    {
                        "name": "Ana",
                        "score": 0.512346,
                        "fmr": None,
                        "fmr_kind": None,
                        "fmr_range": None,
                        "fmr_reason": "no calibration is in use",
                        "fmr_basis": None,
                    }
                ],
                "fpir": None,
                "fpir_kind": None,
                "fpir_range": None,
                "fpir_reason": "no calibration is in use",
                "fpir_basis": None,
                "decision": None,
                "verdict": "undecided",
                "ambiguous": [],
                "tie": [],
                "reason": "no threshold and no FPIR",
                "fix": "give a threshold (--threshold), or a calibration and a rate (--calibration, --fpir)",
                "matched_px": None,
            }
        ],
        "scales": None,
    }
    assert str(picture) == (
        "a/b.jpg: 1 face\n    1    12 px at 10,20   not decided: no threshold and no FPIR   [Ana 0.512]"
    )
    unknown = replace(face, verdict=decide(face.candidates, 0.9))
    assert "unknown, below the threshold of 0.9   [Ana 0.512]" in str(
        IdentifiedPicture("a.png", (unknown,), 0.9)
    )
    assert str(IdentifiedPicture("a.jpg", (), None)) == "a.jpg: no face found"


def test_file_names_that_are_not_unicode_can_be_printed():
    name = b"\xff.jpg".decode("utf-8", "surrogateescape")
    assert str(IdentifiedPicture(name, (), None)) == r"\udcff.jpg: no face found"
    assert IdentifiedPicture(name, (), None).to_json()["path"] == name
    refused = Refused(name, "Ana", NoFaceError(f"{name}: no face found"))
    report = EnrolReport("g.db", (), (refused,))
    assert r"\udcff.jpg: no face found" in str(report)


def test_several_faces_are_refused_unless_the_largest_is_wanted(gallery: Gallery):
    small, large = Place((10, 10), 12), Place((60, 5), 90, score=0.7)
    picture = scene((small, RED), (large, GREEN))
    options = {
        "detector": KnownPlaces(small, large),
        "encoder": MeanColor(24),
        "gallery": gallery,
        "accept_poor": True,  # a patch of one colour has no detail
    }
    with pytest.raises(InputError, match=r"two\.jpg: 2 faces found .*--largest"):
        enrol_photo(picture, "Ana", "two.jpg", **options)  # type: ignore[arg-type]
    assert len(gallery.people()) == 3
    done = enrol_photo(picture, "Ana", "two.jpg", largest=True, **options)  # type: ignore[arg-type]
    assert (done.pixels, done.new) == (90, True)


def test_where_the_detector_sees_no_face_nothing_is_embedded(gallery: Gallery):
    """With the real detector, and an encoder that remembers what it was given."""
    detector, encoder = default_detector(), MeanColor(24)
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    before = gallery.people()
    for image in (noise, np.zeros((1, 1, 3), np.uint8), np.full((40, 700, 3), 99, np.uint8)):
        picture = Identifier(detector, encoder, gallery, threshold=-1.0).identify_picture(image, "a.png")
        assert picture.faces == ()
        assert picture.scales == tuple(detector.levels(image.shape[1], image.shape[0]))
        with pytest.raises(NoFaceError, match=r"a\.png: no face found"):
            enrol_photo(image, "Ana", "a.png", detector=detector, encoder=encoder, gallery=gallery)
    assert encoder.seen == []
    assert gallery.people() == before


def photos(folder: Path, count: int) -> list[Photo]:
    rng = np.random.default_rng(0)
    listed = []
    for n in range(count):
        write_image(folder / f"{n:02d}.png", rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
        listed.append(Photo(folder / f"{n:02d}.png", f"p{n % 3}"))
    return listed


def enrol_all(listed: list[Photo], gallery: Gallery, seen: list[int] | None = None) -> EnrolReport:
    progress = seen.append if seen is not None else (lambda done: None)
    return enrol_photos(
        listed,
        detector=None,
        encoder=MeanColor(24),
        gallery=gallery,
        progress=progress,
    )


def test_refused_photos_are_listed_and_the_others_enrolled(tmp_path: Path, gallery: Gallery):
    listed = photos(tmp_path / "in", 20)
    (tmp_path / "in" / "03.png").write_bytes(b"not an image")
    (tmp_path / "in" / "17.png").unlink()
    seen: list[int] = []
    report = enrol_all(listed, gallery, seen)
    assert seen == list(range(1, 21))
    assert [Path(photo.path).name for photo in report.refused] == ["03.png", "17.png"]
    assert len(report.enrolled) == 18
    assert all(photo.new for photo in report.enrolled)
    assert {p.name: p.faces for p in gallery.people() if p.name[0] == "p"} == {"p0": 6, "p1": 7, "p2": 5}
    data = report.to_json()
    assert data["people"] == {"p0": 6, "p1": 7, "p2": 5}
    assert "not a JPEG" in data["refused"][0]["reason"]
    text = str(report)
    assert text.startswith(f"18 photos of 3 people added; the gallery {gallery.location} has ")
    assert "\n2 photos refused:\n" in text
    error = report.error()
    assert type(error) is InputError  # an unreadable image and a missing file: no common class but this
    assert "2 of 20 pictures were refused, the first:" in str(error)
    again = enrol_all(listed, gallery)
    assert not any(photo.new for photo in again.enrolled)
    assert "0 photos of 0 people added, 18 were there already; " in str(again)


def test_a_report_without_refusals_has_no_error(tmp_path: Path, gallery: Gallery):
    report = enrol_all(photos(tmp_path / "in", 1), gallery)
    assert report.error() is None
    assert str(report).splitlines()[0] == (
        f"1 photo of 1 person added; the gallery {gallery.location} has 4 photos of 4 people"
    )


def test_a_name_that_cannot_be_stored_stops_before_anything_is_written(tmp_path: Path, gallery: Gallery):
    listed = photos(tmp_path / "in", 2)
    with pytest.raises(ConfigError, match="name"):
        enrol_all([*listed, Photo(listed[0].path, " ")], gallery)
    assert len(gallery.people()) == 3


def test_combined_errors_keep_the_class_they_share():
    broken = ImageError("a.jpg is truncated", fix="copy it again")
    assert combined([], 5, "") is None
    assert combined([broken], 1, "") is broken
    both = combined([broken, ImageError("b")], 2, "do it")
    assert type(both) is ImageError
    assert str(both) == "2 of 2 pictures were refused, the first: a.jpg is truncated (do it)"
    assert type(combined([broken, NoFaceError("c")], 3, "")) is InputError
    assert "1 of 3 pictures was refused" in str(combined([broken], 3, ""))
