"""The calibration in the package is of the models in the package, and says what `identify` asks it."""

from __future__ import annotations

import itertools

import pytest

from fewpix.calibration.file import SHIPPED, SHIPPED_TRACKS, read_calibration
from fewpix.calibration.lookup import LARGEST, Calibrated
from fewpix.embed.open import open_encoder
from fewpix.embed.router import Router
from fewpix.identify.rule import DEFAULT_FPIR

pytestmark = pytest.mark.needs("weights", "samples")


@pytest.fixture(scope="module")
def known() -> Calibrated:
    return Calibrated(read_calibration(SHIPPED))


@pytest.fixture(scope="module")
def router() -> Router:
    found = open_encoder("auto")
    assert isinstance(found, Router)
    return found


def test_it_is_of_the_shipped_models(known: Calibrated, router: Router):
    made = known.calibration
    assert known.misfit(router) == ""
    assert made.model == "auto"
    assert made.space == router.card.space.fingerprint
    assert {e.sha256 for e in made.encoders} == {e.card.sha256 for e in router.encoders}
    assert made.gallery_encoder.sha256 == router.encoder(LARGEST).card.sha256


def test_every_size_that_is_embedded_was_measured(known: Calibrated, router: Router):
    for tenths in range(80, 1200, 7):
        pixels = tenths / 10
        curve = known.curve(router.encoder(pixels).card.sha256, "", pixels, 100)
        assert not curve.reason, (pixels, curve.reason)


def test_the_default_rate_can_be_shown_everywhere(known: Calibrated, router: Router):
    """And it asks for more where more people are enrolled."""
    for pixels, people in itertools.product((8, 12, 16, 17.5, 18, 24, 31.5, 32, 48, 112), (1, 10, 100, 1000)):
        sha256 = router.encoder(pixels).card.sha256
        threshold = known.curve(sha256, "", pixels, people).threshold(DEFAULT_FPIR)
        assert threshold is not None
        assert 0 < threshold < 0.7
        more = known.curve(sha256, "", pixels, min(5 * people, known.largest)).threshold(DEFAULT_FPIR)
        assert more is not None
        assert people == known.largest or more > threshold


def test_independence_overstates_fpir_the_more_the_larger_the_gallery(known: Calibrated):
    """It is a comparison only: a stranger who is like one person is like more of them."""
    for encoder in known.calibration.encoders:
        for size in encoder.sizes:
            most = {
                curve.people: max(
                    computed / rate
                    for rate, computed in zip(known.calibration.rates, curve.independence, strict=False)
                    if computed is not None
                )
                for curve in size.curves
                if curve.independence is not None
            }
            least = min(
                computed / rate
                for curve in size.curves
                for rate, computed in zip(known.calibration.rates, curve.independence or (), strict=False)
                if computed is not None
            )
            assert least > 0.99  # nearly the same where ten people are searched and few score so
            assert list(most) == [10, 100, 1000, 5000]
            assert list(most.values()) == sorted(most.values())
            assert most[10] < 1.3
            assert most[1000] < 1.5
            assert most[5000] < 1.7


def test_whose_faces_and_how_many_people_is_in_it(known: Calibrated):
    made = known.calibration
    assert made.probes.people < made.probes.faces  # nobody named them, and some look like one person
    assert made.independent_pairs == min(made.probes.people, made.gallery.people)
    assert made.independent_searches == made.probes.people
    assert made.rates[-1] * made.independent_searches >= 1 - 1e-4
    assert made.left_out > 0
    assert made.note


def test_it_spans_people_among_their_like(known: Calibrated):
    """Five other populations, all of whom score higher than people of one kind among those of others do."""
    made = known.calibration
    names = [(each.probes.name, each.gallery.name) for each in made.populations]
    assert names == [
        ("celeba", "celeba"),
        ("celeba", "wild"),
        ("web", "web"),
        ("sport", "sport"),
        ("aaf", "aaf"),
    ]
    shifts = [shift for encoder in made.encoders for size in encoder.sizes for shift in size.shifts]
    assert 0.004 < min(shifts) < max(shifts) < 0.2


def test_tracks_of_the_shipped_models_have_rates_too(router: Router):
    """At every size and number of sights that a track may have; at 8 px few people's faces are found."""
    known = Calibrated(read_calibration(SHIPPED_TRACKS))
    assert known.misfit(router) == ""
    assert known.calibration.of_tracks
    for pixels, sights in itertools.product((7.5, 12, 17.9, 18, 24, 31.9, 32, 60, 150), (1, 1.5, 3, 7, 12)):
        sha256 = router.encoder(pixels).card.sha256
        thresholds = [
            known.curve(sha256, "", pixels, people, sights=sights).threshold(DEFAULT_FPIR)
            for people in (1, 10, 100, 1000)
        ]
        if pixels < 12:
            assert not known.curve(sha256, "", pixels, 100, sights=sights).reason
        else:
            assert all(threshold is not None and 0 < threshold < 0.8 for threshold in thresholds)


def test_more_sights_ask_for_a_higher_score_from_small_faces(known: Calibrated):
    """Single sights are less like strangers, since what is noise in them is like nobody."""
    tracks = Calibrated(read_calibration(SHIPPED_TRACKS))
    for encoder in tracks.calibration.encoders[:1]:
        for pixels in (8, 12):
            one, many = (
                tracks.curve(encoder.sha256, "", pixels, 100, sights=sights).threshold(0.1)
                for sights in (1, 8)
            )
            assert one is not None
            assert many is not None
            assert one < many < one + 0.05
