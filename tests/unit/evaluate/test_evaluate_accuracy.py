"""Verification metrics against slow readable references and scikit-learn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from fewpix.errors import InputError
from fewpix.evaluate.statistics.accuracy import best_threshold, fold_accuracy
from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts, far_key
from oracles import tar_at_far


def draw(seed: int, pairs: int = 200, decimals: int = 3) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores with ties, genuine pairs higher on average."""
    rng = np.random.default_rng(seed)
    same = rng.random(pairs) < 0.5
    return np.round(rng.normal(size=pairs) * 0.3 + 0.4 * same, decimals), same


def right_answers(scores: list[float], same: list[bool], threshold: float) -> int:
    return sum((score >= threshold) == label for score, label in zip(scores, same, strict=True))


def slow_best_threshold(scores: list[float], same: list[bool]) -> float:
    levels = sorted(set(scores))
    candidates = [levels[0]]
    candidates += [(low + high) / 2 for low, high in itertools.pairwise(levels)]
    candidates.append(levels[-1] + 1)
    counts = [right_answers(scores, same, threshold) for threshold in candidates]
    best = [threshold for threshold, count in zip(candidates, counts, strict=True) if count == max(counts)]
    return best[(len(best) - 1) // 2]


def slow_tar(scores: list[float], same: list[bool], target: float) -> float:
    genuine = [s for s, label in zip(scores, same, strict=True) if label]
    impostor = [s for s, label in zip(scores, same, strict=True) if not label]
    for threshold in sorted(set(scores)):
        if sum(s >= threshold for s in impostor) / len(impostor) <= target:
            return sum(s >= threshold for s in genuine) / len(genuine)
    return 0.0


@pytest.mark.parametrize("decimals", [1, 3, 12])
def test_best_threshold_agrees_with_the_slow_reference(decimals: int) -> None:
    for seed in range(20):
        scores, same = draw(seed, 60, decimals)
        slow = slow_best_threshold(scores.tolist(), same.tolist())
        fast = best_threshold(scores, same)
        assert np.array_equal(scores >= fast, scores >= slow)
        assert slow > scores.max() or fast == pytest.approx(slow)


def test_best_threshold_lies_in_the_middle_of_the_gap() -> None:
    assert best_threshold(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])) == 0.5


def test_best_threshold_takes_the_lower_middle_of_a_tie() -> None:
    """Three thresholds are equally good: 0.15, 0.25 and 0.35; between two the lower one is taken."""
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    assert best_threshold(scores, np.array([False, True, False, True])) == pytest.approx(0.15)
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert best_threshold(scores, np.array([False, True, False, True, False, True])) == pytest.approx(0.35)


def test_best_threshold_can_accept_all_and_reject_all() -> None:
    scores = np.array([0.1, 0.2])
    assert best_threshold(scores, np.array([True, True])) == 0.1
    assert 0.2 < best_threshold(scores, np.array([False, False])) < 0.2000001


def test_best_threshold_separates_neighbouring_floats() -> None:
    low = 0.3
    high = float(np.nextafter(low, 1))
    assert best_threshold(np.array([low, high]), np.array([False, True])) == high


def test_fold_accuracy_agrees_with_the_slow_reference() -> None:
    for seed in range(10):
        scores, same = draw(seed, 80, 2)
        folds = np.arange(80) % 5
        accuracies = []
        for fold in range(5):
            train = [n for n in range(80) if folds[n] != fold]
            threshold = slow_best_threshold([scores[n] for n in train], [bool(same[n]) for n in train])
            test = [n for n in range(80) if folds[n] == fold]
            answers = right_answers([scores[n] for n in test], [bool(same[n]) for n in test], threshold)
            accuracies.append(answers / len(test))
        result = fold_accuracy(scores, same, folds)
        assert result.per_fold == pytest.approx(accuracies)
        assert result.accuracy == pytest.approx(np.mean(accuracies))
        assert result.correct.mean() == pytest.approx(result.accuracy)  # all folds have one size


def test_a_fold_never_sees_its_own_pairs() -> None:
    """The second fold's scores are shifted: its own best threshold would be right, the other's is not."""
    scores = np.array([0.1, 0.2, 0.8, 0.9, 1.1, 1.2, 1.8, 1.9])
    same = np.array([False, False, True, True] * 2)
    result = fold_accuracy(scores, same, np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    assert result.thresholds == (1.5, 0.5)
    assert result.per_fold == (0.5, 0.5)


def test_uneven_folds_count_the_same() -> None:
    scores = np.array([0.1, 0.9, 0.9, 0.1, 0.2, 0.8])
    same = np.array([False, True, False, True, False, True])
    result = fold_accuracy(scores, same, np.array([0, 0, 0, 0, 1, 1]))
    assert result.accuracy == pytest.approx(np.mean(result.per_fold))
    assert len(result.per_fold) == len(result.thresholds) == 2


@pytest.mark.parametrize("decimals", [1, 2, 12])
def test_tar_at_far_agrees_with_the_slow_reference_and_scikit_learn(decimals: int) -> None:
    for seed in range(20):
        scores, same = draw(seed, 150, decimals)
        fpr, tpr, _ = roc_curve(same, scores, drop_intermediate=False)
        for target in (0.0, 0.01, 0.05, 0.1, 0.3, 1.0):
            point = tar_at_far(scores, same, target)
            assert point.tar == slow_tar(scores.tolist(), same.tolist(), target)
            assert point.tar == pytest.approx(tpr[fpr <= target].max())
            assert point.far <= target
            assert point.far == (scores[~same] >= point.threshold).mean()


def test_tar_is_zero_where_an_impostor_scores_highest_and_none_may_pass() -> None:
    scores, same = np.array([0.9, 0.5, 0.1]), np.array([False, True, False])
    point = tar_at_far(scores, same, 1e-3)
    assert (point.tar, point.far) == (0.0, 0.0)
    assert point.threshold > 0.9
    assert SortedScores.of(scores, same).threshold_at(1e-3) == point.threshold


def test_a_tie_of_genuine_and_impostor_is_not_split() -> None:
    """Two impostors share the score 0.5 and one may pass: then neither does, nor the genuine pair at 0.5."""
    scores = np.array([0.5, 0.5, 0.1, 0.1, 0.5, 0.7])
    same = np.array([False, False, False, False, True, True])
    assert tar_at_far(scores, same, 0.25).tar == 0.5
    assert tar_at_far(scores, same, 0.5).tar == 1.0


@pytest.mark.parametrize(("target", "impostors", "count"), [(0.29, 100, 29), (1e-3, 3000, 3), (1e-3, 999, 0)])
def test_allowed_accepts_is_not_spoiled_by_rounding(target: float, impostors: int, count: int) -> None:
    assert allowed_accepts(target, impostors) == count


@pytest.mark.parametrize(
    ("target", "key"), [(1e-3, "1e-3"), (0.01, "1e-2"), (0.025, "2.5e-2"), (1e-10, "1e-10")]
)
def test_far_key(target: float, key: str) -> None:
    assert far_key(target) == key


@pytest.mark.parametrize(
    ("scores", "same", "match"),
    [
        ([], [], "one length"),
        ([0.1, 0.2], [True], "one length"),
        ([0.1, float("nan")], [True, False], "finite"),
    ],
)
def test_bad_scores_are_refused(scores: list[float], same: list[bool], match: str) -> None:
    with pytest.raises(InputError, match=match):
        best_threshold(np.array(scores), np.array(same, dtype=bool))


def test_one_fold_or_one_kind_is_refused() -> None:
    scores, same = draw(0)
    with pytest.raises(InputError, match="at least two folds"):
        fold_accuracy(scores, same, np.zeros(len(scores), dtype=np.int64))
    with pytest.raises(InputError, match="pairs of one person and pairs of two"):
        tar_at_far(scores, np.ones(len(scores), dtype=bool), 1e-3)
    with pytest.raises(InputError, match="between 0 and 1"):
        tar_at_far(scores, same, 1.5)
