"""Names given by a calibration, and the rates beside them; one against one by the same rates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration_made import LARGE, SMALL, beside_others, data, made
from fewpix.calibration.file import Calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.rate import Rate
from fewpix.data.orl import load_orl
from fewpix.embed.router import Router
from fewpix.errors import ConfigError, InputError, NoFaceError
from fewpix.gallery import Gallery
from fewpix.gallery.census import census
from fewpix.identify import IdentifiedFace, IdentifiedPicture, Identifier, decide
from fewpix.identify.draw import size_and_rate
from fewpix.identify.faces import EmbeddedFace
from fewpix.identify.verify import BOTH_SMALL, verify
from fewpix.image.codec import Image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import resize_square
from fewpix.models.card import Card
from fewpix.models.space import Space
from fewpix.quality.assess import Quality

SPACE = Space("a" * 64, 128)
KNOWN = Calibrated(made())
PEOPLE = 10


class Angle:
    """Embeds a crop by its first pixel: blue is who it is, green the cosine with them in hundredths."""

    runtime, device = "test", "cpu"

    def __init__(self, sha256: str, state_id: str = "") -> None:
        plain = Preprocess(8, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        self.card = Card("angle", "test", sha256, SPACE, plain)
        self.state_id = state_id

    def embed(self, crops):
        return np.stack([towards(int(crop[0, 0, 0]), int(crop[0, 0, 1]) / 100) for crop in crops])


def towards(person: int, cosine: float) -> np.ndarray:
    """A unit vector with this cosine with the person's, and none with anybody else's."""
    row = np.zeros(128, dtype=np.float32)
    row[person] += cosine
    row[127] = np.sqrt(max(0.0, 1 - cosine**2))
    return row


def crop(pixels: int, person: int, cosine: float) -> Image:
    # something with as much detail as pixels, copied, since it is written to
    image = resize_square(load_orl().images[0][12:104], pixels).copy()
    image[0, 0, :2] = (person, round(100 * cosine))
    return image


@pytest.fixture
def gallery(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as opened:
        for n in range(PEOPLE):
            opened.add(f"P{n}", towards(n, 1.0), pixels=100, encoder_sha256=LARGE, state_id="", source=f"{n}")
        yield opened


def named(gallery: Gallery, pixels: int, cosine: float, **more) -> IdentifiedFace:
    encoder = more.pop("encoder", Angle(SMALL))
    more = {"calibrated": KNOWN, **more}
    (face,) = Identifier(None, encoder, gallery, **more).identify(crop(pixels, 3, cosine))
    return face


def test_a_face_is_named_where_strangers_hardly_score_so(gallery: Gallery):
    # ten people enrolled, 16 px: FPIR 0.1, 0.01, 0.001 from 0.3, 0.4, 0.5 on
    assert named(gallery, 16, 0.45, fpir=0.01).decision == "P3"
    assert named(gallery, 16, 0.39, fpir=0.01).decision is None
    assert named(gallery, 16, 0.39, fpir=0.02).decision == "P3"
    # the same score is worth less at 8 px: 0.1 more is asked for
    assert named(gallery, 8, 0.45, fpir=0.01).decision is None
    assert named(gallery, 8, 0.51, fpir=0.01).decision == "P3"


def test_every_candidate_has_its_false_match_rate_and_the_face_its_fpir(gallery: Gallery):
    face = named(gallery, 16, 0.3, fpir=0.01, top=2)
    assert [candidate.name for candidate in face.candidates] == ["P3", "P0"]
    assert face.fmr[0].value == pytest.approx(0.01, rel=1e-4)
    assert face.fmr[1].value == pytest.approx(10 ** -(1 / 1.2), rel=1e-3)  # a cosine of 0
    assert face.fpir.value == pytest.approx(0.1, rel=1e-4)
    values = face.to_json()
    assert values["candidates"][0] == {
        "name": "P3",
        "score": 0.3,
        "fmr": 0.01,
        "fmr_kind": "measured",
        "fmr_range": [0.005, 0.02],
        "fmr_reason": None,
        "fmr_basis": None,
    }
    assert (values["fpir"], values["fpir_kind"], values["fpir_reason"]) == (0.1, "measured", None)
    assert (values["decision"], values["verdict"]) == (None, "unknown")
    assert str(face) == "unknown, strangers score so in 1 of 10 searches"
    assert values["reason"] == "strangers score so in 1 of 10 searches"


def test_more_people_enrolled_ask_for_more(gallery: Gallery):
    assert named(gallery, 16, 0.42, fpir=0.01).decision == "P3"
    for n in range(PEOPLE, 30):
        gallery.add(f"P{n}", towards(n, 1.0), pixels=100, encoder_sha256=LARGE, state_id="", source="")
    assert named(gallery, 16, 0.42, fpir=0.01).decision is None


def test_with_every_photo_the_photos_count(gallery: Gallery):
    for n in range(20):
        row = towards(100 + n, 1.0)
        gallery.add("P0", row, pixels=100, encoder_sha256=LARGE, state_id="", source=f"more {n}")
    assert named(gallery, 16, 0.42, fpir=0.01).decision == "P3"
    assert named(gallery, 16, 0.42, fpir=0.01, templates=False).decision is None


def test_with_every_photo_a_person_of_ten_is_as_often_like_a_stranger_as_ten_people(gallery: Gallery):
    for n in range(9):  # all but the same
        row = towards(3, 0.999999 - 1e-7 * n)
        gallery.add("P3", row, pixels=100, encoder_sha256=LARGE, state_id="", source=f"more {n}")
    one, ten = (named(gallery, 16, 0.3, templates=templates).fmr[0] for templates in (True, False))
    assert one.value == pytest.approx(0.01, rel=0.05)
    assert ten.value == pytest.approx(0.1, rel=0.05)
    assert named(gallery, 16, 0.3, templates=False).fmr[1].value == pytest.approx(10 ** -(1 / 1.2), rel=1e-3)


def test_what_is_rarer_than_can_be_shown_is_named_without_a_number(gallery: Gallery):
    face = named(gallery, 16, 0.6, fpir=0.001)
    assert face.decision == "P3"
    assert face.fpir.value is None
    assert (face.to_json()["fpir"], face.to_json()["fpir_kind"]) == (0.001, "at most")
    assert face.to_json()["fpir_reason"].startswith("not resolvable: under 1 in 1,000")
    assert str(face) == "P3; strangers score so in under 1 of 1,000 searches"


@pytest.mark.parametrize(
    ("pixels", "encoder", "reason"),
    [
        (24, Angle(SMALL), "not measured: 24 px, this encoder is measured from 8 to 16 px"),
        (16, Angle("9" * 64), "not measured: the calibration is of another model"),
        (16, Angle(SMALL, "dusk"), "not measured: the calibration is of another FaceBN state"),
    ],
)
def test_nobody_is_named_where_nothing_was_measured(gallery: Gallery, pixels: int, encoder, reason: str):
    face = named(gallery, pixels, 1.0, fpir=0.5, encoder=encoder)
    assert face.decision is None
    assert face.fpir.value is None
    assert face.fpir.reason == face.verdict.reason == reason
    assert face.to_json()["candidates"][0]["fmr_reason"] == reason
    assert (face.to_json()["fpir"], face.to_json()["fpir_kind"]) == (None, None)
    assert str(face) == f"unknown, {reason}"
    assert face.verdict.fix.startswith("decide by --threshold")
    by_threshold = named(gallery, pixels, 1.0, threshold=0.5, encoder=encoder)
    assert str(by_threshold) == f"P3; no rate: {reason}"


def test_people_whose_photos_another_model_saw_are_not_named(gallery: Gallery):
    """In their template, which is of one model's photos; or in any of them where all are compared."""
    words = {"pixels": 12, "encoder_sha256": SMALL, "state_id": "", "source": "small"}
    gallery.add("P3", towards(3, 0.9), **words, quality=0.5)
    face = named(gallery, 16, 0.6, fpir=0.01)
    assert (face.decision, face.candidates[0].score) == ("P3", pytest.approx(0.6))
    gallery.add("P3", towards(3, 0.8), **words, quality=0.6)
    for templates in (True, False):
        face = named(gallery, 16, 0.6, fpir=0.01, templates=templates)
        assert face.candidates[0].name == "P3"
        assert face.decision is None
        assert "embedded by another model" in str(face)
        assert "sharp and large" in face.verdict.fix
        assert face.fmr[1].value is not None
        assert census(gallery, LARGE, "", templates=templates).others == {"P3"}
    found = census(gallery, LARGE, "", templates=True)
    assert (found.people, found.rows) == (10, 12)
    assert census(gallery, LARGE, "dusk", templates=True).others == {f"P{n}" for n in range(PEOPLE)}


def test_two_people_with_one_score_stay_unnamed(gallery: Gallery):
    gallery.add("Twin", towards(3, 1.0), pixels=100, encoder_sha256=LARGE, state_id="", source="")
    face = named(gallery, 16, 0.6, fpir=0.01, top=1)
    assert (face.decision, face.verdict.kind, face.verdict.tie) == (None, "ambiguous", ("P3", "Twin"))
    assert str(face) == "tie: P3, Twin; strangers score so in under 1 of 100 searches"
    assert str(named(gallery, 16, 0.3, fpir=0.01, top=1)).endswith("; tie: P3, Twin")


def test_all_who_pass_are_named_however_few_candidates_are_shown(gallery: Gallery):
    for n in range(6):
        row = towards(3, 0.99 - n / 100)
        gallery.add(f"Twin {n}", row, pixels=100, encoder_sha256=LARGE, state_id="", source="")
    for rule in ({"fpir": 0.02}, {"threshold": 0.4}):
        face = named(gallery, 16, 0.6, top=2, **rule)
        assert len(face.candidates) == 2
        assert face.verdict.ambiguous == (*(f"Twin {n}" for n in range(5, -1, -1)), "P3")
        assert face.to_json()["decision"] is None
        assert str(face).startswith("ambiguous: Twin 5, Twin 4, Twin 3, Twin 2, Twin 1 and 2 more; strangers")


def test_a_threshold_decides_and_the_rates_are_told(gallery: Gallery):
    face = named(gallery, 16, 0.3, threshold=0.25)
    assert face.decision == "P3"
    assert face.fpir.value == pytest.approx(0.1, rel=1e-4)
    plain = named(gallery, 16, 0.3, threshold=0.25, calibrated=None)
    assert str(plain) == "P3"
    assert plain.to_json()["candidates"][0]["fmr"] is None
    assert str(face) == "P3; strangers score so in 1 of 10 searches"
    below = named(gallery, 16, 0.3, threshold=0.4)
    assert str(below) == "unknown, below the threshold of 0.4; strangers score so in 1 of 10 searches"
    assert plain.to_json()["fpir_reason"] == "no calibration is in use"


def test_rules_that_make_no_sense_are_refused(gallery: Gallery):
    for more, why in (
        ({"threshold": 0.3, "fpir": 0.01}, "--threshold and --fpir both decide"),
        ({"fpir": 0.01, "calibrated": None}, "FPIR needs a calibration"),
        ({"fpir": 0.0}, "above 0 and below 1"),
        ({"fpir": 0.0009}, "not resolvable: the calibration has 1,000 people searched for"),
    ):
        with pytest.raises(ConfigError, match=why):
            named(gallery, 16, 0.5, **more)


def test_the_text_says_how_rare_at_which_size(gallery: Gallery):
    identifier = Identifier(None, Angle(SMALL), gallery, calibrated=KNOWN, fpir=0.05, top=1)
    picture = identifier.identify_picture(crop(16, 3, 0.4), "a.png")
    assert str(picture).splitlines()[1] == (
        "    1    16 px at 0,0   P3; strangers score so in 1 of 100 searches   [P3 0.400]"
    )
    assert size_and_rate(picture.faces[0]) == "16 px, strangers 1 in 100"
    plain = IdentifiedFace((0, 0, 16, 16), 16, None, (), decide((), None))
    assert size_and_rate(plain) == "16 px"
    assert "not decided: no threshold and no FPIR" in str(IdentifiedPicture("a.png", (plain,), None))
    missing = replace(plain, fpir=Rate(reason="not measured: 7 px"))
    assert size_and_rate(missing) == "16 px, not measured"


def test_a_face_is_not_named_without_a_reason(gallery: Gallery):
    """Every way to be unknown says which it was."""
    assert str(named(gallery, 16, 0.39, fpir=0.01)) == "unknown, strangers score so in 1 of 79 searches"
    for n in range(PEOPLE, 30):  # between galleries of 10 and 100, of which the latter cannot show 1 in 1,000
        gallery.add(f"P{n}", towards(n, 1.0), pixels=100, encoder_sha256=LARGE, state_id="", source="")
    face = named(gallery, 16, 0.9, fpir=0.001)
    assert str(face) == (
        "unknown, 1 in 1,000 cannot be kept here, 1 in 100 at the rarest; "
        "strangers score so in under 1 of 100 searches"
    )
    assert "--fpir" in face.verdict.fix
    others = Calibrated(beside_others(0.1), cautious=True)
    face = named(gallery, 16, 0.46, fpir=0.05, calibrated=others)
    assert str(face).startswith(
        "unknown, strangers of other kinds score so in up to 1 of 7 searches; strangers"
    )
    assert "--cautious" in face.verdict.fix


def test_an_embedding_that_was_made_elsewhere_is_rated_by_its_own_encoder(gallery: Gallery):
    """As those of a video's tracks, whose encoder may change."""
    identifier = Identifier(None, Angle(SMALL), gallery, calibrated=KNOWN)
    face = EmbeddedFace((0, 0, 40, 40), 40.0, Quality(40.0, 1.0), towards(3, 0.3), LARGE, "", 40.0)
    (found,) = identifier.named([face])
    assert found.fpir.value is not None
    assert found.fpir.value < 0.1  # at 32 px it would be 0.1, at 112 px a tenth of it


def crowd(gallery: Gallery, people: int) -> None:
    """So many more, whom nobody here is like, in one transaction."""
    row = -towards(126, 1.0)
    with gallery.database.transaction():
        for n in range(people):
            words = {"pixels": 100, "encoder_sha256": LARGE, "state_id": "", "source": ""}
            gallery.write(f"X{n:04}", row, **words)


def test_more_people_than_were_measured_are_named_by_a_bound_that_says_so(gallery: Gallery):
    """A hundred were measured: in four times as many FPIR is at most 1 - (1 - FPIR)^4."""
    crowd(gallery, 390)
    face = named(gallery, 16, 0.5, fpir=0.05)
    assert face.decision == "P3"
    assert str(face) == (
        "P3; strangers score so in at most 1 of 25 searches (extrapolated to 400 people, measured up to 100)"
    )
    values = face.to_json()
    assert (values["fpir"], values["fpir_kind"]) == (pytest.approx(1 - 0.99**4, rel=1e-2), "at most")
    assert values["fpir_basis"] == "extrapolated to 400 people, measured up to 100"
    assert str(named(gallery, 16, 0.5, fpir=0.03)).startswith(
        "unknown, 1 in 33 cannot be kept here, 1 in 25 at the rarest (extrapolated to 400 people"
    )


def test_too_many_people_are_a_reason_that_is_told(gallery: Gallery):
    crowd(gallery, 1993)
    face = named(gallery, 16, 0.9, fpir=0.05)
    reason = "not measured: 2,003 people, the calibration ends at 100, what follows from it at 2,000"
    assert str(face) == f"unknown, {reason}"
    assert face.verdict.fix.startswith("decide by --threshold, or `fewpix calibrate")


# One against one.


def compared(small: tuple[int, float], large: tuple[int, float], fmr: float, known=KNOWN):
    """Two crops of person 3, the first seen by the small faces' encoder."""

    router = Router([(0, Angle(SMALL)), (20, Angle(LARGE))])
    pictures = [(f"{pixels}.png", crop(pixels, 3, cosine)) for pixels, cosine in (small, large)]
    return verify(*pictures, detector=None, encoder=router, calibrated=known, fmr=fmr)


def test_two_faces_are_the_same_only_where_that_is_sure():
    # 16 px: FMR 0.01 at 0.3, with an interval of half to twice
    assert compared((16, 0.4), (100, 1.0), 0.01).decision == "same"  # 0.001, at most 0.002
    assert compared((16, 0.3), (100, 1.0), 0.01).decision == "undecided"
    assert compared((16, 0.2), (100, 1.0), 0.01).decision == "different"  # 0.1, at least 0.05
    assert compared((16, 0.9), (100, 1.0), 0.001).decision == "same"  # beyond all thresholds


def test_the_smaller_face_says_what_a_score_is_worth_whichever_comes_first():
    found = compared((16, 0.3), (100, 1.0), 0.5)
    other = compared((100, 1.0), (16, 0.3), 0.5)
    assert found.fmr.value == other.fmr.value == pytest.approx(0.01, rel=1e-3)
    assert found.pixels == (16, 100)
    assert found.score == other.score == pytest.approx(0.3)
    values = json.loads(json.dumps(found.to_json()))
    assert values["decision"] == "same"
    assert values["fmr_range"] == [pytest.approx(0.005, rel=0.01), pytest.approx(0.02, rel=0.01)]
    assert str(found) == (
        "same   score 0.300   two people score so in 1 of 100 comparisons (1 in 200 to 1 in 50) at 16 px   "
        "(faces of 16 px and 100 px; same is at most 50 % of comparisons)"
    )


def test_two_small_faces_and_other_models_are_undecided():
    both = compared((16, 1.0), (16, 1.0), 0.01)
    assert (both.decision, both.fmr) == ("undecided", BOTH_SMALL)
    assert str(both).startswith(f"undecided: {BOTH_SMALL.reason}   score 1.000   (faces of 16 px and 16 px;")
    assert (both.to_json()["reason"], bool(both.to_json()["fix"])) == (BOTH_SMALL.reason, True)
    held = compared((16, 0.3), (100, 1.0), 0.01)
    assert held.reason == "the rate's interval holds 1 of 100 comparisons"
    assert compared((16, 0.4), (100, 1.0), 0.01).reason == ""
    alone = compared((16, 1.0), (100, 1.0), 0.01, known=None)
    assert (alone.decision, alone.fmr.value) == ("undecided", None)
    assert alone.to_json()["fmr_range"] is None


def test_a_model_that_does_not_embed_the_gallery_is_not_blamed_on_small_faces():
    pictures = [(f"{n}.png", crop(100, 3, 1.0)) for n in range(2)]
    found = verify(*pictures, detector=None, encoder=Angle(SMALL), calibrated=KNOWN, fmr=0.01)
    assert found.decision == "undecided"
    assert "not measured for this model alone: the calibration is of sharp faces that large embedded" in str(
        found
    )


def test_the_rate_is_told_for_the_size_that_it_was_looked_up_for():
    """A face of 12 px enlarged to 100 is routed, and rated, as one of few pixels."""
    image = resize_square(crop(12, 3, 0.3), 100).copy()
    image[0, 0, :2] = (3, 30)
    router = Router([(0, Angle(SMALL)), (20, Angle(LARGE))])
    found = verify(
        ("a.png", image),
        ("b.png", crop(100, 3, 1.0)),
        detector=None,
        encoder=router,
        calibrated=KNOWN,
        fmr=0.5,
    )
    assert found.pixels == (100, 100)
    assert 10 < found.routed_pixels[0] < 17
    assert f" at {found.routed_pixels[0]:.0f} px   (faces of 100 px and 100 px" in str(found)
    assert found.to_json()["routed_pixels"] == [round(each, 2) for each in found.routed_pixels]


def test_rates_that_no_threshold_is_given_for_are_refused():
    """A hundred more pairs than the rarest of the rates asks for change nothing."""
    known = Calibrated(KNOWN.calibration.model_copy(update={"independent_pairs": 1100}))
    with pytest.raises(ConfigError, match="not resolvable with 1,100 independent pairs") as caught:
        compared((16, 1.0), (100, 1.0), 0.00095, known=known)
    assert "ask for at least 0.001" in str(caught.value.fix)
    assert compared((16, 1.0), (100, 1.0), 0.001, known=known).decision == "same"


def test_rates_that_cannot_be_resolved_are_refused():
    with pytest.raises(ConfigError, match="not resolvable with 1,000 independent pairs"):
        compared((16, 1.0), (100, 1.0), 0.0009)
    with pytest.raises(ConfigError, match="above 0 and below 1"):
        compared((16, 1.0), (100, 1.0), 1.0)


def test_a_picture_needs_exactly_one_face():
    class Finds:
        def __init__(self, count: int) -> None:
            self.count = count

        def detect(self, image):
            return [object()] * self.count

    pictures = ("a.png", crop(16, 0, 1.0)), ("b.png", crop(16, 0, 1.0))
    words = {"encoder": Angle(SMALL), "calibrated": None, "fmr": 0.1}
    with pytest.raises(NoFaceError, match=r"a\.png holds no face"):
        verify(*pictures, detector=Finds(0), **words)
    with pytest.raises(InputError, match=r"a\.png holds 2 faces"):
        verify(*pictures, detector=Finds(2), **words)
    oblong = ("a.png", np.zeros((16, 20, 3), np.uint8))
    with pytest.raises(InputError, match=r"a\.png: an aligned crop must be square"):
        verify(oblong, pictures[1], detector=None, **words)


def test_a_calibration_may_be_made_under_a_state(gallery: Gallery):
    values = data()
    values["encoders"][0]["state_id"] = "dusk"
    under = Calibrated(Calibration.model_validate(values))
    face = named(gallery, 16, 0.45, fpir=0.01, calibrated=under, encoder=Angle(SMALL, "dusk"))
    assert face.decision == "P3"
    assert named(gallery, 16, 0.45, fpir=0.01, calibrated=under).decision is None
