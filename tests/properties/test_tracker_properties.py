"""Tracks: ids stay with faces whose ways do not cross, over short gaps, and end after the stated one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from fewpix.errors import ConfigError
from fewpix.video.assign import assign
from fewpix.video.tracker import Tracker


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 9), st.floats(0, 0.9))
@settings(max_examples=150)
def test_the_cheapest_pairing_is_that_of_scipy(seed: int, rows: int, columns: int, impossible: float):
    rng = np.random.default_rng(seed)
    cost = rng.normal(size=(rows, columns)) * 5
    cost[rng.random(cost.shape) < impossible] = np.inf
    pairs = assign(cost, 3.0)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(cost[pair] <= 3.0 for pair in pairs)
    full = np.concatenate([np.where(cost > 3, 1e6, cost), np.where(np.eye(rows) > 0, 3.0, 1e6)], axis=1)
    best = full[linear_sum_assignment(full)].sum()
    assert sum(cost[pair] for pair in pairs) + 3.0 * (rows - len(pairs)) == pytest.approx(best)


def box(centre: NDArray[np.float64], side: float) -> NDArray[np.float64]:
    return np.array([centre[0] - side / 2, centre[1] - side / 2, side, side])


@st.composite
def walks(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """(frames, faces, 2) centres, sides, and seconds from frame to frame.

    Faces walk in lanes, up or down the picture, by up to three times their side from frame to frame, so that
    their boxes do not overlap; no two come nearer to each other than they move in two frames, nor than three
    sides.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, frames = draw(st.integers(1, 8)), draw(st.integers(3, 40))
    interval = draw(st.sampled_from([0.04, 0.1, 0.2]))
    sides = rng.uniform(8, 20, count)
    fastest = draw(st.floats(0, 3))
    lane = 20 * max(3.0, 2.5 * fastest)
    lanes = rng.permutation(count) * lane
    start = np.stack([lanes, rng.uniform(0, 1000, count)], axis=1)
    speed = rng.uniform(-fastest, fastest, count) * sides
    wobble = rng.normal(0, 0.06, (frames, count, 2)) * sides[:, None]
    steps = np.arange(frames)[:, None]
    centres = np.broadcast_to(start, (frames, count, 2)).copy()
    centres[:, :, 1] += steps * speed
    return centres + wobble, sides, interval


@given(walks(), st.integers(0, 2**32 - 1))
def test_ids_never_swap_where_ways_do_not_cross(walk, seed: int):
    centres, sides, interval = walk
    rng, tracker = np.random.default_rng(seed), Tracker()
    first: tuple[int | None, ...] = ()
    for frame, at in enumerate(centres):
        order = rng.permutation(len(sides))
        sizes = sides * np.exp(rng.normal(0, 0.05, len(sides)))
        boxes = np.array([box(at[n], sizes[n]) for n in order])
        step = tracker.step(boxes, [0.9] * len(order), frame * interval)
        ids = tuple(step.ids[int(np.flatnonzero(order == n)[0])] for n in range(len(sides)))
        first = first or ids
        assert ids == first
        assert step.ended == ()
    assert sorted(tracker.finish()) == sorted(n for n in first if n is not None)


@given(walks(), st.integers(0, 2**32 - 1))
def test_ids_survive_short_gaps(walk, seed: int):
    """From the fourth frame on any face may be missed, for up to three frames in a row."""
    centres, sides, interval = walk
    rng, tracker = np.random.default_rng(seed), Tracker(gap=4.5 * interval)
    away = np.zeros(len(sides), dtype=int)
    first: dict[int, int | None] = {}
    for frame, at in enumerate(centres):
        missed = (frame > 3) & (rng.random(len(sides)) < 0.3) & (away < 3)
        away = np.where(missed, away + 1, 0)
        seen = [n for n in range(len(sides)) if not missed[n]]
        boxes = np.array([box(at[n], sides[n]) for n in seen]).reshape(-1, 4)
        step = tracker.step(boxes, [0.9] * len(seen), frame * interval)
        for n, track in zip(seen, step.ids, strict=True):
            assert first.setdefault(n, track) == track
        assert step.ended == ()


@given(st.floats(0.3, 3), st.sampled_from([0.04, 0.1]), st.floats(0.2, 2))
def test_a_track_ends_after_its_gap_and_the_next_face_there_is_another(
    gap: float, interval: float, later: float
):
    tracker = Tracker(gap=gap)
    here = box(np.array([100.0, 100.0]), 12)[None]
    for n in range(5):
        assert tracker.step(here, [0.9], n * interval).ids == (1,)
    gone, time = 4 * interval, 4 * interval
    while time + interval <= gone + gap:
        time += interval
        assert tracker.step(np.zeros((0, 4)), [], time).ended == ()
    step = tracker.step(here, [0.9], time + interval + later)
    assert (step.ids, step.ended) == ((2,), (1,))


def test_ids_are_kept_where_two_ways_cross() -> None:
    """Two faces pass through each other's places, each on its way: velocity tells them apart."""
    tracker = Tracker()
    for frame in range(31):
        left, right = (
            np.array([50.0 + 10 * frame, 100 + 3 * frame]),
            np.array([350.0 - 10 * frame, 190 - 3 * frame]),
        )
        step = tracker.step(np.array([box(left, 12), box(right, 12)]), [0.9, 0.9], 0.04 * frame)
        assert step.ids == (1, 2)


def test_a_faint_face_continues_a_track_but_begins_none() -> None:
    tracker = Tracker(start_score=0.6)
    here, there = box(np.array([100.0, 100]), 12), box(np.array([300.0, 100]), 12)
    assert tracker.step(np.array([here, there]), [0.9, 0.5], 0.0).ids == (1, None)
    assert tracker.step(np.array([here, there]), [0.45, 0.5], 0.04).ids == (1, None)
    assert tracker.step(np.array([here, there]), [0.45, 0.7], 0.08).ids == (1, 2)


def test_rare_frames_do_not_end_tracks() -> None:
    """One frame in two seconds: the gap is shorter than the way from frame to frame."""
    tracker = Tracker(gap=1.0)
    for n in range(6):
        here = box(np.array([100.0 + 5 * n, 100]), 12)[None]
        assert tracker.step(here, [0.9], 2.0 * n).ids == (1,)
    assert tracker.pass_time(14.9) == ()
    assert tracker.pass_time(15.1) == (1,)


def test_a_face_of_another_size_is_another() -> None:
    tracker = Tracker()
    assert tracker.step(box(np.array([100.0, 100]), 12)[None], [0.9], 0.0).ids == (1,)
    assert tracker.step(box(np.array([100.0, 100]), 40)[None], [0.9], 0.04).ids == (2,)


@pytest.mark.parametrize("gap", [0, -1, float("nan"), float("inf")])
def test_a_gap_is_above_0(gap: float) -> None:
    with pytest.raises(ConfigError, match="--gap must be above 0"):
        Tracker(gap=gap)
