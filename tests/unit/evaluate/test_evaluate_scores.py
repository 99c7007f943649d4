"""Exact and bounded figures over many pairs, against a plain one, scikit-learn and slow references."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import det_curve, roc_auc_score, roc_curve

from fewpix.calibration import histogram as histogram_module
from fewpix.calibration.histogram import ScoreHistogram, cross_histogram
from fewpix.errors import InputError
from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts, too_few
from fewpix.evaluate.tasks import blockwise as scores_module
from fewpix.evaluate.tasks.blockwise import iter_scores, pair_scores
from oracles import tar_at_far

TARGETS = (0.0, 1e-6, 0.05, 0.1, 0.2, 0.25, 0.29, 1 / 3, 0.5, 0.9, 1.0)

# few values, so that ties between the two kinds are the rule; neighbours in float32; the ends of the range
VALUES = st.sampled_from(
    [-1.0, -0.5, 0.0, 0.25, 0.5, float(np.nextafter(np.float32(0.5), np.float32(1))), 0.75, 1.0]
)
SCORE = st.one_of(VALUES, st.floats(-1, 1, width=32))
PAIRS = st.tuples(st.lists(st.tuples(SCORE, st.booleans()), max_size=40), SCORE, SCORE).map(
    lambda parts: [*parts[0], (parts[1], True), (parts[2], False)]
)


def split(pairs: list[tuple[float, bool]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return np.array([s for s, _ in pairs], dtype=np.float32), np.array([m for _, m in pairs])


@given(PAIRS)
@example([(1.0, True), (1.0, False)])
@example([(1.0, False), (1.0, False), (0.0, True)])
def test_exact_figures_equal_those_of_the_plain_one(pairs: list[tuple[float, bool]]) -> None:
    scores, same = split(pairs)
    for values in (scores, scores.astype(np.float64)):
        found = SortedScores.of(values, same)
        impostors = int((~same).sum())
        for target in TARGETS:
            expected, at = tar_at_far(scores, same, target), found.threshold_at(target)
            assert (found.tar(at), found.far(at)) == (expected.tar, expected.far)
            few = target * impostors < 1 and target < 1 / impostors
            assert few == (allowed_accepts(target, impostors) == 0)
            if expected.threshold <= float(scores.max()):
                assert at == expected.threshold
            else:  # just above, in the scores' own precision
                assert not (values >= at).any()


@given(PAIRS)
@example([(1.0, True), (1.0, False)])
def test_the_curves_are_those_of_scikit_learn(pairs: list[tuple[float, bool]]) -> None:
    scores, same = split(pairs)
    found = SortedScores.of(scores, same)
    for far, tar, threshold in zip(*roc_curve(same, scores, drop_intermediate=False), strict=True):
        assert (found.far(threshold), found.tar(threshold)) == (pytest.approx(far), pytest.approx(tar))
    for far, frr, threshold in zip(*det_curve(same, scores), strict=True):
        assert (found.far(threshold), 1 - found.tar(threshold)) == (pytest.approx(far), pytest.approx(frr))
    assert found.auc() == pytest.approx(roc_auc_score(same, scores))


@given(PAIRS)
@example([(1.0, True), (1.0, False)])
@example([(0.0, True), (1.0, False)])
def test_the_equal_error_rate_is_where_the_two_are_closest(pairs: list[tuple[float, bool]]) -> None:
    scores, same = split(pairs)
    found = SortedScores.of(scores, same).eer()
    genuine, impostor = scores[same].tolist(), scores[~same].tolist()
    best = None
    for threshold in sorted({*scores.tolist(), 2.0}, reverse=True):
        accepted = sum(s >= threshold for s in impostor)
        rejected = sum(s < threshold for s in genuine)
        apart = abs(accepted * len(genuine) - rejected * len(impostor))
        if best is None or apart < best[0]:
            best = (apart, accepted / len(impostor), rejected / len(genuine))
    assert best is not None
    rate, at = found
    assert (np.mean(scores[~same] >= at), np.mean(scores[same] < at)) == best[1:]
    assert rate == (best[1] + best[2]) / 2


@given(PAIRS, st.sampled_from([2, 3, 8, 64, 1 << 12]))
@example([(1.0, True), (1.0, False)], 2)
@example([(-1.0, True), (1.0, False), (1.0, False)], 2)
def test_bounds_of_the_histogram_contain_the_exact_figures(
    pairs: list[tuple[float, bool]], bins: int
) -> None:
    scores, same = split(pairs)
    histogram, exact = ScoreHistogram(bins), SortedScores.of(scores, same)
    half = len(scores) // 2
    histogram.add(scores[:half], same[:half])
    histogram.add(scores[half:], same[half:])
    assert histogram.genuine.sum() == same.sum()
    assert histogram.impostor.sum() == (~same).sum()
    for target in TARGETS:
        bounds, at = histogram.tar_at_far(target), exact.threshold_at(target)
        assert bounds.impostors == len(exact.impostor)
        if not allowed_accepts(target, bounds.impostors):
            assert (bounds.tar, bounds.far, bounds.threshold) == (None, None, None)
            assert bounds.reason == too_few(bounds.impostors)
            continue
        assert bounds.tar is not None
        assert bounds.far is not None
        assert bounds.threshold is not None
        assert bounds.tar.low <= exact.tar(at) <= bounds.tar.high
        assert bounds.far.low <= exact.far(at) <= bounds.far.high <= target
        assert bounds.threshold.low - 1e-6 <= at <= bounds.threshold.high + 1e-6


def test_bounds_meet_where_bins_are_finer_than_the_scores() -> None:
    rng = np.random.default_rng(0)
    scores = (rng.integers(-100, 100, 5000) / 100).astype(np.float32)
    same = rng.random(5000) < 0.3
    histogram, exact = ScoreHistogram(1 << 16), SortedScores.of(scores, same)
    histogram.add(scores.reshape(50, 100), same.reshape(50, 100))
    coarse = ScoreHistogram(8)
    coarse.add(scores, same)
    for target in (1e-3, 1e-2, 0.1, 0.5):
        bounds, wide = histogram.tar_at_far(target), coarse.tar_at_far(target)
        assert bounds.tar is not None
        assert wide.tar is not None
        # a bin holds one distinct score: its genuine pairs pass or fail together, one bin apart at most
        assert exact.tar(exact.threshold_at(target)) in (bounds.tar.low, bounds.tar.high)
        assert wide.tar.low <= bounds.tar.low <= bounds.tar.high <= wide.tar.high
        assert not wide.exact
    separate = ScoreHistogram()
    separate.add(np.array([0.9, 0.8, 0.1, 0.2]), np.array([True, True, False, False]))
    assert separate.tar_at_far(0.5).exact
    assert separate.tar_at_far(0.5).to_json()["tar"] == [1.0, 1.0]


def test_what_was_kept_tells_why_a_rate_is_unresolved() -> None:
    scores = SortedScores.of(np.array([0.9, 0.1, 0.2, 0.3]), np.array([True, False, False, False]))
    assert (allowed_accepts(0.01, 3), allowed_accepts(0.34, 3)) == (0, 1)
    assert too_few(3) == "3 impostor pairs cannot show a false accept rate below 0.333"
    assert scores.tar(scores.threshold_at(0.34)) == 1.0
    assert scores.eer() == (0.0, 0.9)
    assert (scores.far(0.9), scores.tar(0.9)) == (0.0, 1.0)
    histogram = ScoreHistogram(4)
    histogram.add(np.array([0.9, 0.1, 0.2, 0.3]), np.array([True, False, False, False]))
    assert "unresolved: 3 impostor pairs" in str(histogram.tar_at_far(0.01))
    assert histogram.tar_at_far(0.01).to_json()["tar"] is None
    assert "TAR 100.0 to 100.0 % at FAR ≤ 3.4e-1" in str(histogram.tar_at_far(0.34))


def templates_of(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_scores_of_pairs_are_dot_products_whatever_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    templates = templates_of(30)
    first, second = rng.integers(0, 30, (2, 500)).astype(np.int32)
    same = first % 5 == second % 5
    whole = pair_scores(templates, first, second)
    np.testing.assert_allclose(whole, (templates @ templates.T)[first, second], atol=1e-6)
    for gathered, chunk in ((1, 3), (40, 64), (160, 7)):
        monkeypatch.setattr(scores_module, "_GATHERED", gathered)
        monkeypatch.setattr(scores_module, "_CHUNK", chunk)
        parts = list(iter_scores(templates, first, second))
        assert max(len(part) for part in parts) == chunk
        assert (np.concatenate(parts) == whole).all()
        sorted_ = SortedScores.of_blocks(iter(parts), same)
        assert (sorted_.genuine == np.sort(whole[same])).all()
        assert (sorted_.impostor == np.sort(whole[~same])).all()
    for target in (0.01, 0.1):
        assert sorted_.tar(sorted_.threshold_at(target)) == tar_at_far(whole, same, target).tar


@pytest.mark.parametrize(("rows", "columns"), [(256, 8192), (3, 5), (7, 2), (5, 5)])
def test_a_cross_product_is_counted_block_by_block(
    monkeypatch: pytest.MonkeyPatch, rows: int, columns: int
) -> None:
    monkeypatch.setattr(histogram_module, "_ROWS", rows)
    monkeypatch.setattr(histogram_module, "_COLUMNS", columns)
    left, right = templates_of(17), templates_of(11, seed=1)
    left_people = np.array([f"p{n % 4}" for n in range(17)])
    right_people = np.array([f"p{n % 6}" for n in range(11)])
    found = cross_histogram(left, left_people, right, right_people, bins=1 << 10)
    expected = ScoreHistogram(1 << 10)
    expected.add(left @ right.T, left_people[:, None] == right_people[None])
    assert abs(found.genuine - expected.genuine).sum() <= 2  # a score on an edge may round to either side
    assert (found.genuine.sum(), found.impostor.sum()) == (expected.genuine.sum(), expected.impostor.sum())

    alone = cross_histogram(left, left_people, bins=64)
    i, j = np.triu_indices(17, 1)
    mates = int((left_people[i] == left_people[j]).sum())
    assert (alone.genuine.sum(), alone.impostor.sum()) == (mates, 17 * 16 // 2 - mates)
    once = ScoreHistogram(64)
    once.add((left @ left.T)[i, j], left_people[i] == left_people[j])
    assert abs(alone.impostor - once.impostor).sum() <= 2


def test_what_has_no_figures_is_refused() -> None:
    same = np.array([True, False])
    for scores in ([0.1, np.nan], [np.inf, 0.1], [0.1, -np.inf], [np.nan, 0.1]):
        with pytest.raises(InputError, match="not a finite number"):
            SortedScores.of(np.array(scores), same)
    with pytest.raises(InputError, match="pairs of one person and pairs of two"):
        SortedScores.of(np.array([0.1, 0.2]), ~np.array([True, True]))
    with pytest.raises(InputError, match="two lists of one length"):
        SortedScores.of(np.array([0.1]), same)
    with pytest.raises(InputError, match="do not mix"):
        SortedScores(np.array([0.1], dtype=np.float32), np.array([0.1]))
    fine = SortedScores.of(np.array([0.1, 0.2]), same)
    for target in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="between 0 and 1"):
            fine.threshold_at(target)
    templates = templates_of(3)
    zero, one = np.array([0]), np.array([1])
    for bad in (-1, 3):
        with pytest.raises(InputError, match="not among the 3 templates"):
            pair_scores(templates, zero, np.array([bad]))
    with pytest.raises(InputError, match="do not fit"):
        pair_scores(templates, zero, np.array([0, 1]))
    with pytest.raises(InputError, match="embedding is not finite"):
        pair_scores(templates * np.float32(np.nan), zero, one)
    with pytest.raises(InputError, match="1 scores for 2 labels"):
        SortedScores.of_blocks(iter_scores(templates, zero, one), same)
    with pytest.raises(InputError, match="more scores than 1 labels"):
        SortedScores.of_blocks(iter_scores(templates, zero[[0, 0]], one[[0, 0]]), same[:1])
    with pytest.raises(InputError, match="pairs of one person and pairs of two"):
        SortedScores.of_blocks(iter_scores(templates, zero, one), same[:1])


def test_what_the_histogram_cannot_count_is_refused() -> None:
    histogram = ScoreHistogram(10)
    mixed = np.array([True, False])
    bad: list[Any] = [[0.1, np.nan], [0.1, 1.1], [-1.1, 0.1], [0.1, np.inf]]
    for scores in bad:
        with pytest.raises(InputError, match="not cosines"):
            histogram.add(np.array(scores), mixed)
    with pytest.raises(InputError, match="labels for"):
        histogram.add(np.array([0.1]), mixed)
    assert histogram.impostor.sum() == 0
    histogram.add(np.empty(0), np.empty(0, dtype=np.bool_))
    with pytest.raises(InputError, match="pairs of one person and pairs of two"):
        histogram.tar_at_far(0.1)
    histogram.add(np.array([1.0000002, -1.0000002]), mixed)  # rounding may carry a cosine beyond one
    assert (histogram.genuine[9], histogram.impostor[0]) == (1, 1)
    with pytest.raises(InputError, match="between 0 and 1"):
        histogram.tar_at_far(2)
    with pytest.raises(InputError, match="at least 2 bins"):
        ScoreHistogram(1)
    rows, people = templates_of(3), np.arange(3)
    with pytest.raises(InputError, match="do not fit"):
        cross_histogram(rows, people[:2])
    with pytest.raises(InputError, match="do not fit"):
        cross_histogram(rows, people, rows[:, :4], people)
    with pytest.raises(InputError, match="not cosines"):
        cross_histogram(rows * 2, people)
