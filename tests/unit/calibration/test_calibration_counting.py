"""Shares of scores that reach a threshold, against a count by hand; their intervals, against simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.calibration.counting import Block, tail, wilson
from fewpix.errors import InputError


def blocks(
    scores: NDArray[np.float32], left_out: NDArray[np.bool_] | None = None, rows: int = 7
) -> Callable[[], Iterator[Block]]:
    """The matrix in blocks of some rows."""
    mask = np.zeros(scores.shape, dtype=np.bool_) if left_out is None else left_out

    def made() -> Iterator[Block]:
        for first in range(0, len(scores), rows):
            yield Block(first, scores[first : first + rows], mask[first : first + rows])

    return made


def matrix(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    return rng.uniform(-0.5, 0.9, (rows, columns)).astype(np.float32)


def test_a_threshold_is_the_smallest_one_that_keeps_the_rate():
    scores = matrix(np.random.default_rng(0), 40, 25)
    targets = (0.5, 0.1, 0.01, 0.001)
    for point in tail(blocks(scores), np.arange(40), 25, targets):
        assert point.share == (scores >= np.float32(point.threshold)).mean() <= point.target
        assert (scores >= np.float32(point.threshold - 4e-6)).mean() >= point.share
        # one comparison more would be too many
        assert np.sort(scores, axis=None)[::-1][int(point.target * 1000)] < point.threshold


def test_what_is_left_out_is_in_neither_count():
    rng = np.random.default_rng(1)
    scores, mask = matrix(rng, 30, 20), rng.random((30, 20)) < 0.2
    (point,) = tail(blocks(scores, mask), np.arange(30), 20, [0.1])
    kept = scores[~mask]
    assert point.share == (kept >= np.float32(point.threshold)).mean()
    assert point.share > 0.09


def test_the_blocks_do_not_matter():
    scores = matrix(np.random.default_rng(2), 50, 10)
    people = np.arange(50) // 2
    assert tail(blocks(scores, rows=3), people, 10, [0.2, 0.02]) == tail(
        blocks(scores, rows=64), people, 10, [0.2, 0.02]
    )


def test_a_rate_that_the_scores_cannot_show_is_refused():
    with pytest.raises(InputError, match=r"100 comparisons cannot show a share of 0\.005"):
        tail(blocks(matrix(np.random.default_rng(3), 10, 10)), np.arange(10), 10, [0.005])


def test_pairs_that_share_nobody_are_independent():
    """One column, and a person of their own in each row: the interval is Wilson's for so many trials."""
    scores = matrix(np.random.default_rng(4), 200, 1)
    (point,) = tail(blocks(scores), np.arange(200), 1, [0.1])
    # the variance over 200 rows has 199 degrees of freedom
    assert point.ci95.low == pytest.approx(wilson(point.share, 199).low, rel=1e-9)
    assert point.ci95.high == pytest.approx(wilson(point.share, 199).high, rel=1e-9)


def test_more_pictures_of_the_same_people_make_nothing_surer():
    """Every probe ten times: the same shares, and the same interval, and not one a third as wide."""
    scores = matrix(np.random.default_rng(5), 60, 1)
    (once,) = tail(blocks(scores), np.arange(60), 1, [0.1])
    (often,) = tail(blocks(np.repeat(scores, 10, axis=0)), np.repeat(np.arange(60), 10), 1, [0.1])
    assert often.share == once.share
    assert often.ci95.low == pytest.approx(once.ci95.low, rel=0.02)
    assert often.ci95.high == pytest.approx(once.ci95.high, rel=0.02)
    (careless,) = tail(blocks(np.repeat(scores, 10, axis=0)), np.arange(600), 1, [0.1])
    assert careless.ci95.high - careless.ci95.low < 0.5 * (often.ci95.high - often.ci95.low)


def test_intervals_hold_the_true_rate_as_often_as_they_say():
    """Some probes and some people of the gallery are more like everybody else, so that pairs depend."""
    rng = np.random.default_rng(6)
    edge, held, width = 0.5, 0, []
    truth = 0.0
    draws = 300
    shares = []
    for _ in range(draws):
        scores = (
            0.14 * rng.normal(size=(80, 1)) + 0.1 * rng.normal(size=(1, 60)) + 0.2 * rng.normal(size=(80, 60))
        )
        share = float((scores >= edge).mean())
        shares.append(share)
    truth = float(np.mean(shares))
    rng = np.random.default_rng(7)
    for _ in range(draws):
        scores = (
            0.14 * rng.normal(size=(80, 1)) + 0.1 * rng.normal(size=(1, 60)) + 0.2 * rng.normal(size=(80, 60))
        )
        hits = int((scores >= edge).sum())
        # the rate that makes `tail` choose exactly this threshold
        found = np.clip(np.where(scores >= edge, 0.9, -0.9), -1, 1).astype(np.float32)
        (point,) = tail(blocks(found, rows=80), np.arange(80), 60, [max(hits, 1) / 4800])
        held += point.ci95.low <= truth <= point.ci95.high
        width.append(point.ci95.high - point.ci95.low)
    assert 0.9 <= held / draws <= 0.995
    naive = wilson(truth, 4800)
    assert np.mean(width) > 2 * (naive.high - naive.low)


def test_wilsons_interval_by_its_published_example():
    """Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, and 0 of 20."""
    found = wilson(81 / 263, 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0.0, 20).low == 0
    assert wilson(0.0, 20).high == pytest.approx(0.1611, abs=5e-5)
