"""Rates looked up between what was measured, never beyond it, and files that are no calibrations."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration_made import LARGE, SMALL, beside_others, data, made
from fewpix.calibration.file import read_calibration, write_calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.rate import Rate, at_most_in, one_in
from fewpix.embed.router import Router
from fewpix.errors import InputError
from grey_encoder import Grey

KNOWN = Calibrated(made())


def test_at_a_measured_threshold_the_measured_rate_stands():
    curve = KNOWN.curve(SMALL, "", 16)
    for rate, threshold in ((0.1, 0.2), (0.01, 0.3), (0.001, 0.4)):
        found = curve.at(threshold)
        assert found.value == pytest.approx(rate)
        assert (found.low, found.high) == (pytest.approx(rate / 2), pytest.approx(rate * 2))
        assert curve.threshold(rate) == pytest.approx(threshold)


def test_between_two_thresholds_the_logarithm_is_linear():
    assert KNOWN.curve(SMALL, "", 16).at(0.35).value == pytest.approx(10**-2.5)
    assert KNOWN.curve(SMALL, "", 16).threshold(10**-2.5) == pytest.approx(0.35)
    # below the lowest, from 1 at a cosine of -1
    assert KNOWN.curve(SMALL, "", 16).at(-1).value == 1
    assert KNOWN.curve(SMALL, "", 16).at(-0.4).value == pytest.approx(10**-0.5)


def test_between_two_sizes_thresholds_are_linear_in_the_logarithm():
    middle = KNOWN.curve(SMALL, "", 8 * 2**0.5)
    assert middle.threshold(0.01) == pytest.approx(0.35)


def test_between_two_galleries_thresholds_are_linear_in_the_logarithm():
    assert KNOWN.curve(SMALL, "", 16, 10).threshold(0.01) == pytest.approx(0.4)
    assert KNOWN.curve(SMALL, "", 16, 32).threshold(0.1) == pytest.approx(0.3 + 0.1 * np.log10(3.2))


def test_only_rates_that_both_ends_resolve_are_given():
    assert KNOWN.curve(SMALL, "", 16, 10).threshold(0.001) == pytest.approx(0.5)
    assert KNOWN.curve(SMALL, "", 16, 11).threshold(0.001) is None


def test_a_score_beyond_all_thresholds_has_no_number():
    found = KNOWN.curve(SMALL, "", 16).at(0.41)
    assert found.value is None
    assert found.below == 0.001
    assert str(found) == "under 1 in 1,000"
    assert found.reason == "not resolvable: under 1 in 1,000, the rarest that the impostors can show"
    assert found.at_most(0.001)
    assert not found.at_most(0.0005)
    assert KNOWN.curve(SMALL, "", 16).threshold(0.0009) is None


@pytest.mark.parametrize(
    ("sha256", "state", "pixels", "people", "reason"),
    [
        ("9" * 64, "", 16, 1, "not measured: the calibration is of another model"),
        (SMALL, "dusk", 16, 1, "not measured: the calibration is of another FaceBN state"),
        (SMALL, "", 6.9, 1, "not measured: 7 px, this encoder is measured from 8 to 16 px"),
        (SMALL, "", 24, 1, "not measured: 24 px, this encoder is measured from 8 to 16 px"),
        (
            *(SMALL, "", 16, 2001),
            "not measured: 2,001 people, the calibration ends at 100, what follows from it at 2,000",
        ),
        (SMALL, "", 16, 0, "nobody is enrolled"),
    ],
)
def test_nothing_is_said_beyond_what_was_measured(sha256, state, pixels, people, reason):
    curve = KNOWN.curve(sha256, state, pixels, people)
    assert (curve.at(0.9).reason, bool(curve.at(0.9).fix)) == (reason, True)
    assert curve.at(0.9).of("searches") == reason
    assert str(curve.at(0.9)) == "not measured"
    assert not curve.at(0.9).at_most(1.0)
    assert curve.threshold(0.5) is None


def test_the_ends_reach_one_pixel_further_and_the_largest_to_every_larger_face():
    assert KNOWN.curve(SMALL, "", 16.9).threshold(0.01) == pytest.approx(0.3)
    assert KNOWN.curve(SMALL, "", 7.1).threshold(0.01) == pytest.approx(0.4)
    assert KNOWN.curve(LARGE, "", 400).threshold(0.01) == pytest.approx(0.2)


@given(
    pixels=st.floats(8, 16),
    people=st.integers(1, 100),
    first=st.floats(-1, 1),
    second=st.floats(-1, 1),
)
def test_rates_fall_while_scores_rise(pixels: float, people: int, first: float, second: float):
    curve = KNOWN.curve(SMALL, "", pixels, people)
    low, high = (curve.at(score) for score in sorted((first, second)))
    assert (high.value or 0) <= (low.value or 0) or (low.value is None and high.value is None)


@given(pixels=st.floats(8, 16), people=st.integers(1, 100), rate=st.floats(0.01, 0.99))
def test_a_threshold_has_the_rate_that_it_was_asked_for(pixels: float, people: int, rate: float):
    curve = KNOWN.curve(SMALL, "", pixels, people)
    threshold = curve.threshold(rate)
    assert threshold is not None
    found = curve.at(threshold)
    assert found.at_most(rate)
    assert found.below is not None or found.value == pytest.approx(rate, rel=1e-6)


def test_rates_read_well():
    shown = [one_in(rate) for rate in (0.62, 0.39, 1 / 7, 0.0104, 1 / 1999, 1 / 123456)]
    assert shown == ["62 %", "1 in 3", "1 in 7", "1 in 96", "1 in 2,000", "1 in 120,000"]


def test_a_model_fits_its_own_calibration_only():
    small, large = Grey(SMALL), Grey(LARGE)
    assert KNOWN.misfit(small) == ""
    assert KNOWN.misfit(Router([(0, small), (32, large)])) == ""
    assert "other weights" in KNOWN.misfit(Grey("9" * 64))
    large.state_id = "dusk"
    assert KNOWN.misfit(large) == "it was made under another FaceBN state than dusk, which moves scores"


def test_it_is_written_and_read_back_to_the_same_bytes(tmp_path: Path):
    write_calibration(tmp_path / "a.json", made())
    write_calibration(tmp_path / "b.json", read_calibration(tmp_path / "a.json"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text())["schema"] == "calibration-1"


def spoilt(path: Path, change) -> str:
    """What is said of a file after one change."""
    values = json.loads(json.dumps(data()))
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(InputError) as caught:
        read_calibration(path)
    return str(caught.value)


def test_what_is_no_calibration_is_refused_with_the_key(tmp_path: Path):
    path = tmp_path / "c.json"
    sizes = lambda values: values["encoders"][0]["sizes"][0]["curves"]  # noqa: E731
    assert "extra" in spoilt(path, lambda values: values.update(extra=1))
    assert "rates must fall" in spoilt(path, lambda values: values.update(rates=[0.01, 0.1, 0.001]))
    assert "thresholds must not fall" in spoilt(path, lambda v: sizes(v)[0].update(threshold=[0.3, 0.2, 0.4]))
    assert "of one length" in spoilt(path, lambda v: sizes(v)[0].update(low=[0.1]))
    assert "galleries must rise from 1" in spoilt(path, lambda v: sizes(v).pop(0))
    assert "schema" in spoilt(path, lambda values: values.update(schema="calibration-9"))
    path.write_text("{")
    with pytest.raises(InputError, match="is not a calibration"):
        read_calibration(path)
    with pytest.raises(InputError, match="cannot read"):
        read_calibration(tmp_path / "absent.json")


def test_a_file_that_claims_more_than_its_people_can_show_is_refused(tmp_path: Path):
    said = spoilt(tmp_path / "c.json", lambda values: values.update(independent_pairs=999))
    assert "a rate below one in 999 is not resolvable" in said
    said = spoilt(tmp_path / "c.json", lambda values: values.update(independent_searches=99))
    assert "a rate below one in 99 is not resolvable" in said


def test_a_rate_knows_where_it_stands():
    rate = Rate(0.01, 0.005, 0.02)
    assert rate.at_most(0.01)
    assert not rate.at_most(0.0099)
    assert not replace(rate, value=None, reason="so").at_most(0.5)


def test_an_interval_holds_what_the_rate_is_among_other_populations():
    """Others score 0.1 higher, or 0.05 lower: a tenth of a cosine is a tenth of the rate here."""
    curve = Calibrated(beside_others(0.1, -0.05)).curve(SMALL, "", 16)
    found = curve.at(0.3)
    assert found.value == pytest.approx(0.01)  # what is stated stays
    assert found.high == pytest.approx(0.1 * 2)
    assert found.low == pytest.approx(10**-2.5 / 2)
    assert found.interval == "1 in 630 to 1 in 5"
    assert curve.threshold(0.01) == pytest.approx(0.3)
    # between sizes, as thresholds
    assert Calibrated(beside_others(0.1)).curve(SMALL, "", 11).span == (0.0, pytest.approx(0.1))


def test_populations_on_one_side_leave_the_other_end_as_it_was():
    found = Calibrated(beside_others(0.1, 0.05)).curve(SMALL, "", 16).at(0.3)
    assert (found.low, found.high) == (pytest.approx(0.005), pytest.approx(0.2))


def test_a_score_beyond_all_thresholds_here_may_be_reached_elsewhere():
    curve = Calibrated(beside_others(0.1, -0.1)).curve(SMALL, "", 16)
    found = curve.at(0.45)
    assert (found.value, found.low, found.below) == (None, 0.0, 0.001)
    assert found.high == pytest.approx(10**-2.5 * 2)
    assert found.interval == "up to 1 in 160"
    assert curve.at(0.51).high is None  # by nobody
    assert curve.at(0.51).interval == ""
    assert curve.at(0.35).low == 0.0  # where the lower ones would be beyond


def test_each_population_needs_its_shifts(tmp_path: Path):
    said = spoilt(tmp_path / "c.json", lambda values: values["encoders"][0]["sizes"][0].update(shifts=[0.1]))
    assert "8 px: shifts of 1 populations" in said


def test_a_cautious_threshold_keeps_the_rate_among_all_populations():
    calibration = beside_others(0.1, -0.05)
    plain, cautious = (Calibrated(calibration, cautious=caution) for caution in (False, True))
    for people in (1, 10):
        curve = cautious.curve(SMALL, "", 16, people)
        threshold = curve.threshold(0.02)
        assert threshold is not None
        assert curve.at(threshold).high == pytest.approx(0.02)
        # the upper end of the interval is twice the rate here, and others score 0.1 higher
        assert threshold == pytest.approx(plain.curve(SMALL, "", 16, people).threshold(0.01) + 0.1)
        assert curve.at(threshold) == plain.curve(SMALL, "", 16, people).at(threshold)
    assert cautious.curve(SMALL, "", 11, 50).threshold(0.05) > plain.curve(SMALL, "", 11, 50).threshold(0.05)
    assert cautious.curve(SMALL, "", 16).threshold(0.0019) is None
    assert (plain.rarest(1), cautious.rarest(1)) == (0.001, 0.002)


def test_without_other_populations_caution_is_about_the_sampling():
    cautious = Calibrated(made(), cautious=True)
    assert cautious.curve(SMALL, "", 16).threshold(0.02) == pytest.approx(0.3)


def test_in_larger_galleries_than_measured_rates_are_bounds_and_say_so():
    """In ten times the people a stranger finds somebody at most as often as in one of ten galleries."""
    measured, larger = (KNOWN.curve(SMALL, "", 16, people) for people in (100, 1000))
    found = larger.at(0.5)
    assert measured.at(0.5).value == pytest.approx(0.01)
    assert found.value == pytest.approx(1 - 0.99**10)
    assert (found.low, found.high) == (pytest.approx(0.005), pytest.approx(1 - 0.98**10))
    assert found.of("searches") == (
        "at most 1 of 10 searches (extrapolated to 1,000 people, measured up to 100)"
    )
    assert (found.bound, measured.at(0.5).bound, measured.at(0.5).basis) == (True, False, "")
    assert larger.threshold(1 - 0.99**10) == pytest.approx(0.5)
    assert measured.threshold(0.2) < larger.threshold(0.2) < 0.5
    assert larger.threshold(0.09) is None  # ten times what a hundred can show
    beyond = larger.at(0.6)
    assert beyond.below == pytest.approx(1 - 0.99**10)
    assert beyond.of("searches").startswith("under 1 of 10 searches (extrapolated")
    assert KNOWN.curve(SMALL, "", 16, 2000).at(0.45).value < 1


@given(rate=st.floats(1e-6, 0.99), times=st.floats(1, 20))
def test_the_bound_grows_with_the_gallery_and_is_undone(rate: float, times: float):
    bound = at_most_in(rate, times)
    assert rate <= bound * (1 + 1e-9)
    assert bound <= min(1.0, times * rate * (1 + 1e-9))
    if bound < 1 - 1e-9:
        assert at_most_in(bound, 1 / times) == pytest.approx(rate, rel=1e-6)


def test_a_rate_says_what_it_is_a_share_of():
    assert Rate(0.53).of("searches") == "53 % of searches"
    assert Rate(1 / 16).of("comparisons") == "1 of 16 comparisons"
    assert Rate(below=0.001).of("searches") == "under 1 of 1,000 searches"
