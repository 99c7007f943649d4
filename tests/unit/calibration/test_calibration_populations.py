"""Calibrations of several kinds of strangers become one whose intervals span them."""

from __future__ import annotations

from typing import Any

import pytest

from calibration_made import SMALL, beside_others, data, made
from fewpix.calibration.file import Calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.populations import beside
from fewpix.errors import InputError


def others(shift: float, **changes: Any) -> Calibration:
    """Strangers who all score so much higher."""
    values = data() | changes
    values["probes"] = {**values["probes"], "name": "others", "sha256": "b" * 64}
    for encoder in values["encoders"]:
        for size in encoder["sizes"]:
            for curve in size["curves"]:
                curve["threshold"] = [value + shift for value in curve["threshold"]]
    return Calibration.model_validate(values)


def test_the_shift_is_that_of_the_scores_of_one_pair_in_a_hundred():
    found = beside(made(), [others(0.07), others(-0.02)])
    for encoder in found.encoders:
        for size in encoder.sizes:
            assert size.shifts == (pytest.approx(0.07), pytest.approx(-0.02))
    assert [each.probes.name for each in found.populations] == ["others", "others"]
    assert Calibration.model_validate_json(found.to_text()) == found


def test_what_is_stated_stays_and_the_interval_holds_the_others():
    curve = Calibrated(beside(made(), [others(0.1)])).curve(SMALL, "", 16, 10)
    other = Calibrated(others(0.1)).curve(SMALL, "", 16, 10).at(0.4)
    found = curve.at(0.4)
    assert found.value == pytest.approx(0.01)
    assert found.high == pytest.approx(other.high) == pytest.approx(0.2)
    assert found.low == pytest.approx(0.005)


def test_one_more_population_keeps_those_before():
    found = beside(beside_others(0.03), [others(0.07)])
    assert found.encoders[0].sizes[0].shifts == (0.03, pytest.approx(0.07))
    assert [each.probes.name for each in found.populations] == ["others 0", "others"]


def test_without_others_nothing_changes():
    assert beside(made(), []) == made()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": "1" * 16}, "is of another space"),
        ({"degradation": "cctv"}, "is of another degradation"),
        ({"gallery_encoder": {"name": "small", "sha256": SMALL, "state_id": ""}}, "another gallery encoder"),
        (
            {"encoders": data()["encoders"][1:]},
            "says nothing of small at 8 px: not measured: the calibration is of another model",
        ),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], said: str):
    with pytest.raises(InputError, match=said):
        beside(made(), [others(0.1, **changes)])


def test_the_same_strangers_are_no_other_population():
    with pytest.raises(InputError, match="is of the same strangers"):
        beside(made(), [made()])


def test_a_size_that_was_not_measured_is_named():
    values = data()
    values["encoders"][1]["sizes"] = values["encoders"][1]["sizes"][:1]
    with pytest.raises(
        InputError,
        match="says nothing of large at 112 px: not measured: 112 px, this encoder is measured at 32 px",
    ):
        beside(made(), [others(0.1, encoders=values["encoders"])])
