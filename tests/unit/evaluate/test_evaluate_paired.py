"""Two models' right and wrong answers: McNemar's test against its formula, exact bounds against scipy's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from fewpix.evaluate.result.words import p_text
from fewpix.evaluate.statistics.bootstrap import Clusters, Interval, mean_interval
from fewpix.evaluate.statistics.estimate import Draws, Mean
from fewpix.evaluate.statistics.paired import FEW, mcnemar, paired_interval, share_bounds
from fewpix.evaluate.statistics.replicates import replicate_curves


def answers(both: int, one: int, other: int, neither: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The one that only the first model got right come first, then those that only the second did."""
    kinds = [(True, False)] * one + [(False, True)] * other + [(True, True)] * both
    table = np.array(kinds + [(False, False)] * neither)
    return table[:, 0], table[:, 1]


@pytest.mark.parametrize(
    ("one", "other"), [(0, 0), (1, 0), (0, 7), (5, 5), (3, 14), (40, 22), (700, 800), (4000, 4001)]
)
def test_mcnemar_is_the_binomial_test_of_discordant_answers(one: int, other: int) -> None:
    found = mcnemar(*answers(9, one, other, 4))
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert found[:2] == (one, other)
    assert found[2] == pytest.approx(expected, rel=1e-9)


def test_mcnemar_counts_all_outcomes_of_few_coins() -> None:
    """Seven coins, two of one side: outcomes as far from even, counted one by one."""
    heads = [sum(coins) for coins in itertools.product((0, 1), repeat=7)]
    far = np.mean([abs(2 * h - 7) >= abs(2 * 2 - 7) for h in heads])
    assert mcnemar(*answers(0, 2, 5))[2] == pytest.approx(far)


def test_a_small_p_is_not_called_nothing() -> None:
    assert (p_text(0.0412), p_text(0.001), p_text(1e-9)) == ("0.041", "0.001", "below 0.001")


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (0, 3), (3, 3), (2, 7), (11, 24), (23, 24)])
def test_bounds_of_a_share_are_clopper_and_pearsons(right: int, count: int) -> None:
    expected = binomtest(right, count).proportion_ci(0.95, "exact")
    assert share_bounds(right, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("one", "other"), [(1, 0), (3, 0), (5, 0), (6, 0), (0, 9), (2, 9), (1, 9), (12, 5)])
def test_few_answers_leave_out_zero_only_where_mcnemar_does(one: int, other: int) -> None:
    """Each answer of its own person, and the two people of a pair: both kinds of resampling."""
    first, second = answers(600 - one - other, one, other)
    everybody = np.arange(600)
    for clusters in (Clusters.of(everybody), Clusters.of(everybody, (everybody + 1) % 600)):
        found = paired_interval(first, second, clusters, replicates=400)
        assert found.low <= (one - other) / 600 <= found.high
        assert found.low <= 0 <= found.high or mcnemar(first, second)[2] < 0.05
        plain = mean_interval(first.astype(int) - second, clusters, replicates=400)
        assert found.low <= plain.low
        assert found.high >= plain.high
        if mcnemar(first, second)[2] < 0.01:
            assert not found.low <= 0 <= found.high


def test_resampling_alone_calls_one_answer_of_many_a_difference() -> None:
    """What it is for: one pair of two people that only one model gets right, p 1."""
    first, second = answers(31, 1, 0)
    clusters = Clusters.of(np.arange(32), (np.arange(32) + 5) % 32)
    alone = mean_interval(first.astype(int) - second, clusters)
    assert not alone.low <= 0 <= alone.high
    found = paired_interval(first, second, clusters)
    assert found.low == pytest.approx(-0.95 / 32)
    assert found.high == max(alone.high, 1 / 32)


def test_many_answers_are_resampled_as_before() -> None:
    first, second = answers(600 - FEW, FEW - 5, 5)
    clusters = Clusters.of(np.arange(600) // 2)
    found = paired_interval(first, second, clusters, replicates=100, seed=7)
    assert found == mean_interval(first.astype(int) - second, clusters, replicates=100, seed=7)
    assert paired_interval(first, first, clusters) == Interval(0.0, 0.0)


def test_folds_of_different_sizes_count_by_their_share() -> None:
    first, second = answers(57, 3, 0)  # three of the first fold
    size = np.repeat([20, 40], [20, 40])
    share, clusters = 1 / (2 * size), Clusters.of(np.arange(60))
    one, other = (Mean(right, clusters, share, np.arange(60) % 2 == 0) for right in (first, second))
    change, _ = one.minus(other, Draws(50))
    assert change.ci95 is not None
    assert change.value == pytest.approx(3 / 40)
    assert change.ci95.low == pytest.approx((2 * 0.025 ** (1 / 3) - 1) * 3 / 40)


def test_one_person_alone_says_nothing() -> None:
    """Replicates of one person are all the same, and an interval of no width would be a certainty."""
    alone = Clusters.of([4] * 5)
    right = np.array([True, True, False, True, False])
    assert mean_interval(right, alone) == Interval(0.0, 1.0)
    assert mean_interval(right.astype(int) - 1, alone) == Interval(-1.0, 1.0)
    assert paired_interval(right, ~right, alone) == Interval(-1.0, 1.0)
    assert mean_interval(right, Clusters.of([1, 1, 2, 2, 2])).low == pytest.approx(1 / 3)
    scores, same = np.array([0.9, 0.4, 0.5, 0.3, 0.1]), np.array([True, True, False, False, False])
    drawn = replicate_curves(scores, same, (0.4,), Clusters.of([0, 0, 1, 2, 3]), replicates=50)
    every = (drawn.tars(0.4), drawn.auc, drawn.eer)
    assert {drawn.interval(values) for values in every} == {Interval(0.0, 1.0)}
