"""What `enrol` says when a gallery comes near the end of the shipped calibration."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fewpix.cli.calibration_options import limit_note


def note(people: int) -> str:
    counted = SimpleNamespace(database=SimpleNamespace(select=lambda statement: [(people,)]))
    return limit_note(counted)  # type: ignore[arg-type]


def test_a_small_gallery_is_no_matter():
    assert note(0) == note(999) == note(4499) == ""


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (
            4500,
            "4,500 people are enrolled: the shipped calibration was measured up to 5,000, beyond",
        ),
        (10_003, "its rates are bounds, up to 100,000 (decide by --threshold, or `fewpix calibrate"),
        (90_000, "up to 100,000; above 100,000 it names nobody (decide by --threshold"),
        (100_001, "100,001 people are enrolled: the shipped calibration names nobody above 100,000 ("),
    ],
)
def test_near_the_end_it_is_told_with_what_helps(people: int, said: str):
    assert said in note(people)
    assert "--galleries" in note(people)
