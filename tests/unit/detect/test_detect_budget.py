"""Scales by a budget: exact on a clock of our own, where a scaled pixel costs what the test says."""

from __future__ import annotations

import logging
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewpix.detect import Detector
from fewpix.detect.budget import RESERVE, Budget
from fewpix.detect.decode import Rows
from fewpix.detect.tiles import scaled_area
from fewpix.detect.yunet import YuNet
from fewpix.errors import ConfigError

CHOICES = [[0.25, 0.5, 1.0, 3.0], [0.25, 0.5, 1.5], [0.25, 0.75], [0.25]]


class Fake(YuNet):
    """Finds nothing, and takes `cost` seconds a million pixels on its own clock."""

    def __init__(self, cost: float) -> None:
        self.cost, self.now, self.passes = cost, 0.0, 0

    def find(self, image: np.ndarray) -> Rows:  # type: ignore[override]
        self.now += self.cost * image.shape[0] * image.shape[1] / 1e6
        self.passes += 1
        return np.zeros((0, 15), np.float32)

    def clock(self) -> float:
        return self.now


def knowing(milliseconds: float, cost: float, looking: float = 0.0) -> Budget:
    """A budget that has seen a picture at `cost` seconds a million pixels."""
    budget = Budget(milliseconds)
    budget.spent(2e6, 2 * cost, looking)
    return budget


def area(scales: list[float], width: int = 1280, height: int = 720) -> float:
    return sum(scaled_area(width, height, scale) for scale in scales)


def test_the_finest_choice_that_fits_is_taken() -> None:
    for chosen in CHOICES:
        exact = area(chosen) * 0.02 / 1e3  # milliseconds at 0.02 s a million
        plan = knowing(exact + 0.01, 0.02).plan(1280, 720, CHOICES)
        assert plan.scales == tuple(chosen)
        assert plan.fits
        assert plan.seconds == pytest.approx(exact / 1000)
        above = CHOICES[min(CHOICES.index(chosen) + 1, 3)]
        assert knowing(exact - 0.01, 0.02).plan(1280, 720, CHOICES).scales == tuple(above)


def test_the_aligner_counts_too() -> None:
    exact = area(CHOICES[1]) * 0.02 / 1e3
    assert knowing(exact + 5.1, 0.02, 0.005).plan(1280, 720, CHOICES).scales == tuple(CHOICES[1])
    assert knowing(exact + 4.9, 0.02, 0.005).plan(1280, 720, CHOICES).scales == tuple(CHOICES[2])


def test_a_coarser_search_is_expected_to_find_less_to_look_at() -> None:
    budget = knowing(1000, 0.02, 0.5)
    half = CHOICES[2]
    expected = area(half) * 0.02 / 1e6 + 0.5 * area(half) / 2e6
    assert area(half) < 2e6
    assert budget.plan(1280, 720, [half]).seconds == pytest.approx(expected)


@pytest.mark.parametrize("milliseconds", [40, 80, 160, 320])
def test_many_faces_do_not_push_it_to_the_coarsest_scale(milliseconds: float) -> None:
    """A crowd that is seen from scale 0.7 on; then the looks alone take longer than the small budgets."""
    choices = list(Detector(Fake(1)).choices(1280, 720))
    budget = Budget(milliseconds)
    budget.spent(4e5, 0.01)
    spent = []
    for _ in range(60):
        plan = budget.plan(1280, 720, choices)
        searching, looking = area(list(plan.scales)) * 0.025 / 1e6, 0.09 if plan.scales[-1] > 0.7 else 0.005
        budget.spent(area(list(plan.scales)), searching, looking)
        spent.append((1000 * (searching + looking), plan.scales[-1]))
    later = spent[10:]
    assert all(finest > 0.35 for _, finest in later)
    assert np.mean([took for took, _ in later]) <= 1.05 * milliseconds
    assert np.mean([took for took, _ in later]) >= 0.3 * milliseconds


@given(
    st.floats(0.1, 1e4),
    st.floats(1, 10),
    st.floats(1e-4, 1),
    st.integers(1, 4000),
    st.integers(1, 4000),
)
def test_a_larger_budget_never_searches_less(
    small: float, factor: float, cost: float, width: int, height: int
) -> None:
    detector = Detector(Fake(cost))
    choices = list(detector.choices(width, height))
    less = knowing(small, cost).plan(width, height, choices)
    more = knowing(small * factor, cost).plan(width, height, choices)
    assert choices.index(list(more.scales)) <= choices.index(list(less.scales))
    assert more.fits >= less.fits
    for plan in (less, more):
        assert plan.fits == (plan.seconds <= (small if plan is less else small * factor) / 1000)
    dearer = knowing(small, 2 * cost).plan(width, height, choices)
    assert choices.index(list(dearer.scales)) >= choices.index(list(less.scales))


def test_a_budget_too_small_for_anything_takes_the_coarsest_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "fewpix")  # a command that ran before may have asked for quiet
    budget = knowing(0.5, 0.02)
    plan = budget.plan(1280, 720, CHOICES)
    assert plan.scales == (0.25,)
    assert not plan.fits
    (line,) = caplog.messages
    assert line == "1280 x 720 px are searched at the scales 0.25: about 1 ms, more than the budget of 0.5 ms"
    budget.plan(1280, 720, CHOICES)
    assert len(caplog.messages) == 1  # once, not for every frame


def test_the_scales_are_told_when_they_change(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "fewpix")
    budget = knowing(1000, 0.02)
    for _ in range(3):
        budget.plan(1280, 720, CHOICES)
    assert len(caplog.messages) == 1
    assert "at the scales 0.25, 0.5, 1, 3: about" in caplog.text
    for _ in range(20):
        budget.spent(1e6, 0.2)
    assert budget.plan(1280, 720, CHOICES).scales == (0.25, 0.5, 1.5)
    assert "at the scales 0.25, 0.5, 1.5: about" in caplog.text


def test_a_finer_search_must_fit_with_something_to_spare() -> None:
    """Else the frames of a video would be searched now finer, now coarser."""
    exact = area(CHOICES[1]) * 0.02 / 1e3
    budget = Budget(exact * 1.05)
    budget.spent(1e6, 0.0205)
    budget.spent(1e6, 0.0205)
    assert budget.plan(1280, 720, CHOICES).scales == tuple(CHOICES[1])
    budget.spent(1e6, 0.0305)
    assert budget.plan(1280, 720, CHOICES).scales == tuple(CHOICES[2])
    for _ in range(30):
        budget.spent(1e6, 0.02)
    assert budget.plan(1280, 720, CHOICES).scales == tuple(CHOICES[2])
    assert budget.plan(1279, 720, CHOICES).scales == tuple(CHOICES[1])  # another size is another matter
    for _ in range(30):
        budget.spent(1e6, 0.02 * RESERVE)
    assert budget.plan(1280, 720, CHOICES).scales == tuple(CHOICES[1])


def test_what_was_measured_lately_counts_most() -> None:
    budget = knowing(100, 10.0)
    for _ in range(60):
        budget.spent(1e6, 0.01)
    assert budget.plan(1000, 1000, [[1.0]]).seconds == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("milliseconds", [0, -5, float("nan"), float("inf")])
def test_a_budget_is_above_nothing(milliseconds: float) -> None:
    with pytest.raises(ConfigError, match="budget must be above 0"):
        Budget(milliseconds)
    with pytest.raises(ConfigError, match="budget must be above 0"):
        Detector(Fake(1), budget_ms=milliseconds)


@pytest.mark.parametrize("milliseconds", [3, 12, 40, 90, 500])
def test_a_detector_keeps_to_its_budget(milliseconds: float) -> None:
    """After a trial that tells what a pixel costs, at 20 ms a million."""
    network = Fake(0.02)
    detector = Detector(network, budget_ms=milliseconds, clock=network.clock)
    image = np.full((720, 1280, 3), 90, np.uint8)
    for trial in (2, 0, 0):
        before, passes = network.now, network.passes
        search = detector.search(image)
        spent = network.now - before - trial * 0.02 * 0.64**2
        assert network.passes > passes
        assert search.faces == ()
        assert search.fits
        assert spent <= milliseconds / 1000
        finer = [c for c in detector.choices(1280, 720) if c[-1] > search.scales[-1]]
        assert not finer or area(finer[-1]) * 0.02 / 1e3 > milliseconds
    assert detector.search(image).scales == search.scales


def test_without_a_budget_the_clock_is_not_looked_at_to_choose() -> None:
    network = Fake(50)
    search = Detector(network, clock=network.clock).search(np.full((720, 1280, 3), 90, np.uint8))
    assert search.scales == (0.25, 0.5, 1.0, 3.0)
    assert search.fits is None


def test_the_choices_end_at_the_coarsest_scale_alone() -> None:
    choices = list(Detector(Fake(1)).choices(1280, 720))
    assert choices[0][-2:] == [4 / 3, 4]
    assert all(finer[-1] > coarser[-1] for finer, coarser in pairwise(choices))
    areas = [area(choice) for choice in choices]
    assert areas == sorted(areas, reverse=True)
    assert len(choices[-1]) == 1
    assert 1280 * choices[-1][0] <= 320
    assert list(Detector(Fake(1)).choices(40, 30)) == [[4]]  # costs next to nothing
