"""Time left: of this stage of this run, at the pace of its last part."""

from __future__ import annotations

import itertools

import pytest

from fewpix.cli.pace import Pace, in_words


def told(pace: Pace, steps: list[tuple[float, float]], total: float | None = 100, stage: str = ""):
    return [pace.left(now, done, total, stage) for now, done in steps]


def test_nothing_is_told_before_it_is_known():
    assert told(Pace(), [(0, 1), (10, 2), (20, 3)]) == [None, None, pytest.approx(970)]
    assert told(Pace(), [(0, 1), (1, 2), (2, 3), (4.9, 4)]) == [None] * 4, "too early"
    assert told(Pace(), [(0, 1), (10, 2), (20, 3)], total=None) == [None] * 3
    assert told(Pace(), [(0, 5), (10, 5), (20, 5)]) == [None] * 3, "nothing was done"
    assert told(Pace(), [(0, 98), (10, 99), (20, 100)])[-1] is None, "it is over"


def test_what_an_earlier_run_did_does_not_count():
    """Steps 1 to 900 were there before; each takes 10 seconds."""
    assert told(Pace(), [(3, 901), (13, 902), (23, 903)], 1000)[-1] == pytest.approx(970)


def test_the_last_part_counts():
    """Half of the faces come out of a cache at once, the others take a second each."""
    steps = [(n / 50, n) for n in range(1, 51)] + [(1 + n, 50 + n) for n in range(1, 31)]
    assert told(Pace(), steps)[-1] == pytest.approx(20)


def test_a_new_stage_begins_anew():
    pace = Pace()
    slow = [(10.0 * n, n) for n in range(10)]
    assert told(pace, slow, 10, "teacher")[-1] == pytest.approx(10)
    fast = [(100 + n, n) for n in range(1, 12)]
    assert told(pace, fast, 1000, "training") == [
        *[None] * 5,
        *(pytest.approx(1000 - n) for n in range(6, 12)),
    ]
    # also without a name: where the total is another one, or the count falls
    assert told(pace, [(120, 12)], 1001, "training") == [None]
    assert told(pace, [(130, 3), (132, 4)], 1001, "training") == [None, None]


def test_it_keeps_little():
    pace = Pace()
    for n in range(100_000):
        left = pace.left(n / 1000, n, 200_000)
    assert left == pytest.approx(100, rel=0.01)
    assert len(pace._seen) < 500


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h")]
)
def test_times_in_words(seconds: float, words: str):
    assert in_words(seconds) == words


def test_it_follows_a_pace_that_changes():
    """A stage whose second part is four times slower is told right before that part is half over."""
    pace, now, said = Pace(), 0.0, []
    for done in range(1, 401):
        now += 0.5 if done <= 200 else 2.0
        said.append((done, pace.left(now, done, 400)))
    errors = [abs(left - 2.0 * (400 - done)) / (2.0 * (400 - done)) for done, left in said[260:399] if left]
    assert max(errors) < 0.1
    assert all(b <= a for a, b in itertools.pairwise(left for _, left in said[270:399]))
