"""Verification on a list of pairs, and two models compared on it."""

from __future__ import annotations

import numpy as np
import pytest
from fewpix.evaluate.verification import paired_difference, verify
from numpy.typing import NDArray
from oracles import tar_at_far

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.statistics.accuracy import fold_accuracy


def some_pairs(folds: int = 10, per_kind: int = 30, people: int = 200, seed: int = 0) -> PairList:
    """Three pictures per person; the pairs of a fold are drawn at random."""
    rng = np.random.default_rng(seed)
    number = folds * 2 * per_kind
    same = np.tile(np.repeat([True, False], per_kind), folds)
    a = rng.integers(people, size=number)
    b = np.where(same, a, (a + rng.integers(1, people, size=number)) % people)
    return PairList(
        tuple(f"P{n // 3:03d}/P{n // 3:03d}_{n % 3 + 1:04d}" for n in range(3 * people)),
        3 * a,
        3 * b + 1,
        same,
        np.repeat(np.arange(folds), 2 * per_kind),
    )


def scores_for(pairs: PairList, spread: float, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=len(pairs)) * spread + pairs.same


def test_the_figures_are_those_of_the_metrics() -> None:
    pairs = some_pairs()
    scores = scores_for(pairs, 0.4, 1)
    result = verify(scores, pairs, fars=(1e-2, 1e-1), replicates=200)
    assert result.accuracy == fold_accuracy(scores, pairs.same, pairs.folds).accuracy
    assert result.tar_at_far == {
        "1e-2": tar_at_far(scores, pairs.same, 1e-2).tar,
        "1e-1": tar_at_far(scores, pairs.same, 1e-1).tar,
    }
    assert result.accuracy_ci95.low < result.accuracy < result.accuracy_ci95.high
    for far, tar in result.tar_at_far.items():
        assert result.tar_at_far_ci95[far].low <= tar <= result.tar_at_far_ci95[far].high
    assert set(result.to_json()) == {
        "n_pairs",
        "accuracy",
        "accuracy_ci95",
        "tar_at_far",
        "tar_at_far_ci95",
    }
    assert "600 pairs" in str(result)


def test_uneven_folds_do_not_pull_the_interval_from_the_figure() -> None:
    """One fold is cut down to four pairs, all of them wrong: it still is a tenth of the accuracy."""
    pairs = some_pairs()
    small = np.flatnonzero(pairs.folds == 3)
    keep = np.ones(len(pairs), dtype=bool)
    keep[small[2:30]] = keep[small[32:]] = False
    pairs = pairs.only(keep)
    scores = np.where(pairs.folds == 3, 1.0 - pairs.same, pairs.same)
    result = verify(scores, pairs, replicates=500)
    assert result.accuracy == pytest.approx(0.9)
    assert result.accuracy_ci95.low <= 0.9 <= result.accuracy_ci95.high


def test_the_same_seed_gives_the_same_result() -> None:
    pairs = some_pairs()
    scores = scores_for(pairs, 0.5, 1)
    one, two, other = (verify(scores, pairs, replicates=100, seed=seed).to_json() for seed in (1, 1, 2))
    assert one == two
    assert one["accuracy"] == other["accuracy"]
    assert one["accuracy_ci95"] != other["accuracy_ci95"]


def test_a_paired_difference_is_sharper_than_two_intervals() -> None:
    """Both models fail on mostly the same pairs; the few where they differ decide."""
    pairs = some_pairs()
    common = scores_for(pairs, 0.45, 1)
    a = verify(common + 0.15 * pairs.same, pairs, replicates=500)
    b = verify(common, pairs, replicates=500)
    difference = paired_difference(a, b, replicates=500)
    assert difference.accuracy == pytest.approx(a.accuracy - b.accuracy)
    assert difference.ci95.excludes_zero()
    assert a.accuracy_ci95.low < b.accuracy_ci95.high  # side by side, the two intervals overlap
    assert str(difference).startswith("+")
    assert difference.to_json() == {"accuracy": difference.accuracy, "ci95": difference.ci95.to_json()}


def test_a_paired_difference_changes_its_sign_with_its_sides() -> None:
    pairs = some_pairs()
    a, b = (verify(scores_for(pairs, spread, 1), pairs, replicates=50) for spread in (0.4, 0.6))
    there, back = paired_difference(a, b, replicates=200), paired_difference(b, a, replicates=200)
    assert there.accuracy == -back.accuracy
    assert [there.ci95.low, there.ci95.high] == pytest.approx([-back.ci95.high, -back.ci95.low])
    none = paired_difference(a, a)
    assert (none.accuracy, none.ci95.low, none.ci95.high) == (0, 0, 0)


def test_equal_models_differ_by_nothing_in_95_of_100_cases() -> None:
    """The interval's promise, on 60 draws: 57 are expected, fewer than 52 come up once in 350 times."""
    covered = 0
    for seed in range(60):
        pairs = some_pairs(folds=4, per_kind=60, seed=seed)
        a, b = (verify(scores_for(pairs, 0.5, 100 * seed + n), pairs, replicates=10) for n in (1, 2))
        interval = paired_difference(a, b, replicates=200, seed=seed).ci95
        covered += interval.low <= 0 <= interval.high
    assert 52 <= covered <= 60


def test_different_pairs_are_not_compared() -> None:
    one, two = some_pairs(seed=0), some_pairs(seed=1)
    a, b = (verify(scores_for(pairs, 0.4, 1), pairs, replicates=20) for pairs in (one, two))
    with pytest.raises(InputError, match="same pairs"):
        paired_difference(a, b)
    again = verify(scores_for(one, 0.4, 1), some_pairs(seed=0), replicates=20)
    assert paired_difference(a, again, replicates=20).accuracy == 0
