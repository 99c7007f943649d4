"""What must hold for any scores whatever."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.evaluate.identification import identify
from fewpix.evaluate.statistics.accuracy import best_threshold, fold_accuracy
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval
from fewpix.evaluate.statistics.replicates import replicate_curves
from oracles import tar_at_far

Pairs = tuple[NDArray[np.float64], NDArray[np.bool_]]


@st.composite
def pairs(draw: st.DrawFn) -> Pairs:
    """2 to 40 scores, many of them tied, with both kinds present."""
    number = draw(st.integers(2, 40))
    steps = draw(st.lists(st.integers(-20, 20), min_size=number, max_size=number))
    same = draw(st.lists(st.booleans(), min_size=number, max_size=number))
    same[0], same[1] = True, False
    return np.array(steps) / 20, np.array(same)


@given(pairs(), st.floats(-2, 2))
def test_no_threshold_beats_the_best(data: Pairs, other: float) -> None:
    scores, same = data
    best = ((scores >= best_threshold(scores, same)) == same).sum()
    assert best >= ((scores >= other) == same).sum()


@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(data: Pairs, random: object) -> None:
    scores, same = data
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert best_threshold(scores, same) == best_threshold(scores[order], same[order])
    assert tar_at_far(scores, same, 0.1) == tar_at_far(scores[order], same[order], 0.1)


@given(pairs(), st.floats(0, 1), st.floats(0, 1))
def test_tar_rises_with_far(data: Pairs, a: float, b: float) -> None:
    low, high = (tar_at_far(*data, target) for target in sorted((a, b)))
    assert low.tar <= high.tar
    assert low.threshold >= high.threshold
    assert low.far <= min(a, b)


@given(pairs(), st.floats(0, 1))
def test_tar_depends_on_the_order_of_scores_only(data: Pairs, target: float) -> None:
    scores, same = data
    before, after = tar_at_far(scores, same, target), tar_at_far(np.exp(3 * scores) - 7, same, target)
    assert (before.tar, before.far) == (after.tar, after.far)


@given(pairs(), st.floats(0, 1))
def test_no_smaller_observed_score_would_do(data: Pairs, target: float) -> None:
    """The threshold is the smallest one that keeps the rate."""
    scores, same = data
    point = tar_at_far(scores, same, target)
    below = scores[scores < point.threshold]
    assert not len(below) or (scores[~same] >= below.max()).mean() > target


@given(pairs())
def test_better_scores_are_never_worse(data: Pairs) -> None:
    scores, same = data
    assert tar_at_far(scores + 0.3 * same, same, 0.1).tar >= tar_at_far(scores, same, 0.1).tar


@given(pairs())
def test_folds_of_a_perfect_model_are_perfect(data: Pairs) -> None:
    scores, same = np.tile(data[0], 2), np.tile(data[1], 2)
    folds = np.repeat([0, 1], len(data[0]))
    assert fold_accuracy(scores + 10 * same, same, folds).accuracy == 1


@settings(max_examples=30)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 6), st.integers(0, 100))
def test_an_interval_of_shares_lies_within_0_and_1(values: list[bool], people: int, seed: int) -> None:
    who = np.arange(len(values)) % people
    interval = mean_interval(np.array(values), Clusters.of(who), replicates=50, seed=seed)
    assert 0 <= interval.low <= interval.high <= 1


@settings(max_examples=30)
@given(pairs(), st.integers(0, 100))
def test_an_interval_of_tar_lies_within_0_and_1(data: Pairs, seed: int) -> None:
    scores, same = data
    who = np.arange(len(scores))
    clusters = Clusters.of(who, np.where(same, who, (who + 1) % len(who)))
    interval = replicate_curves(scores, same, (0.1,), clusters, replicates=50, seed=seed).tar_interval(0.1)
    assert 0 <= interval.low <= interval.high <= 1


@settings(max_examples=30)
@given(st.integers(2, 6), st.integers(1, 10), st.integers(0, 1000))
def test_rank_k_rises_with_k_and_ends_at_1(people: int, probes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gallery, rows = rng.normal(size=(people, 4)), rng.normal(size=(probes, 4))
    ranks = range(1, people + 1)
    result = identify(
        rows, rng.integers(people, size=probes), gallery, np.arange(people), ranks=ranks, replicates=20
    )
    curve = [result.cmc[k] for k in ranks]
    assert curve == sorted(curve)
    assert curve[-1] == 1
    assert curve[0] == result.rank1
