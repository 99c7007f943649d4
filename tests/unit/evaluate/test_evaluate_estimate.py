"""Values, intervals and differences of the three statistics; what cannot be said has a reason."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lib.open_search import identify_open
from fewpix.evaluate.identification import identify
from fewpix.evaluate.statistics import estimate as module
from fewpix.evaluate.statistics.bootstrap import Clusters, Interval, mean_interval
from fewpix.evaluate.statistics.estimate import (
    Draws,
    Estimate,
    Mean,
    OnCurve,
    Scored,
    change,
    estimates,
)
from fewpix.evaluate.statistics.paired import mcnemar
from fewpix.evaluate.statistics.replicates import replicate_curves
from oracles import tar_at_far

PEOPLE = np.arange(60) % 20
CLUSTERS = Clusters.of(PEOPLE, np.where(np.arange(60) % 2, PEOPLE, (PEOPLE + 1) % 20))
SAME = np.arange(60) % 2 == 1
HOW = Draws(80, 3)


def scored(seed: int = 0, targets: tuple[float, ...] = (0.2, 0.05), tie: float = 0.5) -> Scored:
    scores = np.random.default_rng(seed).normal(0, 0.4, 60) + SAME
    return Scored(scores, SAME, CLUSTERS, targets, tie)


def test_means_that_are_drawn_together_are_those_of_each() -> None:
    rng = np.random.default_rng(0)
    right, numbers, other = rng.random(60) < 0.7, rng.random(60), Clusters.of(PEOPLE)
    share = np.where(SAME, 2.0, 1.0) / 90
    asked = [
        Mean(right, CLUSTERS),
        Mean(numbers, CLUSTERS),
        Mean(~right, CLUSTERS, threshold=0.25),
        Estimate(0.5, None, 0.1, "no interval"),
        Mean(right, other),
        Mean(right, CLUSTERS, share, SAME),
        Mean(np.ones(60, dtype=np.bool_), CLUSTERS),
    ]
    found = estimates(asked, HOW)
    for one, given in zip(found, asked, strict=True):
        if isinstance(given, Estimate):
            assert one == given
            continue
        (alone,) = estimates([given], HOW)
        assert one == alone
        assert one.ci95 == mean_interval(
            given.values, given.clusters, share=given.share, strata=given.strata, replicates=80, seed=3
        )
        assert (one.threshold, one.reason) == (given.threshold, "")
    assert found[0].value == right.mean()
    assert found[5].value == pytest.approx((share * right).sum())


@pytest.mark.parametrize("tie", [0.0, 0.5])
def test_figures_of_a_curve_are_those_of_its_replicates(tie: float) -> None:
    curve = scored(tie=tie)
    rate, eer, auc = estimates(
        [OnCurve(curve, "rate", 0.2), OnCurve(curve, "eer"), OnCurve(curve, "auc")], HOW
    )
    drawn = replicate_curves(curve.scores, SAME, (0.2,), CLUSTERS, tie=tie, replicates=80, seed=3)
    point = tar_at_far(curve.scores, SAME, 0.2)
    assert (rate.value, rate.threshold, rate.ci95) == (point.tar, point.threshold, drawn.tar_interval(0.2))
    assert (eer.value, eer.threshold) == curve.ordered.eer()
    assert (eer.ci95, auc.ci95) == (drawn.interval(drawn.eer), drawn.interval(drawn.auc))
    assert (auc.value, auc.threshold) == (curve.ordered.auc(tie), None)


def test_a_curve_is_drawn_once_for_all_its_figures_and_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(*given: object, **how: object) -> object:
        drawn.append(1)
        return replicate_curves(*given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "replicate_curves", counted)
    one, other = scored(1), scored(2)
    for curve in (one, other):
        estimates([OnCurve(curve, "rate", 0.2), OnCurve(curve, "rate", 0.05), OnCurve(curve, "eer")], HOW)
        assert curve.drawn(HOW).tar.nbytes < 80 * 8 * 60  # R replicates at some dozens of rates
    first = change(OnCurve(one, "rate", 0.05), OnCurve(other, "rate", 0.05), HOW)
    assert len(drawn) == 2
    assert change(OnCurve(scored(1), "rate", 0.05), OnCurve(scored(2), "rate", 0.05), HOW) == first
    one.drawn(Draws(80, 4))
    assert len(drawn) == 5


def test_rates_that_are_drawn_together_are_those_of_each() -> None:
    together = {far: OnCurve(scored(), "rate", far).estimate(HOW) for far in (0.2, 0.05)}
    for far, found in together.items():
        assert OnCurve(scored(targets=(far,)), "rate", far).estimate(HOW) == found
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(60, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    people = np.arange(60) % 12
    probes, gallery = (rows[24:], people[24:]), (rows[:24], people[:24])
    closed = identify(*probes, *gallery, fars=(0.1, 0.01), replicates=40)
    for far in (0.1, 0.01):
        alone = identify(*probes, *gallery, fars=(far,), replicates=40)
        assert alone.tar_at_far_ci95.items() <= closed.tar_at_far_ci95.items()
    few = (rows[:6], people[:6])
    opened = identify_open(*probes, *few, fpirs=(0.3, 0.1), replicates=40)
    for fpir in (0.3, 0.1):
        one = identify_open(*probes, *few, fpirs=(fpir,), replicates=40)
        assert one.tpir_at_fpir_ci95.items() <= opened.tpir_at_fpir_ci95.items()


def test_too_few_people_leave_the_value_and_its_threshold_and_say_why() -> None:
    """A replicate of one draw of three people that are all needed hardly ever has all of them."""
    clusters = Clusters.of([0, 0, 1, 1], [0, 0, 2, 2])
    same, right = np.array([True, True, False, False]), np.array([True, False, True, False])
    how = next(Draws(1, seed) for seed in range(100) if not next(iter(clusters.weights(1, seed)))[0].all())
    curve = Scored(np.array([0.9, 0.4, 0.5, 0.1]), same, clusters, (0.5,))
    asked = [OnCurve(curve, "rate", 0.5), OnCurve(curve, "eer"), OnCurve(curve, "auc")]
    held = Mean(right, clusters, None, same, threshold=0.3)
    found = estimates([*asked, held], how)
    assert [one.value for one in found] == [1.0, curve.ordered.eer()[0], 0.75, 0.5]
    assert [one.threshold for one in found] == [0.4, curve.ordered.eer()[1], None, 0.3]
    assert {one.ci95 for one in found} == {None}
    assert {one.reason for one in found} == {"too few people for a confidence interval"}
    assert change(asked[0], asked[0], how) is None
    numbers = [Mean(answers * 0.5, clusters, None, same) for answers in (right, ~right)]
    assert change(numbers[0], numbers[1], how) is None


def test_a_change_of_answers_has_mcnemars_test_and_one_of_numbers_has_none() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.random(60) < 0.9, rng.random(60) < 0.5
    found = change(Mean(one, CLUSTERS), Mean(other, CLUSTERS), HOW)
    assert found is not None
    difference, test = found
    assert difference.value == one.mean() - other.mean()
    assert test == mcnemar(one, other)
    assert difference.ci95 is not None
    assert difference.ci95.low < difference.value < difference.ci95.high
    numbers = change(Mean(one * 0.5, CLUSTERS), Mean(other * 0.5, CLUSTERS), HOW)
    assert numbers is not None
    assert numbers[1] is None
    assert numbers[0].value == pytest.approx(difference.value / 2)


def test_a_model_does_not_differ_from_itself() -> None:
    for one in (
        Mean(SAME, CLUSTERS),
        Mean(SAME * 0.5, CLUSTERS),
        OnCurve(scored(), "eer"),
        OnCurve(scored(), "auc"),
    ):
        found = change(one, one, HOW)
        assert found is not None
        assert found[0] == Estimate(0.0, Interval(0.0, 0.0))
        assert found[1] in (None, (0, 0, 1.0))


def test_statistics_of_two_kinds_have_no_difference() -> None:
    mean, on_curve, plain = Mean(SAME, CLUSTERS), OnCurve(scored(), "auc"), Estimate(0.5)
    for one, other in ((mean, on_curve), (on_curve, mean), (plain, plain), (plain, mean)):
        assert change(one, other, HOW) is None
