"""Curves at few points, each an observed one, and histograms that count every score."""

from __future__ import annotations

import numpy as np
from oracles import tar_at_far

from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.evaluate.statistics.curves import (
    BINS,
    PER_DECADE,
    PLACES,
    Histograms,
    cmc,
    curve_targets,
    score_curve,
)
from fewpix.evaluate.statistics.replicates import replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores


def test_points_are_those_of_the_metric_and_end_where_impostors_do() -> None:
    rng = np.random.default_rng(0)
    same = np.arange(500) < 100
    scores = rng.normal(size=500) + 1.5 * same
    targets = curve_targets(400)
    assert len(targets) == 20  # 1/400 is 2.6 decades below 1
    assert min(targets) >= 1 / 400 > min(targets) * 10 ** (-1 / PER_DECADE)
    clusters = Clusters.of(np.arange(500))
    drawn = replicate_curves(scores, same, targets, clusters, replicates=100)
    curve = score_curve(SortedScores.of(scores, same), drawn.at)
    assert 10 < len(curve.points) <= len(targets)
    expected = {tar_at_far(scores, same, target).threshold: target for target in reversed(targets)}
    for point in curve.points:
        known = tar_at_far(scores, same, expected[point.threshold])
        assert (point.far, point.tar) == (known.far, known.tar)
        assert point.far == (scores[~same] >= point.threshold).mean()
        assert point.ci95.low <= point.tar <= point.ci95.high
    fars = [point.far for point in curve.points]
    assert fars == sorted(fars, reverse=True)
    assert min(fars) >= 1 / 400
    keys = curve.to_json("fpir", "tpir")
    assert list(keys) == ["fpir", "tpir", "tpir_ci95", "threshold"]


def test_a_curve_of_millions_is_as_short() -> None:
    assert len(curve_targets(10_000_000)) == 7 * PER_DECADE
    assert curve_targets(1) == ()


def test_histograms_count_every_score() -> None:
    mated, nonmated = np.array([-1.0, 0.0, 0.99, 1.0000001]), np.array([-2.0, 0.013, 0.012])
    found = Histograms.of(mated, nonmated).to_json()
    assert (len(found["mated"]), len(found["nonmated"])) == (BINS, BINS)
    assert (sum(found["mated"]), sum(found["nonmated"])) == (4, 3)
    assert (found["mated"][0], found["mated"][BINS // 2], found["mated"][-1]) == (1, 1, 2)
    assert (found["nonmated"][0], found["nonmated"][BINS // 2]) == (1, 2)


def test_the_curve_of_ranks_counts_places_and_ends_with_the_gallery() -> None:
    places = np.array([1, 1, 2, 8, 30, np.iinfo(np.int64).max])
    found = cmc(places, Clusters.of(np.arange(6)), 40, replicates=50)
    assert list(found.share) == [k for k in PLACES if k <= 40]
    assert found.share == {k: float((places <= k).mean()) for k in found.share}
    assert found.ci95[1].low < 1 / 3 < found.ci95[1].high
    assert list(cmc(np.array([1]), Clusters.of([0]), 1, replicates=5).share) == [1]
