"""Replicates of TAR, EER and AUC: each is the figure of the comparisons repeated as their weights say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.evaluate.statistics.bootstrap import Clusters, exact, percentiles
from fewpix.evaluate.statistics.replicates import CurveReplicates, replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores
from oracles import tar_at_far

TARGETS = (0.3, 0.05, 0.0)


def drawn(seed: int, digits: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], Clusters]:
    """Scores of pairs that share people, with ties where there are few digits."""
    rng = np.random.default_rng(seed)
    first = np.concatenate((np.arange(25), rng.integers(25, size=90)))
    second = np.concatenate((np.arange(25), (first[25:] + rng.integers(1, 25, size=90)) % 25))
    same = first == second
    return np.round(0.4 * rng.normal(size=115) + same, digits), same, Clusters.of(first, second)


@pytest.mark.parametrize(("seed", "digits"), [(0, 1), (1, 1), (2, 6)])
def test_a_replicate_is_the_figure_of_the_repeated_comparisons(seed: int, digits: int) -> None:
    scores, same, clusters = drawn(seed, digits)
    found = replicate_curves(scores, same, TARGETS, clusters, replicates=30, seed=4)
    strict = replicate_curves(scores, same, TARGETS, clusters, tie=0.0, replicates=30, seed=4)
    (weights,) = clusters.weights(30, seed=4)
    for n, row in enumerate(weights.astype(np.int64)):
        again, kinds = np.repeat(scores, row), np.repeat(same, row)
        ordered = SortedScores.of(again, kinds)
        for k, target in enumerate(TARGETS):
            assert found.tar[n, k] == tar_at_far(again, kinds, target).tar
        assert found.eer[n] == pytest.approx(ordered.eer()[0], abs=1e-12)
        assert found.auc[n] == pytest.approx(ordered.auc(), abs=1e-12)
        above = (again[kinds][:, None] > again[~kinds][None]).mean()
        assert strict.auc[n] == pytest.approx(above, abs=1e-12)
    assert found.tar_interval(0.05) == percentiles(found.tar[:, 1])
    assert found.interval(found.eer) == percentiles(found.eer)
    assert found.interval(found.auc) == percentiles(found.auc)


def test_intervals_hold_the_figures() -> None:
    scores, same, clusters = drawn(5, 6)
    found, ordered = replicate_curves(scores, same, (0.1,), clusters), SortedScores.of(scores, same)
    eer, auc = found.interval(found.eer), found.interval(found.auc)
    assert eer.low <= ordered.eer()[0] <= eer.high
    assert auc.low < ordered.auc() < auc.high
    assert auc.high - auc.low < 0.2


def test_perfect_scores_are_not_certain() -> None:
    scores, same, clusters = drawn(0, 6)
    found = replicate_curves(scores + 9 * same, same, (0.1,), clusters, replicates=50)
    assert found.interval(found.eer) == exact(False, 25)
    assert found.interval(found.auc) == exact(True, 25)
    assert found.tar_interval(0.1) == exact(True, 25)


def test_a_replicate_without_a_kind_counts_for_nothing() -> None:
    scores, same = np.array([0.9, 0.2, 0.3]), np.array([True, False, False])
    found = replicate_curves(scores, same, (0.5,), Clusters.of([0, 0, 1], [0, 1, 0]), replicates=200)
    empty = np.isnan(found.auc)
    assert 0 < empty.sum() < 200
    assert (np.isnan(found.eer) == empty).all()
    assert (np.isnan(found.tar[:, 0]) == empty).all()
    assert isinstance(found, CurveReplicates)
    assert found.interval(found.auc) == exact(True, 1)
