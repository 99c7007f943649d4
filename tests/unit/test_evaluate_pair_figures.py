"""Figures of a list of pairs: exact where few pairs allow it, absent with the reason where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from fewpix.evaluate.pair_figures import ONE_FOLD, by_quality, pair_figures
from fewpix.evaluate.verification import verify
from oracles import tar_at_far

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PairList


def made(people: int = 40, folds: int = 4, seed: int = 0) -> tuple[np.ndarray, PairList]:
    """A pair of one person and a pair of two for every person, and scores that overlap."""
    rng = np.random.default_rng(seed)
    names = [f"p{n:02d}/p{n:02d}_{k:04d}" for n in range(people) for k in (1, 2)]
    first = np.repeat(2 * np.arange(people), 2)
    second = first + 1
    second[1::2] = (first[1::2] + 3) % (2 * people)
    same = np.arange(2 * people) % 2 == 0
    pairs = PairList(tuple(names), first, second, same, np.repeat(np.arange(folds), 2 * people // folds))
    return np.where(same, 0.6, 0.3) + rng.normal(0, 0.15, 2 * people), pairs


def test_the_figures_are_those_of_verify_and_of_the_metrics() -> None:
    scores, pairs = made()
    found = pair_figures(scores, pairs, fars=(0.1, 0.025, 0.01), replicates=200, seed=3)
    known = verify(scores, pairs, fars=(0.1, 0.025), replicates=200, seed=3)
    numbers = found.to_json()
    assert numbers["accuracy"] == known.accuracy
    assert numbers["accuracy_ci95"] == known.accuracy_ci95.to_json()
    assert {far: numbers["tar_at_far"][far] for far in ("1e-1", "2.5e-2")} == known.tar_at_far
    for far in ("1e-1", "2.5e-2"):
        assert numbers["tar_at_far_ci95"][far] == known.tar_at_far_ci95[far].to_json()
    assert numbers["threshold_at_far"]["1e-1"] == tar_at_far(scores, pairs.same, 0.1).threshold
    assert np.mean(numbers["accuracy_per_fold"]) == pytest.approx(numbers["accuracy"])
    genuine, impostor = scores[pairs.same], scores[~pairs.same]
    assert numbers["auc"] == pytest.approx((genuine[:, None] > impostor[None]).mean())
    assert 0 < numbers["eer"] < 0.5


def test_a_rate_below_one_in_the_impostors_is_absent_with_the_reason() -> None:
    scores, pairs = made()
    found = pair_figures(scores, pairs, fars=(0.025, 0.0249), replicates=20)
    numbers = found.to_json()
    assert numbers["tar_at_far"]["2.5e-2"] is not None
    for part in ("tar_at_far", "tar_at_far_ci95", "threshold_at_far"):
        assert numbers[part]["2.49e-2"] is None
    reason = "40 impostor pairs cannot show a false accept rate below 0.025"
    assert numbers["not_resolvable"] == {"2.49e-2": reason}
    assert f"TAR at FAR 2.49e-2 not resolvable: {reason}" in found.lines()


def test_one_fold_has_no_accuracy_and_says_so() -> None:
    scores, pairs = made(folds=1)
    qualities = np.linspace(0, 1, len(pairs.pictures))
    found = pair_figures(scores, pairs, qualities=qualities, replicates=20)
    numbers = found.to_json()
    assert numbers["accuracy"] is numbers["accuracy_ci95"] is numbers["accuracy_per_fold"] is None
    assert numbers["no_accuracy"] == ONE_FOLD
    assert numbers["accuracy_by_quality"] is None
    assert f"no accuracy: {ONE_FOLD}" in found.lines()
    assert pair_figures(scores, made()[1], replicates=20).to_json()["no_accuracy"] == ""


def test_thirds_are_of_the_worse_picture_and_leave_out_what_is_unknown() -> None:
    scores, pairs = made()
    qualities = np.random.default_rng(1).permutation(len(pairs.pictures)) / 100
    qualities[:2] = np.nan
    correct = (scores > 0.45) == pairs.same
    thirds = by_quality(correct, pairs, qualities, replicates=50)
    worse = np.array([qualities[[a, b]].min() for a, b in zip(pairs.first, pairs.second, strict=True)])
    assert [third.name for third in thirds] == ["worst", "middle", "best"]
    assert sum(third.n_pairs for third in thirds) == np.isfinite(worse).sum() < len(pairs)
    for third in thirds:
        low, high = third.quality
        part = (worse >= low) & (worse <= high)
        assert (third.n_pairs, third.n_same) == (part.sum(), (part & pairs.same).sum())
        assert third.accuracy == correct[part].mean()
        assert third.ci95 is not None
        assert third.ci95.low <= third.accuracy <= third.ci95.high
    assert thirds[0].quality[1] < thirds[1].quality[0] <= thirds[1].quality[1] < thirds[2].quality[0]
    figures = pair_figures(scores, pairs, qualities=qualities, replicates=50)
    assert len(figures.to_json()["accuracy_by_quality"]) == 3
    assert "by the worse picture's quality: worst " in figures.lines()[-1]


def test_equal_qualities_stay_together() -> None:
    scores, pairs = made()
    one = np.full(len(pairs.pictures), 0.5)
    (only,) = by_quality(scores > 0.45, pairs, one, replicates=20)
    assert (only.name, only.n_pairs, only.quality) == ("worst", len(pairs), (0.5, 0.5))
    assert by_quality(scores > 0.45, pairs, one * np.nan) == ()


def test_what_cannot_be_measured_is_refused() -> None:
    scores, pairs = made()
    with pytest.raises(InputError, match="not a finite number"):
        pair_figures(scores * np.nan, pairs)
    with pytest.raises(InputError, match="needs pairs of one person and pairs of two"):
        pair_figures(scores[pairs.same], pairs.only(pairs.same))
