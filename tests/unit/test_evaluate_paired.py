"""Differences of few answers: exact bounds against scipy's, and McNemar's test and the interval at one."""

from __future__ import annotations

import numpy as np
import pytest
from fewpix.evaluate.verification import accuracy_difference, verify
from scipy.stats import binomtest

from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.statistics.accuracy import fold_accuracy
from fewpix.evaluate.statistics.bootstrap import Clusters, Interval, mean_interval
from fewpix.evaluate.statistics.paired import FEW, mcnemar, paired_interval, share_bounds
from fewpix.evaluate.statistics.replicates import replicate_curves


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (0, 3), (3, 3), (2, 7), (11, 24), (23, 24)])
def test_bounds_of_a_share_are_clopper_and_pearsons(right: int, count: int) -> None:
    expected = binomtest(right, count).proportion_ci(0.95, "exact")
    assert share_bounds(right, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def answers(one: int, other: int, total: int = 600) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.ones((2, total), dtype=bool)
    second[:one] = False
    first[one : one + other] = False
    return first, second


@pytest.mark.parametrize(("one", "other"), [(1, 0), (3, 0), (5, 0), (6, 0), (0, 9), (2, 9), (1, 9), (12, 5)])
def test_few_answers_leave_out_zero_only_where_mcnemar_does(one: int, other: int) -> None:
    """Each answer of its own person, and the two people of a pair: both kinds of resampling."""
    first, second = answers(one, other)
    everybody = np.arange(600)
    for clusters in (Clusters.of(everybody), Clusters.of(everybody, (everybody + 1) % 600)):
        found = paired_interval(first, second, clusters, replicates=400)
        assert found.low <= (one - other) / 600 <= found.high
        assert not found.excludes_zero() or mcnemar(first, second).p < 0.05
        plain = mean_interval(first.astype(int) - second, clusters, replicates=400)
        assert found.low <= plain.low
        assert found.high >= plain.high
        if mcnemar(first, second).p < 0.01:
            assert found.excludes_zero()


def test_resampling_alone_calls_one_answer_of_many_a_difference() -> None:
    """What it is for: one pair of two people that only one model gets right, p 1."""
    first, second = answers(1, 0, 32)
    clusters = Clusters.of(np.arange(32), (np.arange(32) + 5) % 32)
    alone = mean_interval(first.astype(int) - second, clusters)
    assert alone.excludes_zero()
    found = paired_interval(first, second, clusters)
    assert found.low == pytest.approx(-0.95 / 32)
    assert found.high == max(alone.high, 1 / 32)


def test_many_answers_are_resampled_as_before() -> None:
    first, second = answers(FEW - 5, 5)
    clusters = Clusters.of(np.arange(600) // 2)
    found = paired_interval(first, second, clusters, replicates=100, seed=7)
    assert found == mean_interval(first.astype(int) - second, clusters, replicates=100, seed=7)
    assert paired_interval(first, first, clusters) == Interval(0.0, 0.0)


def test_folds_of_different_sizes_count_by_their_share() -> None:
    first, second = answers(3, 0, 60)
    folds = np.repeat([0, 1], [20, 40])
    names = tuple(f"p{n}/1" for n in range(60))
    same = np.arange(60) % 2 == 0
    pairs = PairList(names, np.arange(60), np.arange(60), same, folds)
    scores = np.where(same, 1.0, 0.0)
    one, other = (fold_accuracy(scores, same, folds) for _ in range(2))
    for found, right in ((one, first), (other, second)):
        object.__setattr__(found, "correct", right)
    change = accuracy_difference(one, other, pairs, replicates=50)
    assert change.ci95.low == pytest.approx((2 * 0.025 ** (1 / 3) - 1) * 3 / 40)  # three of the first fold


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
    assert drawn.tar_interval(0.4) == drawn.auc_interval() == drawn.eer_interval() == Interval(0.0, 1.0)


def test_a_rate_that_the_pairs_cannot_show_is_no_figure() -> None:
    rng = np.random.default_rng(0)
    same = np.arange(40) % 2 == 0
    people = np.arange(40)
    pairs = PairList(
        tuple(f"p{n:02d}/1" for n in range(40)),
        people,
        np.where(same, people, people[::-1]),
        same,
        people % 4,
    )
    found = verify(rng.normal(size=40) + same, pairs, fars=(1e-1, 1e-3), replicates=50)
    assert found.tar_at_far["1e-3"] is found.tar_at_far_ci95["1e-3"] is None
    assert found.tar_at_far["1e-1"] is not None
    assert "TAR at FAR 1e-3 not resolvable, 40 pairs" in str(found)
    assert found.to_json()["tar_at_far"]["1e-3"] is None
