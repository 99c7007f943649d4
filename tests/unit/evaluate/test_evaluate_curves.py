"""Curves at few points, each an observed one, and histograms that count every score."""

from __future__ import annotations

import numpy as np

from fewpix.evaluate.benchmark import Asked, Pairs
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval
from fewpix.evaluate.statistics.replicates import replicate_curves
from fewpix.evaluate.statistics.scores import PER_DECADE, curve_targets
from fewpix.evaluate.tasks.blockwise import Searched
from fewpix.evaluate.tasks.outcomes import BINS, histogram_of
from fewpix.evaluate.tasks.search import PLACES, SearchOutcomes
from made_outcomes import cell_of, pair_outcomes
from oracles import tar_at_far


def test_points_are_those_of_the_metric_and_end_where_impostors_do() -> None:
    rng = np.random.default_rng(0)
    same, people = np.arange(500) < 100, np.arange(500)
    scores = rng.normal(size=500) + 1.5 * same
    targets = curve_targets(400)
    assert len(targets) == 20  # 1/400 is 2.6 decades below 1
    assert min(targets) >= 1 / 400 > min(targets) * 10 ** (-1 / PER_DECADE)
    curve = cell_of(pair_outcomes(scores, Pairs(people, people, same), people), 100).curve
    assert curve is not None
    assert 10 < len(curve.x) <= len(targets)
    drawn = replicate_curves(scores, same, targets, Clusters.of(people), replicates=100)
    expected = {tar_at_far(scores, same, target).threshold: target for target in reversed(targets)}
    for far, tar, ci95, threshold in zip(curve.x, curve.y, curve.ci95, curve.threshold, strict=True):
        known = tar_at_far(scores, same, expected[threshold])
        assert (far, tar) == (known.far, known.tar)
        assert far == (scores[~same] >= threshold).mean()
        assert ci95 == drawn.tar_interval(expected[threshold]).ends
        assert ci95[0] <= tar <= ci95[1]
    assert curve.x == sorted(curve.x, reverse=True)
    assert min(curve.x) >= 1 / 400


def test_a_curve_of_millions_is_as_short() -> None:
    assert len(curve_targets(10_000_000)) == 7 * PER_DECADE
    assert curve_targets(1) == ()


def test_histograms_count_every_score() -> None:
    mated, nonmated = np.array([-1.0, 0.0, 0.99, 1.0000001]), np.array([-2.0, 0.013, 0.012])
    found = histogram_of(mated, nonmated)
    assert (len(found.mated), len(found.nonmated)) == (BINS, BINS)
    assert (sum(found.mated), sum(found.nonmated)) == (4, 3)
    assert (found.mated[0], found.mated[BINS // 2], found.mated[-1]) == (1, 1, 2)
    assert (found.nonmated[0], found.nonmated[BINS // 2]) == (1, 2)


def ranked(places: list[int], rows: int) -> SearchOutcomes:
    """A closed search of probes of one person each."""
    count, mated = np.array(places), np.ones(len(places), dtype=np.bool_)
    scores = np.full(len(places), 0.5, dtype=np.float32)
    searched = Searched(rows, mated, scores, scores, scores, count, count, None)
    people = np.arange(len(places), dtype=np.int32)
    return SearchOutcomes(searched, tuple(map(str, people)), people, rows, Asked())


def test_the_curve_of_ranks_counts_places_and_ends_with_the_gallery() -> None:
    places = [1, 1, 2, 8, 30, np.iinfo(np.int64).max]
    curve = cell_of(ranked(places, 40), 50).ranks
    assert curve is not None
    assert curve.x == [k for k in PLACES if k <= 40]
    assert curve.threshold == []
    clusters = Clusters.of(np.arange(6))
    for k, share, ci95 in zip(curve.x, curve.y, curve.ci95, strict=True):
        right = np.array(places) <= k
        assert share == right.mean()
        assert ci95 == mean_interval(right, clusters, replicates=50).ends
    assert [k for k, _ in ranked([1], 1).ranks()] == [1]
