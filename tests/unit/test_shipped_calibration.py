"""The calibration in the package is of the models in the package, and says what `identify` asks it."""

from __future__ import annotations

import itertools

import pytest

from fewpix.cli.calibration_options import DEFAULT_FPIR
from fewpix.embed.open import open_encoder
from fewpix.embed.router import Router
from fewpix.gallery.calibrated import LARGEST, Calibrated
from fewpix.gallery.calibration import SHIPPED, read_calibration

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


def test_measured_and_computed_rates_are_near_but_not_the_same(known: Calibrated):
    """Independence is a comparison: at 8 px and in a large gallery it overstates FPIR more than twice."""
    pairs = [
        (size.pixels, rate, computed)
        for encoder in known.calibration.encoders
        for size in encoder.sizes
        for curve in size.curves
        if curve.independence is not None
        for rate, computed in zip(known.calibration.rates, curve.independence, strict=False)
        if computed is not None
    ]
    assert len(pairs) > 20
    assert all(0.5 * rate <= computed <= 2 * rate for pixels, rate, computed in pairs if pixels > 8)
    small = [computed / rate for pixels, rate, computed in pairs if pixels == 8]
    assert 2 < max(small) < 2.5
    assert min(small) > 0.5


def test_whose_faces_and_how_many_people_is_in_it(known: Calibrated):
    made = known.calibration
    assert made.probes.people < made.probes.faces  # nobody named them, and some look like one person
    assert made.independent_pairs == min(made.probes.people, made.gallery.people)
    assert made.independent_searches == made.probes.people
    assert made.rates[-1] * made.independent_searches >= 1 - 1e-4
    assert made.left_out > 0
    assert made.note
