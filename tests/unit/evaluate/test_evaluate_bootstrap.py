"""Confidence intervals: the weights, their variance, and what is done where resampling says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.statistics.bootstrap import (
    Clusters,
    Interval,
    exact,
    mean_interval,
    mean_intervals,
    percentiles,
)
from fewpix.evaluate.statistics.replicates import replicate_curves
from oracles import tar_at_far


def test_labels_become_numbers() -> None:
    clusters = Clusters.of(["ann", "bob", "ann"], ["ann", "cid", "bob"])
    assert clusters.people == 3
    assert clusters.first.tolist() == [0, 1, 0]
    assert clusters.second.tolist() == [0, 2, 1]
    with pytest.raises(InputError, match="one length"):
        Clusters.of(["ann"], ["ann", "bob"])


def test_weights_are_products_of_how_often_each_person_was_drawn() -> None:
    clusters = Clusters.of([0, 1, 2, 0], [0, 1, 2, 1])
    (weights,) = clusters.weights(500, seed=1)
    assert weights.shape == (500, 4)
    assert (weights[:, :3].sum(axis=1) == 3).all()  # three people are drawn from three
    assert (weights[:, 3] == weights[:, 0] * weights[:, 1]).all()


def test_draws_depend_on_people_and_seed_only() -> None:
    one = np.concatenate(list(Clusters.of(np.arange(50)).weights(30, seed=3)))
    many = np.concatenate(list(Clusters.of(np.repeat(np.arange(50), 4)).weights(30, seed=3)))
    assert np.array_equal(np.repeat(one, 4, axis=1), many)
    other = np.concatenate(list(Clusters.of(np.arange(50)).weights(30, seed=4)))
    assert not np.array_equal(one, other)


def test_blocks_hold_at_most_32_megabytes() -> None:
    clusters = Clusters.of(np.arange(100_000))
    blocks = [block.shape for block in clusters.weights(100, seed=0)]
    assert sum(rows for rows, _ in blocks) == 100
    assert max(rows * columns for rows, columns in blocks) * 8 <= 32_000_000


def test_independent_answers_give_the_binomial_interval() -> None:
    values = np.random.default_rng(0).random(2000) < 0.9
    interval = mean_interval(values, Clusters.of(np.arange(2000)), seed=1)
    half = 1.96 * (0.9 * 0.1 / 2000) ** 0.5
    assert interval.low < values.mean() < interval.high
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.1)


def test_pairs_of_two_people_that_share_nobody_give_the_binomial_interval_too() -> None:
    """The product of two people's numbers alone would make it 1.7 times as wide."""
    values = np.random.default_rng(0).random(2000) < 0.9
    clusters = Clusters.of(np.arange(2000), np.arange(2000, 4000))
    interval = mean_interval(values, clusters, seed=1)
    assert (interval.high - interval.low) / 2 == pytest.approx(1.96 * (0.9 * 0.1 / 2000) ** 0.5, rel=0.1)


def test_repeating_every_answer_tightens_nothing() -> None:
    """Ten pictures of each person that are all right or all wrong are one observation, not ten."""
    values = np.random.default_rng(2).random(200) < 0.8
    once = mean_interval(values, Clusters.of(np.arange(200)))
    ten = mean_interval(np.repeat(values, 10), Clusters.of(np.repeat(np.arange(200), 10)))
    assert ten.to_json() == pytest.approx(once.to_json())


def slow_variance(
    residuals: NDArray[np.float64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> float:
    """The sum over all couples of comparisons that share at least one person."""
    total = 0.0
    for p in range(len(residuals)):
        for q in range(len(residuals)):
            if {int(first[p]), int(second[p])} & {int(first[q]), int(second[q])}:
                total += residuals[p] * residuals[q]
    return total


def test_the_variance_is_that_robust_to_shared_people() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.integers(60, size=150), rng.integers(60, size=150)
    effect = rng.normal(size=60)
    values = (effect[first] + effect[second] + rng.normal(size=150) > -1).astype(np.float64)
    residuals = (values - values.mean()) / len(values)
    interval = mean_interval(values, Clusters.of(first, second), replicates=20_000)
    expected = 1.96 * slow_variance(residuals, first, second) ** 0.5
    assert (interval.high - interval.low) / 2 == pytest.approx(expected, rel=0.08)


def test_kinds_keep_their_proportion() -> None:
    """All genuine pairs are wrong, all impostors right: a mean over both is 1/2 in every replicate."""
    values = np.repeat([0.0, 1.0], 50)
    interval = mean_interval(values, Clusters.of(np.arange(100)), strata=np.repeat([True, False], 50))
    assert interval.to_json() == pytest.approx([0.5, 0.5])


def test_shares_weigh_the_values() -> None:
    values = np.array([1.0] * 50 + [0.0] * 50)
    share = np.array([0.9 / 50] * 50 + [0.1 / 50] * 50)
    interval = mean_interval(values, Clusters.of(np.arange(100)), share=share)
    assert interval.low < 0.9 < interval.high


def test_all_right_is_not_certain() -> None:
    """Clopper and Pearson's bound for 20 people, as in tables: 0.8316."""
    assert exact(True, 20).low == pytest.approx(0.8316, abs=1e-4)
    clusters = Clusters.of(np.repeat(np.arange(20), 5))
    assert mean_interval(np.ones(100, dtype=bool), clusters).to_json() == pytest.approx([0.8316, 1], abs=1e-4)
    assert mean_interval(np.zeros(100, dtype=bool), clusters).to_json() == pytest.approx(
        [0, 0.1684], abs=1e-4
    )
    # no difference between two models is a difference of exactly 0
    assert mean_interval(np.zeros(100, dtype=np.int64), clusters) == Interval(0.0, 0.0)


def scores_of_people(seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.bool_], Clusters]:
    rng = np.random.default_rng(seed)
    first = np.concatenate((np.arange(100), rng.integers(100, size=400)))
    second = np.concatenate((np.arange(100), (first[100:] + rng.integers(1, 100, size=400)) % 100))
    same = first == second
    return np.round(rng.normal(size=500) + 2 * same, 2), same, Clusters.of(first, second)


def test_the_interval_of_tar_holds_the_tar() -> None:
    scores, same, clusters = scores_of_people()
    for target in (0.01, 0.1):
        interval = replicate_curves(scores, same, (target,), clusters, replicates=500).tar_interval(target)
        assert interval.low < tar_at_far(scores, same, target).tar < interval.high


def test_a_replicate_of_tar_is_the_tar_of_the_repeated_pairs() -> None:
    """Repeating each pair as often as its weight says must give the replicate's TAR, ties included."""
    scores, same, clusters = scores_of_people(1)
    scores = np.round(scores, 1)
    (weights,) = clusters.weights(40, seed=9)
    slow = []
    for row in weights.astype(np.int64):
        slow.append(tar_at_far(np.repeat(scores, row), np.repeat(same, row), 0.02).tar)
    interval = replicate_curves(scores, same, (0.02,), clusters, replicates=40, seed=9).tar_interval(0.02)
    assert interval == percentiles(np.array(slow))


def test_perfect_separation_is_not_certain_either() -> None:
    scores, same, clusters = scores_of_people()
    for shift, right in ((100, True), (-100, False)):
        drawn = replicate_curves(scores + shift * same, same, (0.01,), clusters, replicates=50)
        assert drawn.tar_interval(0.01) == exact(right, 100)


def test_several_means_are_drawn_once_and_are_those_of_each() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 12, (2, 90))
    clusters, strata = Clusters.of(first, second), rng.integers(0, 2, 90)
    share = rng.random(90)
    values = rng.random((90, 3)) < (0.3, 0.7, 2.0)  # the last is always right
    found = mean_intervals(values, clusters, share=share, strata=strata, replicates=60, seed=5)
    for one, column in zip(found, values.T, strict=True):
        alone = mean_interval(column, clusters, share=share, strata=strata, replicates=60, seed=5)
        assert (one.low, one.high) == pytest.approx((alone.low, alone.high), abs=1e-12)
    assert found[2] == exact(True, 12)
    assert mean_intervals(values[:, :0], clusters) == []
    with pytest.raises(InputError, match=r"\(89,\) values for \(90,\) comparisons"):
        mean_intervals(values[1:], clusters)


def test_replicates_without_a_kind_are_left_out() -> None:
    """Two people: one replicate in four draws only the person without a genuine pair."""
    scores = np.array([0.9, 0.2, 0.3, 0.1])
    same = np.array([True, False, False, False])
    interval = replicate_curves(
        scores, same, (0.0,), Clusters.of([0, 0, 0, 1], [0, 1, 1, 0]), replicates=100
    ).tar_interval(0.0)
    assert interval.high == 1.0
    with pytest.raises(InputError, match="too few people"):
        percentiles(np.array([np.nan, np.nan]))


def test_an_interval_reads_in_percent() -> None:
    assert str(Interval(0.912, 0.9361)) == "91.2 to 93.6"
